/* SPDX-License-Identifier: Apache-2.0
 *
 * recheck.c: the stages that judge every use of a token anew, however it was verified: that its time is not over, and that nobody
 * here has denied it. (That it is the caller's own: binding.c.) They see the verified token and how it came, and nothing else.
 */
#include "token/token.h"

enum pass stage_times(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    const apisec_status status = token_check_times(v->token, v->issuer->leeway, v->now, &v->trail, &v->error);
    return status == APISEC_OK ? PASS_ON : verification_end(v, status);
}

static const char *denied_by(enum denial_kind kind)
{
    if (kind == DENIAL_OF_PRINCIPAL) return "the tokens of this principal were revoked";
    return kind == DENIAL_OF_SESSION ? "the token's session was ended" : "the token was revoked";
}

/* The deny-list's generation is read before the list: what is denied in between shows at the next use. */
enum pass stage_revocation(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    struct denylist *const denials = v->verifier->denials;
    const uint64_t generation = denylist_generation(denials);
    if (generation == 0) return PASS_ON;
    trail_applies(&v->trail, CHECK_REVOCATION);
    if (generation == v->denials) return PASS_ON; /* it was not in it then, and nothing was added */
    const struct denial_subject subject = {.issuer = text_of(v->issuer->name),
                                           .id = text_of(apisec_token_id(v->token)),
                                           .principal = text_of(apisec_token_principal(v->token)),
                                           .session = text_of(apisec_token_session(v->token)),
                                           .issued_at = apisec_token_issued_at(v->token)};
    enum denial_kind kind;
    const enum denial_state found = denylist_find(denials, &subject, v->now, &kind);
    if (found == DENIAL_STANDS) return verification_end(v, fail(&v->error, APISEC_E_REVOKED, "%s", denied_by(kind)));
    v->denials = found == DENIAL_NONE ? generation : 0;
    if (v->was_kept) cache_confirm(v->verifier->cache, &v->cache_key, v->token, v->denials);
    return PASS_ON;
}
