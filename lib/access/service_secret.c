/* SPDX-License-Identifier: Apache-2.0
 *
 * service_secret.c: the secrets of services as they are kept: not themselves but a hash that is slow to make,
 *
 *     $pbkdf2-sha256$i=600000$<salt, base64url>$<hash, base64url>
 */
#include "access/rules.h"

enum {
    SALT_MADE = 16,
    SALT_MIN = 16,
    ITERATIONS_MADE = 600000,
    ITERATIONS_MIN = 10000,
    ITERATIONS_MAX = 10000000,
    SECRET_MAX = 1024
};

static const char prefix[] = "$pbkdf2-sha256$i=";

/* read_iterations takes a number without a leading zero off the front, and the "$" behind it. */
static bool read_iterations(struct text *rest, uint32_t *iterations)
{
    size_t digits = 0;
    *iterations = 0;
    while (digits < rest->len && digits < 8 && rest->at[digits] >= '0' && rest->at[digits] <= '9')
        *iterations = *iterations * 10 + (uint32_t)(rest->at[digits++] - '0');
    if (digits == 0 || rest->at[0] == '0' || digits == rest->len || rest->at[digits] != '$') return false;
    *rest = (struct text){rest->at + digits + 1, rest->len - digits - 1};
    return true;
}

static bool decode(struct text text, size_t max, unsigned char *out, size_t *len)
{
    return base64url_decoded_len(text.len) <= max && base64url_decode(text.at, text.len, out, len) == APISEC_OK;
}

const char *secret_hash_read(struct text text, struct secret_hash *hash)
{
    static const char malformed[] = "not of the form of `apisec hash`";
    size_t hash_len;
    memset(hash, 0, sizeof *hash);
    if (!text_starts(text, prefix)) return malformed;
    struct text rest = {text.at + sizeof prefix - 1, text.len - sizeof prefix + 1};
    if (!read_iterations(&rest, &hash->iterations)) return malformed;
    const char *const dollar = memchr(rest.at, '$', rest.len);
    if (dollar == NULL) return malformed;
    const struct text salt = {rest.at, (size_t)(dollar - rest.at)}, key = {dollar + 1, rest.len - (size_t)(dollar - rest.at) - 1};
    if (!decode(salt, sizeof hash->salt, hash->salt, &hash->salt_len) || hash->salt_len < SALT_MIN) return malformed;
    if (!decode(key, sizeof hash->key, hash->key, &hash_len) || hash_len != sizeof hash->key) return malformed;
    if (hash->iterations < ITERATIONS_MIN || hash->iterations > ITERATIONS_MAX) return "10000 to 10000000 iterations are wanted";
    return NULL;
}

apisec_status secret_hash_check(const struct secret_hash *hash, struct text secret)
{
    unsigned char key[CRYPTO_PBKDF2_LEN];
    const struct text salt = {(const char *)hash->salt, hash->salt_len};
    apisec_status status = crypto_pbkdf2(secret, salt, hash->iterations, key);
    if (status == APISEC_OK && !mem_equal(key, hash->key, sizeof key)) status = APISEC_E_PEER;
    mem_wipe(key, sizeof key);
    return status;
}

/* RFC 7617 section 2: what has control characters cannot be sent. */
static bool is_secret(struct text secret)
{
    return secret.len > 0 && secret.len <= SECRET_MAX && !text_has_control(secret);
}

apisec_status apisec_secret_hash(const char *secret, size_t len, char **hash, apisec_error *err)
{
    unsigned char salt[SALT_MADE], key[CRYPTO_PBKDF2_LEN];
    char encoded[64];
    struct buffer out = BUFFER_MAX(256);
    if (hash == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the hash");
    *hash = NULL;
    if (secret == NULL || !is_secret((struct text){secret, len}))
        return fail(err, APISEC_E_ARGUMENT, "a secret is of 1 to %d bytes, and none of them a control character", SECRET_MAX);
    apisec_status status = random_bytes(salt, sizeof salt);
    const struct text salted = {(const char *)salt, sizeof salt};
    if (status == APISEC_OK) status = crypto_pbkdf2((struct text){secret, len}, salted, ITERATIONS_MADE, key);
    if (status != APISEC_OK) return fail(err, status, "the secret cannot be hashed");
    buffer_text(&out, prefix);
    buffer_number(&out, ITERATIONS_MADE);
    buffer_byte(&out, '$');
    base64url_encode(salt, sizeof salt, encoded);
    buffer_text(&out, encoded);
    buffer_byte(&out, '$');
    base64url_encode(key, sizeof key, encoded);
    buffer_text(&out, encoded);
    *hash = buffer_take(&out);
    return *hash != NULL ? succeed(err) : fail_memory(err);
}
