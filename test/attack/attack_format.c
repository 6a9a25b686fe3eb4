/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_format.c: attacks on the form of a token: other serialisations, parts, base64url, JSON that readers disagree about, header
 * extensions, sizes. All forged tokens are signed by the honest key over exactly the bytes that are sent: only the form is wrong.
 */
#include "support/unit.h"
#include "support/stand.h"

#include "base/base.h"
#include "jose/jose.h"

#include <apisec/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const apisec_signer *signer;
static char *set;
static apisec_verifier *at;

/* ---- serialisations and parts ---- */

/* put writes a token, which holds no @, in place of up to two of them. */
static char *put(const char *pattern, const char *token)
{
    if (strchr(pattern, '@') == NULL) return text_copy(text_of(pattern));
    char *once = forge_replace(pattern, "@", token), *twice = NULL;
    if (strchr(once, '@') != NULL) twice = forge_replace(once, "@", token);
    if (twice != NULL) free(once);
    return twice != NULL ? twice : once;
}

static void test_parts(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "@.", ".@", "@.a", "a.@", "@.a.b", "@.a.b.c", "@..", "..@", "@.@", "..", "...", ".", "a", "a.b", "", "@=", "@==",
        "@\n", "@\r\n", "@ ", " @", "\t@", "\n@", "Bearer @", "\"@\"", "@,@", "@;", "\xef\xbb\xbf@", "@\x7f", "@\xc2\xa0", "@~",
        "@#", "@?", "@/", "@+",
    };
    char *honest = forge_token(FORGE_SAME, FORGE_SAME, signer);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        stand_refuses(at, patterns[i], put(patterns[i], honest), APISEC_E_MALFORMED);
    }
    char with_nul[4096] = {0};
    memcpy(with_nul, honest, strlen(honest));
    stand_refuses_bytes(at, "a NUL behind it", with_nul, strlen(honest) + 1, APISEC_E_MALFORMED);
    for (const char *dot = strchr(honest, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
        stand_refuses_bytes(at, "cut off at a dot", honest, (size_t)(dot - honest), APISEC_E_MALFORMED);
    stand_accepts(at, "exactly the token", honest);
}

static void test_json_serialisations(void **state)
{
    (void)state;
    char *honest = forge_token(FORGE_SAME, FORGE_SAME, signer);
    char *first = strchr(honest, '.'), *last = strrchr(honest, '.');
    char text[8192];
    const int header_len = (int)(first - honest), payload_len = (int)(last - first - 1);
    snprintf(text, sizeof text, "{\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"%s\"}", header_len, honest,
             payload_len, first + 1, last + 1);
    stand_refuses_bytes(at, "flattened, RFC 7515 section 7.2.2", text, strlen(text), APISEC_E_MALFORMED);
    snprintf(text, sizeof text, "{\"payload\":\"%.*s\",\"signatures\":[{\"protected\":\"%.*s\",\"signature\":\"%s\"}]}",
             payload_len, first + 1, header_len, honest, last + 1);
    stand_refuses_bytes(at, "general, section 7.2.1", text, strlen(text), APISEC_E_MALFORMED);
    /* CVE-2022-39227: one reader sees a JSON serialisation, another one a compact token */
    char *evil = forge_claims((const struct forge_change[]){{"sub", "\"admin\""}, {NULL, NULL}});
    char *evil_part = forge_base64url(text_of(evil));
    snprintf(text, sizeof text, "{\" %.*s.%s.\":\"\",\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"%s\"}", header_len,
             honest, evil_part, header_len, honest, payload_len, first + 1, last + 1);
    stand_refuses_bytes(at, "a polyglot of both", text, strlen(text), APISEC_E_MALFORMED);
    free(evil);
    free(evil_part);
    stand_accepts(at, "compact", honest);
}

static void test_encrypted_tokens(void **state)
{
    (void)state;
    char *honest = forge_token(FORGE_SAME, FORGE_SAME, signer);
    static const char jwe_header[] = "{\"typ\":\"at+jwt\",\"alg\":\"dir\",\"enc\":\"A128GCM\"}";
    char *header = forge_base64url(text_of(jwe_header)), *inner = forge_base64url(text_of(honest));
    char text[8192];
    snprintf(text, sizeof text, "%s..AAAAAAAAAAAAAAAA.%s.AAAAAAAAAAAAAAAAAAAAAA", header, inner);
    stand_refuses_bytes(at, "a JWE is not signed", text, strlen(text), APISEC_E_MALFORMED);
    char *outer = forge_base64url(text_of(text));
    snprintf(text, sizeof text, "%s..AAAAAAAAAAAAAAAA.%s.AAAAAAAAAAAAAAAAAAAAAA", header, outer);
    stand_refuses_bytes(at, "nor is a JWE within it", text, strlen(text), APISEC_E_MALFORMED);
    free(outer);
    free(inner);
    free(header);
    /* a nested JWT, RFC 7519 section 5.2: signed outside, but its claims are not claims */
    const struct forge_change cty[] = {{"cty", "\"JWT\""}, {NULL, NULL}};
    char *nested = forge_header("HS256", apisec_signer_key_id(signer), cty);
    stand_refuses(at, "a JWT within a JWT", forge_jws(nested, honest, signer), APISEC_E_MALFORMED);
    char *claims = forge_claims(FORGE_SAME);
    stand_accepts(at, "claims within it", forge_jws(nested, claims, signer));
    free(claims);
    free(nested);
    free(honest);
}

static void test_compressed_claims(void **state)
{
    (void)state;
    /* {"zip":"DEF"} is a member of JWE only (RFC 7516 section 4.1.3): nothing is ever inflated here */
    static const char deflated[] = "\x03\x00";
    const struct forge_change zip[] = {{"zip", "\"DEF\""}, {NULL, NULL}};
    char *header = forge_header("HS256", apisec_signer_key_id(signer), zip);
    stand_refuses(at, "deflated", forge_jws_bytes(text_of(header), (struct text){deflated, 2}, signer), APISEC_E_MALFORMED);
    char *claims = forge_claims(FORGE_SAME);
    stand_accepts(at, "plain", forge_jws(header, claims, signer));
    free(claims);
    free(header);
}

/* ---- header extensions ---- */

static void test_crit(void **state)
{
    (void)state;
    static const struct forge_change refused[][4] = {
        {{"crit", "[\"x\"]"}, {"x", "1"}},
        {{"crit", "[\"x\"]"}},
        {{"crit", "[]"}},
        {{"crit", "\"x\""}},
        {{"crit", "{}"}},
        {{"crit", "null"}},
        {{"crit", "false"}},
        {{"crit", "[\"alg\"]"}},
        {{"crit", "[\"kid\",\"kid\"]"}},
        {{"crit", "[\"exp\"]"}, {"exp", "1750000500"}},
        {{"crit", "[\"b64\"]"}, {"b64", "false"}},
        {{"crit", "[\"b64\"]"}, {"b64", "true"}},
        {{"b64", "false"}},
        {{"b64", "true"}},
        {{"\\u0063rit", "[\"x\"]"}},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        stand_refuses(at, refused[i][0].value, forge_token(FORGE_SAME, refused[i], signer), APISEC_E_MALFORMED);
    static const struct forge_change twins[][2] = {{{"crIt", "[\"x\"]"}}, {{"x", "1"}}, {{"b65", "false"}}};
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++)
        stand_accepts(at, "a member that is not critical", forge_token(FORGE_SAME, twins[i], signer));
    const struct forge_change in_claims[] = {{"crit", "[\"x\"]"}, {NULL, NULL}};
    stand_accepts(at, "crit among the claims is a claim", forge_token(in_claims, FORGE_SAME, signer));
}

static void test_payload_that_is_not_encoded(void **state)
{
    (void)state;
    char *honest = forge_token(FORGE_SAME, FORGE_SAME, signer), *claims = forge_claims(FORGE_SAME);
    char *header = forge_base64url(text_of("{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}"));
    stand_refuses(at, "RFC 7797", forge_raw(header, claims, strrchr(honest, '.') + 1), APISEC_E_MALFORMED);
    free(claims);
    free(header);
    stand_accepts(at, "encoded", honest);
}

/* ---- base64url ---- */

static void test_base64url(void **state)
{
    (void)state;
    static const char *const tails[] = {"=", "==", "\n", " ", "+", "/", "\r\n", "%3D", "\t", "*"};
    char *header = forge_header("HS256", apisec_signer_key_id(signer), FORGE_SAME), *claims = forge_claims(FORGE_SAME);
    char *head = forge_base64url(text_of(header)), *body = forge_base64url(text_of(claims));
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char longer[4096];
        snprintf(longer, sizeof longer, "%s%s", head, tails[i]);
        stand_refuses(at, "in the header", forge_jws_encoded(longer, body, signer), APISEC_E_MALFORMED);
        snprintf(longer, sizeof longer, "%s%s", body, tails[i]);
        stand_refuses(at, "in the payload", forge_jws_encoded(head, longer, signer), APISEC_E_MALFORMED);
        char *honest = forge_jws(header, claims, signer);
        snprintf(longer, sizeof longer, "%s%s", honest, tails[i]);
        stand_refuses_bytes(at, "in the signature", longer, strlen(longer), APISEC_E_MALFORMED);
        stand_accepts(at, "without it", honest);
    }
    free(header);
    free(claims);
    free(head);
    free(body);
}

/* last_bits returns the part with its last character moved on by one: the same bytes to a reader that ignores trailing bits. */
static char *last_bits(const char *part)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *changed = text_copy(text_of(part));
    char *last = changed + strlen(changed) - 1;
    *last = alphabet[(size_t)(strchr(alphabet, *last) - alphabet) + 1];
    return changed;
}

static void test_base64url_trailing_bits(void **state)
{
    (void)state;
    /* claims whose length leaves bits over; an HS256 signature of 32 bytes always does */
    char *claims = forge_claims(FORGE_SAME), *header = forge_header("HS256", apisec_signer_key_id(signer), FORGE_SAME);
    char *honest = forge_jws(header, claims, signer), *dot = strrchr(honest, '.');
    char *loose = last_bits(dot + 1);
    *dot = '\0';
    char text[4096];
    snprintf(text, sizeof text, "%s.%s", honest, loose);
    stand_refuses_bytes(at, "in the signature", text, strlen(text), APISEC_E_MALFORMED);
    *dot = '.';
    stand_accepts(at, "as it was", honest);
    free(loose);
    for (size_t pad = 0; pad < 3; pad++) {
        char spaced[2048];
        snprintf(spaced, sizeof spaced, "%s%.*s", claims, (int)pad, "   ");
        char *body = forge_base64url(text_of(spaced)), *head = forge_base64url(text_of(header));
        if (strlen(spaced) % 3 != 0) {
            char *changed = last_bits(body);
            stand_refuses(at, "in the payload", forge_jws_encoded(head, changed, signer), APISEC_E_MALFORMED);
            free(changed);
        }
        free(body);
        free(head);
        stand_accepts(at, "white space behind the claims is JSON", forge_jws(header, spaced, signer));
    }
    stand_refuses(at, "a length that no bytes have", forge_jws_encoded("eyJhbGciOiJFUzI1NiJ9A", "e30", signer), APISEC_E_MALFORMED);
    free(claims);
    free(header);
}

/* ---- JSON that readers disagree about ---- */

static void test_duplicate_members(void **state)
{
    (void)state;
    static const struct forge_change header[][2] = {
        {{"alg", "\"HS256\",\"alg\":\"none\""}}, {{"alg", "\"HS256\",\"alg\":\"HS256\""}}, {{"kid", "\"a\",\"kid\":\"b\""}},
        {{"typ", "\"at+jwt\",\"\\u0074yp\":\"JWT\""}}, {{"x", "{\"a\":1,\"a\":2}"}},
    };
    static const struct forge_change claims[][2] = {
        {{"sub", "\"alice\",\"sub\":\"admin\""}}, {{"sub", "\"alice\",\"s\\u0075b\":\"admin\""}}, {{"exp", "1,\"exp\":1750000500"}},
        {{"iss", "\"" FORGE_ISSUER "\",\"iss\":\"https://evil.example\""}}, {{"x", "[{\"a\":1,\"a\":1}]"}},
        {{"x", "{\"\":1,\"\":2}"}},
    };
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        stand_refuses(at, header[i][0].value, forge_token(FORGE_SAME, header[i], signer), APISEC_E_MALFORMED);
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
        stand_refuses(at, claims[i][0].value, forge_token(claims[i], FORGE_SAME, signer), APISEC_E_MALFORMED);
    static const struct forge_change twins[][2] = {
        {{"x", "{\"a\":1,\"A\":2}"}}, {{"x", "[{\"a\":1},{\"a\":1}]"}}, {{"Sub", "\"admin\""}}, {{"sub ", "\"admin\""}},
        {{"x", "{\"sub\":\"admin\"}"}},
    };
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++) {
        apisec_token *token = stand_verified(at, twins[i][0].value, forge_token(twins[i], FORGE_SAME, signer));
        assert_string_equal(apisec_token_subject(token), "alice");
        apisec_token_free(token);
    }
}

static void test_strings(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "\"admin\\u0000evil\"", "\"\\u0000\"",    "\"\\ud800\"",       "\"\\udc00\\ud800\"", "\"\\ud800\\u0041\"",
        "\"\xff\"",             "\"\xc0\xaf\"",   "\"\xe0\x80\xaf\"",  "\"\xed\xa0\x80\"",  "\"\xf4\x90\x80\x80\"", "\"\xc3\"",
        "\"\xf0\x82\x82\xac\"", "\"a\nb\"",       "\"a\tb\"",          "\"\x01\"",          "\"\\x41\"",          "\"\\u12\"",
        "\"\\'\"",              "'alice'",        "alice",             "\"alice",           "\"a\" \"b\"",        "\"\\uD83D\"",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct forge_change change[] = {{"sub", refused[i]}, {NULL, NULL}};
        stand_refuses(at, refused[i], forge_token(change, FORGE_SAME, signer), APISEC_E_MALFORMED);
    }
    static const struct {
        const char *json, *means;
    } twins[] = {
        {"\"admin\\u0001evil\"", "admin\x01" "evil"}, {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"}, {"\"\xc3\xbc\"", "\xc3\xbc"},
        {"\"\\u0041\"", "A"},                         {"\"a\\nb\"", "a\nb"},                      {"\"\x7f\"", "\x7f"},
        {"\"\\\"\\\\\\/\"", "\"\\/"},                 {"\"\xf4\x8f\xbf\xbf\"", "\xf4\x8f\xbf\xbf"},
    };
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++) {
        const struct forge_change change[] = {{"sub", twins[i].json}, {NULL, NULL}};
        apisec_token *token = stand_verified(at, twins[i].json, forge_token(change, FORGE_SAME, signer));
        assert_string_equal(apisec_token_subject(token), twins[i].means);
        apisec_token_free(token);
    }
}

static void test_names_with_nul(void **state)
{
    (void)state;
    /* to a reader of C strings this is a second `sub` */
    const struct forge_change nul[] = {{"sub\\u0000x", "\"admin\""}, {NULL, NULL}};
    const struct forge_change twin[] = {{"sub\\u0001x", "\"admin\""}, {NULL, NULL}};
    stand_refuses(at, "a claim", forge_token(nul, FORGE_SAME, signer), APISEC_E_MALFORMED);
    stand_refuses(at, "a header member", forge_token(FORGE_SAME, nul, signer), APISEC_E_MALFORMED);
    /* and not as an escape but as the byte itself */
    char *claims = forge_claims((const struct forge_change[]){{"x", "\"#\""}, {NULL, NULL}});
    char *header = forge_header("HS256", apisec_signer_key_id(signer), FORGE_SAME);
    const size_t len = strlen(claims);
    *strchr(claims, '#') = '\0';
    stand_refuses(at, "the byte", forge_jws_bytes(text_of(header), (struct text){claims, len}, signer), APISEC_E_MALFORMED);
    claims[strlen(claims)] = '#';
    stand_accepts(at, "another byte", forge_jws_bytes(text_of(header), (struct text){claims, len}, signer));
    free(claims);
    free(header);
    stand_accepts(at, "a claim", forge_token(twin, FORGE_SAME, signer));
    stand_accepts(at, "a header member", forge_token(FORGE_SAME, twin, signer));
}

static void test_documents(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",            " ",           "null",          "true",          "7",           "\"x\"",       "[]",
        "{",           "{}}",         "{} {}",         "{}x",           "{\"a\":1,}",  "{,}",         "{a:1}",
        "{\"a\" 1}",   "{\"a\":}",    "{\"a\":01}",    "{\"a\":1.}",    "{\"a\":+1}",  "{\"a\":NaN}", "{\"a\":Infinity}",
        "{\"a\":1e999}", "{\"a\":-1e400}", "{\"a\":0x1}", "{/**/}",        "\xef\xbb\xbf{}", "{\"a\":.5}", "{\"a\":-}",
        "{\"a\":1e}",  "{'a':1}",     "{\"a\":tru}",   "{\"a\":1}\v",
    };
    char *header = forge_header("HS256", apisec_signer_key_id(signer), FORGE_SAME);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        stand_refuses(at, refused[i], forge_jws(header, refused[i], signer), APISEC_E_MALFORMED);
    for (size_t i = 2; i < sizeof refused / sizeof refused[0]; i++)
        stand_refuses(at, refused[i], forge_jws(refused[i], "{}", signer), APISEC_E_MALFORMED);
    stand_refuses(at, "an object without claims", forge_jws(header, "{}", signer), APISEC_E_CLAIM);
    char *claims = forge_claims(FORGE_SAME);
    stand_accepts(at, "an object with claims", forge_jws(header, claims, signer));
    char *spaced = forge_replace(claims, "{", " \t\r\n{ ");
    stand_accepts(at, "white space is no matter", forge_jws(header, spaced, signer));
    free(spaced);
    free(claims);
    free(header);
}

/* ---- sizes ---- */

static char *repeat(const char *open, size_t num, const char *middle, const char *close)
{
    struct buffer out = BUFFER_MAX(32 * 1024 * 1024);
    for (size_t i = 0; i < num; i++) buffer_text(&out, open);
    buffer_text(&out, middle);
    for (size_t i = 0; i < num; i++) buffer_text(&out, close);
    char *text = buffer_take(&out);
    assert_non_null(text);
    return text;
}

static void test_depth(void **state)
{
    (void)state;
    static const struct {
        size_t depth; /* of the claim's value; the claims themselves are one more */
        bool refused;
    } rows[] = {{1, false}, {7, false}, {8, true}, {100, true}, {5000, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t fewer = rows[i].depth > 1000 ? 1000 : rows[i].depth; /* a token holds no more */
        char *arrays = repeat("[", rows[i].depth, "", "]"), *objects = repeat("{\"a\":", fewer, "1", "}");
        const struct forge_change deep[] = {{"x", arrays}, {NULL, NULL}}, nested[] = {{"x", objects}, {NULL, NULL}};
        if (rows[i].refused) {
            stand_refuses(at, "arrays", forge_token(deep, FORGE_SAME, signer), APISEC_E_TOO_LARGE);
            stand_refuses(at, "objects", forge_token(nested, FORGE_SAME, signer), APISEC_E_TOO_LARGE);
            stand_refuses(at, "in the header", forge_token(FORGE_SAME, deep, signer), APISEC_E_TOO_LARGE);
        } else {
            stand_accepts(at, "arrays", forge_token(deep, FORGE_SAME, signer));
            stand_accepts(at, "objects", forge_token(nested, FORGE_SAME, signer));
            stand_accepts(at, "in the header", forge_token(FORGE_SAME, deep, signer));
        }
        free(arrays);
        free(objects);
    }
}

/* many writes an object or array of num parts. */
static char *many(size_t num, bool object)
{
    struct buffer out = BUFFER_MAX(32 * 1024 * 1024);
    for (size_t i = 0; i < num; i++) {
        buffer_text(&out, i > 0 ? "," : object ? "{" : "[");
        if (object) {
            buffer_byte(&out, '"');
            buffer_number(&out, (int64_t)i);
            buffer_text(&out, "\":");
        }
        buffer_byte(&out, '1');
    }
    buffer_text(&out, object ? "}" : "]");
    char *text = buffer_take(&out);
    assert_non_null(text);
    return text;
}

static void test_numbers_of_members(void **state)
{
    (void)state;
    static const struct {
        size_t num;
        bool object;
        bool refused;
    } rows[] = {{64, true, false}, {65, true, true}, {1000, true, true}, {1024, false, false}, {1025, false, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *value = many(rows[i].num, rows[i].object);
        const struct forge_change change[] = {{"x", value}, {NULL, NULL}};
        char *token = forge_token(change, FORGE_SAME, signer);
        if (rows[i].refused) stand_refuses(at, "too many", token, APISEC_E_TOO_LARGE);
        if (!rows[i].refused) stand_accepts(at, "just not too many", token);
        free(value);
    }
}

/* token_of returns an honest token of exactly len bytes: the header takes up what the payload's steps of four leave over. */
static char *token_of(size_t len)
{
    for (size_t in_header = 0; in_header < 4; in_header++) {
        char *pad = repeat("h", in_header, "", "");
        char *quoted = forge_replace("\"@\"", "@", pad);
        const struct forge_change header[] = {{"pad", quoted}, {NULL, NULL}};
        for (size_t in_claims = len / 4 * 3 - 700; in_claims < len; in_claims++) {
            char *fill = repeat("c", in_claims, "", ""), *text = forge_replace("\"@\"", "@", fill);
            char *claims = forge_claims((const struct forge_change[]){{"pad", text}, {NULL, NULL}});
            char *head = forge_header("HS256", apisec_signer_key_id(signer), header);
            const size_t is = base64url_encoded_len(strlen(head)) + base64url_encoded_len(strlen(claims)) + 43 + 2;
            char *token = is == len ? forge_jws(head, claims, signer) : NULL;
            free(head);
            free(claims);
            free(text);
            free(fill);
            if (token != NULL) {
                assert_int_equal(strlen(token), len);
                free(quoted);
                free(pad);
                return token;
            }
            if (is > len) break;
            if (len - is > 64) in_claims += (len - is) / 4 * 3 - 32; /* not there yet by far */
        }
        free(quoted);
        free(pad);
    }
    fail_msg("no token has %zu bytes", len);
    return NULL;
}

static void test_sizes_of_tokens(void **state)
{
    (void)state;
    stand_accepts(at, "16 KiB", token_of(JOSE_MAX_TOKEN));
    stand_refuses(at, "16 KiB and a byte", token_of(JOSE_MAX_TOKEN + 1), APISEC_E_TOO_LARGE);
    char *large = repeat("A", 10 * 1024 * 1024 / 2, "", "A");
    stand_refuses(at, "10 MB", large, APISEC_E_TOO_LARGE);
    char *dots = repeat(".", JOSE_MAX_TOKEN, "", "");
    stand_refuses(at, "nothing but dots", dots, APISEC_E_MALFORMED);
}

/* A service's own bodies pass the same scanner: the bombs that are larger than a token meet its limits there. */
static void test_json_bombs_in_bodies(void **state)
{
    (void)state;
    char *deep = repeat("[", 100000, "", "]"), *members = many(1000000, true);
    char *string = repeat("a", 1024 * 1024, "", ""), *quoted = forge_replace("\"@\"", "@", string);
    size_t position = 0;
    assert_int_equal(apisec_json_scan(deep, strlen(deep), NULL, &position, NULL), APISEC_E_TOO_LARGE);
    assert_int_equal(position, 16);
    const apisec_json_limits large = {.max_bytes = 64 * 1024 * 1024};
    assert_int_equal(apisec_json_scan(members, strlen(members), &large, &position, NULL), APISEC_E_TOO_LARGE);
    assert_true(position < 1024);
    assert_int_equal(apisec_json_scan(members, strlen(members), NULL, &position, NULL), APISEC_E_TOO_LARGE);
    assert_int_equal(apisec_json_scan(quoted, strlen(quoted), NULL, &position, NULL), APISEC_E_TOO_LARGE);
    free(deep);
    deep = repeat("[", 16, "", "]");
    assert_int_equal(apisec_json_scan(deep, strlen(deep), NULL, &position, NULL), APISEC_OK);
    free(deep);
    free(members);
    free(string);
    free(quoted);
}

static int begin(void **state)
{
    (void)state;
    signer = forge_signer("HS256", 0); /* quick: the algorithm is not what this is about */
    set = forge_jwks((const apisec_signer *[]){signer, NULL});
    at = stand_new(&(struct stand_issuer){.algorithms = {"HS256"}, .keys = set}, 1, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    apisec_verifier_free(at);
    free(set);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_json_serialisations),
        cmocka_unit_test(test_encrypted_tokens),
        cmocka_unit_test(test_compressed_claims),
        cmocka_unit_test(test_crit),
        cmocka_unit_test(test_payload_that_is_not_encoded),
        cmocka_unit_test(test_base64url),
        cmocka_unit_test(test_base64url_trailing_bits),
        cmocka_unit_test(test_duplicate_members),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_names_with_nul),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_numbers_of_members),
        cmocka_unit_test(test_sizes_of_tokens),
        cmocka_unit_test(test_json_bombs_in_bodies),
    };
    return cmocka_run_group_tests_name("attack_format", tests, begin, end);
}
