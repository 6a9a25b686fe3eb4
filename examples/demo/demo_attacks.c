/* SPDX-License-Identifier: Apache-2.0
 *
 * demo_attacks.c: what attackers try at the orders service, each with the answer that the library gave. Those who hold the
 * partner's key sign what they like: the partner is trusted, so only what the token says can betray them.
 */
#include "demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- forging: base64url, and parts of tokens put together by hand ---- */

static char *encode(const char *text, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *out = malloc(len * 4 / 3 + 4);
    if (out == NULL) abort();
    size_t used = 0;
    unsigned bits = 0, num_bits = 0;
    for (size_t i = 0; i < len; i++) {
        bits = ((bits << 8) | (unsigned char)text[i]) & 0xffffu;
        for (num_bits += 8; num_bits >= 6; num_bits -= 6) out[used++] = alphabet[(bits >> (num_bits - 6)) & 63u];
    }
    if (num_bits > 0) out[used++] = alphabet[(bits << (6 - num_bits)) & 63u];
    out[used] = '\0';
    return out;
}

static char *join(const char *first, size_t first_len, const char *second, const char *third)
{
    size_t size = first_len + strlen(second) + strlen(third) + 3;
    char *out = malloc(size);
    if (out == NULL) abort();
    snprintf(out, size, "%.*s.%s.%s", (int)first_len, first, second, third);
    return out;
}

/* claims_of writes the claims of a token that would pass, with extra members in front. */
static char *claims_of(const char *issuer, const char *extra, const char *subject)
{
    enum { SIZE = 1024 };
    char *text = malloc(SIZE);
    if (text == NULL) abort();
    long long now = (long long)time(NULL);
    snprintf(text, SIZE,
             "{%s\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"orders\",\"client_id\":\"web\",\"jti\":\"demo\","
             "\"scope\":\"orders:read orders:write\",\"iat\":%lld,\"exp\":%lld}",
             extra, issuer, subject, now, now + 300);
    return text;
}

static char *sign(const apisec_signer *signer, const char *type, char *claims)
{
    char *token = NULL;
    if (apisec_signer_sign(signer, type, claims, strlen(claims), &token, NULL) != APISEC_OK) abort();
    char *copy = strdup(token);
    apisec_text_free(token);
    free(claims);
    return copy;
}

/* part_at returns the part of a token that begins after so many dots. */
static const char *part_at(const char *token, int dots)
{
    while (dots > 0) {
        token += strcspn(token, ".") + 1;
        dots--;
    }
    return token;
}

static char *copy_part(const char *token, int dots)
{
    const char *at = part_at(token, dots);
    return strndup(at, strcspn(at, "."));
}

/* ---- the attacks: each makes a token; NULL means that none is sent ---- */

static char *make_none(const struct demo *demo)
{
    static const char header[] = "{\"alg\":\"none\",\"typ\":\"at+jwt\"}";
    char *claims = claims_of(demo->issuer, "", "alice");
    char *first = encode(header, strlen(header));
    char *second = encode(claims, strlen(claims));
    char *token = join(first, strlen(first), second, "");
    free(claims);
    free(first);
    free(second);
    return token;
}

/* make_confused signs with HS256; the secret is the issuer's public key, which everybody can read. Here the partner's. */
static char *make_confused(const struct demo *demo)
{
    char key[1024];
    const char *public_key = apisec_signer_public_jwk(demo->partner);
    char *secret = encode(public_key, strlen(public_key));
    snprintf(key, sizeof key, "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"%s\"}", secret);
    free(secret);
    apisec_signer *signer = NULL;
    if (apisec_signer_new(key, strlen(key), &signer, NULL) != APISEC_OK) abort();
    char *token = sign(signer, "at+jwt", claims_of(PARTNER, "", "alice"));
    apisec_signer_free(signer);
    return token;
}

static char *make_tampered(const struct demo *demo)
{
    char *claims = claims_of(demo->issuer, "\"admin\":true,", "alice");
    char *payload = encode(claims, strlen(claims));
    char *token = join(demo->alice, strcspn(demo->alice, "."), payload, part_at(demo->alice, 2));
    free(claims);
    free(payload);
    return token;
}

/* make_own_key signs with the attacker's key under the header of a genuine token, and so under the issuer's kid. */
static char *make_own_key(const struct demo *demo)
{
    apisec_signer *signer = NULL;
    if (apisec_signer_generate("ES256", &signer, NULL) != APISEC_OK) abort();
    char *signed_token = sign(signer, "at+jwt", claims_of(demo->issuer, "", "alice"));
    char *payload = copy_part(signed_token, 1);
    char *token = join(demo->alice, strcspn(demo->alice, "."), payload, part_at(signed_token, 2));
    free(payload);
    free(signed_token);
    apisec_signer_free(signer);
    return token;
}

static char *make_other_issuers_key(const struct demo *demo)
{
    return sign(demo->partner, "at+jwt", claims_of(demo->issuer, "", "alice"));
}

static char *make_genuine(const struct demo *demo)
{
    return strdup(demo->alice);
}

static char *make_for_ledger(const struct demo *demo)
{
    return strdup(demo->alice_at_ledger);
}

static char *make_bobs(const struct demo *demo)
{
    return strdup(demo->bob);
}

static char *make_duplicate(const struct demo *demo)
{
    return sign(demo->partner, "at+jwt", claims_of(PARTNER, "\"sub\":\"admin\",", "alice"));
}

static char *make_nul(const struct demo *demo)
{
    return sign(demo->partner, "at+jwt", claims_of(PARTNER, "", "alice\\u0000@partner"));
}

static char *make_id_token(const struct demo *demo)
{
    return sign(demo->partner, "JWT", claims_of(PARTNER, "\"nonce\":\"n-0S6\",", "alice"));
}

static char *make_partners_alice(const struct demo *demo)
{
    return sign(demo->partner, "at+jwt", claims_of(PARTNER, "", "alice"));
}

static char *make_nothing(const struct demo *demo)
{
    (void)demo;
    return NULL;
}

/* Row: what is tried, how the token comes to be, how it is sent, and how it must end. The last one shows that the door opens. */
enum sending { SEND_ONCE, SEND_TWICE, SEND_IN_QUERY, SEND_LATER };
static const struct attack {
    const char *title;
    char *(*make)(const struct demo *demo);
    enum sending sending;
    apisec_status status;
    int32_t http_status;
} attacks[] = {
    {"A token that says \"alg\":\"none\" and has no signature", make_none, SEND_ONCE, APISEC_E_ALGORITHM, 401},
    {"HS256, with the public key as the secret", make_confused, SEND_ONCE, APISEC_E_ALGORITHM, 401},
    {"Her token with a claim added", make_tampered, SEND_ONCE, APISEC_E_SIGNATURE, 401},
    {"The attacker's own key, under the issuer's kid", make_own_key, SEND_ONCE, APISEC_E_SIGNATURE, 401},
    {"A trusted partner's key, for a user of our issuer", make_other_issuers_key, SEND_ONCE, APISEC_E_KEY_UNKNOWN, 401},
    {"Her genuine token, found in a log an hour later", make_genuine, SEND_LATER, APISEC_E_EXPIRED, 401},
    {"Her genuine token for ledger, sent to orders", make_for_ledger, SEND_ONCE, APISEC_E_AUDIENCE, 401},
    {"Bob's genuine token, which lacks the scope", make_bobs, SEND_ONCE, APISEC_E_SCOPE, 403},
    {"Genuinely signed, but with two subjects: \"admin\" and \"alice\"", make_duplicate, SEND_ONCE, APISEC_E_MALFORMED, 401},
    {"Genuinely signed, subject \"alice\\u0000@partner\"", make_nul, SEND_ONCE, APISEC_E_MALFORMED, 401},
    {"An ID token, made for a login page", make_id_token, SEND_ONCE, APISEC_E_TYPE, 401},
    {"The token in the query, where logs keep it", make_genuine, SEND_IN_QUERY, APISEC_E_REQUEST, 400},
    {"Two tokens: which one does the next proxy read?", make_genuine, SEND_TWICE, APISEC_E_REQUEST, 400},
    {"The partner's \"alice\", after the orders of ours", make_partners_alice, SEND_ONCE, APISEC_E_DENIED, 403},
    {"No token at all", make_nothing, SEND_ONCE, APISEC_E_NO_CREDENTIAL, 401},
    {"No attack: Alice herself, at the same door", make_genuine, SEND_ONCE, APISEC_OK, 200},
};

/* is_owner is the service's own check: the order belongs to our issuer's Alice. A person is issuer and subject, both. */
static bool is_owner(const struct demo *demo, const apisec_token *token)
{
    char owner[256];
    snprintf(owner, sizeof owner, "%s|alice", demo->issuer);
    const char *principal = apisec_token_principal(token);
    return principal != NULL && strcmp(principal, owner) == 0;
}

static apisec_decision *send_token(const struct demo *demo, const struct attack *attack, const char *token)
{
    char target[4096];
    snprintf(target, sizeof target, "/orders/17%s%s", attack->sending == SEND_IN_QUERY ? "?access_token=" : "",
             attack->sending == SEND_IN_QUERY ? token : "");
    const struct request request = {
        .service = demo->orders,
        .method = "POST",
        .target = target,
        .token = attack->sending == SEND_IN_QUERY ? NULL : token,
        .second_token = attack->sending == SEND_TWICE ? demo->bob : NULL,
        .now = attack->sending == SEND_LATER ? (int64_t)time(NULL) + 3600 : 0,
    };
    apisec_decision *decision = request_judge(demo, &request, "orders:write");
    if (!is_owner(demo, apisec_decision_token(decision)))
        apisec_decision_deny(decision, APISEC_E_DENIED, "the order belongs to another user");
    return decision;
}

static void tell_attack(const struct demo *demo, const struct attack *attack, size_t number)
{
    char *token = attack->make(demo);
    apisec_decision *decision = send_token(demo, attack, token);
    (void)apisec_decision_commit(decision, NULL);
    apisec_status status = apisec_decision_status(decision);
    const char *challenge = request_challenge(decision);

    screen_item(number, attack->title);
    screen_verdict(status == APISEC_OK, apisec_status_name(status), apisec_decision_http_status(decision),
                   apisec_decision_reason(decision));
    if (challenge) screen_pair("WWW-Authenticate", "%s", challenge);
    expect(status == attack->status, apisec_status_name(attack->status));
    expect(apisec_decision_http_status(decision) == attack->http_status, "the HTTP status");
    apisec_decision_free(decision);
    free(token);
}

void attacks_tell(struct demo *demo)
{
    char title[128];
    size_t num_rows = sizeof attacks / sizeof attacks[0];
    snprintf(title, sizeof title, "What attackers send to orders: %zu attacks, with the reply and the operator's reason",
             num_rows - 1);
    screen_step(title);
    for (size_t i = 0; i < num_rows; i++) tell_attack(demo, &attacks[i], i + 1);
}
