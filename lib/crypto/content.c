/* SPDX-License-Identifier: Apache-2.0
 *
 * content.c: encrypting and decrypting a JWE's content (RFC 7518 section 5): AES in Galois/Counter Mode, or AES in CBC mode beside
 * an HMAC. Lengths are judged first, the tag second, and only then is there a plaintext.
 *
 *   key of CBC-HS:  | MAC key | AES key |      MAC over  AAD | IV | ciphertext | bits of the AAD in 8 bytes,  cut to its first half
 */
#include "crypto/crypto.h"

enum { BLOCK = 16 };

static const struct content contents[] = {
    {"A128GCM", CONTENT_GCM, CRYPTO_SHA256, 16, CRYPTO_GCM_IV, CRYPTO_GCM_TAG},
    {"A192GCM", CONTENT_GCM, CRYPTO_SHA256, 24, CRYPTO_GCM_IV, CRYPTO_GCM_TAG},
    {"A256GCM", CONTENT_GCM, CRYPTO_SHA256, 32, CRYPTO_GCM_IV, CRYPTO_GCM_TAG},
    {"A128CBC-HS256", CONTENT_CBC_HMAC, CRYPTO_SHA256, 32, BLOCK, 16},
    {"A192CBC-HS384", CONTENT_CBC_HMAC, CRYPTO_SHA384, 48, BLOCK, 24},
    {"A256CBC-HS512", CONTENT_CBC_HMAC, CRYPTO_SHA512, 64, BLOCK, 32},
};

const struct content *content_find(struct text name)
{
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        if (text_is(name, contents[i].name)) return &contents[i];
    }
    return NULL;
}

bool content_fits(const struct content *content, size_t iv_len, size_t ciphertext_len, size_t tag_len)
{
    if (iv_len != content->iv_len || tag_len != content->tag_len) return false;
    return content->mode == CONTENT_GCM || (ciphertext_len >= BLOCK && ciphertext_len % BLOCK == 0);
}

size_t content_ciphertext_len(const struct content *content, size_t plaintext_len)
{
    return content->mode == CONTENT_GCM ? plaintext_len : plaintext_len / BLOCK * BLOCK + BLOCK;
}

/* ---- CBC beside HMAC ---- */

static struct text mac_key(const struct content *content, const unsigned char *key)
{
    return (struct text){(const char *)key, content->key_len / 2};
}

static struct text cbc_key(const struct content *content, const unsigned char *key)
{
    return (struct text){(const char *)key + content->key_len / 2, content->key_len / 2};
}

static apisec_status compute_mac(const struct content *content, const unsigned char *key, struct text aad, struct text iv,
                                 struct text ciphertext, unsigned char *mac)
{
    unsigned char bits[8];
    for (size_t i = 0; i < sizeof bits; i++) bits[i] = (unsigned char)((uint64_t)aad.len * 8 >> (56 - 8 * i));
    const struct text texts[] = {aad, iv, ciphertext, {(const char *)bits, sizeof bits}};
    return crypto_hmac(content->hash, mac_key(content, key), texts, 4, mac);
}

/* unpad gives the length without the padding of PKCS #7: its last byte says how many there are, and all of them say the same. What
 * it looks at and how long it takes do not depend on the bytes. */
static apisec_status unpad(const unsigned char *bytes, size_t len, size_t *unpadded_len)
{
    const unsigned num = bytes[len - 1];
    unsigned wrong = (num - 1) >> 4; /* 0 for 1 to 16 only */
    for (unsigned i = 1; i <= BLOCK; i++) {
        const unsigned in_padding = ~((num - i) >> 8) & 0xffu; /* all ones while i <= num */
        wrong |= in_padding & (unsigned)(bytes[len - i] ^ num);
    }
    *unpadded_len = len - num;
    return wrong == 0 ? APISEC_OK : APISEC_E_DECRYPTION;
}

static apisec_status decrypt_cbc(const struct content *content, const unsigned char *key, struct text iv, struct text aad,
                                 struct text ciphertext, struct text tag, unsigned char *plaintext, size_t *plaintext_len)
{
    unsigned char mac[CRYPTO_MAX_HASH];
    apisec_status status = compute_mac(content, key, aad, iv, ciphertext, mac);
    if (status == APISEC_OK && !mem_equal(mac, tag.at, content->tag_len)) status = APISEC_E_DECRYPTION;
    mem_wipe(mac, sizeof mac); /* it is the right tag of a forged token */
    if (status != APISEC_OK) return status;

    status = crypto_cbc_decrypt(cbc_key(content, key), (const unsigned char *)iv.at, ciphertext, plaintext);
    size_t len = 0;
    if (status == APISEC_OK) status = unpad(plaintext, ciphertext.len, &len);
    if (status == APISEC_OK) *plaintext_len = len;
    if (status != APISEC_OK) mem_wipe(plaintext, ciphertext.len);
    return status;
}

static apisec_status encrypt_cbc(const struct content *content, const unsigned char *key, const unsigned char *iv,
                                 struct text aad, struct text plaintext, unsigned char *ciphertext, unsigned char *tag)
{
    const size_t len = content_ciphertext_len(content, plaintext.len), num = len - plaintext.len;
    const struct text padded = {(const char *)ciphertext, len};
    unsigned char mac[CRYPTO_MAX_HASH];
    if (plaintext.len > 0) memcpy(ciphertext, plaintext.at, plaintext.len);
    memset(ciphertext + plaintext.len, (int)num, num);
    apisec_status status = crypto_cbc_encrypt(cbc_key(content, key), iv, padded, ciphertext);
    if (status == APISEC_OK) status = compute_mac(content, key, aad, (struct text){(const char *)iv, BLOCK}, padded, mac);
    if (status == APISEC_OK) memcpy(tag, mac, content->tag_len);
    if (status != APISEC_OK) mem_wipe(ciphertext, len);
    return status;
}

/* ---- both modes ---- */

apisec_status content_encrypt(const struct content *content, const unsigned char *key, const unsigned char *iv, struct text aad,
                              struct text plaintext, unsigned char *ciphertext, unsigned char *tag)
{
    if (content->mode == CONTENT_CBC_HMAC) return encrypt_cbc(content, key, iv, aad, plaintext, ciphertext, tag);
    return crypto_gcm_encrypt((struct text){(const char *)key, content->key_len}, iv, aad, plaintext, ciphertext, tag);
}

apisec_status content_decrypt(const struct content *content, const unsigned char *key, struct text iv, struct text aad,
                              struct text ciphertext, struct text tag, unsigned char *plaintext, size_t *plaintext_len)
{
    *plaintext_len = 0;
    if (!content_fits(content, iv.len, ciphertext.len, tag.len)) return APISEC_E_DECRYPTION;
    if (content->mode == CONTENT_CBC_HMAC) return decrypt_cbc(content, key, iv, aad, ciphertext, tag, plaintext, plaintext_len);

    const apisec_status status = crypto_gcm_decrypt((struct text){(const char *)key, content->key_len},
                                                    (const unsigned char *)iv.at, aad, ciphertext, (const unsigned char *)tag.at,
                                                    plaintext);
    if (status == APISEC_OK) *plaintext_len = ciphertext.len;
    return status;
}
