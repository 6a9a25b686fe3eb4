/* SPDX-License-Identifier: Apache-2.0
 *
 * kdf.c: the Concat KDF of ECDH-ES (RFC 7518 section 4.6.2, NIST SP 800-56A section 5.8.1) over SHA-256, all numbers in 4 bytes:
 *
 *   round i, from 1:  SHA-256( i | Z | length, id | length, PartyUInfo | length, PartyVInfo | bits of the key )
 */
#include "crypto/crypto.h"

static apisec_status add_number(struct crypto_digest *digest, size_t number)
{
    const unsigned char bytes[4] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16), (unsigned char)(number >> 8),
                                    (unsigned char)number};
    return crypto_digest_update(digest, bytes, sizeof bytes);
}

static apisec_status add_text(struct crypto_digest *digest, struct text text)
{
    const apisec_status status = add_number(digest, text.len);
    return status == APISEC_OK && text.len > 0 ? crypto_digest_update(digest, text.at, text.len) : status;
}

static apisec_status run_round(struct crypto_digest *digest, size_t round, struct text z, const struct text info[3],
                               size_t key_bits, unsigned char *hash)
{
    apisec_status status = add_number(digest, round);
    if (status == APISEC_OK) status = crypto_digest_update(digest, z.at, z.len);
    for (size_t i = 0; i < 3 && status == APISEC_OK; i++) status = add_text(digest, info[i]);
    if (status == APISEC_OK) status = add_number(digest, key_bits);
    return status == APISEC_OK ? crypto_digest_finish(digest, hash) : status;
}

apisec_status kdf_concat(struct text z, struct text id, struct text u, struct text v, unsigned char *out, size_t out_len)
{
    const struct text info[3] = {id, u, v};
    const size_t hash_len = crypto_hash_len(CRYPTO_SHA256);
    unsigned char hash[CRYPTO_MAX_HASH];
    struct crypto_digest *const digest = crypto_digest_new(CRYPTO_SHA256);
    if (!digest) return APISEC_E_MEMORY;

    apisec_status status = APISEC_OK;
    size_t round = 1;
    for (size_t done = 0; done < out_len && status == APISEC_OK; done += hash_len) {
        const size_t part = out_len - done < hash_len ? out_len - done : hash_len;
        status = run_round(digest, round++, z, info, 8 * out_len, hash);
        if (status == APISEC_OK) memcpy(out + done, hash, part);
    }
    mem_wipe(hash, sizeof hash);
    if (status != APISEC_OK) mem_wipe(out, out_len);
    crypto_digest_free(digest);
    return status;
}
