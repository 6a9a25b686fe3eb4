/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_caller.c: ways to be taken for another caller: another address, another certificate, another service; and to let that
 * stand in for a user. Each beside the request that differs in one thing and is let in.
 */
#include "support/unit.h"
#include "access/rules.h"
#include "support/certificate.h"
#include "support/service.h"

#include <stdlib.h>
#include <string.h>

#define HASH(iterations) "$pbkdf2-sha256$i=" iterations "$TqXuaP6gVYYQaJDe1XM4IA$xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGepo"
#define GATEWAY          "Basic Z2F0ZXdheTpnYXRld2F5LXNlY3JldC0x" /* gateway:gateway-secret-1 */

static struct service service;
static apisec_rules *rules;

static const char document[] =
    "{\"networks\":{\"inside\":[\"192.0.2.0/24\"],\"proxies\":[\"10.0.0.0/24\"]},\"trusted_proxies\":[\"proxies\"],"
    "\"peers\":{\"gateway\":{\"uris\":[\"spiffe://m/gateway\"],\"dns\":[\"gw.example\"]}},"
    "\"services\":{\"header\":\"Authorization\",\"secrets\":{\"gateway\":\"" HASH(
        "10000") "\"}},"
                 "\"rules\":[{\"id\":\"net\",\"path\":\"/net\",\"user\":\"none\",\"require\":{\"networks\":[\"inside\"]}},"
                 "{\"id\":\"peer\",\"path\":\"/peer\",\"user\":\"none\",\"require\":{\"peers\":[\"gateway\"]}},"
                 "{\"id\":\"job\",\"path\":\"/job\",\"user\":\"none\",\"require\":{\"services\":[\"gateway\"]}},"
                 "{\"id\":\"user\",\"path\":\"/user\",\"require\":{\"networks\":[\"inside\"],\"peers\":[\"gateway\"]}}]}";

struct attack {
    const char *target, *address;
    const char *header, *values[2];   /* sent one after the other */
    struct certificate_name names[2]; /* kind 0: none */
    bool with_token;
    apisec_status expected;
    const char *why;
};

/* What each of them is told: RFC 6750 section 3.1 and RFC 7617 section 2; nothing where other credentials would not help. */
static const struct {
    apisec_status status;
    bool wants_user;
    int32_t http_status;
    const char *challenge;
} replies[] = {
    {APISEC_OK, true, 200, ""},
    {APISEC_OK, false, 200, ""},
    {APISEC_E_PEER, true, 403, ""},
    {APISEC_E_PEER, false, 403, ""},
    {APISEC_E_REQUEST, false, 400, ""},
    {APISEC_E_NO_CREDENTIAL, true, 401, "Bearer"},
    {APISEC_E_NO_CREDENTIAL, false, 401, "Basic realm=\"services\", charset=\"UTF-8\""},
};

static void check_reply(const apisec_decision *decision, const char *why)
{
    const char *const challenge = apisec_decision_header_value(decision, 0);
    size_t at = 0;
    while (at < sizeof replies / sizeof replies[0] && (replies[at].status != apisec_decision_status(decision) ||
                                                       replies[at].wants_user != decision_wants_user(decision)))
        at++;
    if (at == sizeof replies / sizeof replies[0]) fail_msg("%s: %s", why, apisec_decision_reason(decision));
    assert_int_equal(apisec_decision_http_status(decision), replies[at].http_status);
    assert_int_equal(apisec_decision_num_headers(decision), replies[at].challenge[0] != '\0');
    if (strcmp(challenge ? challenge : "", replies[at].challenge) != 0) fail_msg("%s: %s", why, challenge ? challenge : "nothing");
    if (challenge) assert_string_equal(apisec_decision_header_name(decision, 0), "WWW-Authenticate");
}

static void send_it(const struct attack *attack)
{
    apisec_call *call = service_call(attack->with_token ? service_token(&service, FORGE_SAME) : NULL);
    apisec_call_set_target(call, attack->target, strlen(attack->target));
    apisec_call_set_peer_address(call, attack->address);
    for (size_t i = 0; i < 2 && attack->values[i] != NULL; i++)
        apisec_call_add_header(call, attack->header, strlen(attack->header), attack->values[i], strlen(attack->values[i]));
    size_t len = 0;
    const size_t num = attack->names[1].kind != 0 ? 2 : 1;
    unsigned char *der = attack->names[0].kind != 0 ? certificate_with(attack->names, num, 1, &len) : NULL;
    if (der != NULL) apisec_call_set_peer_certificate(call, der, len);
    free(der);
    apisec_decision *decision = service_judge(&service, rules, call);
    const apisec_status status = apisec_decision_commit(decision, NULL);
    if (status != attack->expected) fail_msg("%s: %s", attack->why, apisec_status_name(status));
    check_reply(decision, attack->why);
    apisec_decision_free(decision);
}

#define FORWARDED "X-Forwarded-For"
#define SPIFFE    CERTIFICATE_NAME('U', "spiffe://m/gateway")
#define DNS       CERTIFICATE_NAME('D', "gw.example")

static const struct attack attacks[] = {
    {"/net", "192.0.2.1", NULL, {NULL}, {{0, NULL, 0}}, false, APISEC_OK, "from inside"},
    {"/net", "198.51.100.1", FORWARDED, {"192.0.2.1"}, {{0, NULL, 0}}, false, APISEC_E_PEER, "without a proxy, and says so itself"},
    {"/net", "10.0.0.1", FORWARDED, {"192.0.2.1"}, {{0, NULL, 0}}, false, APISEC_OK, "the proxy says so"},
    {"/net", "10.0.0.1", FORWARDED, {"192.0.2.1, 198.51.100.1"}, {{0, NULL, 0}}, false, APISEC_E_PEER, "spoofed through one proxy"},
    {"/net", "10.0.0.1", FORWARDED, {"192.0.2.1, 10.0.0.2"}, {{0, NULL, 0}}, false, APISEC_OK, "two proxies say so"},
    {"/net", "10.0.0.1", FORWARDED, {"192.0.2.1, 198.51.100.1, 10.0.0.2"}, {{0, NULL, 0}}, false, APISEC_E_PEER, "through two"},
    {"/net", "10.0.0.1", FORWARDED, {"192.0.2.1", "198.51.100.1"}, {{0, NULL, 0}}, false, APISEC_E_PEER, "split over two fields"},
    {"/net",
     "10.0.0.1",
     FORWARDED,
     {"198.51.100.1", "192.0.2.1"},
     {{0, NULL, 0}},
     false,
     APISEC_OK,
     "the last field is the proxy's"},
    {"/net",
     "10.0.0.1",
     FORWARDED,
     {"192.0.2.1, unknown"},
     {{0, NULL, 0}},
     false,
     APISEC_E_PEER,
     "hidden behind what is no address"},
    {"/net", "10.0.0.1", FORWARDED, {"192.0.2.1:80"}, {{0, NULL, 0}}, false, APISEC_E_PEER, "a port"},
    {"/net", "10.0.1.1", FORWARDED, {"192.0.2.1"}, {{0, NULL, 0}}, false, APISEC_E_PEER, "a neighbour of the proxies"},
    {"/net", "::ffff:192.0.2.1", NULL, {NULL}, {{0, NULL, 0}}, false, APISEC_OK, "IPv4-mapped"},
    {"/net", "::192.0.2.1", NULL, {NULL}, {{0, NULL, 0}}, false, APISEC_E_PEER, "which this is not"},
    {"/net", "64:ff9b::192.0.2.1", NULL, {NULL}, {{0, NULL, 0}}, false, APISEC_E_PEER, "translated"},

    {"/peer", "", NULL, {NULL}, {SPIFFE, DNS}, false, APISEC_OK, "the gateway's certificate"},
    {"/peer", "", NULL, {NULL}, {CERTIFICATE_NAME('U', "spiffe://m/gateway\0.evil")}, false, APISEC_E_PEER, "NUL in a URI"},
    {"/peer", "", NULL, {NULL}, {CERTIFICATE_NAME('D', "gw.example\0.evil")}, false, APISEC_E_PEER, "NUL in a DNS name"},
    {"/peer", "", NULL, {NULL}, {DNS, CERTIFICATE_NAME('D', "x\0y")}, false, APISEC_E_PEER, "NUL in another name"},
    {"/peer", "", NULL, {NULL}, {CERTIFICATE_NAME('D', "*.example")}, false, APISEC_E_PEER, "a wildcard"},
    {"/peer", "", NULL, {NULL}, {CERTIFICATE_NAME('D', "GW.Example")}, false, APISEC_OK, "DNS names have no case"},
    {"/peer", "", NULL, {NULL}, {CERTIFICATE_NAME('U', "spiffe://m/Gateway")}, false, APISEC_E_PEER, "URIs have"},
    {"/peer", "", NULL, {NULL}, {CERTIFICATE_NAME('E', "gw.example")}, false, APISEC_E_PEER, "in a name of another kind"},
    {"/peer", "", NULL, {NULL}, {SPIFFE, CERTIFICATE_NAME('U', "spiffe://m/other")}, false, APISEC_E_PEER, "two SPIFFE IDs"},
    {"/peer", "", "X-SSL-Client-Cert", {"spiffe://m/gateway"}, {{0, NULL, 0}}, false, APISEC_E_PEER, "a certificate in a header"},

    {"/user", "192.0.2.1", NULL, {NULL}, {SPIFFE}, true, APISEC_OK, "the gateway for a user"},
    {"/user", "192.0.2.1", NULL, {NULL}, {SPIFFE}, false, APISEC_E_NO_CREDENTIAL, "the gateway alone"},
    {"/user", "192.0.2.1", "Authorization", {GATEWAY}, {SPIFFE}, false, APISEC_E_NO_CREDENTIAL, "and its secret"},
    {"/user", "192.0.2.1", NULL, {NULL}, {{0, NULL, 0}}, true, APISEC_E_PEER, "the user alone"},

    {"/job", "", "Authorization", {GATEWAY}, {{0, NULL, 0}}, false, APISEC_OK, "the service"},
    {"/job", "", NULL, {NULL}, {{0, NULL, 0}}, true, APISEC_E_NO_CREDENTIAL, "a user"},
    {"/job", "", "Authorization", {GATEWAY, GATEWAY}, {{0, NULL, 0}}, false, APISEC_E_REQUEST, "Basic twice"},
    {"/job", "", "Authorization", {GATEWAY}, {{0, NULL, 0}}, true, APISEC_E_REQUEST, "Basic beside Bearer"},
    {"/job", "", "Authorization", {GATEWAY ", " GATEWAY}, {{0, NULL, 0}}, false, APISEC_E_REQUEST, "Basic twice in one field"},
    {"/job",
     "",
     "Authorization",
     {"Basic Z2F0ZXdheTpnYXRld2F5LXNlY3JldC0="},
     {{0, NULL, 0}},
     false,
     APISEC_E_NO_CREDENTIAL,
     "the secret's prefix"},
    {"/job", "", "Authorization", {"Basic Z2F0ZXdheTo="}, {{0, NULL, 0}}, false, APISEC_E_NO_CREDENTIAL, "an empty secret"},
    {"/job", "", "X-Service-Authorization", {GATEWAY}, {{0, NULL, 0}}, false, APISEC_E_NO_CREDENTIAL, "in another header"},
};

static void test_to_be_taken_for_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) send_it(&attacks[i]);
}

/* A hash that is guessed at fast is no hash. */
static void test_hashes(void **state)
{
    (void)state;
    static const struct {
        const char *hash;
        apisec_status expected;
        const char *why;
    } rows[] = {{HASH("10000"), APISEC_OK, "as slow as it must be"},
                {HASH("1"), APISEC_E_CONFIG, "one iteration"},
                {HASH("9999"), APISEC_E_CONFIG, "one too few"},
                {HASH("4294977296"), APISEC_E_CONFIG, "10000 more than 32 bits can hold"},
                {"gateway-secret-1", APISEC_E_CONFIG, "the secret itself"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer json = BUFFER_MAX(4096);
        apisec_rules *made = NULL;
        buffer_text(&json, "{\"services\":{\"header\":\"X-Service\",\"secrets\":{\"gateway\":\"");
        buffer_text(&json, rows[i].hash);
        buffer_text(&json, "\"}},\"rules\":[{\"id\":\"r\",\"path\":\"/**\",\"require\":{}}]}");
        if (apisec_rules_new(json.bytes, json.len, &made, NULL) != rows[i].expected) fail_msg("%s", rows[i].why);
        apisec_rules_free(made);
        buffer_free(&json);
    }
}

static int begin(void **state)
{
    (void)state;
    service_begin(&service, APISEC_AUDIT_STRICT);
    return apisec_rules_new(document, sizeof document - 1, &rules, NULL);
}

static int end(void **state)
{
    (void)state;
    apisec_rules_free(rules);
    service_end(&service);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_to_be_taken_for_another),
        cmocka_unit_test(test_hashes),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
