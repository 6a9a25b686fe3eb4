/* SPDX-License-Identifier: Apache-2.0
 *
 * bound.c: bound tokens and the requests they come with, see bound.h.
 */
#include "support/unit.h"
#include "support/bound.h"

#include <stdlib.h>
#include <string.h>

apisec_trust *bound_trust(void)
{
    char *const set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    apisec_trust *const trust = apisec_trust_new();
    apisec_issuer *const issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "ES256");
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    apisec_trust_allow_dpop(trust);
    apisec_trust_add_origin(trust, PROOF_ORIGIN);
    free(set);
    return trust;
}

apisec_verifier *bound_verifier(apisec_trust *trust, apisec_http *http)
{
    apisec_verifier *verifier = NULL;
    apisec_error err;
    if (apisec_verifier_new(trust, http, &verifier, &err) != APISEC_OK) fail_msg("%s", err.text);
    apisec_trust_free(trust);
    return verifier;
}

char *bound_token(const char *cnf)
{
    const struct forge_change change[] = {{"cnf", cnf}, {NULL, NULL}};
    return forge_token(change, FORGE_SAME, forge_signer("ES256", 0));
}

char *bound_to_key(const apisec_signer *signer)
{
    char jkt[44];
    proof_jkt(signer, jkt);
    char *const cnf = proof_cnf(jkt, NULL), *const token = bound_token(cnf);
    free(cnf);
    return token;
}

char *bound_to_certificate(const char *der)
{
    char x5t[44];
    proof_hash(der, strlen(der), x5t);
    char *const cnf = proof_cnf(NULL, x5t), *const token = bound_token(cnf);
    free(cnf);
    return token;
}

static void add(apisec_call *call, const char *name, const char *value)
{
    apisec_call_add_header(call, name, strlen(name), value, strlen(value));
}

apisec_call *bound_call(const struct bound_request *request)
{
    struct buffer value = BUFFER_MAX(100000);
    apisec_call *const call = apisec_call_new();
    const char *const method = request->method ? request->method : "GET";
    const char *const target = request->target ? request->target : PROOF_PATH "?page=2";
    apisec_call_set_method(call, method, strlen(method));
    apisec_call_set_target(call, target, strlen(target));
    apisec_call_set_time(call, request->at != 0 ? request->at : FORGE_NOW);
    if (request->certificate)
        apisec_call_set_peer_certificate(call, (const unsigned char *)request->certificate, strlen(request->certificate));
    buffer_text(&value, request->scheme ? request->scheme : "DPoP");
    buffer_byte(&value, ' ');
    buffer_text(&value, request->token ? request->token : "");
    if (request->token) add(call, "Authorization", value.bytes);
    for (size_t i = 0; i < 2; i++)
        if (request->proofs[i]) add(call, "DPoP", request->proofs[i]);
    if (request->header[0]) add(call, request->header[0], request->header[1]);
    buffer_free(&value);
    return call;
}

apisec_status bound_send(apisec_verifier *verifier, const struct bound_request *request, apisec_decision **decision)
{
    apisec_decision *made = NULL;
    apisec_error err;
    apisec_call *const call = bound_call(request);
    const apisec_status status = apisec_authenticate(verifier, NULL, call, &made, &err);
    apisec_call_free(call);
    assert_int_equal(err.status, status);
    assert_int_equal(apisec_decision_commit(made, NULL), status);
    assert_true((apisec_decision_token(made) != NULL) == (status == APISEC_OK));
    if (decision) *decision = made;
    else apisec_decision_free(made);
    return status;
}

const char *bound_header(const apisec_decision *decision, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < apisec_decision_num_headers(decision); i++) {
        if (strcmp(apisec_decision_header_name(decision, i), name) != 0) continue;
        if (value) fail_msg("two %s headers", name);
        value = apisec_decision_header_value(decision, i);
    }
    return value;
}
