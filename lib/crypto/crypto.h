/* SPDX-License-Identifier: Apache-2.0
 *
 * crypto.h (private): the crypto provider: what libapisec needs of a crypto library, and nothing of that library's own.
 *
 * algorithm.c holds the table of JWS algorithms. The rest is the provider's: mbedtls*.c for mbedTLS 2.28 and 3.6 from one source
 * (classic API). Another provider is another set of files with these functions, passing the same tests.
 *
 * A key is prepared once (parsed, checked, precomputed) and then used by any number of threads at once: each use takes a context
 * from the key's pool without a lock; contexts are made when first needed.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/base.h"

enum crypto_hash { CRYPTO_SHA256, CRYPTO_SHA384, CRYPTO_SHA512 };
enum crypto_curve { CRYPTO_P256, CRYPTO_P384, CRYPTO_P521 };
enum crypto_scheme { CRYPTO_RSA_PKCS1, CRYPTO_RSA_PSS, CRYPTO_ECDSA, CRYPTO_HMAC }; /* RFC 7518 sections 3.3, 3.5, 3.4, 3.2 */
enum crypto_key_type { CRYPTO_KEY_RSA, CRYPTO_KEY_EC, CRYPTO_KEY_OCT };

#define CRYPTO_MAX_HASH 64
#define CRYPTO_MAX_SIGNATURE 512  /* RSA 4096 */
#define CRYPTO_MIN_RSA_BITS 2048
#define CRYPTO_MAX_RSA_BITS 4096
#define CRYPTO_MAX_OCT 1024

/* ---- algorithm.c ---- */

struct algorithm {
    const char *name;              /* as in `alg`: "RS256" */
    enum crypto_scheme scheme;
    enum crypto_key_type key_type;
    enum crypto_hash hash;
    enum crypto_curve curve;       /* of ECDSA only */
};
extern const struct algorithm algorithms[];
extern const size_t num_algorithms;    /* 12; an index into algorithms fits a bit set of 32 */
/* algorithm_find compares case-sensitively; NULL: there is no such code ("none" among them). */
const struct algorithm *algorithm_find(struct text name);
size_t algorithm_index(const struct algorithm *algorithm);

size_t crypto_hash_len(enum crypto_hash hash);       /* 32, 48, 64 */
size_t crypto_curve_len(enum crypto_curve curve);    /* 32, 48, 66: one coordinate, r, or s */

/* ---- the provider ---- */

/* crypto_ready checks that the library at run time is the one compiled for; making a key does so as well. APISEC_E_UNSUPPORTED. */
apisec_status crypto_ready(apisec_error *err);

/* crypto_hash writes crypto_hash_len(hash) bytes. APISEC_E_CRYPTO. */
apisec_status crypto_hash_bytes(enum crypto_hash hash, const void *bytes, size_t len, unsigned char *out);

/* A hash fed in parts, for records and long inputs. */
struct crypto_digest;
struct crypto_digest *crypto_digest_new(enum crypto_hash hash);      /* NULL without memory */
apisec_status crypto_digest_update(struct crypto_digest *digest, const void *bytes, size_t len);
apisec_status crypto_digest_finish(struct crypto_digest *digest, unsigned char *out); /* and is ready for the next */
void crypto_digest_free(struct crypto_digest *digest);

struct crypto_key; /* prepared; immutable but for its pool */

/* What a key is made of: big-endian unsigned integers as in a JWK. An absent private part has at == NULL. */
struct crypto_rsa_parts {
    struct text n, e, d, p, q, dp, dq, qi;  /* private: d, p and q, all three; the rest is recomputed */
};
struct crypto_ec_parts {
    enum crypto_curve curve;
    struct text x, y, d;                    /* x and y exactly crypto_curve_len; d too, if there */
};
/* crypto_key_*: APISEC_E_KEY_UNFIT with what is wrong: RSA 2048..4096 bits, n odd, e odd and 3 <= e < 2^32, private parts that
 * belong together; a point on its curve and not infinity, d that belongs to it; oct of 1..CRYPTO_MAX_OCT bytes. MEMORY, CRYPTO. */
apisec_status crypto_key_rsa(const struct crypto_rsa_parts *parts, struct crypto_key **key, apisec_error *err);
apisec_status crypto_key_ec(const struct crypto_ec_parts *parts, struct crypto_key **key, apisec_error *err);
apisec_status crypto_key_oct(struct text secret, struct crypto_key **key, apisec_error *err);
/* crypto_key_generate makes a private key: RSA of bits, EC on the curve of the algorithm, oct as long as its hash. */
apisec_status crypto_key_generate(const struct algorithm *algorithm, struct crypto_key **key, apisec_error *err);
void crypto_key_free(struct crypto_key *key);

enum crypto_key_type crypto_key_type(const struct crypto_key *key);
enum crypto_curve crypto_key_curve(const struct crypto_key *key);   /* EC only */
bool crypto_key_is_private(const struct crypto_key *key);           /* oct: true */
/* crypto_key_fits: the key's type and curve are the algorithm's, and an oct key is as long as the hash at least (RFC 7518 3.2). */
bool crypto_key_fits(const struct crypto_key *key, const struct algorithm *algorithm);
/* crypto_key_parts: the key's own numbers for writing a JWK, into memory of the arena. RSA: n e d p q dp dq qi. */
apisec_status crypto_key_rsa_parts(const struct crypto_key *key, struct arena *arena, struct crypto_rsa_parts *parts);
apisec_status crypto_key_ec_parts(const struct crypto_key *key, struct arena *arena, struct crypto_ec_parts *parts);
apisec_status crypto_key_oct_bytes(const struct crypto_key *key, struct arena *arena, struct text *secret);

/* crypto_verify: APISEC_OK, APISEC_E_SIGNATURE (wrong, also of the wrong length: RSA exactly the modulus', ECDSA exactly 2n with
 * r and s in [1, n-1], HMAC exactly the hash's, compared in constant time), APISEC_E_KEY_UNFIT (type or curve is not the
 * algorithm's; an HMAC key shorter than the hash), APISEC_E_CRYPTO, APISEC_E_MEMORY. PSS: salt as long as the hash. */
apisec_status crypto_verify(const struct crypto_key *key, const struct algorithm *algorithm, const void *message, size_t len,
                            const unsigned char *signature, size_t signature_len);
/* crypto_sign: signature holds CRYPTO_MAX_SIGNATURE. ECDSA: raw r || s. KEY_UNFIT: public only, or as above. */
apisec_status crypto_sign(const struct crypto_key *key, const struct algorithm *algorithm, const void *message, size_t len,
                          unsigned char *signature, size_t *signature_len);

#endif
