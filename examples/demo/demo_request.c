/* SPDX-License-Identifier: Apache-2.0
 *
 * demo_request.c: one request to a service, as the service's web server would hand it to the library.
 */
#include "demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_bearer(apisec_call *call, const char *token)
{
    size_t size = strlen(token) + sizeof "Bearer ";
    char *value = malloc(size);
    if (value == NULL) return; /* a request without its token is denied */
    snprintf(value, size, "Bearer %s", token);
    apisec_call_add_header(call, "Authorization", strlen("Authorization"), value, size - 1);
    free(value);
}

apisec_decision *request_judge(const struct demo *demo, const struct request *request, const char *scope)
{
    apisec_decision *decision = NULL;
    apisec_call *call = apisec_call_new();
    if (call == NULL) abort();
    apisec_call_set_method(call, request->method, strlen(request->method));
    apisec_call_set_target(call, request->target, strlen(request->target));
    apisec_call_set_peer_address(call, "127.0.0.1");
    if (request->token) add_bearer(call, request->token);
    if (request->second_token) add_bearer(call, request->second_token);
    if (request->now != 0) apisec_call_set_time(call, request->now);

    apisec_authenticate(request->service, demo->audit, call, &decision, NULL);
    apisec_decision_require_scope(decision, scope);
    apisec_call_free(call);
    return decision;
}

const char *request_challenge(const apisec_decision *decision)
{
    for (size_t i = 0; i < apisec_decision_num_headers(decision); i++) {
        if (strcmp(apisec_decision_header_name(decision, i), "WWW-Authenticate") == 0)
            return apisec_decision_header_value(decision, i);
    }
    return NULL;
}
