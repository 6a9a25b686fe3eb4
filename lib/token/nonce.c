/* SPDX-License-Identifier: Apache-2.0
 *
 * nonce.c: nonces for DPoP (RFC 9449 section 8) that nobody has to remember: time is cut into windows, and the nonce of a window is
 * the HMAC of its number. The nonces of this window and of the one before are accepted. Processes with one key give and accept the
 * same ones, and so do the children of a fork. Called by dpop.c, and by dpop_policy.c for replies.
 */
#include "token/dpop.h"

#define NONCE_BYTES 16

/* label keeps this use of the key apart from any other. */
static const char label[] = "apisec DPoP nonce 1";

apisec_status nonce_maker_init(struct nonce_maker *maker, struct text key, int64_t lifetime, apisec_error *err)
{
    unsigned char fresh[NONCE_MIN_KEY];
    *maker = (struct nonce_maker){NULL, lifetime > 0 ? lifetime : 1};
    if (key.at != NULL) return crypto_key_oct(key, &maker->key, err);
    apisec_status status = random_bytes(fresh, sizeof fresh);
    if (status != APISEC_OK) return fail(err, status, "there is no randomness for a nonce key");
    status = crypto_key_oct((struct text){(const char *)fresh, sizeof fresh}, &maker->key, err);
    mem_wipe(fresh, sizeof fresh);
    return status;
}

void nonce_maker_free(struct nonce_maker *maker)
{
    crypto_key_free(maker->key);
    maker->key = NULL;
}

static int64_t window_of(const struct nonce_maker *maker, int64_t now)
{
    return now < 0 ? 0 : now / maker->lifetime;
}

static apisec_status write_window(const struct nonce_maker *maker, int64_t window, char out[NONCE_LEN + 1])
{
    unsigned char message[sizeof label + 8], mac[CRYPTO_MAX_SIGNATURE];
    size_t len = 0;
    memcpy(message, label, sizeof label);
    for (size_t i = 0; i < 8; i++) message[sizeof label + i] = (unsigned char)((uint64_t)window >> (56 - 8 * i));
    const apisec_status status = crypto_sign(maker->key, algorithm_find(text_of("HS256")), message, sizeof message, mac, &len);
    if (status == APISEC_OK) base64url_encode(mac, NONCE_BYTES, out);
    else out[0] = '\0';
    return status;
}

apisec_status nonce_write(const struct nonce_maker *maker, int64_t now, char out[NONCE_LEN + 1])
{
    return write_window(maker, window_of(maker, now), out);
}

apisec_status nonce_judge(const struct nonce_maker *maker, int64_t now, struct text nonce, enum nonce_age *age)
{
    char known[NONCE_LEN + 1];
    const int64_t window = window_of(maker, now);
    *age = NONCE_WRONG;
    if (nonce.len != NONCE_LEN) return APISEC_OK;
    apisec_status status = write_window(maker, window, known);
    if (status != APISEC_OK) return status;
    if (mem_equal(nonce.at, known, NONCE_LEN)) {
        *age = NONCE_FRESH;
        return APISEC_OK;
    }
    if (window == 0) return APISEC_OK;
    status = write_window(maker, window - 1, known);
    if (status == APISEC_OK && mem_equal(nonce.at, known, NONCE_LEN)) *age = NONCE_OLD;
    return status;
}
