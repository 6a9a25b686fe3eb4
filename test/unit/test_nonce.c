/* SPDX-License-Identifier: Apache-2.0
 *
 * test_nonce.c: nonces that nobody has to remember: which window's are accepted, by whom, and what is none of ours.
 */
#include "support/unit.h"
#include "support/guard.h"
#include "token/dpop.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY "0123456789abcdef0123456789abcdef"

static struct nonce_maker new_maker(const char *key, int64_t lifetime)
{
    struct nonce_maker maker;
    assert_int_equal(nonce_maker_init(&maker, text_of(key), lifetime, NULL), APISEC_OK);
    return maker;
}

static enum nonce_age judge(const struct nonce_maker *maker, int64_t now, const char *nonce)
{
    enum nonce_age age = NONCE_FRESH;
    const char *const copy = guarded_text(nonce);
    assert_int_equal(nonce_judge(maker, now, (struct text){copy, strlen(nonce)}, &age), APISEC_OK);
    guard_free(copy);
    return age;
}

static void test_windows(void **state)
{
    (void)state;
    static const struct {
        int64_t made, judged;
        enum nonce_age expected;
        const char *why;
    } rows[] = {
        {6000, 6000, NONCE_FRESH, "at once"},
        {6000, 6299, NONCE_FRESH, "the last second of the window"},
        {6299, 6000, NONCE_FRESH, "one window, one nonce"},
        {6000, 6300, NONCE_OLD, "the next window"},
        {6299, 6300, NONCE_OLD, ""},
        {6000, 6599, NONCE_OLD, "its last second"},
        {6000, 6600, NONCE_WRONG, "the window after that"},
        {6300, 6299, NONCE_WRONG, "the nonce of a window that has not begun"},
        {6000, 5999, NONCE_WRONG, "a clock set back"},
        {0, 0, NONCE_FRESH, "the first window"},
        {0, 300, NONCE_OLD, ""},
        {0, -1, NONCE_FRESH, "before all time"},
        {INT64_MAX, INT64_MAX, NONCE_FRESH, "after all time"},
    };
    struct nonce_maker maker = new_maker(KEY, 300);
    char nonce[NONCE_LEN + 1];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(nonce_write(&maker, rows[i].made, nonce), APISEC_OK);
        assert_int_equal(strlen(nonce), NONCE_LEN);
        if (judge(&maker, rows[i].judged, nonce) != rows[i].expected) fail_msg("row %zu: %s", i, rows[i].why);
    }
    nonce_maker_free(&maker);
}

/* The HMAC-SHA256 of label and window, computed elsewhere: another process with this key must come to the same. */
static void test_known_answer(void **state)
{
    (void)state;
    struct nonce_maker maker = new_maker(KEY, 300);
    char nonce[NONCE_LEN + 1];
    assert_int_equal(nonce_write(&maker, 1750000000, nonce), APISEC_OK);
    assert_string_equal(nonce, "O1fJTPIfQAVZVBwudlb13g");
    nonce_maker_free(&maker);
}

static void test_foreign_nonces(void **state)
{
    (void)state;
    struct nonce_maker ours = new_maker(KEY, 300), theirs = new_maker("another key of thirty-two bytes.", 300);
    char nonce[NONCE_LEN + 1], copy[NONCE_LEN + 2];
    assert_int_equal(nonce_write(&theirs, 6000, nonce), APISEC_OK);
    assert_int_equal(judge(&ours, 6000, nonce), NONCE_WRONG);
    assert_int_equal(judge(&theirs, 6000, nonce), NONCE_FRESH);
    assert_int_equal(judge(&ours, 6000, ""), NONCE_WRONG);
    assert_int_equal(nonce_write(&ours, 6000, nonce), APISEC_OK);
    for (size_t i = 0; i < NONCE_LEN; i++) {
        memcpy(copy, nonce, sizeof nonce);
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        assert_int_equal(judge(&ours, 6000, copy), NONCE_WRONG);
    }
    memcpy(copy, nonce, sizeof nonce);
    memcpy(copy + NONCE_LEN, "A", 2);
    assert_int_equal(judge(&ours, 6000, copy), NONCE_WRONG);
    copy[NONCE_LEN - 1] = '\0';
    assert_int_equal(judge(&ours, 6000, copy), NONCE_WRONG);
    nonce_maker_free(&ours);
    nonce_maker_free(&theirs);
}

static void test_random_keys_differ(void **state)
{
    (void)state;
    struct nonce_maker a, b;
    char one[NONCE_LEN + 1], two[NONCE_LEN + 1];
    assert_int_equal(nonce_maker_init(&a, (struct text){NULL, 0}, 300, NULL), APISEC_OK);
    assert_int_equal(nonce_maker_init(&b, (struct text){NULL, 0}, 300, NULL), APISEC_OK);
    assert_int_equal(nonce_write(&a, 6000, one), APISEC_OK);
    assert_int_equal(nonce_write(&b, 6000, two), APISEC_OK);
    assert_string_not_equal(one, two);
    nonce_maker_free(&a);
    nonce_maker_free(&b);
}

static void test_a_child_agrees(void **state)
{
    (void)state;
    struct nonce_maker maker;
    char nonce[NONCE_LEN + 1];
    int status = -1;
    assert_int_equal(nonce_maker_init(&maker, (struct text){NULL, 0}, 300, NULL), APISEC_OK);
    assert_int_equal(nonce_write(&maker, 6000, nonce), APISEC_OK);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        enum nonce_age age;
        nonce_judge(&maker, 6000, text_of(nonce), &age);
        _exit(age == NONCE_FRESH ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    nonce_maker_free(&maker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_windows), cmocka_unit_test(test_known_answer),
                                       cmocka_unit_test(test_foreign_nonces), cmocka_unit_test(test_random_keys_differ),
                                       cmocka_unit_test(test_a_child_agrees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
