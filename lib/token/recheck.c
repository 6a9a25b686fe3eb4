/* SPDX-License-Identifier: Apache-2.0
 *
 * recheck.c: the stages that judge every use of a token anew, however it was verified: that its time is not over, and that it is the
 * caller's. They see the verified token and how it came, and nothing else.
 */
#include "token/token.h"

enum pass stage_times(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    const apisec_status status = token_check_times(v->token, v->issuer->leeway, v->now, &v->trail, &v->error);
    return status == APISEC_OK ? PASS_ON : verification_end(v, status);
}

/* A token that is bound to a key is not the caller's without a proof of it (RFC 7800 section 3). */
enum pass stage_binding(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    v->trail.at = CHECK_BINDING;
    const struct json *cnf = json_member(token_claims(v->token), "cnf");
    if (cnf == NULL) return PASS_ON;
    if (json_kind(cnf) != JSON_OBJECT) return verification_end(v, fail(&v->error, APISEC_E_CLAIM, "claim cnf is not an object"));
    return verification_end(v, fail(&v->error, APISEC_E_BINDING, "the token is bound to a key (cnf), and there is no proof of it"));
}
