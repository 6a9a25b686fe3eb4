/* SPDX-License-Identifier: Apache-2.0
 *
 * test_stream.c: the names of streams: of one form, and never the same twice, in a forked child neither.
 */
#include "support/unit.h"
#include "audit/writer.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_form(void **state)
{
    (void)state;
    char id[AUDIT_STREAM_LEN + 1];
    assert_int_equal(stream_id(id), APISEC_OK);
    assert_int_equal(strlen(id), AUDIT_STREAM_LEN);
    assert_int_equal(strspn(id, "0123456789abcdef"), AUDIT_STREAM_LEN);
}

static void test_never_the_same(void **state)
{
    (void)state;
    char ids[64][AUDIT_STREAM_LEN + 1];
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(stream_id(ids[i]), APISEC_OK);
        for (size_t j = 0; j < i; j++) assert_string_not_equal(ids[i], ids[j]);
    }
}

static void test_a_child_has_another(void **state)
{
    (void)state;
    char own[AUDIT_STREAM_LEN + 1], childs[AUDIT_STREAM_LEN + 1];
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        if (stream_id(childs) != APISEC_OK || write(ends[1], childs, sizeof childs) != sizeof childs) _exit(1);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(stream_id(own), APISEC_OK);
    assert_int_equal(read(ends[0], childs, sizeof childs), sizeof childs);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_string_not_equal(own, childs);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_never_the_same),
        cmocka_unit_test(test_a_child_has_another),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
