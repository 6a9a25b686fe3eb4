/* SPDX-License-Identifier: Apache-2.0
 *
 * token.c: the verified token of include/apisec/token.h. All that its readers return is there when token_new returns, in the
 * token's one arena or its document: after that it is only read, by any number of threads. Made by signed.c and
 * opaque.c only.
 */
#include "token/token.h"

#include <stdatomic.h>
#include <string.h>

struct apisec_token {
    _Atomic size_t references;
    struct arena arena;          /* this struct is in it too */
    struct json *document;
    struct text payload;
    const struct json *confirmation, *status;
    const char *issuer, *subject, *principal, *client_id, *id, *scope;
    const char *session, *transaction, *may_act;
    const char *actors[TOKEN_MAX_ACTORS], *actor_issuers[TOKEN_MAX_ACTORS];
    size_t num_actors;
    int64_t expires_at, not_before, issued_at; /* the last two 0 when absent */
    char sha256[CRYPTO_SHA256_TEXT];
};

/* ---- making one ---- */

/* is_plain: RFC 3986's unreserved characters, "/" and ":": never "|" or "%", which make the pair unambiguous. */
static bool is_plain(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '.' || byte == '_' || byte == '~' || byte == '/' || byte == ':';
}

static const char digits[] = "0123456789ABCDEF";

static char *encode(char *to, struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_plain(text.at[i])) {
            *to++ = text.at[i];
            continue;
        }
        const unsigned char byte = (unsigned char)text.at[i];
        *to++ = '%';
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    return to;
}

static size_t encoded_len(struct text text)
{
    size_t len = text.len;
    for (size_t i = 0; i < text.len; i++)
        if (!is_plain(text.at[i])) len += 2;
    return len;
}

/* is_encoded: it is what encode writes of some text: no other spelling is ever a principal's. */
static bool is_encoded(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_plain(text.at[i])) continue;
        const char *const high = i + 2 < text.len ? memchr(digits, text.at[i + 1], 16) : NULL;
        const char *const low = i + 2 < text.len ? memchr(digits, text.at[i + 2], 16) : NULL;
        if (text.at[i] != '%' || high == NULL || low == NULL) return false;
        if (is_plain((char)((high - digits) * 16 + (low - digits)))) return false;
        i += 2;
    }
    return text.len > 0;
}

bool principal_is_of(struct text principal, struct text issuer)
{
    for (size_t i = 0; i < issuer.len; i++) {
        char encoded[3];
        const size_t len = (size_t)(encode(encoded, (struct text){issuer.at + i, 1}) - encoded);
        if (principal.len < len || memcmp(principal.at, encoded, len) != 0) return false;
        principal = (struct text){principal.at + len, principal.len - len};
    }
    return principal.len > 0 && principal.at[0] == '|' && is_encoded((struct text){principal.at + 1, principal.len - 1});
}

static const char *principal_new(struct arena *arena, struct text issuer, struct text subject)
{
    char *principal = arena_alloc(arena, encoded_len(issuer) + 1 + encoded_len(subject) + 1);
    if (principal == NULL) return NULL;
    char *end = encode(principal, issuer);
    *end++ = '|';
    end = encode(end, subject);
    *end = '\0';
    return principal;
}

static apisec_status hash_compact(struct text compact, char out[CRYPTO_SHA256_TEXT])
{
    unsigned char hash[CRYPTO_SHA256_LEN];
    const apisec_status status = crypto_hash_bytes(CRYPTO_SHA256, compact.at, compact.len, hash);
    if (status != APISEC_OK) return status;
    base64url_encode(hash, sizeof hash, out);
    return APISEC_OK;
}

static apisec_status fill(struct apisec_token *token, const struct claims *claims, struct text compact, apisec_error *err)
{
    token->issuer = arena_text(&token->arena, claims->iss); /* it may be the verifier's, which the token may outlive */
    if (token->issuer == NULL) return fail_memory(err);
    token->subject = claims->sub.at;
    token->client_id = claims->client_id.at != NULL ? claims->client_id.at : claims->azp.at;
    token->id = claims->jti.at;
    token->scope = claims->scope.at;
    token->num_actors = claims->num_actors;
    token->session = claims->sid.at;
    token->transaction = claims->txn.at;
    token->may_act = claims->may_act.at;
    token->confirmation = claims->at[CLAIM_CNF];
    token->status = claims->at[CLAIM_STATUS];
    for (size_t i = 0; i < claims->num_actors; i++) {
        token->actors[i] = claims->actors[i].at;
        token->actor_issuers[i] = claims->actor_issuers[i].at;
    }
    token->expires_at = claims->exp;
    token->not_before = claims->nbf;
    token->issued_at = claims->iat;
    if (token->subject != NULL) {
        token->principal = principal_new(&token->arena, claims->iss, claims->sub);
        if (token->principal == NULL) return fail_memory(err);
    }
    const apisec_status status = hash_compact(compact, token->sha256);
    if (status != APISEC_OK) return fail(err, status, "the token cannot be hashed");
    return APISEC_OK;
}

apisec_status token_new(struct arena *arena, struct json *document, struct text payload, const struct claims *claims,
                        struct text compact, apisec_token **token, apisec_error *err)
{
    *token = NULL;
    struct apisec_token *made = arena_alloc(arena, sizeof *made);
    if (made == NULL) {
        arena_free(arena);
        json_free(document);
        return fail_memory(err);
    }
    atomic_init(&made->references, 1);
    made->arena = *arena;
    *arena = (struct arena){NULL};
    made->document = document;
    made->payload = payload;
    const apisec_status status = fill(made, claims, compact, err);
    if (status != APISEC_OK) {
        apisec_token_free(made);
        return status;
    }
    *token = made;
    return APISEC_OK;
}

apisec_token *apisec_token_ref(const apisec_token *token)
{
    apisec_token *same = (apisec_token *)token; /* the count is not part of what is constant: the owner gave out a const token */
    if (same != NULL) atomic_fetch_add_explicit(&same->references, 1, memory_order_relaxed);
    return same;
}

void apisec_token_free(apisec_token *token)
{
    if (token == NULL) return;
    if (atomic_fetch_sub_explicit(&token->references, 1, memory_order_acq_rel) != 1) return;
    struct arena arena = token->arena;
    json_free(token->document);
    arena_free(&arena);
}

/* ---- reading ---- */

const char *apisec_token_issuer(const apisec_token *token)
{
    return token == NULL ? NULL : token->issuer;
}

const char *apisec_token_subject(const apisec_token *token)
{
    return token == NULL ? NULL : token->subject;
}

const char *apisec_token_principal(const apisec_token *token)
{
    return token == NULL ? NULL : token->principal;
}

const char *apisec_token_client_id(const apisec_token *token)
{
    return token == NULL ? NULL : token->client_id;
}

const char *apisec_token_id(const apisec_token *token)
{
    return token == NULL ? NULL : token->id;
}

int64_t apisec_token_expires_at(const apisec_token *token)
{
    return token == NULL ? 0 : token->expires_at;
}

int64_t apisec_token_issued_at(const apisec_token *token)
{
    return token == NULL ? 0 : token->issued_at;
}

const char *apisec_token_actor(const apisec_token *token, size_t depth)
{
    return token == NULL || depth >= token->num_actors ? NULL : token->actors[depth];
}

const char *apisec_token_actor_issuer(const apisec_token *token, size_t depth)
{
    return token == NULL || depth >= token->num_actors ? NULL : token->actor_issuers[depth];
}

size_t apisec_token_num_actors(const apisec_token *token)
{
    return token == NULL ? 0 : token->num_actors;
}

const char *apisec_token_may_act(const apisec_token *token)
{
    return token == NULL ? NULL : token->may_act;
}

const char *apisec_token_session(const apisec_token *token)
{
    return token == NULL ? NULL : token->session;
}

const char *apisec_token_transaction(const apisec_token *token)
{
    return token == NULL ? NULL : token->transaction;
}

const char *apisec_token_confirmation(const apisec_token *token, const char *member)
{
    struct text value;
    if (token == NULL || member == NULL) return NULL;
    return json_get_text(json_member(token->document, "cnf"), member, &value) == JSON_OK ? value.at : NULL;
}

const char *apisec_token_scope(const apisec_token *token)
{
    return token == NULL ? NULL : token->scope;
}

apisec_status apisec_token_has_scope(const apisec_token *token, const char *scope)
{
    if (token == NULL) return APISEC_E_MISUSE;
    if (scope == NULL || !scope_is_token(text_of(scope))) return APISEC_E_ARGUMENT;
    if (token->scope == NULL) return APISEC_E_SCOPE;
    return scope_list_has(text_of(token->scope), text_of(scope)) ? APISEC_OK : APISEC_E_SCOPE;
}

const struct json *token_claims(const apisec_token *token)
{
    return token == NULL ? NULL : token->document;
}

const struct json *token_confirmation(const apisec_token *token)
{
    return token->confirmation;
}

const struct json *token_status(const apisec_token *token)
{
    return token->status;
}

apisec_status apisec_token_claim_text(const apisec_token *token, const char *name, const char **text)
{
    if (text != NULL) *text = NULL;
    if (token == NULL) return APISEC_E_MISUSE;
    if (name == NULL || text == NULL) return APISEC_E_ARGUMENT;
    struct text value;
    if (json_get_text(token->document, name, &value) != JSON_OK) return APISEC_E_CLAIM;
    *text = value.at;
    return APISEC_OK;
}

apisec_status apisec_token_claim_int64(const apisec_token *token, const char *name, int64_t *number)
{
    if (number != NULL) *number = 0;
    if (token == NULL) return APISEC_E_MISUSE;
    if (name == NULL || number == NULL) return APISEC_E_ARGUMENT;
    return json_get_int64(token->document, name, number) == JSON_OK ? APISEC_OK : APISEC_E_CLAIM;
}

const char *apisec_token_claim_json(const apisec_token *token, const char *name, size_t *len)
{
    if (len != NULL) *len = 0;
    struct text value;
    if (token == NULL || name == NULL || !json_member_span(token->payload, name, &value)) return NULL;
    if (len != NULL) *len = value.len;
    return value.at;
}

const char *apisec_token_claims_json(const apisec_token *token, size_t *len)
{
    if (len != NULL) *len = token == NULL ? 0 : token->payload.len;
    return token == NULL ? NULL : token->payload.at;
}

const char *apisec_token_sha256(const apisec_token *token)
{
    return token == NULL ? NULL : token->sha256;
}

apisec_status token_check_times(const apisec_token *token, int64_t leeway, int64_t now, struct trail *trail, apisec_error *err)
{
    enum check at = CHECK_EXPIRY;
    apisec_status status = APISEC_OK;
    if (now >= token->expires_at + leeway) {
        status =
            fail(err, APISEC_E_EXPIRED, "the token expired at %lld, now is %lld", (long long)token->expires_at, (long long)now);
    } else if (token->not_before - leeway > now) {
        at = CHECK_NOT_BEFORE;
        status = fail(err, APISEC_E_NOT_YET_VALID, "nbf is %lld, now is %lld", (long long)token->not_before, (long long)now);
    } else if (token->issued_at - leeway > now) {
        at = CHECK_ISSUED_AT;
        status = fail(err, APISEC_E_NOT_YET_VALID, "iat is %lld, now is %lld", (long long)token->issued_at, (long long)now);
    }
    if (status != APISEC_OK) trail->at = at;
    return status;
}

bool token_is_raw(const apisec_token *token, struct text raw)
{
    char sha256[CRYPTO_SHA256_TEXT];
    if (token == NULL || raw.at == NULL || hash_compact(raw, sha256) != APISEC_OK) return false;
    return mem_equal(sha256, token->sha256, sizeof sha256);
}
