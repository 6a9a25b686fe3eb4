/* SPDX-License-Identifier: Apache-2.0
 *
 * deny.c: telling a verifier what to refuse before its time: the deny-list's public side. What can never match anything is refused
 * here: a denial that silently does nothing is worse than none.
 */
#include "token/token.h"

static apisec_status add(apisec_verifier *verifier, const struct denial *denial, apisec_error *err)
{
    const apisec_status status = denylist_add(verifier->denials, denial, clock_now());
    if (status == APISEC_OK) return succeed(err);
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    if (status == APISEC_E_STORE) return fail(err, status, "the deny-list is full: it holds %zu denials that stand", DENYLIST_MAX);
    return fail(err, status, "the deny-list: there is no randomness");
}

static apisec_status check(const apisec_verifier *verifier, const char *name, int64_t until, apisec_error *err)
{
    if (verifier == NULL || name == NULL) return fail(err, APISEC_E_ARGUMENT, "an argument is NULL");
    if (name[0] == '\0') return fail(err, APISEC_E_ARGUMENT, "what is to be denied is empty");
    if (until <= 0) return fail(err, APISEC_E_ARGUMENT, "until is no time in seconds");
    return APISEC_OK;
}

static apisec_status deny_of_issuer(apisec_verifier *verifier, enum denial_kind kind, const char *issuer, const char *name,
                                    int64_t until, apisec_error *err)
{
    const apisec_status status = check(verifier, name, until, err);
    if (status != APISEC_OK) return status;
    if (verifier_find_issuer(verifier, text_of(issuer)) == NULL)
        return fail(err, APISEC_E_ARGUMENT, "there is no such issuer here whose tokens could be denied");
    const struct denial denial = {.kind = kind, .issuer = text_of(issuer), .name = text_of(name), .until = until};
    return add(verifier, &denial, err);
}

apisec_status apisec_verifier_deny_id(apisec_verifier *verifier, const char *issuer, const char *jti, int64_t until,
                                      apisec_error *err)
{
    return deny_of_issuer(verifier, DENIAL_OF_ID, issuer, jti, until, err);
}

apisec_status apisec_verifier_deny_session(apisec_verifier *verifier, const char *issuer, const char *sid, int64_t until,
                                           apisec_error *err)
{
    return deny_of_issuer(verifier, DENIAL_OF_SESSION, issuer, sid, until, err);
}

/* is_principal: of the form that apisec_token_principal gives: a subject alone would never match. */
static bool is_principal(struct text text)
{
    size_t bar = 0, num_bars = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '|') continue;
        bar = i;
        num_bars++;
    }
    return num_bars == 1 && bar > 0 && bar < text.len - 1 && text_is_printable(text) && !text_has_byte(text, ' ');
}

static bool is_trusted(const apisec_verifier *verifier, struct text principal)
{
    for (size_t i = 0; i < verifier->num_issuers; i++)
        if (principal_is_of(principal, text_of(verifier->issuers[i].name))) return true;
    return false;
}

apisec_status apisec_verifier_deny_principal(apisec_verifier *verifier, const char *principal, int64_t issued_before, int64_t until,
                                             apisec_error *err)
{
    const apisec_status status = check(verifier, principal, until, err);
    if (status != APISEC_OK) return status;
    if (!is_principal(text_of(principal)))
        return fail(err, APISEC_E_ARGUMENT, "this is no principal: an issuer, \"|\" and a subject, as the token gives it");
    if (!is_trusted(verifier, text_of(principal)))
        return fail(err, APISEC_E_ARGUMENT, "no trusted issuer here has such a principal: apisec_token_principal spells it");
    if (issued_before <= 0) return fail(err, APISEC_E_ARGUMENT, "issued_before is no time in seconds");
    const struct denial denial = {
        .kind = DENIAL_OF_PRINCIPAL, .name = text_of(principal), .until = until, .issued_before = issued_before};
    return add(verifier, &denial, err);
}
