/* SPDX-License-Identifier: Apache-2.0
 *
 * test_idle.c: shelves give what was put there last, have a limit, and are empty after a fork.
 */
#include "http/http.h"
#include "support/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int ended;

static void end_item(struct idle_item *item)
{
    ended++;
    free(item);
}

static struct idle_item *item_new(void)
{
    struct idle_item *item = calloc(1, sizeof *item);
    assert_non_null(item);
    return item;
}

static void last_in_first_out_on_each_shelf(void **state)
{
    (void)state;
    struct idle *idle = idle_new(2, end_item);
    struct idle_item *a = item_new(), *b = item_new(), *c = item_new();
    assert_non_null(idle);
    assert_null(idle_take(idle, 0));
    idle_give(idle, 0, a);
    idle_give(idle, 0, b);
    idle_give(idle, 1, c);
    assert_ptr_equal(idle_take(idle, 0), b);
    assert_ptr_equal(idle_take(idle, 0), a);
    assert_null(idle_take(idle, 0)); /* what lies on another shelf is never given */
    assert_ptr_equal(idle_take(idle, 1), c);
    free(a);
    free(b);
    free(c);
    idle_free(idle);
    idle_free(NULL);
}

static void a_full_shelf_ends_what_comes(void **state)
{
    (void)state;
    struct idle *idle = idle_new(2, end_item);
    assert_non_null(idle);
    ended = 0;
    for (int i = 0; i < IDLE_MAX; i++) idle_give(idle, 0, item_new());
    assert_int_equal(ended, 0);
    idle_give(idle, 0, item_new());
    assert_int_equal(ended, 1);
    idle_give(idle, 1, item_new()); /* the other shelf has room */
    assert_int_equal(ended, 1);
    idle_free(idle);
    assert_int_equal(ended, 1 + IDLE_MAX + 1);
}

static void a_child_begins_with_empty_shelves(void **state)
{
    (void)state;
    struct idle *idle = idle_new(1, end_item);
    struct idle_item *kept = item_new();
    assert_non_null(idle);
    idle_give(idle, 0, kept);
    ended = 0;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int code = idle_take(idle, 0) == NULL ? 0 : 1;
        struct idle_item *own = calloc(1, sizeof *own);
        idle_give(idle, 0, own);
        if (idle_take(idle, 0) != own) code |= 2;
        idle_give(idle, 0, own);
        idle_free(idle);
        if (ended != 1) code |= 4; /* its own, and not the parent's */
        _exit(code);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
    const pid_t second = fork();
    assert_true(second >= 0);
    if (second == 0) { /* one that never uses it */
        idle_free(idle);
        _exit(ended);
    }
    assert_int_equal(waitpid(second, &status, 0), second);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_ptr_equal(idle_take(idle, 0), kept);
    free(kept);
    idle_free(idle);
}

static void *take_and_give(void *context)
{
    struct idle *idle = context;
    for (int i = 0; i < 20000; i++) {
        struct idle_item *item = idle_take(idle, 0);
        if (item == NULL) item = calloc(1, sizeof *item);
        if (item != NULL) idle_give(idle, 0, item);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    struct idle *idle = idle_new(1, end_item);
    pthread_t threads[4];
    assert_non_null(idle);
    ended = 0;
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, idle), 0);
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    idle_free(idle);
    assert_in_range(ended, 1, 4); /* never more were made than threads wanted at once */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_in_first_out_on_each_shelf),
        cmocka_unit_test(a_full_shelf_ends_what_comes),
        cmocka_unit_test(a_child_begins_with_empty_shelves),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
