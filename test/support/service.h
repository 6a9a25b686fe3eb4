/* SPDX-License-Identifier: Apache-2.0
 *
 * service.h: a service in tests: it trusts FORGE_ISSUER with pinned ES256 keys and keeps its audit log in memory.
 *
 *     struct service service;
 *     service_begin(&service, APISEC_AUDIT_STRICT);
 *     apisec_call *call = service_call(service_token(&service, FORGE_SAME));
 */
#ifndef TEST_SUPPORT_SERVICE_H
#define TEST_SUPPORT_SERVICE_H

#include "support/forge.h"
#include "support/logfile.h"

#include <apisec/apisec.h>

struct service {
    apisec_verifier *verifier;
    apisec_audit *audit;
    struct buffer lines;            /* of the log */
    bool log_refuses;
    char *tokens[64];               /* to be freed at the end */
    size_t num_tokens;
};

/* service_begin has no realm and no resource metadata; service_begin_named has. */
void service_begin(struct service *service, int32_t on_failure);
void service_begin_named(struct service *service, const char *realm, const char *resource_metadata);
void service_end(struct service *service);

/* service_token makes a token with changed claims, honestly signed; the service frees it. */
const char *service_token(struct service *service, const struct forge_change *claims);
/* service_call is GET /orders/7?page=2 at FORGE_NOW from 192.0.2.1 with this bearer token, NULL for none. */
apisec_call *service_call(const char *token);
/* service_decide authenticates a call with this token; free the decision. */
apisec_decision *service_decide(struct service *service, const char *token);
/* service_judge takes the steps of a call by rules, as lib/guard does, and frees it as soon as it may be; the decision is open. */
apisec_decision *service_judge(const struct service *service, const apisec_rules *rules, apisec_call *call);
/* service_line is the log's line with this index. */
struct text service_line(const struct service *service, size_t index);

#endif
