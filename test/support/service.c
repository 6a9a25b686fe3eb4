/* SPDX-License-Identifier: Apache-2.0
 *
 * service.c: a service in tests.
 */
#include "support/unit.h"
#include "support/service.h"
#include "access/access.h"

#include <stdlib.h>
#include <string.h>

static apisec_status take_line(void *context, const char *line, size_t len)
{
    struct service *const service = context;
    if (service->log_refuses) return APISEC_E_STORE;
    return buffer_append(&service->lines, line, len);
}

static apisec_verifier *make_verifier(const char *realm, const char *resource_metadata)
{
    apisec_verifier *verifier;
    apisec_error err;
    char *const set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    apisec_trust *const trust = apisec_trust_new();
    if (realm) apisec_trust_set_realm(trust, realm);
    if (resource_metadata) apisec_trust_set_resource_metadata(trust, resource_metadata);
    apisec_issuer *const issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    if (apisec_verifier_new(trust, NULL, &verifier, &err) != APISEC_OK) fail_msg("%s", err.text);
    apisec_trust_free(trust);
    free(set);
    return verifier;
}

static void begin(struct service *service, int32_t on_failure, const char *realm, const char *resource_metadata)
{
    memset(service, 0, sizeof *service);
    service->lines = BUFFER_MAX(1 << 24);
    service->verifier = make_verifier(realm, resource_metadata);
    const apisec_audit_sink sink = {service, take_line, NULL};
    assert_int_equal(apisec_audit_open_callback(&sink, on_failure, &service->audit, NULL), APISEC_OK);
}

void service_begin(struct service *service, int32_t on_failure)
{
    begin(service, on_failure, NULL, NULL);
}

void service_begin_named(struct service *service, const char *realm, const char *resource_metadata)
{
    begin(service, APISEC_AUDIT_STRICT, realm, resource_metadata);
}

void service_end(struct service *service)
{
    apisec_audit_close(service->audit);
    apisec_verifier_free(service->verifier);
    if (service->lines.len > 0) assert_int_equal(chain_check(service->lines.bytes, service->lines.len, NULL, NULL), APISEC_OK);
    buffer_free(&service->lines);
    for (size_t i = 0; i < service->num_tokens; i++) free(service->tokens[i]);
}

const char *service_token(struct service *service, const struct forge_change *claims)
{
    assert_true(service->num_tokens < 64);
    return service->tokens[service->num_tokens++] = forge_token(claims, FORGE_SAME, forge_signer("ES256", 0));
}

apisec_call *service_call(const char *token)
{
    struct buffer value = BUFFER_MAX(100000);
    apisec_call *const call = apisec_call_new();
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, "/orders/7?page=2", 16);
    apisec_call_set_peer_address(call, "192.0.2.1");
    apisec_call_set_time(call, FORGE_NOW);
    buffer_text(&value, "Bearer ");
    buffer_text(&value, token ? token : "");
    if (token) apisec_call_add_header(call, "Authorization", 13, value.bytes, value.len);
    buffer_free(&value);
    return call;
}

apisec_decision *service_decide(struct service *service, const char *token)
{
    apisec_decision *decision;
    apisec_call *const call = service_call(token);
    apisec_authenticate(service->verifier, service->audit, call, &decision, NULL);
    apisec_call_free(call); /* the decision has what it needs */
    assert_non_null(decision);
    return decision;
}

apisec_decision *service_judge(const struct service *service, const apisec_rules *rules, apisec_call *call)
{
    apisec_decision *decision = decision_new(service->verifier, service->audit, call);
    decision_route(decision, rules);
    decision_admit(decision, call);
    if (decision_wants_user(decision)) decision_authenticate(decision, call);
    apisec_call_free(call);
    decision_judge(decision);
    return decision;
}

struct text service_line(const struct service *service, size_t index)
{
    return line_at(service->lines.bytes ? service->lines.bytes : "", index);
}
