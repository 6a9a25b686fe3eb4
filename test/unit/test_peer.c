/* SPDX-License-Identifier: Apache-2.0
 *
 * test_peer.c: which service a client certificate stands for: each name beside the one that differs in one thing; and how peers are
 * written down.
 */
#include "support/unit.h"
#include "access/rules.h"
#include "support/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU" /* SHA-256 of nothing */

static apisec_rules *compile(const char *peers, apisec_error *err)
{
    char json[2048];
    apisec_rules *rules = NULL;
    snprintf(json, sizeof json, "{\"peers\":%s,\"rules\":[{\"id\":\"a\",\"path\":\"/**\",\"require\":{\"peers\":[\"p\"]}}]}",
             peers);
    apisec_rules_new(json, strlen(json), &rules, err);
    return rules;
}

/* is_peer asks a rule that demands the peer p. */
static bool is_peer(const apisec_rules *rules, const struct certificate_name *names, size_t num, const char *sha256)
{
    size_t len;
    struct arena arena = {NULL};
    struct peer_names *found = NULL;
    struct path path;
    bool matched;
    unsigned char *der = certificate_with(names, num, 1, &len);
    assert_true(peer_find((struct text){(const char *)der, len}, &arena, &found));
    free(der); /* it keeps what it needs */
    assert_int_equal(path_parse(text_of("/x"), &arena, &path, NULL), APISEC_OK);
    const struct rule *rule = rules_find(rules, text_of("GET"), &path, &matched);
    const bool is = peers_have(&rule->require->peers, found, sha256);
    arena_free(&arena);
    return is;
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *peer;
        struct certificate_name names[2];
        bool is;
        const char *why;
    } rows[] = {
#define URI "{\"uris\":[\"spiffe://mesh.example/gateway\",\"urn:x:y\"]}"
#define DNS "{\"dns\":[\"gw.mesh.example\"]}"
        {URI, {CERTIFICATE_NAME('U', "spiffe://mesh.example/gateway")}, true, "the same bytes"},
        {URI, {CERTIFICATE_NAME('U', "spiffe://mesh.example/Gateway")}, false, "case"},
        {URI, {CERTIFICATE_NAME('U', "SPIFFE://mesh.example/gateway")}, false, "case of the scheme"},
        {URI, {CERTIFICATE_NAME('U', "spiffe://mesh.example/gateway/")}, false, "a slash more"},
        {URI, {CERTIFICATE_NAME('U', "spiffe://mesh.example/gatewa")}, false, "a letter less"},
        {URI, {CERTIFICATE_NAME('U', "spiffe://mesh.example/gateway\0x")}, false, "NUL"},
        {URI, {CERTIFICATE_NAME('U', "spiffe://mesh.example/*")}, false, "a wildcard"},
        {URI, {CERTIFICATE_NAME('D', "spiffe://mesh.example/gateway")}, false, "as a DNS name"},
        {URI, {CERTIFICATE_NAME('E', "spiffe://mesh.example/gateway")}, false, "as a mail address"},
        {URI, {CERTIFICATE_NAME('U', "spiffe://mesh.example/gateway"), CERTIFICATE_NAME('D', "x")}, true, "and a DNS name"},
        {URI, {CERTIFICATE_NAME('U', "spiffe://mesh.example/gateway"), CERTIFICATE_NAME('U', "urn:z")}, false, "two URIs"},
        {URI, {CERTIFICATE_NAME('U', "urn:x:y"), CERTIFICATE_NAME('U', "urn:z")}, true, "which is no SPIFFE ID"},
        {DNS, {CERTIFICATE_NAME('D', "gw.mesh.example")}, true, "the same"},
        {DNS, {CERTIFICATE_NAME('D', "GW.Mesh.example")}, true, "DNS has no case"},
        {DNS, {CERTIFICATE_NAME('D', "*.mesh.example")}, false, "a wildcard"},
        {DNS, {CERTIFICATE_NAME('D', "gw.mesh.example.")}, false, "a dot more"},
        {DNS, {CERTIFICATE_NAME('D', "gw.mesh.example.evil")}, false, "more of it"},
        {DNS, {CERTIFICATE_NAME('D', "gw.mesh.example\0.evil")}, false, "NUL"},
        {DNS, {CERTIFICATE_NAME('U', "gw.mesh.example")}, false, "as a URI"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char peers[256];
        apisec_error err = {0, ""};
        snprintf(peers, sizeof peers, "{\"p\":%s}", rows[i].peer);
        apisec_rules *rules = compile(peers, &err);
        if (rules == NULL) fail_msg("%s: %s", peers, err.text);
        const size_t num = rows[i].names[1].kind != '\0' ? 2 : 1;
        if (is_peer(rules, rows[i].names, num, HASH) != rows[i].is) fail_msg("%s", rows[i].why);
        apisec_rules_free(rules);
    }
}

static void test_hashes(void **state)
{
    (void)state;
    static const struct certificate_name name[] = {CERTIFICATE_NAME('D', "x")};
    apisec_rules *rules = compile("{\"p\":{\"thumbprints\":[\"" HASH "\"],\"dns\":[\"y\"]}}", NULL);
    assert_true(is_peer(rules, name, 1, HASH)); /* one of them will do */
    assert_false(is_peer(rules, name, 1, "57DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"));
    assert_false(is_peer(rules, name, 1, ""));
    struct arena arena = {NULL};
    struct peer_names *none = (struct peer_names *)&arena;
    assert_true(peer_find((struct text){NULL, 0}, &arena, &none));
    assert_null(none);
    assert_true(peer_find((struct text){"nonsense", 8}, &arena, &none)); /* no names, and still a hash */
    assert_int_equal(none->num, 0);
    arena_free(&arena);
    apisec_rules_free(rules);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *wrong, *sentence, *right;
    } rows[] = {
        {"[]", "peers: an object is wanted, not an array", "{\"p\":{\"uris\":[\"a:b\"]}}"},
        {"{}", "rules[0].require.peers: there is no peer p", "{\"p\":{\"uris\":[\"a:b\"]}}"},
        {"{\"p\":{}}", "peers.p: no name and no hash: it is nobody", "{\"p\":{\"uris\":[\"a:b\"]}}"},
        {"{\"p\":{\"uri\":[\"a:b\"]}}", "peers.p.uri: unknown, did you mean \"uris\"?", "{\"p\":{\"uris\":[\"a:b\"]}}"},
        {"{\"p\":{\"uris\":[]}}", "peers.p.uris: an empty list can never be met", "{\"p\":{\"uris\":[\"a:b\"]}}"},
        {"{\"p\":{\"uris\":[\"ab\"]}}", "peers.p.uris[0]: not a URI", "{\"p\":{\"uris\":[\"a:b\"]}}"},
        {"{\"p\":{\"uris\":[\"a: b\"]}}", "peers.p.uris[0]: not a URI", "{\"p\":{\"uris\":[\"a:b\"]}}"},
        {"{\"p\":{\"uris\":[\"a:b\",\"Spiffe://a/b\"]}}", "peers.p.uris[1]: a SPIFFE ID begins with spiffe:// in small letters",
         "{\"p\":{\"uris\":[\"a:b\",\"spiffe://a/b\"]}}"},
        {"{\"p\":{\"dns\":[\"*.example\"]}}", "peers.p.dns[0]: no wildcards: each name is written down",
         "{\"p\":{\"dns\":[\"a.example\"]}}"},
        {"{\"p\":{\"dns\":[\"https://a.example\"]}}", "peers.p.dns[0]: not a DNS name", "{\"p\":{\"dns\":[\"a.example\"]}}"},
        {"{\"p\":{\"thumbprints\":[\"e3b0c442\"]}}",
         "peers.p.thumbprints[0]: the SHA-256 of the certificate in base64url is wanted, 43 characters",
         "{\"p\":{\"thumbprints\":[\"" HASH "\"]}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err = {0, ""};
        assert_null(compile(rows[i].wrong, &err));
        assert_string_equal(err.text, rows[i].sentence);
        apisec_rules *rules = compile(rows[i].right, &err);
        if (rules == NULL) fail_msg("%s: %s", rows[i].right, err.text);
        apisec_rules_free(rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
