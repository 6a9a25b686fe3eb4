/* SPDX-License-Identifier: Apache-2.0
 *
 * test_caller.c: lib/access/caller.h in decisions: from where a call comes and from which service, beside its user and in place of
 * one, judged before a token is looked at, and what of it is in the record.
 */
#include "support/unit.h"
#include "access/rules.h"
#include "support/certificate.h"
#include "support/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct service service;
static apisec_rules *rules;

static const char document[] =
    "{\"networks\":{\"office\":[\"192.0.2.0/24\",\"2001:db8::/32\"],\"guests\":[\"192.0.2.128/25\"],\"proxies\":[\"10.0.0.0/24\"]},"
    "\"trusted_proxies\":[\"proxies\"],"
    "\"services\":{\"header\":\"X-Service\",\"secrets\":{\"batch\":"
    "\"$pbkdf2-sha256$i=10001$S7JO_JZBr8Xe0cp36rtuLw$nc3MIHoF7J-sVR0mUtVgMFpy6xh-r4T8wkE5UJbY-tE\",\"other\":"
    "\"$pbkdf2-sha256$i=10000$TqXuaP6gVYYQaJDe1XM4IA$xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGepo\"}},"
    "\"peers\":{\"gateway\":{\"uris\":[\"spiffe://mesh.example/gateway\"]}},"
    "\"policies\":{\"inside\":{\"networks\":[\"office\"]}},"
    "\"rules\":["
    "{\"id\":\"net\",\"path\":\"/net\",\"user\":\"none\",\"require\":{\"networks\":[\"office\"],\"except_networks\":[\"guests\"]}},"
    "{\"id\":\"no-guest\",\"path\":\"/no-guest\",\"require\":{\"except_networks\":[\"guests\"]}},"
    "{\"id\":\"both\",\"path\":\"/both\",\"require\":{\"policies\":[\"inside\"],\"scopes\":[\"a\"]}},"
    "{\"id\":\"either\",\"path\":\"/either\",\"require\":{\"any_of\":[{\"networks\":[\"office\"]},{\"scopes\":[\"a\"]}]}},"
    "{\"id\":\"peer\",\"path\":\"/peer\",\"user\":\"none\",\"require\":{\"peers\":[\"gateway\"]}},"
    "{\"id\":\"peer-user\",\"path\":\"/peer-user\",\"require\":{\"peers\":[\"gateway\"]}},"
    "{\"id\":\"job\",\"path\":\"/job\",\"user\":\"none\",\"require\":{\"services\":[\"batch\"]}},"
    "{\"id\":\"job-user\",\"path\":\"/job-user\",\"require\":{\"services\":[\"batch\"]}},"
    "{\"id\":\"open\",\"path\":\"/open\",\"public\":true},"
    "{\"id\":\"tried\",\"path\":\"/tried\",\"public\":true,\"shadow\":{\"services\":[\"batch\"]}},"
    "{\"id\":\"user\",\"path\":\"/user\",\"require\":{}},"
    "{\"id\":\"anywhere\",\"path\":\"/anywhere\",\"require\":{},\"shadow\":{\"networks\":[\"office\"]}}]}";

static apisec_call *call_from(const char *target, const char *address, const char *forwarded, const char *token)
{
    apisec_call *call = service_call(token);
    apisec_call_set_target(call, target, strlen(target));
    apisec_call_set_peer_address(call, address);
    if (forwarded != NULL) apisec_call_add_header(call, "X-Forwarded-For", 15, forwarded, strlen(forwarded));
    return call;
}

static char *last_line(void)
{
    size_t num = 0;
    for (size_t at = 0; at < service.lines.len; at++) num += service.lines.bytes[at] == '\n';
    return text_copy(service_line(&service, num - 1));
}

static const char *with_scope(const char *scope)
{
    return service_token(&service, (const struct forge_change[]){{"scope", scope}, {NULL, NULL}});
}

#define NOT_OFFICE(what) "networks are not what the rule requires: office (the client " what ")"
#define NOWHERE          "networks are not what the rule requires: office (the client's address is not known)"

static void test_networks(void **state)
{
    (void)state;
    const struct {
        const char *target, *address, *forwarded, *token;
        apisec_status expected;
        const char *reason, *why;
    } rows[] = {
        {"/net", "192.0.2.1", NULL, NULL, APISEC_OK, "", "from the office, no user is wanted"},
        {"/net", "198.51.100.1", NULL, NULL, APISEC_E_PEER, NOT_OFFICE("is 198.51.100.1"), "from elsewhere"},
        {"/net", "192.0.2.129", NULL, NULL, APISEC_E_PEER,
         "except_networks are not what the rule requires: guests (the client is 192.0.2.129)", "a guest"},
        {"/net", "", NULL, NULL, APISEC_E_PEER, NOWHERE, "from nowhere"},
        {"/net", "192.0.2.1:443", NULL, NULL, APISEC_E_PEER, NOWHERE, "an address with a port is none"},
        {"/net", "::ffff:192.0.2.1", NULL, NULL, APISEC_OK, "", "IPv4-mapped"},
        {"/net", "198.51.100.1", "192.0.2.1", NULL, APISEC_E_PEER, NOT_OFFICE("is 198.51.100.1"), "spoofed"},
        {"/net", "10.0.0.1", "192.0.2.1", NULL, APISEC_OK, "", "through a proxy"},
        {"/net", "10.0.0.1", "192.0.2.1, 198.51.100.1", NULL, APISEC_E_PEER, NOT_OFFICE("is 198.51.100.1"),
         "spoofed through a proxy"},
        {"/net", "10.0.0.1", "192.0.2.1, 198.51.100.1, 10.0.0.2", NULL, APISEC_E_PEER, NOT_OFFICE("is 198.51.100.1"),
         "spoofed through two"},
        {"/net", "10.0.0.1", NULL, NULL, APISEC_E_PEER, NOT_OFFICE("is 10.0.0.1"), "the proxy itself"},
        {"/no-guest", "192.0.2.1", NULL, with_scope("\"a\""), APISEC_OK, "", "no guest"},
        {"/no-guest", "192.0.2.129", NULL, with_scope("\"a\""), APISEC_E_PEER,
         "except_networks are not what the rule requires: guests (the client is 192.0.2.129)", "a guest"},
        {"/no-guest", "", NULL, with_scope("\"a\""), APISEC_E_PEER,
         "except_networks are not what the rule requires: guests (the client's address is not known)",
         "from nowhere: being in no network is no merit"},
        {"/both", "192.0.2.1", NULL, with_scope("\"a\""), APISEC_OK, "", "from the office, with the scope"},
        {"/both", "192.0.2.1", NULL, NULL, APISEC_E_NO_CREDENTIAL, "the request has no Authorization header",
         "a network is nobody"},
        {"/both", "192.0.2.1", NULL, with_scope("\"b\""), APISEC_E_SCOPE, "scopes are not what the rule requires: a",
         "from the office, without the scope"},
        {"/both", "198.51.100.1", NULL, with_scope("\"a\""), APISEC_E_PEER, NOT_OFFICE("is 198.51.100.1"),
         "from elsewhere, with the scope"},
        {"/both", "198.51.100.1", NULL, "no.token.at.all", APISEC_E_PEER, NOT_OFFICE("is 198.51.100.1"),
         "the token is not even looked at"},
        {"/either", "192.0.2.1", NULL, with_scope("\"b\""), APISEC_OK, "", "a user from the office"},
        {"/either", "198.51.100.1", NULL, with_scope("\"a\""), APISEC_OK, "", "a user with the scope"},
        {"/either", "198.51.100.1", NULL, with_scope("\"b\""), APISEC_E_PEER,
         "no alternative of any_of is met; the first fails at networks: office", "neither the one nor the other"},
        {"/either", "192.0.2.1", NULL, NULL, APISEC_E_NO_CREDENTIAL, "the request has no Authorization header",
         "nobody from the office"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *call = call_from(rows[i].target, rows[i].address, rows[i].forwarded, rows[i].token);
        apisec_decision *decision = service_judge(&service, rules, call);
        const apisec_status status = apisec_decision_commit(decision, NULL);
        if (status != rows[i].expected) fail_msg("%s: %s", rows[i].why, apisec_decision_reason(decision));
        assert_string_equal(apisec_decision_reason(decision), rows[i].reason);
        if (status == APISEC_E_PEER) assert_int_equal(apisec_decision_http_status(decision), 403);
        if (status == APISEC_E_PEER) assert_int_equal(apisec_decision_num_headers(decision), 0);
        apisec_decision_free(decision);
    }
}

/* What is judged before a token is looked at is not judged again behind it. */
static void test_each_check_is_listed_once(void **state)
{
    (void)state;
    apisec_decision *decision = service_judge(&service, rules, call_from("/both", "192.0.2.1", NULL, with_scope("\"a\"")));
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    static const char networks[] = "\"id\":\"networks\"";
    const char *const explanation = apisec_decision_explanation(decision), *const first = strstr(explanation, networks);
    const char *const token = strstr(explanation, "\"id\":\"credential\"");
    assert_true(first != NULL && token != NULL && token > first);
    assert_null(strstr(first + 1, networks));
    apisec_decision_free(decision);
}

static void test_peers(void **state)
{
    (void)state;
    static const struct certificate_name gateway[] = {CERTIFICATE_NAME('U', "spiffe://mesh.example/gateway"),
                                                      CERTIFICATE_NAME('D', "gw.mesh.example")};
    static const struct certificate_name other[] = {CERTIFICATE_NAME('U', "spiffe://mesh.example/other"),
                                                    CERTIFICATE_NAME('D', "gw.mesh.example")};
    const struct {
        const char *target, *token;
        const struct certificate_name *names; /* NULL: no certificate */
        apisec_status expected;
        const char *app_name, *why; /* NULL: there is a user */
    } rows[] = {
        {"/peer", NULL, gateway, APISEC_OK, "spiffe://mesh.example/gateway", "the gateway, no user is wanted"},
        {"/peer", NULL, other, APISEC_E_PEER, "spiffe://mesh.example/other", "another service"},
        {"/peer", NULL, NULL, APISEC_E_PEER, "unknown", "no certificate"},
        {"/peer-user", with_scope("\"a\""), gateway, APISEC_OK, NULL, "the gateway for a user"},
        {"/peer-user", NULL, gateway, APISEC_E_NO_CREDENTIAL, "spiffe://mesh.example/gateway", "the gateway alone"},
        {"/peer-user", with_scope("\"a\""), other, APISEC_E_PEER, "spiffe://mesh.example/other", "another for a user"},
        {"/user", NULL, gateway, APISEC_E_NO_CREDENTIAL, "unknown", "a certificate alone, where nothing is required"},
        {"/user", with_scope("\"a\""), NULL, APISEC_OK, NULL, "the user"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *call = call_from(rows[i].target, "198.51.100.1", NULL, rows[i].token);
        size_t len;
        unsigned char *der = rows[i].names != NULL ? certificate_with(rows[i].names, 2, 1, &len) : NULL;
        if (der != NULL) apisec_call_set_peer_certificate(call, der, len);
        free(der);
        apisec_decision *decision = service_judge(&service, rules, call);
        const apisec_status status = apisec_decision_commit(decision, NULL);
        if (status != rows[i].expected) fail_msg("%s: %s", rows[i].why, apisec_decision_reason(decision));
        char *line = last_line();
        char app_name[128];
        snprintf(app_name, sizeof app_name, "\"app_name\":\"%s\"", rows[i].app_name ? rows[i].app_name : "");
        if ((strstr(line, app_name) != NULL) != (rows[i].app_name != NULL)) fail_msg("%s: %s", rows[i].why, line);
        const bool is_asked = strcmp(rows[i].target, "/user") != 0 && rows[i].names != NULL;
        assert_int_equal(strstr(line, "\"peer_names\":[\"spiffe://mesh.example/") != NULL, is_asked);
        assert_int_equal(strstr(line, "\"peer_names\"") != NULL, is_asked); /* it is looked into only where a rule asks */
        free(line);
        apisec_decision_free(decision);
    }
}

#define INVALID_REQUEST                                                                                                            \
    "Bearer error=\"invalid_request\", error_description=\"The request, or how its access token is sent, is not acceptable\""
#define BATCH "Basic YmF0Y2g6YmF0Y2g6c2VjcmV0" /* batch:batch:secret */

static void test_services(void **state)
{
    (void)state;
    const struct {
        const char *target, *token, *first, *second; /* of the service's header */
        apisec_status expected;
        const char *challenge;     /* NULL: none */
        const char *service, *why; /* service: in the record; NULL: none */
    } rows[] = {
        {"/job", NULL, BATCH, NULL, APISEC_OK, NULL, "batch", "the service, no user is wanted"},
        {"/job", NULL, NULL, NULL, APISEC_E_PEER, NULL, NULL, "nobody"},
        {"/job", NULL, "Basic YmF0Y2g6YmF0Y2g6c2VjcmU=", NULL, APISEC_E_PEER, NULL, NULL, "another secret"},
        {"/job", NULL, BATCH, BATCH, APISEC_E_REQUEST, NULL, NULL, "twice"},
        {"/job", NULL, BATCH ", " BATCH, NULL, APISEC_E_REQUEST, NULL, NULL, "twice in one field"},
        {"/job-user", with_scope("\"a\""), BATCH, NULL, APISEC_OK, NULL, "batch", "the service for a user"},
        {"/job-user", NULL, BATCH, NULL, APISEC_E_NO_CREDENTIAL, "Bearer", "batch", "the service alone"},
        {"/job-user", with_scope("\"a\""), NULL, NULL, APISEC_E_PEER, NULL, NULL, "the user alone"},
        {"/open", NULL, "nonsense", NULL, APISEC_OK, NULL, NULL, "public: it is not looked at"},
        {"/open", NULL, BATCH, BATCH, APISEC_E_REQUEST, NULL, NULL, "but twice it must not be there"},
        {"/tried", NULL, BATCH, NULL, APISEC_OK, NULL, "batch", "a rule that only tries it"},
        {"/tried", NULL, "Basic YTpi, Basic YTpi", NULL, APISEC_OK, NULL, NULL, "denies nothing"},
        {"/user", with_scope("\"a\""), BATCH, NULL, APISEC_OK, NULL, NULL, "nobody asks"},
        {"/user", with_scope("\"a\""), BATCH, BATCH, APISEC_E_REQUEST, INVALID_REQUEST, NULL, "but twice it must not be there"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *call = call_from(rows[i].target, "198.51.100.1", NULL, rows[i].token);
        if (rows[i].first) apisec_call_add_header(call, "x-service", 9, rows[i].first, strlen(rows[i].first));
        if (rows[i].second) apisec_call_add_header(call, "X-Service", 9, rows[i].second, strlen(rows[i].second));
        apisec_decision *decision = service_judge(&service, rules, call);
        const apisec_status status = apisec_decision_commit(decision, NULL);
        if (status != rows[i].expected) fail_msg("%s: %s", rows[i].why, apisec_decision_reason(decision));
        const char *const challenge = apisec_decision_header_value(decision, 0);
        assert_int_equal(apisec_decision_num_headers(decision), rows[i].challenge != NULL);
        if (challenge) assert_string_equal(challenge, rows[i].challenge);
        char *line = last_line();
        char service_member[64];
        snprintf(service_member, sizeof service_member, "\"service\":\"%s\"", rows[i].service ? rows[i].service : "");
        if ((strstr(line, service_member) != NULL) != (rows[i].service != NULL)) fail_msg("%s: %s", rows[i].why, line);
        assert_int_equal(strstr(line, "\"service\":null") != NULL, status == APISEC_E_PEER); /* asked for, and there was none */
        assert_null(strstr(line, "secret"));
        free(line);
        apisec_decision_free(decision);
    }
}

/* Whoever set a service up wrongly reads what came instead; a guesser's name is not repeated. */
static void test_causes(void **state)
{
    (void)state;
    static const struct certificate_name other[] = {CERTIFICATE_NAME('U', "spiffe://mesh.example/other")};
    const struct {
        const char *target, *header;
        bool has_certificate;
        const char *reason;
    } rows[] = {
        {"/job", NULL, false, "services are not what the rule requires: batch (nothing was sent)"},
        {"/job", "Basic YmF0Y2g6eA==", false, "services are not what the rule requires: batch (what was sent is not valid)"},
        {"/job", "Bearer abc", false, "services are not what the rule requires: batch (what was sent is not valid)"},
        {"/job", "Basic b3RoZXI6Z2F0ZXdheS1zZWNyZXQtMQ==", false, "services are not what the rule requires: batch (it is other)"},
        {"/peer", NULL, false, "peers are not what the rule requires: gateway (the client has no certificate)"},
        {"/peer", NULL, true, "peers are not what the rule requires: gateway (its certificate is another's)"},
    };
    size_t len;
    unsigned char *der = certificate_with(other, 1, 1, &len);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *call = call_from(rows[i].target, "198.51.100.1", NULL, NULL);
        if (rows[i].header) apisec_call_add_header(call, "X-Service", 9, rows[i].header, strlen(rows[i].header));
        if (rows[i].has_certificate) apisec_call_set_peer_certificate(call, der, len);
        apisec_decision *decision = service_judge(&service, rules, call);
        assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_E_PEER);
        assert_string_equal(apisec_decision_reason(decision), rows[i].reason);
        apisec_decision_free(decision);
    }
    free(der);
}

/* In Authorization, where no user is wanted: who does not say it, or not rightly, is told how; byte for byte. */
static void test_basic_challenges(void **state)
{
    (void)state;
    static const char own[] =
        "{\"services\":{\"header\":\"Authorization\",\"secrets\":{\"batch\":"
        "\"$pbkdf2-sha256$i=10001$S7JO_JZBr8Xe0cp36rtuLw$nc3MIHoF7J-sVR0mUtVgMFpy6xh-r4T8wkE5UJbY-tE\",\"other\":"
        "\"$pbkdf2-sha256$i=10000$TqXuaP6gVYYQaJDe1XM4IA$xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGepo\"}},"
        "\"rules\":[{\"id\":\"job\",\"path\":\"/job\",\"user\":\"none\",\"require\":{\"services\":[\"batch\"]}}]}";
    static const struct {
        const char *first, *second;
        apisec_status expected;
        int32_t http_status;
        const char *challenge;
        const char *why;
    } rows[] = {
        {BATCH, NULL, APISEC_OK, 200, "", "the honest one"},
        {NULL, NULL, APISEC_E_NO_CREDENTIAL, 401, "Basic realm=\"services\", charset=\"UTF-8\"", "nothing"},
        {"Basic YmF0Y2g6YmF0Y2g6c2VjcmU=", NULL, APISEC_E_NO_CREDENTIAL, 401, "Basic realm=\"services\", charset=\"UTF-8\"",
         "another secret"},
        {"Bearer abc", NULL, APISEC_E_NO_CREDENTIAL, 401, "Basic realm=\"services\", charset=\"UTF-8\"", "a user's token"},
        {"Basic b3RoZXI6Z2F0ZXdheS1zZWNyZXQtMQ==", NULL, APISEC_E_PEER, 403, "", "a service that may not"},
        {BATCH, BATCH, APISEC_E_REQUEST, 400, "", "Basic twice"},
        {BATCH, "Bearer abc", APISEC_E_REQUEST, 400, "", "Basic beside Bearer"},
        {BATCH ", Bearer abc", NULL, APISEC_E_REQUEST, 400, "", "in one field"},
        {BATCH ", " BATCH, NULL, APISEC_E_REQUEST, 400, "", "Basic twice in one field"},
    };
    apisec_rules *const kept = rules;
    assert_int_equal(apisec_rules_new(own, sizeof own - 1, &rules, NULL), APISEC_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *call = call_from("/job", "198.51.100.1", NULL, NULL);
        if (rows[i].first) apisec_call_add_header(call, "Authorization", 13, rows[i].first, strlen(rows[i].first));
        if (rows[i].second) apisec_call_add_header(call, "Authorization", 13, rows[i].second, strlen(rows[i].second));
        apisec_decision *decision = service_judge(&service, rules, call);
        if (apisec_decision_commit(decision, NULL) != rows[i].expected)
            fail_msg("%s: %s", rows[i].why, apisec_decision_reason(decision));
        assert_int_equal(apisec_decision_http_status(decision), rows[i].http_status);
        const char *const challenge = apisec_decision_header_value(decision, 0);
        assert_string_equal(challenge ? challenge : "", rows[i].challenge);
        if (challenge) assert_string_equal(apisec_decision_header_name(decision, 0), "WWW-Authenticate");
        apisec_decision_free(decision);
    }
    apisec_rules_free(rules);
    rules = kept;
}

/* With a user that was authenticated before: the same rules, the same verdicts; without a call nothing is known of its address. */
static void test_applied_by_hand(void **state)
{
    (void)state;
    for (int with_call = 0; with_call < 2; with_call++) {
        apisec_decision *decision = NULL;
        apisec_call *call = call_from("/both", "192.0.2.1", NULL, with_scope("\"a\""));
        assert_int_equal(apisec_authenticate(service.verifier, service.audit, call, &decision, NULL), APISEC_OK);
        const apisec_status expected = with_call ? APISEC_OK : APISEC_E_PEER;
        assert_int_equal(apisec_decision_apply_rules(decision, rules, with_call ? call : NULL), expected);
        assert_int_equal(apisec_decision_commit(decision, NULL), expected);
        apisec_decision_free(decision);
        apisec_call_free(call);
    }
}

static void test_the_record(void **state)
{
    (void)state;
    static const struct {
        const char *target, *address, *forwarded, *recorded; /* recorded NULL: it is the socket's */
        const char *why;
    } rows[] = {
        {"/both", "192.0.2.1", NULL, NULL, "no proxy"},
        {"/both", "192.0.2.1", "198.51.100.9", NULL, "whoever is no proxy says what they like"},
        {"/both", "10.0.0.1", "198.51.100.9", "\"client_address\":\"198.51.100.9\"", "the proxy says so"},
        {"/both", "10.0.0.1", "nonsense", "\"client_address\":\"unknown\"", "the proxy says nothing that can be read"},
        {"/user", "10.0.0.1", "198.51.100.9", "\"client_address\":\"198.51.100.9\"", "though the rule does not ask"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_call *call = call_from(rows[i].target, rows[i].address, rows[i].forwarded, NULL);
        apisec_decision *decision = service_judge(&service, rules, call);
        apisec_decision_commit(decision, NULL);
        char *line = last_line();
        const char *const found = strstr(line, rows[i].recorded ? rows[i].recorded : "client_address");
        if ((found != NULL) != (rows[i].recorded != NULL)) fail_msg("%s: %s", rows[i].why, line);
        assert_non_null(strstr(line, "\"src_endpoint\":{\"ip\":")); /* the socket's, in any case */
        free(line);
        apisec_decision_free(decision);
    }
    apisec_decision *decision = service_judge(&service, rules, call_from("/anywhere", "198.51.100.9", NULL, with_scope("\"a\"")));
    assert_int_equal(apisec_decision_commit(decision, NULL), APISEC_OK);
    char *line = last_line();
    assert_non_null(strstr(line, "\"shadow\":{\"verdict\":\"denied\",\"status_code\":\"APISEC_E_PEER\""));
    free(line);
    apisec_decision_free(decision);
}

static int begin(void **state)
{
    (void)state;
    apisec_error err = {0, ""};
    service_begin(&service, APISEC_AUDIT_STRICT);
    if (apisec_rules_new(document, sizeof document - 1, &rules, &err) != APISEC_OK) print_error("%s\n", err.text);
    return err.status;
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
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_each_check_is_listed_once),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_services),         cmocka_unit_test(test_causes),
        cmocka_unit_test(test_basic_challenges), cmocka_unit_test(test_applied_by_hand),
        cmocka_unit_test(test_the_record),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
