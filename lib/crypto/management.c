/* SPDX-License-Identifier: Apache-2.0
 *
 * management.c: the key management algorithms of JWE that there are (RFC 7518 section 4.1). What is not in this table has no code
 * in the library: RSA1_5 is an oracle for forgers, PBES2 lets the sender choose how long the recipient computes.
 */
#include "crypto/crypto.h"

static const struct management managements[] = {
    {"RSA-OAEP", MANAGEMENT_OAEP, CRYPTO_KEY_RSA, CRYPTO_OAEP_SHA1, 0},
    {"RSA-OAEP-256", MANAGEMENT_OAEP, CRYPTO_KEY_RSA, CRYPTO_OAEP_SHA256, 0},
    {"ECDH-ES", MANAGEMENT_ECDH, CRYPTO_KEY_EC, CRYPTO_OAEP_SHA1, 0},
    {"ECDH-ES+A128KW", MANAGEMENT_ECDH, CRYPTO_KEY_EC, CRYPTO_OAEP_SHA1, 16},
    {"ECDH-ES+A192KW", MANAGEMENT_ECDH, CRYPTO_KEY_EC, CRYPTO_OAEP_SHA1, 24},
    {"ECDH-ES+A256KW", MANAGEMENT_ECDH, CRYPTO_KEY_EC, CRYPTO_OAEP_SHA1, 32},
    {"A128KW", MANAGEMENT_AES_KW, CRYPTO_KEY_OCT, CRYPTO_OAEP_SHA1, 16},
    {"A192KW", MANAGEMENT_AES_KW, CRYPTO_KEY_OCT, CRYPTO_OAEP_SHA1, 24},
    {"A256KW", MANAGEMENT_AES_KW, CRYPTO_KEY_OCT, CRYPTO_OAEP_SHA1, 32},
    {"A128GCMKW", MANAGEMENT_GCM_KW, CRYPTO_KEY_OCT, CRYPTO_OAEP_SHA1, 16},
    {"A192GCMKW", MANAGEMENT_GCM_KW, CRYPTO_KEY_OCT, CRYPTO_OAEP_SHA1, 24},
    {"A256GCMKW", MANAGEMENT_GCM_KW, CRYPTO_KEY_OCT, CRYPTO_OAEP_SHA1, 32},
    {"dir", MANAGEMENT_DIRECT, CRYPTO_KEY_OCT, CRYPTO_OAEP_SHA1, 0},
};

const struct management *management_find(struct text name)
{
    for (size_t i = 0; i < sizeof managements / sizeof managements[0]; i++) {
        if (text_is(name, managements[i].name)) return &managements[i];
    }
    return NULL;
}
