/* SPDX-License-Identifier: Apache-2.0
 *
 * test_limit_read.c: a limit that is written wrong is refused where it is wrong, beside the same one written right; and a document
 * that is loaded anew goes on with the buckets of a limit that is the same, and with no others.
 */
#define _GNU_SOURCE /* support/failing.h */
#include "support/failing.h"
#include "support/unit.h"
#include "access/limits.h"

#include <stdio.h>

#define NOW INT64_C(5000)

/* read_named reads a limit as the member of that name of "limits". */
static apisec_status read_named(const char *name, const char *json, struct arena *arena, struct limit *limit, apisec_error *err)
{
    char text[1024];
    struct json *document = NULL;
    snprintf(text, sizeof text, "{\"limits\":{\"%s\":%s}}", name, json);
    *limit = (struct limit){.name = NULL};
    apisec_status status = json_parse(text_of(text), NULL, &document, err);
    if (status != APISEC_OK) return status;
    const struct shape top = {document, NULL, NULL, 0}, list = shape_member(&top, "limits"), at = shape_first(&list);
    status = limit_read(&at, arena, limit, err);
    json_free(document);
    return status;
}

static apisec_status read_limit(const char *json, struct arena *arena, struct limit *limit, apisec_error *err)
{
    return read_named("per-user", json, arena, limit, err);
}

#define RATE "\"requests\":60,\"seconds\":30"
#define GOOD "{\"by\":\"principal\"," RATE "}"

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *wrong, *sentence, *right;
    } rows[] = {
        {"[]", "an object is wanted, not an array", GOOD},
        {"{\"by\":\"principal\"," RATE ",\"request\":1}", "request: unknown, did you mean \"requests\"?", GOOD},
        {"{" RATE "}", "by: missing", GOOD},
        {"{\"by\":1," RATE "}", "by: a string is wanted, not a number", GOOD},
        {"{\"by\":\"adress\"," RATE "}", "by: unknown, did you mean \"address\"?", "{\"by\":\"address\"," RATE "}"},
        {"{\"by\":\"Client\"," RATE "}", "by: unknown, did you mean \"client\"?", "{\"by\":\"client\"," RATE "}"},
        {"{\"by\":\"\"," RATE "}", "by: empty", "{\"by\":\"service\"," RATE "}"},
        {"{\"by\":\"colour\"," RATE "}", "by: \"principal\", \"client\", \"service\", \"address\" or {\"claim\": ...} is wanted",
         GOOD},
        {"{\"by\":{}," RATE "}", "by.claim: missing", "{\"by\":{\"claim\":\"tenant\"}," RATE "}"},
        {"{\"by\":{\"claims\":\"a\"}," RATE "}", "by.claims: unknown, did you mean \"claim\"?",
         "{\"by\":{\"claim\":\"a\"}," RATE "}"},
        {"{\"by\":{\"claim\":\"/a//b\"}," RATE "}", "by.claim: not a JSON Pointer (RFC 6901) of names",
         "{\"by\":{\"claim\":\"/a/b\"}," RATE "}"},
        {"{\"by\":\"client\",\"seconds\":1}", "requests: missing", "{\"by\":\"client\",\"seconds\":1,\"requests\":1}"},
        {"{\"by\":\"client\",\"requests\":1}", "seconds: missing", "{\"by\":\"client\",\"seconds\":1,\"requests\":1}"},
        {"{\"by\":\"client\",\"requests\":0,\"seconds\":1}", "requests: a whole number from 1 to 1000000 is wanted",
         "{\"by\":\"client\",\"requests\":1000000,\"seconds\":1}"},
        {"{\"by\":\"client\",\"requests\":1.5,\"seconds\":1}", "requests: a whole number from 1 to 1000000 is wanted",
         "{\"by\":\"client\",\"requests\":1.0,\"seconds\":1}"},
        {"{\"by\":\"client\",\"requests\":1,\"seconds\":\"1\"}", "seconds: a number is wanted, not a string",
         "{\"by\":\"client\",\"requests\":1,\"seconds\":1000000}"},
        {"{\"by\":\"client\",\"requests\":1,\"seconds\":1000001}", "seconds: a whole number from 1 to 1000000 is wanted",
         "{\"by\":\"client\",\"requests\":1,\"seconds\":1000000}"},
        {"{\"by\":\"client\"," RATE ",\"burst\":0}", "burst: a whole number from 1 to 1000000 is wanted",
         "{\"by\":\"client\"," RATE ",\"burst\":1}"},
        {"{\"by\":\"client\"," RATE ",\"burst\":null}", "burst: a number is wanted, not null", "{\"by\":\"client\"," RATE "}"},
        {"{\"by\":\"client\"," RATE ",\"max_keys\":16777217}", "max_keys: a whole number from 1 to 16777216 is wanted",
         "{\"by\":\"client\"," RATE ",\"max_keys\":1}"},
    };
    struct arena arena = {NULL};
    struct limit limit;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err = {.status = APISEC_OK, .text = ""};
        char sentence[300];
        const bool is_whole = strcmp(rows[i].wrong, "[]") == 0;
        snprintf(sentence, sizeof sentence, "limits.per-user%s%s", is_whole ? ": " : ".", rows[i].sentence);
        const apisec_status status = read_limit(rows[i].wrong, &arena, &limit, &err);
        if (status != APISEC_E_CONFIG || strcmp(err.text, sentence) != 0) fail_msg("%s: %d %s", rows[i].wrong, status, err.text);
        assert_null(limit.limiter);
        if (read_limit(rows[i].right, &arena, &limit, &err) != APISEC_OK) fail_msg("%s: %s", rows[i].right, err.text);
        assert_non_null(limit.limiter);
        limit_free(&limit);
        assert_null(limit.limiter);
    }
    arena_free(&arena);
}

static void test_names(void **state)
{
    (void)state;
    static const char long_name[] = "1234567890123456789012345678901234567890123456789012345678901234";
    struct arena arena = {NULL};
    struct limit limit;
    apisec_error err;
    char longer[80];
    snprintf(longer, sizeof longer, "%s5", long_name);
    const char *const wrong[] = {"", longer, "\\u0007", "\xc3\xa9"}, *const right[] = {"a", long_name, "per user, all"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(read_named(wrong[i], GOOD, &arena, &limit, &err), APISEC_E_CONFIG);
        assert_non_null(strstr(err.text, "a limit's name is of 1 to 64 printable characters"));
    }
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_int_equal(read_named(right[i], GOOD, &arena, &limit, &err), APISEC_OK);
        assert_string_equal(limit.name, right[i]);
        limit_free(&limit);
    }
    arena_free(&arena);
}

static void test_members(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        struct limit expected;
    } rows[] = {
        {GOOD, {.by = LIMIT_BY_PRINCIPAL, .requests = 60, .seconds = 30, .burst = 60, .max_keys = 65536}},
        {"{\"by\":\"address\"," RATE ",\"burst\":5,\"max_keys\":100}",
         {.by = LIMIT_BY_ADDRESS, .requests = 60, .seconds = 30, .burst = 5, .max_keys = 100}},
        {"{\"by\":\"service\",\"requests\":1,\"seconds\":2}",
         {.by = LIMIT_BY_SERVICE, .requests = 1, .seconds = 2, .burst = 1, .max_keys = 65536}},
        {"{\"by\":\"client\"," RATE "}", {.by = LIMIT_BY_CLIENT, .requests = 60, .seconds = 30, .burst = 60, .max_keys = 65536}},
        {"{\"by\":{\"claim\":\"/a/b\"}," RATE "}",
         {.by = LIMIT_BY_CLAIM, .requests = 60, .seconds = 30, .burst = 60, .max_keys = 65536, .claim = {.num_steps = 2}}},
    };
    struct arena arena = {NULL};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct limit *const expected = &rows[i].expected;
        struct limit limit;
        assert_int_equal(read_limit(rows[i].json, &arena, &limit, NULL), APISEC_OK);
        assert_int_equal(limit.by, expected->by);
        assert_int_equal(limit.requests, expected->requests);
        assert_int_equal(limit.seconds, expected->seconds);
        assert_int_equal(limit.burst, expected->burst);
        assert_int_equal(limit.max_keys, expected->max_keys);
        assert_int_equal(limit.claim.num_steps, expected->claim.num_steps);
        uint32_t retry;
        for (uint32_t k = 0; k < limit.burst; k++) assert_int_equal(limit_take(&limit, NULL, 0, NOW, &retry), APISEC_OK);
        assert_int_equal(limit_take(&limit, NULL, 0, NOW, &retry), APISEC_E_RATE);
        assert_int_equal(retry, (limit.seconds + limit.requests - 1) / limit.requests);
        const struct text key[] = {text_of("https://id.example"), text_of("alice")};
        assert_int_equal(limit_take(&limit, key, 2, NOW, &retry), APISEC_OK);
        limit_free(&limit);
    }
    arena_free(&arena);
}

static void test_inheritance(void **state)
{
    (void)state;
#define OLD "{\"by\":\"principal\",\"requests\":2,\"seconds\":60,\"burst\":2,\"max_keys\":100}"
    static const struct {
        const char *name, *json;
        bool inherits;
    } rows[] = {
        {"per-user", OLD, true},
        {"per-user", "{\"seconds\":60,\"max_keys\":100,\"requests\":2,\"by\":\"principal\"}", true}, /* written otherwise */
        {"per-caller", OLD, false},
        {"per-user", "{\"by\":\"client\",\"requests\":2,\"seconds\":60,\"burst\":2,\"max_keys\":100}", false},
        {"per-user", "{\"by\":{\"claim\":\"a\"},\"requests\":2,\"seconds\":60,\"burst\":2,\"max_keys\":100}", false},
        {"per-user", "{\"by\":\"principal\",\"requests\":3,\"seconds\":60,\"burst\":2,\"max_keys\":100}", false},
        {"per-user", "{\"by\":\"principal\",\"requests\":2,\"seconds\":61,\"burst\":2,\"max_keys\":100}", false},
        {"per-user", "{\"by\":\"principal\",\"requests\":2,\"seconds\":60,\"burst\":1,\"max_keys\":100}", false},
        {"per-user", "{\"by\":\"principal\",\"requests\":2,\"seconds\":60,\"burst\":2,\"max_keys\":101}", false},
    };
    const struct text key = text_of("alice");
    uint32_t retry;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena old_arena = {NULL}, arena = {NULL};
        struct limit old, limit;
        assert_int_equal(read_limit(OLD, &old_arena, &old, NULL), APISEC_OK);
        while (limit_take(&old, &key, 1, NOW, &retry) == APISEC_OK) continue;
        assert_int_equal(read_named(rows[i].name, rows[i].json, &arena, &limit, NULL), APISEC_OK);
        limit_inherit(&limit, &old);
        limit_free(&old); /* the old rules go first */
        arena_free(&old_arena);
        assert_int_equal(limit_take(&limit, &key, 1, NOW, &retry), rows[i].inherits ? APISEC_E_RATE : APISEC_OK);
        limit_free(&limit);
        arena_free(&arena);
    }
    struct arena arena = {NULL};
    struct limit a, b;
    assert_int_equal(read_limit("{\"by\":{\"claim\":\"a\"}," RATE "}", &arena, &a, NULL), APISEC_OK);
    assert_int_equal(read_limit("{\"by\":{\"claim\":\"b\"}," RATE "}", &arena, &b, NULL), APISEC_OK);
    limit_inherit(&b, &a);
    assert_ptr_not_equal(a.limiter, b.limiter);
    limit_free(&b);
    assert_int_equal(read_limit("{\"by\":{\"claim\":\"a\"}," RATE "}", &arena, &b, NULL), APISEC_OK);
    limit_inherit(&b, &a);
    assert_ptr_equal(a.limiter, b.limiter);
    limit_inherit(&b, &a); /* again: the reference is its own already */
    limit_free(&a);
    assert_int_equal(limit_take(&b, &key, 1, NOW, &retry), APISEC_OK);
    limit_free(&b);
    arena_free(&arena);
}

static void test_every_allocation(void **state)
{
    (void)state;
    if (!failing_works()) skip();
    static const char text[] = "{\"by\":{\"claim\":\"/a/b\"}," RATE "}";
    struct json *document = NULL;
    size_t nth = 1;
    assert_int_equal(json_parse(text_of(text), NULL, &document, NULL), APISEC_OK);
    for (;; nth++) {
        const struct shape top = {document, NULL, NULL, 0}, at = {document, &top, "tenants", 0};
        struct arena arena = {NULL};
        struct limit limit;
        apisec_error err;
        failing_begin(nth);
        const apisec_status status = limit_read(&at, &arena, &limit, &err);
        limit_free(&limit);
        arena_free(&arena);
        const bool has_failed = failing_end();
        assert_int_equal(failing_kept, 0);
        assert_int_equal(status, has_failed ? APISEC_E_MEMORY : APISEC_OK);
        if (!has_failed) break;
    }
    assert_true(nth > 3);
    json_free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),         cmocka_unit_test(test_names),
        cmocka_unit_test(test_members),          cmocka_unit_test(test_inheritance),
        cmocka_unit_test(test_every_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
