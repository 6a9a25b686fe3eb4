/* SPDX-License-Identifier: Apache-2.0
 *
 * test_headers.c: headers that are remembered: what was kept is found whole, nothing else is found, and readers never see a mixture
 * of two while others write.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "support/guard.h"
#include "token/token.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct headers *make(size_t num_issuers)
{
    struct headers *headers = NULL;
    assert_int_equal(headers_new(num_issuers, &headers), APISEC_OK);
    return headers;
}

static bool finds(const struct headers *headers, const char *encoded, struct known_header *known, struct jws_header *header)
{
    const char *bytes = guarded_text(encoded);
    *header = (struct jws_header){0};
    const bool found = headers_find(headers, (struct text){bytes, strlen(encoded)}, known, header);
    guard_free(bytes);
    return found;
}

static bool same(struct text a, struct text b)
{
    return (a.at == NULL) == (b.at == NULL) && text_equal(a, b);
}

/* ---- one header ---- */

#define SIXTEEN "0123456789abcdef"

static void test_what_is_kept(void **state)
{
    (void)state;
    static const struct {
        const char *alg, *typ, *kid, *cty;
        bool kept;
        const char *why;
    } rows[] = {
        {"RS256", "at+jwt", "key-1", NULL, true, ""},
        {"ES512", NULL, NULL, NULL, true, "no typ, no kid"},
        {"HS256", "", "", NULL, true, "empty ones are not absent ones"},
        {"RS256", "application/at+jwt", SIXTEEN SIXTEEN SIXTEEN SIXTEEN, NULL, true, "a kid of 64 bytes"},
        {"RS256", "at+jwt", SIXTEEN SIXTEEN SIXTEEN SIXTEEN "+", NULL, false, "one of 65"},
        {"RS256", SIXTEEN "12345678", NULL, NULL, true, "a typ of 24 bytes"},
        {"RS256", SIXTEEN "123456789", NULL, NULL, false, "one of 25"},
        {"0123456789ab", NULL, NULL, NULL, true, "an alg of 12 bytes, whatever it is"},
        {"0123456789abc", NULL, NULL, NULL, false, "one of 13"},
        {"RS256", "JWT", "key-1", "JWT", false, "cty is not remembered"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct headers *headers = make(1);
        struct known_header known;
        struct jws_header header;
        const struct jws_header kept = {.alg = text_of(rows[i].alg), .typ = text_of(rows[i].typ), .kid = text_of(rows[i].kid),
                                        .cty = text_of(rows[i].cty)};
        assert_false(finds(headers, "eyJhbGciOiJSUzI1NiJ9", &known, &header));
        headers_keep(headers, text_of("eyJhbGciOiJSUzI1NiJ9"), &kept);
        if (finds(headers, "eyJhbGciOiJSUzI1NiJ9", &known, &header) != rows[i].kept) fail_msg("%s", rows[i].why);
        if (rows[i].kept && (!same(header.alg, kept.alg) || !same(header.typ, kept.typ) || !same(header.kid, kept.kid)))
            fail_msg("%s: another header", rows[i].why);
        assert_null(header.bytes);
        assert_null(header.cty.at);
        headers_free(headers);
    }
    headers_free(NULL);
}

static void test_only_these_bytes(void **state)
{
    (void)state;
    struct headers *headers = make(1);
    struct known_header known;
    struct jws_header header;
    const struct jws_header kept = {.alg = text_of("RS256")};
    headers_keep(headers, text_of("abcdefghij"), &kept);
    assert_true(finds(headers, "abcdefghij", &known, &header));
    static const char *const others[] = {"abcdefghi", "abcdefghijA", "abcdefghiJ", "Abcdefghij", "abcdefgh", "", "j"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) assert_false(finds(headers, others[i], &known, &header));
    assert_false(headers_find(headers, (struct text){"abcdefghij\0\0", 11}, &known, &header)); /* what pads it is not its own */
    assert_false(headers_find(NULL, text_of("abcdefghij"), &known, &header));
    headers_keep(NULL, text_of("abcdefghij"), &kept);

    char longest[HEADERS_MAX_ENCODED + 2];
    memset(longest, 'A', sizeof longest);
    longest[HEADERS_MAX_ENCODED] = '\0';
    headers_keep(headers, text_of(longest), &kept);
    assert_true(finds(headers, longest, &known, &header));
    longest[HEADERS_MAX_ENCODED] = 'A';
    longest[HEADERS_MAX_ENCODED + 1] = '\0';
    headers_keep(headers, text_of(longest), &kept);
    assert_false(finds(headers, longest, &known, &header));
    headers_free(headers);
}

/* ---- many ---- */

struct written {
    char encoded[32], alg[12], kid[40];
};

/* nth: what belongs to each other can be told from any part of it. */
static struct written nth(unsigned n)
{
    struct written written;
    snprintf(written.encoded, sizeof written.encoded, "header-%u-%.*s", n, (int)(n % 9), "xxxxxxxx");
    snprintf(written.alg, sizeof written.alg, "A%u", n);
    snprintf(written.kid, sizeof written.kid, "kid-%u-%.*s", n, (int)(n % 17), "yyyyyyyyyyyyyyyy");
    return written;
}

static void keep_written(struct headers *headers, const struct written *written)
{
    const struct jws_header header = {.alg = text_of(written->alg), .kid = text_of(written->kid)};
    headers_keep(headers, text_of(written->encoded), &header);
}

/* find_written ends the process when it finds another's parts. */
static bool find_written(const struct headers *headers, const struct written *written)
{
    struct known_header known;
    struct jws_header header;
    if (!headers_find(headers, text_of(written->encoded), &known, &header)) return false;
    if (!text_is(header.alg, written->alg) || !text_is(header.kid, written->kid) || header.typ.at != NULL) abort();
    return true;
}

static void keep_nth(struct headers *headers, unsigned n)
{
    const struct written written = nth(n);
    keep_written(headers, &written);
}

static bool find_nth(const struct headers *headers, unsigned n)
{
    const struct written written = nth(n);
    return find_written(headers, &written);
}

static void test_more_than_there_are_places(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct headers *headers = make(1);
    for (unsigned n = 0; n < MANY; n++) {
        keep_nth(headers, n);
        assert_true(find_nth(headers, n)); /* the newest is always there: no old one keeps it out for ever */
    }
    unsigned found = 0;
    for (unsigned n = 0; n < MANY; n++) found += find_nth(headers, n);
    assert_in_range(found, 32, 64);
    headers_free(headers);
}

static void test_two_for_each_of_many_issuers(void **state)
{
    (void)state;
    enum { ISSUERS = 1000 };
    struct headers *headers = make(ISSUERS);
    for (unsigned n = 0; n < ISSUERS; n++) keep_nth(headers, n);
    unsigned found = 0;
    for (unsigned n = 0; n < ISSUERS; n++) found += find_nth(headers, n);
    assert_in_range(found, ISSUERS * 88 / 100, ISSUERS); /* 90 of 100, by chance */
    headers_free(headers);
    headers_free(make(1000000)); /* and never more than a bounded number of places */
}

/* Wherever two headers differ they have places of their own: at any letter of a word, also where the machine has its high bits. */
static void test_any_letter_tells_the_place(void **state)
{
    (void)state;
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    enum { LETTERS = sizeof letters - 1 };
    const struct jws_header header = {.alg = text_of("RS256")};
    for (size_t at = 0; at < 24; at++) {
        char encoded[] = "eyJhbGciOiJSUzI1NiIsImtp";
        struct headers *headers = make(LETTERS);
        struct known_header known;
        struct jws_header found_header;
        unsigned found = 0;
        for (size_t i = 0; i < LETTERS; i++) {
            encoded[at] = letters[i];
            headers_keep(headers, text_of(encoded), &header);
        }
        for (size_t i = 0; i < LETTERS; i++) {
            encoded[at] = letters[i];
            found += finds(headers, encoded, &known, &found_header);
        }
        if (found < LETTERS * 3 / 4) fail_msg("letter %zu: %u of %d are found", at, found, LETTERS); /* 9 of 10, by chance */
        headers_free(headers);
    }
}

/* ---- threads ---- */

/* Four headers that have the same two places, so that each writes over the others. They are written out before the threads start,
 * which then do nothing but keep and find. */
enum { RIVALS = 4, ROUNDS = 100000 };
static struct written rivals[RIVALS];

static bool push_each_other_out(unsigned a, unsigned b)
{
    struct headers *headers = make(1);
    keep_nth(headers, a);
    for (int i = 0; i < 4; i++) keep_nth(headers, b);
    const bool out = !find_nth(headers, a);
    assert_true(find_nth(headers, b));
    headers_free(headers);
    return out;
}

static void find_rivals(void)
{
    unsigned num = 1;
    rivals[0] = nth(0);
    for (unsigned n = 1; num < RIVALS; n++) {
        assert_in_range(n, 1, 5000);
        if (push_each_other_out(0, n)) rivals[num++] = nth(n);
    }
}

static void *keep_and_find(void *argument)
{
    struct headers *headers = argument;
    unsigned found = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        keep_written(headers, &rivals[i % RIVALS]);
        for (unsigned k = 0; k < RIVALS; k++) found += find_written(headers, &rivals[k]);
    }
    return found > 0 ? headers : NULL;
}

static void test_threads(void **state)
{
    (void)state;
    find_rivals();
    struct headers *headers = make(1);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, keep_and_find, headers), 0);
    for (size_t i = 0; i < 4; i++) {
        void *done;
        pthread_join(threads[i], &done);
        assert_ptr_equal(done, headers);
    }
    headers_free(headers);
}

/* ---- in a verifier: only what was genuine is remembered ---- */

static const apisec_signer *signer;

static apisec_verifier *pinned(void)
{
    char *set = forge_jwks((const apisec_signer *[]){signer, NULL});
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    assert_int_equal(apisec_verifier_new(trust, NULL, &verifier, NULL), APISEC_OK);
    apisec_trust_free(trust);
    free(set);
    return verifier;
}

static apisec_status judge(apisec_verifier *verifier, char *token, bool *is_known)
{
    apisec_token *verified = NULL;
    struct known_header known;
    struct jws_header header;
    const apisec_status status = apisec_verify(verifier, token, strlen(token), FORGE_NOW, &verified, NULL);
    *is_known = headers_find(verifier->headers, (struct text){token, strcspn(token, ".")}, &known, &header);
    apisec_token_free(verified);
    free(token);
    return status;
}

static void test_only_genuine_ones(void **state)
{
    (void)state;
    static const struct forge_change other_typ[] = {{"typ", "\"application/at+jwt\""}, {NULL, NULL}};
    static const struct forge_change wrong_typ[] = {{"typ", "\"JWT\""}, {NULL, NULL}};
    static const struct forge_change with_key[] = {{"jku", "\"https://evil.example\""}, {NULL, NULL}};
    static const struct forge_change expired[] = {{"exp", "1"}, {NULL, NULL}};
    static const struct forge_change other_claims[] = {{"sub", "\"bob\""}, {NULL, NULL}};
    apisec_verifier *verifier = pinned();
    bool is_known;
    char *claims = forge_claims(FORGE_SAME);
    char *header = forge_header("ES256", apisec_signer_key_id(signer), FORGE_SAME);
    assert_int_equal(judge(verifier, forge_jws(header, claims, forge_signer("ES256", 1)), &is_known), APISEC_E_SIGNATURE);
    assert_false(is_known);
    assert_int_equal(judge(verifier, forge_token(FORGE_SAME, wrong_typ, signer), &is_known), APISEC_E_TYPE);
    assert_false(is_known);
    assert_int_equal(judge(verifier, forge_token(expired, FORGE_SAME, signer), &is_known), APISEC_E_EXPIRED);
    assert_true(is_known); /* the header was genuine */
    assert_int_equal(judge(verifier, forge_token(FORGE_SAME, other_typ, signer), &is_known), APISEC_OK);
    assert_true(is_known);
    assert_int_equal(judge(verifier, forge_token(FORGE_SAME, with_key, signer), &is_known), APISEC_OK);
    assert_true(is_known);

    /* what is known is judged as what is not */
    assert_int_equal(judge(verifier, forge_jws(header, claims, forge_signer("ES256", 1)), &is_known), APISEC_E_SIGNATURE);
    assert_true(is_known);
    assert_int_equal(judge(verifier, forge_token(other_claims, FORGE_SAME, signer), &is_known), APISEC_OK);
    assert_int_equal(judge(verifier, forge_token(FORGE_SAME, with_key, signer), &is_known), APISEC_OK);
    free(header);
    free(claims);
    apisec_verifier_free(verifier);
}

static int begin(void **state)
{
    (void)state;
    signer = forge_signer("ES256", 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_kept),
        cmocka_unit_test(test_only_these_bytes),
        cmocka_unit_test(test_more_than_there_are_places),
        cmocka_unit_test(test_two_for_each_of_many_issuers),
        cmocka_unit_test(test_any_letter_tells_the_place),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_only_genuine_ones),
    };
    return cmocka_run_group_tests_name("headers", tests, begin, end);
}
