/* SPDX-License-Identifier: Apache-2.0
 *
 * test_chain.c: the end of a line, and the checker: every way of changing a chain is named, with the record where it shows.
 */
#include "support/unit.h"
#include "audit/writer.h"
#include "support/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_A "aaaaaaaaaaaaaaaaaaaa"
#define STREAM_B "bbbbbbbbbbbbbbbbbbbb"

/* seal makes a line as the log does, and moves head on. */
static char *seal(const char *stream, uint64_t sequence, char head[AUDIT_HASH_HEX + 1], const char *unmapped)
{
    struct record record;
    struct buffer line = BUFFER_MAX(AUDIT_MAX_RECORD);
    char hash[AUDIT_HASH_HEX + 1];
    record_init(&record, "event", 1000 + (int64_t)sequence);
    if (unmapped) json_put_raw(&record.unmapped, "continues", text_of(unmapped));
    record_line(&record, "uid", sequence, &line);
    assert_int_equal(chain_seal(&line, stream, head, hash), APISEC_OK);
    memcpy(head, hash, sizeof hash);
    record_free(&record);
    line.bytes[line.len - 1] = '\0'; /* the newline is not part of the record */
    return buffer_take(&line);
}

/* Six records: 1 2 3 of stream A, then 1 2 3 of stream B, which continues it. */
static void make_chain(char *lines[6])
{
    char head[AUDIT_HASH_HEX + 1] = CHAIN_GENESIS;
    for (size_t i = 0; i < 6; i++) lines[i] = seal(i < 3 ? STREAM_A : STREAM_B, i % 3 + 1, head, NULL);
}

static void free_chain(char *lines[6])
{
    for (size_t i = 0; i < 6; i++) free(lines[i]);
}

static apisec_status feed(apisec_chain *chain, const char *line, apisec_error *err)
{
    const char *const copy = guarded_text(line);
    const apisec_status status = apisec_chain_next(chain, copy, strlen(line), err);
    guard_free(copy);
    return status;
}

static void test_the_end_of_a_line(void **state)
{
    (void)state;
    struct buffer line = BUFFER_MAX(1000);
    char hash[AUDIT_HASH_HEX + 1], again[AUDIT_HASH_HEX + 1];
    unsigned char digest[CRYPTO_MAX_HASH];
    buffer_text(&line, "{\"unmapped\":{\"apisec\":{\"a\":1");
    assert_int_equal(chain_seal(&line, STREAM_A, CHAIN_GENESIS, hash), APISEC_OK);

    const char *const expected = "{\"unmapped\":{\"apisec\":{\"a\":1,\"stream\":\"" STREAM_A "\",\"prev\":\"" CHAIN_GENESIS "\"";
    assert_memory_equal(line.bytes, expected, strlen(expected));
    crypto_hash_bytes(CRYPTO_SHA256, expected, strlen(expected), digest); /* what the public header promises */
    hex_encode(digest, 32, again);
    assert_string_equal(hash, again);
    assert_memory_equal(line.bytes + strlen(expected), ",\"hash\":\"", 9);
    assert_memory_equal(line.bytes + strlen(expected) + 9, hash, AUDIT_HASH_HEX);
    assert_string_equal(line.bytes + strlen(expected) + 9 + AUDIT_HASH_HEX, "\"}}}\n");
    buffer_free(&line);

    line = BUFFER_MAX(1000);
    buffer_text(&line, "{\"unmapped\":{\"apisec\":{");
    assert_int_equal(chain_seal(&line, STREAM_A, CHAIN_GENESIS, hash), APISEC_OK);
    assert_non_null(strstr(line.bytes, "{\"stream\"")); /* no comma after a brace */
    buffer_free(&line);

    line = BUFFER_MAX(100);
    buffer_text(&line, "{\"unmapped\":{\"apisec\":{");
    assert_int_equal(chain_seal(&line, STREAM_A, CHAIN_GENESIS, hash), APISEC_E_TOO_LARGE);
    buffer_free(&line);
}

static void test_a_good_chain(void **state)
{
    (void)state;
    char *lines[6];
    apisec_error err;
    make_chain(lines);
    apisec_chain *const chain = apisec_chain_new();
    assert_null(apisec_chain_head(chain));
    for (size_t i = 0; i < 6; i++) {
        if (feed(chain, lines[i], &err) != APISEC_OK) fail_msg("record %zu: %s", i + 1, err.text);
        assert_int_equal(apisec_chain_num_records(chain), i + 1);
        assert_memory_equal(apisec_chain_head(chain), strstr(lines[i], "\"hash\":\"") + 8, AUDIT_HASH_HEX);
    }
    apisec_chain_free(chain);
    free_chain(lines);
}

/* Each row is an order of the six lines; 0 ends it. The last of them is where it breaks, if it does. */
static void test_orders(void **state)
{
    (void)state;
    static const struct {
        const char *order;
        const char *sentence; /* NULL: good */
        const char *why;
    } rows[] = {
        {"123456", NULL, ""},
        {"1234", NULL, "a cut tail cannot be seen by the chain alone"},
        {"1", NULL, ""},
        {"2", "record 1: (sequence 2", "head cut off within a stream"},
        {"4", "record 1: (sequence 1", "head cut off at the beginning of a stream"},
        {"13", "record 2: (sequence 3", "one removed, or two swapped"},
        {"124", "record 3: (sequence 1", "the end of a stream removed"},
        {"1235", "record 4: (sequence 2", "the beginning of a stream removed"},
        {"12346", "record 5: (sequence 3", "one removed from the second stream"},
        {"11", "record 2: (sequence 1 of stream aaaaaaaaaaaaaaaaaaaa) it is the record before once more", "one twice"},
        {"1232", "record 4: (sequence 2", "one inserted again later"},
        {"12343", "record 5: (sequence 3", "one moved into the next stream"},
        {"12341", "record 5: (sequence 1", "a stream begins only once"},
        {"1234564", "record 7: (sequence 1", ""},
    };
    char *lines[6];
    make_chain(lines);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_chain *const chain = apisec_chain_new();
        apisec_error err;
        const size_t num = strlen(rows[i].order);
        apisec_status status = APISEC_OK;
        for (size_t n = 0; n < num; n++) {
            status = feed(chain, lines[rows[i].order[n] - '1'], &err);
            if (status != APISEC_OK && n + 1 < num) fail_msg("%s: breaks too early: %s", rows[i].order, err.text);
        }
        if ((status == APISEC_OK) != (rows[i].sentence == NULL)) fail_msg("%s: %s", rows[i].order, rows[i].why);
        if (rows[i].sentence) {
            assert_int_equal(status, APISEC_E_AUDIT);
            if (strncmp(err.text, rows[i].sentence, strlen(rows[i].sentence)) != 0) fail_msg("%s: %s", rows[i].order, err.text);
            assert_int_equal(apisec_chain_num_records(chain), num - 1);
        }
        apisec_chain_free(chain);
    }
    free_chain(lines);
}

static void test_every_flipped_byte_is_seen(void **state)
{
    (void)state;
    char head[AUDIT_HASH_HEX + 1] = CHAIN_GENESIS;
    char *const line = seal(STREAM_A, 1, head, NULL);
    const size_t len = strlen(line);
    for (size_t at = 0; at < len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            apisec_chain *const chain = apisec_chain_new();
            apisec_error err;
            line[at] = (char)(line[at] ^ (1 << bit));
            if (apisec_chain_next(chain, line, len, &err) != APISEC_E_AUDIT) fail_msg("bit %u of byte %zu", bit, at);
            assert_memory_equal(err.text, "record 1: ", 10);
            line[at] = (char)(line[at] ^ (1 << bit));
            apisec_chain_free(chain);
        }
    }
    free(line);
}

/* Lines whose hash is right, made by one who can hash: they must still be records, strictly. */
static void test_forged_lines(void **state)
{
    (void)state;
    static const struct {
        const char *start;
        const char *sentence; /* NULL: good */
        const char *why;
    } rows[] = {
        {"{\"metadata\":{\"sequence\":1},\"unmapped\":{\"apisec\":{", NULL, "the twin"},
        {"{\"metadata\":{\"sequence\":1},\"metadata\":{\"sequence\":2},\"unmapped\":{\"apisec\":{", "strict JSON", "twice"},
        {"{\"metadata\":{\"sequence\":1},\"unmapped\":{\"apisec\":{\"hash\":\"x\"", "strict JSON", "its own hash twice"},
        {"{\"metadata\":{\"sequence\":1},\"x\":\"\xff\",\"unmapped\":{\"apisec\":{", "strict JSON", "invalid UTF-8"},
        {"{\"metadata\":{\"sequence\":1},\"unmapped\":{\"other\":{", "not where it belongs", "another object"},
        {"{\"metadata\":{\"sequence\":1},\"x\":{\"y\":{", "not where it belongs", "no unmapped"},
        {"{\"metadata\":{\"sequence\":1},\"unmapped\":{\"apisec\":{\"stream\":\"s\"},\"x\":{", "not where it belongs", "a decoy"},
        {"{\"metadata\":{},\"unmapped\":{\"apisec\":{", "no sequence", ""},
        {"{\"metadata\":{\"sequence\":\"1\"},\"unmapped\":{\"apisec\":{", "no sequence", "a string"},
        {"{\"metadata\":{\"sequence\":1.0},\"unmapped\":{\"apisec\":{", "no sequence", ""},
        {"{\"metadata\":{\"sequence\":0},\"unmapped\":{\"apisec\":{", "no sequence", ""},
        {"{\"metadata\":{\"sequence\":-1},\"unmapped\":{\"apisec\":{", "no sequence", ""},
        {"{\"metadata\":{\"sequence\":1e0},\"unmapped\":{\"apisec\":{", "no sequence", ""},
        {"{\"metadata\":{\"sequence\":1:0},\"unmapped\":{\"apisec\":{", "strict JSON", ""},
        {"{\"metadata\":{\"sequence\":900000000000001},\"unmapped\":{\"apisec\":{", "records before it are missing", "15 digits"},
        {"{\"metadata\":{\"sequence\":9000000000000001},\"unmapped\":{\"apisec\":{", "no sequence", "16"},
        {"{\"metadata\":{\"sequence\":9999999999999999},\"unmapped\":{\"apisec\":{", "no sequence", "beyond 2^53"},
        {"{{\"apisec\":{", "strict JSON", ""},
        {"", "does not end", "nothing before the end: too short to be an object"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer line = BUFFER_MAX(10000);
        char hash[AUDIT_HASH_HEX + 1];
        apisec_error err;
        buffer_text(&line, rows[i].start);
        assert_int_equal(chain_seal(&line, STREAM_A, CHAIN_GENESIS, hash), APISEC_OK);
        apisec_chain *const chain = apisec_chain_new();
        const apisec_status status = apisec_chain_next(chain, line.bytes, line.len - 1, &err);
        if ((status == APISEC_OK) != (rows[i].sentence == NULL)) fail_msg("row %zu: %s", i, rows[i].why);
        if (rows[i].sentence && !strstr(err.text, rows[i].sentence)) fail_msg("row %zu: %s", i, err.text);
        apisec_chain_free(chain);
        buffer_free(&line);
    }
}

static void test_names_that_are_no_hex(void **state)
{
    (void)state;
    static const struct {
        const char *stream;
        bool good;
        const char *why;
    } rows[] = {
        {"0123456789abcdef0123", true, "the twin"},
        {"0123456789abcdef012g", false, ""},
        {"0123456789abcdef012F", false, "upper case"},
        {"0123456789abcdef012/", false, "below 0"},
        {"0123456789abcdef012:", false, "above 9"},
        {"0123456789abcdef012`", false, "below a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char head[AUDIT_HASH_HEX + 1] = CHAIN_GENESIS;
        char *const line = seal(rows[i].stream, 1, head, NULL);
        apisec_chain *const chain = apisec_chain_new();
        if ((feed(chain, line, NULL) == APISEC_OK) != rows[i].good) fail_msg("%s: %s", rows[i].stream, rows[i].why);
        apisec_chain_free(chain);
        free(line);
    }
}

static void test_lines_that_are_none(void **state)
{
    (void)state;
    static char big[AUDIT_MAX_RECORD + 2];
    memset(big, ' ', sizeof big - 1);
    char head[AUDIT_HASH_HEX + 1] = CHAIN_GENESIS;
    char *const good = seal(STREAM_A, 1, head, NULL);
    struct buffer behind = BUFFER_MAX(10000);
    buffer_text(&behind, good);
    buffer_byte(&behind, ' ');
    const struct {
        const char *line, *sentence;
    } rows[] = {
        {"", "empty"}, {"{}", "does not end"}, {"hello", "does not end"}, {big, "longer"}, {behind.bytes, "does not end"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_chain *const chain = apisec_chain_new();
        apisec_error err;
        assert_int_equal(feed(chain, rows[i].line, &err), APISEC_E_AUDIT);
        assert_non_null(strstr(err.text, rows[i].sentence));
        apisec_chain_free(chain);
    }
    buffer_free(&behind);
    free(good);
}

static void test_a_broken_chain_stays_broken(void **state)
{
    (void)state;
    char *lines[6];
    apisec_error first, later;
    make_chain(lines);
    apisec_chain *const chain = apisec_chain_new();
    assert_int_equal(feed(chain, lines[0], NULL), APISEC_OK);
    assert_int_equal(feed(chain, lines[2], &first), APISEC_E_AUDIT);
    assert_int_equal(feed(chain, lines[1], &later), APISEC_E_AUDIT); /* though it would follow */
    assert_string_equal(first.text, later.text);
    assert_int_equal(apisec_chain_num_records(chain), 1);
    assert_memory_equal(apisec_chain_head(chain), strstr(lines[0], "\"hash\":\"") + 8, AUDIT_HASH_HEX);
    apisec_chain_free(chain);
    free_chain(lines);
}

/* A file that could not be synced is continued in another, whose chain is its own and names the head of the first. */
static void test_files_that_continue_each_other(void **state)
{
    (void)state;
    char head[AUDIT_HASH_HEX + 1] = CHAIN_GENESIS, fresh[AUDIT_HASH_HEX + 1] = CHAIN_GENESIS;
    char other[AUDIT_HASH_HEX + 1] = CHAIN_GENESIS, continues[128];
    char *const first = seal(STREAM_A, 1, head, NULL);
    snprintf(continues, sizeof continues, "{\"stream\":\"" STREAM_A "\",\"hash\":\"%s\"}", head);
    char *const second = seal(STREAM_B, 1, fresh, continues);
    char *const stranger = seal(STREAM_B, 1, other, NULL);
    memcpy(other, CHAIN_GENESIS, sizeof other);
    char *const shorter = seal(STREAM_B, 1, other, "{\"hash\":\"\"}");
    memcpy(other, CHAIN_GENESIS, sizeof other);
    continues[sizeof "{\"stream\":\"" STREAM_A "\",\"hash\":\"" - 1] ^= 1;
    char *const changed = seal(STREAM_B, 1, other, continues);
    const struct {
        const char *first, *second;
        bool good, continues; /* continues: the first goes on from what is not here */
        const char *why;
    } rows[] = {
        {first, second, true, false, "the continuation after what it continues"},
        {second, NULL, true, true, "by itself it is whole, and says what was before it"},
        {first, NULL, true, false, "nothing was before this one"},
        {shorter, NULL, true, false, "it names no hash"},
        {first, stranger, false, false, "another chain is not a continuation"},
        {second, first, false, true, "the wrong way round"},
        {first, shorter, false, false, "a hash that is none"},
        {first, changed, false, false, "another hash"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_chain *const chain = apisec_chain_new();
        assert_null(apisec_chain_continues(chain));
        assert_int_equal(feed(chain, rows[i].first, NULL), APISEC_OK);
        if (rows[i].continues) assert_string_equal(apisec_chain_continues(chain), head);
        else assert_null(apisec_chain_continues(chain));
        if (rows[i].second && (feed(chain, rows[i].second, NULL) == APISEC_OK) != rows[i].good) fail_msg("%s", rows[i].why);
        apisec_chain_free(chain);
    }
    free(first);
    free(second);
    free(stranger);
    free(shorter);
    free(changed);
}

static void test_null_chains(void **state)
{
    (void)state;
    apisec_chain *const chain = apisec_chain_new();
    assert_int_equal(apisec_chain_next(NULL, "x", 1, NULL), APISEC_E_MISUSE);
    assert_int_equal(apisec_chain_next(chain, NULL, 1, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_chain_num_records(NULL), 0);
    assert_null(apisec_chain_head(NULL));
    assert_null(apisec_chain_continues(NULL));
    apisec_chain_free(NULL);
    apisec_chain_free(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_end_of_a_line),
        cmocka_unit_test(test_a_good_chain),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_every_flipped_byte_is_seen),
        cmocka_unit_test(test_forged_lines),
        cmocka_unit_test(test_names_that_are_no_hex),
        cmocka_unit_test(test_lines_that_are_none),
        cmocka_unit_test(test_a_broken_chain_stays_broken),
        cmocka_unit_test(test_files_that_continue_each_other),
        cmocka_unit_test(test_null_chains),
    };
    return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
