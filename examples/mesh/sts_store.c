/* SPDX-License-Identifier: Apache-2.0
 *
 * sts_store.c: what the demo's authorization server remembers: users, login forms, codes, reference tokens. Example code.
 * A secret that was given out is only kept as its SHA-256: it has 256 random bits, so nobody guesses it back from there.
 */
#include "otp.h"
#include "sts.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <time.h>

#define PASSWORD_ROUNDS 10000 /* few, so that the demo is quick: a server in earnest takes more, or Argon2 */
#define MAX_ATTEMPTS 5
#define CODES_AHEAD 10         /* how often a device's button may have been pressed in vain */

/* The passwords are "wonderland", "builder" and "lookingglass": PBKDF2-HMAC-SHA256 (RFC 8018), salt and hash in hex. */
static const struct sts_user users[STS_NUM_USERS] = {
    {"alice", "1001", NULL, "5d1c0a7e93b24f68a1e07c52d9b3846f", "1d11a50a3611988f14df0103e8b4e891c1977c96b7e6410cad7e47b988bb1233"},
    {"bob", "1002", NULL, "e27f4b90c8d3516aa94e07f1b6d2385c", "c531561afac6a6ca6e41836d8441c08cad84ef396aca8c59e7d285a821a806e0"},
    {"carol", "1003", "operator", "91b64d07fe2c4a58b3d01f6ae8775c29",
     "5edb96b029a6a0a0079dbce7bf14b5a49a927f1a7050ddfd02a068ff53c363bf"},
};

static void to_hex(const unsigned char *bytes, size_t num, char *hex)
{
    for (size_t i = 0; i < num; i++) snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static bool same_hash(const char *a, const char *b)
{
    return strlen(a) == STS_HASH_SIZE - 1 && strlen(b) == STS_HASH_SIZE - 1 && gnutls_memcmp(a, b, STS_HASH_SIZE - 1) == 0;
}

void sts_hash(const char *text, char hash[STS_HASH_SIZE])
{
    unsigned char digest[32] = {0};
    hash[0] = '\0'; /* equal to nothing */
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), digest) == 0) to_hex(digest, sizeof digest, hash);
}

bool sts_challenge(const char *verifier, char challenge[44])
{
    unsigned char digest[32];
    if (strlen(verifier) < 43 || gnutls_hash_fast(GNUTLS_DIG_SHA256, verifier, strlen(verifier), digest) != 0) return false;
    return web_base64url(digest, sizeof digest, challenge, 44);
}

/* ---- users and clients ---- */

static bool password_is(const struct sts_user *user, const char *password)
{
    unsigned char salt[16], key[32];
    char hash[STS_HASH_SIZE];
    size_t salt_len = sizeof salt;
    const gnutls_datum_t hex = {(unsigned char *)(uintptr_t)user->salt, (unsigned)strlen(user->salt)};
    const gnutls_datum_t given = {(unsigned char *)(uintptr_t)password, (unsigned)strlen(password)};
    if (gnutls_hex_decode(&hex, salt, &salt_len) != GNUTLS_E_SUCCESS) return false;
    const gnutls_datum_t salted = {salt, (unsigned)salt_len};
    if (gnutls_pbkdf2(GNUTLS_MAC_SHA256, &given, &salted, PASSWORD_ROUNDS, key, sizeof key) != GNUTLS_E_SUCCESS) return false;
    to_hex(key, sizeof key, hash);
    return same_hash(hash, user->hash);
}

const struct sts_user *sts_log_in(const char *name, const char *password)
{
    const struct sts_user *user = NULL;
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++)
        if (strcmp(users[i].name, name) == 0) user = &users[i];
    bool right = password_is(user ? user : &users[0], password);
    return user && right ? user : NULL;
}

bool sts_code_is(struct sts *sts, const struct sts_user *user, const char *given)
{
    char code[OTP_SIZE];
    bool right = false;
    pthread_mutex_lock(&sts->lock);
    uint64_t *next = &sts->next_code[user - users];
    for (uint64_t i = 0; i < CODES_AHEAD && !right && strlen(given) == OTP_SIZE - 1; i++) {
        right = otp_code(user->name, *next + i, code) && gnutls_memcmp(given, code, OTP_SIZE) == 0;
        if (right) *next += i + 1;
    }
    pthread_mutex_unlock(&sts->lock);
    return right;
}

const char *sts_acr(const struct sts_reference *login)
{
    return login->is_strong ? STS_ACR_OTP : STS_ACR_PASSWORD;
}

static const char *client_text(const cJSON *client, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(client, name));
    return text ? text : "";
}

const cJSON *sts_client(const struct sts *sts, const char *id)
{
    const cJSON *client;
    cJSON_ArrayForEach(client, cJSON_GetObjectItemCaseSensitive(sts->service.config, "clients"))
    {
        if (strcmp(client_text(client, "id"), id) == 0) return client;
    }
    return NULL;
}

bool sts_client_secret_is(const cJSON *client, const char *secret)
{
    char hash[STS_HASH_SIZE];
    sts_hash(secret, hash);
    return client && same_hash(hash, client_text(client, "secret_sha256"));
}

/* ---- login forms ---- */

bool sts_add_ticket(struct sts *sts, const struct sts_ticket *ticket, char id[STS_SECRET_SIZE])
{
    int64_t now = (int64_t)time(NULL);
    struct sts_ticket *free_one = NULL;
    pthread_mutex_lock(&sts->lock);
    for (size_t i = 0; i < STS_MAX_TICKETS && !free_one; i++)
        if (sts->tickets[i].expires_at <= now) free_one = &sts->tickets[i];
    if (free_one) {
        *free_one = *ticket;
        free_one->expires_at = now + STS_TICKET_LIFETIME;
        web_random_hex(id, STS_SECRET_SIZE);
        sts_hash(id, free_one->id);
    }
    pthread_mutex_unlock(&sts->lock);
    return free_one != NULL;
}

static struct sts_ticket *find_ticket(struct sts *sts, const char *id)
{
    char hash[STS_HASH_SIZE];
    sts_hash(id, hash);
    for (size_t i = 0; i < STS_MAX_TICKETS; i++)
        if (sts->tickets[i].expires_at > (int64_t)time(NULL) && same_hash(sts->tickets[i].id, hash)) return &sts->tickets[i];
    return NULL;
}

bool sts_try_ticket(struct sts *sts, const char *id, struct sts_ticket *ticket)
{
    pthread_mutex_lock(&sts->lock);
    struct sts_ticket *found = find_ticket(sts, id);
    if (found && ++found->attempts > MAX_ATTEMPTS) {
        found->expires_at = 0;
        found = NULL;
    }
    if (found) *ticket = *found;
    pthread_mutex_unlock(&sts->lock);
    return found != NULL;
}

/* ---- codes ---- */

bool sts_add_code(struct sts *sts, const char *ticket_id, const struct sts_user *user, char code[STS_SECRET_SIZE])
{
    int64_t now = (int64_t)time(NULL);
    struct sts_code *free_one = NULL;
    pthread_mutex_lock(&sts->lock);
    struct sts_ticket *ticket = find_ticket(sts, ticket_id);
    for (size_t i = 0; ticket && i < STS_MAX_TICKETS && !free_one; i++)
        if (sts->codes[i].expires_at + STS_TICKET_LIFETIME <= now) free_one = &sts->codes[i]; /* a used one is kept for a while */
    if (free_one) {
        *free_one = (struct sts_code){.user = user, .ticket = *ticket, .logged_in_at = now,
                                      .expires_at = now + STS_CODE_LIFETIME};
        ticket->expires_at = 0;
        web_random_hex(code, STS_SECRET_SIZE);
        sts_hash(code, free_one->hash);
    }
    pthread_mutex_unlock(&sts->lock);
    return free_one != NULL;
}

static struct sts_reference *find_reference(struct sts *sts, const char *hash)
{
    for (size_t i = 0; i < STS_MAX_REFERENCES; i++)
        if (sts->references[i].expires_at > (int64_t)time(NULL) && same_hash(sts->references[i].hash, hash))
            return &sts->references[i];
    return NULL;
}

/* code_fits: the same client, the same redirect, in time, and whoever redeems it began the login (PKCE). */
static bool code_fits(const struct sts_code *code, const char *client, const char *redirect_uri, const char *verifier)
{
    char challenge[44];
    return code->expires_at > (int64_t)time(NULL) && strcmp(code->ticket.client, client) == 0 &&
           strcmp(code->ticket.redirect_uri, redirect_uri) == 0 && sts_challenge(verifier, challenge) &&
           gnutls_memcmp(challenge, code->ticket.challenge, 44) == 0;
}

static bool add_reference(struct sts *sts, struct sts_code *code, char reference[STS_SECRET_SIZE])
{
    int64_t now = (int64_t)time(NULL);
    for (size_t i = 0; i < STS_MAX_REFERENCES; i++) {
        struct sts_reference *slot = &sts->references[i];
        if (slot->expires_at > now) continue;
        *slot = (struct sts_reference){.user = code->user, .is_strong = code->ticket.is_strong,
                                       .logged_in_at = code->logged_in_at, .expires_at = now + STS_REFERENCE_LIFETIME};
        memcpy(slot->client, code->ticket.client, sizeof slot->client);
        memcpy(slot->scope, code->ticket.scope, sizeof slot->scope);
        memcpy(slot->key, code->ticket.key, sizeof slot->key);
        web_random_hex(reference, STS_SECRET_SIZE);
        sts_hash(reference, slot->hash);
        memcpy(code->reference, slot->hash, STS_HASH_SIZE);
        return true;
    }
    return false;
}

bool sts_redeem(struct sts *sts, const char *code, const char *client, const char *redirect_uri, const char *verifier,
                struct sts_code *found, char reference[STS_SECRET_SIZE])
{
    char hash[STS_HASH_SIZE];
    bool redeemed = false;
    sts_hash(code, hash);
    pthread_mutex_lock(&sts->lock);
    for (size_t i = 0; i < STS_MAX_TICKETS; i++) {
        struct sts_code *at = &sts->codes[i];
        if (!same_hash(at->hash, hash)) continue;
        if (at->reference[0]) { /* the second time: one of the two is a thief, RFC 6749 section 4.1.2 */
            struct sts_reference *issued = find_reference(sts, at->reference);
            if (issued) issued->expires_at = 0;
        } else if (code_fits(at, client, redirect_uri, verifier)) {
            redeemed = add_reference(sts, at, reference);
            *found = *at;
        }
        break;
    }
    pthread_mutex_unlock(&sts->lock);
    return redeemed;
}

/* ---- reference tokens ---- */

bool sts_find_reference(struct sts *sts, const char *token, const char *client, struct sts_reference *found)
{
    char hash[STS_HASH_SIZE];
    sts_hash(token, hash);
    pthread_mutex_lock(&sts->lock);
    const struct sts_reference *reference = find_reference(sts, hash);
    if (reference && strcmp(reference->client, client) != 0) reference = NULL;
    if (reference) *found = *reference;
    pthread_mutex_unlock(&sts->lock);
    return reference != NULL;
}

bool sts_revoke_reference(struct sts *sts, const char *token, const char *client)
{
    char hash[STS_HASH_SIZE];
    sts_hash(token, hash);
    pthread_mutex_lock(&sts->lock);
    struct sts_reference *reference = find_reference(sts, hash);
    if (reference && strcmp(reference->client, client) != 0) reference = NULL;
    if (reference) reference->expires_at = 0;
    pthread_mutex_unlock(&sts->lock);
    return reference != NULL;
}
