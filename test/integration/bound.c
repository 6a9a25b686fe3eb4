/* SPDX-License-Identifier: Apache-2.0
 *
 * bound.c: services that accept bound tokens, clients that obtain them, and calls that are made with them: see bound.h.
 */
#include "bound.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void bound_expect(apisec_status got, apisec_status want, const char *which, const char *why, const apisec_error *err)
{
    if (got != want)
        fail_msg("%s: %s: %s, expected %s: %s", which, why, apisec_status_name(got), apisec_status_name(want),
                 got == APISEC_OK ? "" : err->text);
}

apisec_verifier *bound_verifier(const struct bound_service *service, apisec_http *http)
{
    apisec_verifier *verifier = NULL;
    apisec_error err;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, service->issuer);
    apisec_issuer_add_audience(issuer, service->audience);
    if (!service->without_dpop) {
        apisec_trust_allow_dpop(trust);
        apisec_trust_add_origin(trust, ORIGIN);
    }
    if (service->nonces) apisec_trust_require_dpop_nonce(trust, 300);
    if (service->must) apisec_issuer_require_binding(issuer);
    if (service->encrypted) {
        char *keys = read_folder("service.jwks", NULL);
        apisec_trust_set_decryption_jwks(trust, keys, strlen(keys));
        apisec_issuer_require_encryption(issuer);
        free(keys);
    }
    if (service->opaque) {
        apisec_issuer_set_introspection(issuer, setting_url("OIDC", "/token/introspection"));
        if (service->identity != NULL) apisec_issuer_set_introspection_mtls(issuer, "rs-mtls", service->identity);
        else apisec_issuer_set_introspection_basic(issuer, "rs-basic", "rs-secret", strlen("rs-secret"));
        if (service->is_signed) apisec_issuer_require_signed_introspection(issuer);
    }
    if (!service->opaque || service->is_signed) {
        apisec_issuer_allow_algorithm(issuer, "ES256");
        apisec_issuer_discover(issuer);
    }
    if (apisec_verifier_new(trust, http, &verifier, &err) != APISEC_OK) fail_msg("%s", err.text);
    apisec_trust_free(trust);
    return verifier;
}

apisec_status bound_exchange(const struct bound_client *who, const char *audience, apisec_http *http, apisec_issued **issued,
                             apisec_error *err)
{
    char *subject = fetch_user_token("ES256", "sub=alice");
    apisec_client *client = apisec_client_new(http);
    apisec_client_set_endpoint(client, setting_url("OIDC", "/token"));
    if (who->identity != NULL) apisec_client_set_mtls(client, who->id, who->identity);
    else apisec_client_set_basic(client, who->id, who->secret, strlen(who->secret));
    if (who->signer != NULL) apisec_client_set_dpop(client, who->signer);
    apisec_exchange *wish = apisec_exchange_new();
    apisec_exchange_set_subject_unverified(wish, subject, strlen(subject), NULL);
    apisec_exchange_add_audience(wish, audience);
    apisec_exchange_set_scope(wish, "orders:read");
    const apisec_status status = apisec_exchange_run(client, wish, issued, err);
    apisec_exchange_free(wish);
    apisec_client_free(client);
    free(subject);
    return status;
}

/* ---- a protected call ---- */

static void add_header(apisec_call *call, const char *name, const char *value)
{
    apisec_call_add_header(call, name, strlen(name), value, strlen(value));
}

apisec_status bound_send(apisec_verifier *verifier, const struct bound_request *request, char nonce[256], apisec_error *err)
{
    char credential[20480];
    apisec_decision *decision = NULL;
    apisec_call *call = apisec_call_new();
    snprintf(credential, sizeof credential, "%s %s", request->scheme == NULL ? "Bearer" : request->scheme, request->token);
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, TARGET "?page=2", strlen(TARGET "?page=2"));
    add_header(call, "Authorization", credential);
    if (request->proof != NULL) add_header(call, "DPoP", request->proof);
    if (request->certificate != NULL) apisec_call_set_peer_certificate(call, request->certificate, request->certificate_len);
    apisec_status status = apisec_authenticate(verifier, NULL, call, &decision, err);
    const apisec_status verdict = apisec_decision_commit(decision, status == APISEC_OK ? err : NULL);
    if (status == APISEC_OK) status = verdict;
    if (nonce != NULL) nonce[0] = '\0';
    for (size_t i = 0; nonce != NULL && i < apisec_decision_num_headers(decision); i++) {
        if (strcasecmp(apisec_decision_header_name(decision, i), "DPoP-Nonce") == 0)
            snprintf(nonce, 256, "%s", apisec_decision_header_value(decision, i));
    }
    apisec_decision_free(decision);
    apisec_call_free(call);
    return status;
}
