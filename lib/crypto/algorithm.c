/* SPDX-License-Identifier: Apache-2.0
 *
 * algorithm.c: the JWS algorithms there are (RFC 7518 section 3.1). What is not in this table has no code in the library:
 * "none" is refused because nothing could perform it. An algorithm says which type of key it takes, never the token.
 */
#include "crypto/crypto.h"

const struct algorithm algorithms[] = {
    {"RS256", CRYPTO_RSA_PKCS1, CRYPTO_KEY_RSA, CRYPTO_SHA256, CRYPTO_P256},
    {"RS384", CRYPTO_RSA_PKCS1, CRYPTO_KEY_RSA, CRYPTO_SHA384, CRYPTO_P256},
    {"RS512", CRYPTO_RSA_PKCS1, CRYPTO_KEY_RSA, CRYPTO_SHA512, CRYPTO_P256},
    {"PS256", CRYPTO_RSA_PSS, CRYPTO_KEY_RSA, CRYPTO_SHA256, CRYPTO_P256},
    {"PS384", CRYPTO_RSA_PSS, CRYPTO_KEY_RSA, CRYPTO_SHA384, CRYPTO_P256},
    {"PS512", CRYPTO_RSA_PSS, CRYPTO_KEY_RSA, CRYPTO_SHA512, CRYPTO_P256},
    {"ES256", CRYPTO_ECDSA, CRYPTO_KEY_EC, CRYPTO_SHA256, CRYPTO_P256},
    {"ES384", CRYPTO_ECDSA, CRYPTO_KEY_EC, CRYPTO_SHA384, CRYPTO_P384},
    {"ES512", CRYPTO_ECDSA, CRYPTO_KEY_EC, CRYPTO_SHA512, CRYPTO_P521},
    {"HS256", CRYPTO_HMAC, CRYPTO_KEY_OCT, CRYPTO_SHA256, CRYPTO_P256},
    {"HS384", CRYPTO_HMAC, CRYPTO_KEY_OCT, CRYPTO_SHA384, CRYPTO_P256},
    {"HS512", CRYPTO_HMAC, CRYPTO_KEY_OCT, CRYPTO_SHA512, CRYPTO_P256},
};
const size_t num_algorithms = sizeof algorithms / sizeof algorithms[0];

const struct algorithm *algorithm_find(struct text name)
{
    for (size_t i = 0; i < num_algorithms; i++) {
        if (text_is(name, algorithms[i].name)) return &algorithms[i];
    }
    return NULL;
}

size_t algorithm_index(const struct algorithm *algorithm)
{
    return (size_t)(algorithm - algorithms);
}

size_t crypto_hash_len(enum crypto_hash hash)
{
    switch (hash) {
    case CRYPTO_SHA256: return 32;
    case CRYPTO_SHA384: return 48;
    case CRYPTO_SHA512: return 64;
    }
    return 0;
}

size_t crypto_curve_len(enum crypto_curve curve)
{
    switch (curve) {
    case CRYPTO_P256: return 32;
    case CRYPTO_P384: return 48;
    case CRYPTO_P521: return 66;
    }
    return 0;
}
