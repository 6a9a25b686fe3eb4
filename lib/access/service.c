/* SPDX-License-Identifier: Apache-2.0
 *
 * service.c: the credential of a service, HTTP Basic (RFC 7617) in its own configured header: found, verified against a hash that
 * is slow to make, and remembered as long as that hash is in force, so that only a service's first request pays for it, and nobody
 * who guesses can make it wait again. A name that nobody has costs what a wrong secret costs.
 */
#include "access/rules.h"

#include <stdlib.h>
#include <unistd.h>

enum { MAX_AT_ONCE = 4, MAX_CREDENTIAL = 2048 };

/* The secret that was verified, by a hash under a key that nobody outside knows: the secret is nowhere. */
struct remembered {
    unsigned char mac[CRYPTO_MAX_HASH];
    bool is_there;
};

struct service_memory {
    struct lock lock;
    unsigned char key[32];
    size_t num_at_once; /* of this process: what a parent was at when it forked ends there only */
    int64_t process;
    size_t num;
    struct remembered at[]; /* one for each service */
};

static size_t size_of(size_t num)
{
    return sizeof(struct service_memory) + num * sizeof(struct remembered);
}

struct service_memory *service_memory_new(size_t num)
{
    struct service_memory *const memory = calloc(1, size_of(num));
    if (memory == NULL) return NULL;
    memory->num = num;
    if (random_bytes(memory->key, sizeof memory->key) == APISEC_OK && lock_init(&memory->lock)) return memory;
    mem_wipe_free(memory, size_of(num));
    return NULL;
}

void service_memory_free(struct service_memory *memory)
{
    if (memory == NULL) return;
    lock_end(&memory->lock);
    mem_wipe_free(memory, size_of(memory->num));
}

/* ---- what is remembered ---- */

static apisec_status hash_of(const struct service_memory *memory, struct text secret, unsigned char mac[CRYPTO_MAX_HASH])
{
    const struct text key = {(const char *)memory->key, sizeof memory->key};
    memset(mac, 0, CRYPTO_MAX_HASH);
    return crypto_hmac(CRYPTO_SHA256, key, &secret, 1, mac);
}

static bool is_remembered(struct service_memory *memory, size_t service, const unsigned char mac[CRYPTO_MAX_HASH])
{
    const struct remembered *const place = &memory->at[service];
    lock_take(&memory->lock);
    const bool is_it = place->is_there && mem_equal(place->mac, mac, sizeof place->mac);
    lock_release(&memory->lock);
    return is_it;
}

static void remember(struct service_memory *memory, size_t service, const unsigned char mac[CRYPTO_MAX_HASH])
{
    struct remembered *const place = &memory->at[service];
    lock_take(&memory->lock);
    memcpy(place->mac, mac, sizeof place->mac);
    place->is_there = true;
    lock_release(&memory->lock);
}

/* ---- verifying ---- */

static const struct service_login *find(const struct services *services, struct text name)
{
    for (size_t i = 0; i < services->num; i++)
        if (text_is(name, services->at[i].name)) return &services->at[i];
    return NULL;
}

static bool is_same_hash(const struct secret_hash *a, const struct secret_hash *b)
{
    return a->iterations == b->iterations && a->salt_len == b->salt_len && memcmp(a->salt, b->salt, a->salt_len) == 0 &&
           mem_equal(a->key, b->key, sizeof a->key);
}

void services_inherit(struct services *services, const struct services *older)
{
    if (services->memory == NULL || older->memory == NULL) return;
    lock_take(&older->memory->lock);
    memcpy(services->memory->key, older->memory->key, sizeof older->memory->key);
    for (size_t i = 0; i < services->num; i++) {
        const struct service_login *const known = find(older, text_of(services->at[i].name));
        if (known != NULL && is_same_hash(&known->hash, &services->at[i].hash))
            services->memory->at[i] = older->memory->at[known - older->at];
    }
    lock_release(&older->memory->lock);
}

static bool begin_slowly(struct service_memory *memory)
{
    const int64_t process = (int64_t)getpid();
    lock_take(&memory->lock);
    if (memory->process != process) memory->num_at_once = 0;
    memory->process = process;
    const bool may = memory->num_at_once < MAX_AT_ONCE;
    memory->num_at_once += may;
    lock_release(&memory->lock);
    return may;
}

static void end_slowly(struct service_memory *memory)
{
    lock_take(&memory->lock);
    memory->num_at_once--;
    lock_release(&memory->lock);
}

/* check takes as long for each name, whether anybody has it or not, and however slow its own hash is: where secrets are wrong. */
static apisec_status check(const struct services *services, const struct secret_hash *hash, struct text secret)
{
    struct secret_hash rest = services->nobody;
    const apisec_status status = secret_hash_check(hash, secret);
    if (status != APISEC_E_PEER || hash->iterations >= rest.iterations) return status;
    rest.iterations -= hash->iterations;
    (void)secret_hash_check(&rest, secret); /* whatever it says: only its time is wanted */
    return status;
}

/* derive: the slow part. Not by everybody at once: whoever guesses must not take all processors. */
static apisec_status derive(const struct services *services, const struct service_login *service, struct text secret)
{
    if (!begin_slowly(services->memory)) return APISEC_E_BUSY;
    const apisec_status status = check(services, service != NULL ? &service->hash : &services->nobody, secret);
    end_slowly(services->memory);
    return status == APISEC_OK && service == NULL ? APISEC_E_PEER : status;
}

apisec_status service_verify(const struct services *services, struct text name, struct text secret,
                             const struct service_login **verified)
{
    unsigned char mac[CRYPTO_MAX_HASH];
    const struct service_login *const service = find(services, name);
    const size_t number = service != NULL ? (size_t)(service - services->at) : 0;
    *verified = NULL;
    apisec_status status = hash_of(services->memory, secret, mac);
    if (status != APISEC_OK) return status;
    if (service == NULL || !is_remembered(services->memory, number, mac)) {
        status = derive(services, service, secret);
        if (status == APISEC_OK) remember(services->memory, number, mac);
    }
    if (status == APISEC_OK) *verified = service;
    mem_wipe(mac, sizeof mac);
    return status;
}

/* ---- the credential ---- */

/* RFC 4648 section 4, with its padding, strictly. The decoder of base64url knows all but the two letters and the padding. */
static bool decode_base64(struct text encoded, unsigned char *out, size_t *len)
{
    char url[MAX_CREDENTIAL];
    bool is_good = true;
    if (encoded.len == 0 || encoded.len > sizeof url || encoded.len % 4 != 0) return false;
    for (size_t i = 0; i < 2 && encoded.at[encoded.len - 1] == '='; i++) encoded.len--;
    for (size_t i = 0; i < encoded.len; i++) {
        const char c = encoded.at[i];
        is_good = is_good && c != '-' && c != '_';
        url[i] = c == '+' ? '-' : c;
        if (c == '/') url[i] = '_';
    }
    is_good = is_good && base64url_decode(url, encoded.len, out, len) == APISEC_OK;
    mem_wipe(url, encoded.len);
    return is_good;
}

/* basic_of takes the scheme off; len 0: it is another. */
static struct text basic_of(struct text value)
{
    static const char scheme[] = "Basic ";
    const size_t len = sizeof scheme - 1;
    if (value.len <= len || !text_is_caseless((struct text){value.at, len}, scheme)) return (struct text){NULL, 0};
    struct text rest = {value.at + len, value.len - len};
    for (; rest.len > 0 && rest.at[0] == ' '; rest.len--) rest.at++;
    return rest;
}

apisec_status service_find(const struct services *services, struct text value, const struct service_login **verified)
{
    unsigned char bytes[MAX_CREDENTIAL];
    size_t len;
    *verified = NULL;
    if (text_has_byte(value, ',')) return APISEC_E_REQUEST; /* two credentials in one field: no base64 has a comma */
    const bool is_good = decode_base64(basic_of(value), bytes, &len);
    const struct text both = {(const char *)bytes, is_good ? len : 0};
    const char *const colon = both.len > 0 ? memchr(bytes, ':', both.len) : NULL;
    apisec_status status = APISEC_E_PEER;
    if (colon != NULL && !text_has_control(both)) {
        const struct text name = {both.at, (size_t)(colon - both.at)}, secret = {colon + 1, both.len - name.len - 1};
        if (secret.len > 0) status = service_verify(services, name, secret, verified);
    }
    mem_wipe(bytes, sizeof bytes);
    return status;
}
