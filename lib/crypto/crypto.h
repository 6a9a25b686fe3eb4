/* SPDX-License-Identifier: Apache-2.0
 *
 * crypto.h (private): the crypto provider: what libapisec needs of a crypto library, and nothing of that library's own.
 *
 * algorithm.c holds the table of JWS algorithms, management.c and content.c those of JWE; kdf.c derives keys. The rest is the
 * provider's: mbedtls*.c for mbedTLS 2.28 and 3.6 from one source (classic API). Another provider is another set of files with
 * these functions, passing the same tests.
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
#define CRYPTO_SHA256_LEN 32
#define CRYPTO_SHA256_TEXT 44     /* one in base64url, as thumbprints and `ath` are, and a NUL */
#define CRYPTO_MAX_SIGNATURE 512  /* RSA 4096 */
#define CRYPTO_MIN_RSA_BITS 2048
#define CRYPTO_MAX_RSA_BITS 4096
#define CRYPTO_MAX_OCT 1024
#define CRYPTO_MAX_COORDINATE 66  /* P-521 */
#define CRYPTO_MAX_CONTENT_KEY 64 /* A256CBC-HS512 */
#define CRYPTO_GCM_IV 12
#define CRYPTO_GCM_TAG 16
#define CRYPTO_WRAP_EXTRA 8       /* a key wrapped as in RFC 3394 is so much longer */

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

/* ---- management.c: how the key that encrypts a JWE's content gets to the recipient, RFC 7518 section 4 ---- */

enum crypto_oaep { CRYPTO_OAEP_SHA1, CRYPTO_OAEP_SHA256 }; /* the hash of OAEP and of its MGF1 */
enum management_mode { MANAGEMENT_OAEP, MANAGEMENT_ECDH, MANAGEMENT_AES_KW, MANAGEMENT_GCM_KW, MANAGEMENT_DIRECT };
struct management {
    const char *name;              /* as in `alg` of a JWE: "ECDH-ES+A128KW" */
    enum management_mode mode;
    enum crypto_key_type key_type;
    enum crypto_oaep oaep;         /* of RSA-OAEP only */
    size_t wrap_len;               /* bytes of the AES key that wraps the content's key; 0: none does */
};
/* management_find compares case-sensitively; NULL: there is no such code (RSA1_5 and PBES2 among them). */
const struct management *management_find(struct text name);

/* ---- content.c: encrypting with authentication, RFC 7518 section 5 ---- */

enum content_mode { CONTENT_GCM, CONTENT_CBC_HMAC };
struct content {
    const char *name;              /* as in `enc`: "A256GCM" */
    enum content_mode mode;
    enum crypto_hash hash;         /* of CBC_HMAC only */
    size_t key_len, iv_len, tag_len;
};
const struct content *content_find(struct text name); /* as management_find */
/* content_fits: these lengths are possible. Asked before any cryptography runs. */
bool content_fits(const struct content *content, size_t iv_len, size_t ciphertext_len, size_t tag_len);
size_t content_ciphertext_len(const struct content *content, size_t plaintext_len);
/* content_encrypt writes content_ciphertext_len bytes, and the tag. The key has key_len bytes, the iv iv_len, never used before
 * with this key. CRYPTO, MEMORY. */
apisec_status content_encrypt(const struct content *content, const unsigned char *key, const unsigned char *iv, struct text aad,
                              struct text plaintext, unsigned char *ciphertext, unsigned char *tag);
/* content_decrypt writes at most ciphertext.len bytes. The tag is compared in constant time before the plaintext is given out, with
 * CBC before a block is decrypted. DECRYPTION: the lengths do not fit, the tag or the padding is wrong; nothing is written. */
apisec_status content_decrypt(const struct content *content, const unsigned char *key, struct text iv, struct text aad,
                              struct text ciphertext, struct text tag, unsigned char *plaintext, size_t *plaintext_len);

/* ---- kdf.c ---- */

/* kdf_concat is the Concat KDF of RFC 7518 section 4.6.2 with SHA-256: out_len bytes from the shared secret z. id is the `enc` or
 * `alg` that the key is for, u and v are the decoded `apu` and `apv`. CRYPTO, MEMORY. */
apisec_status kdf_concat(struct text z, struct text id, struct text u, struct text v, unsigned char *out, size_t out_len);

/* ---- the provider ---- */

/* crypto_pbkdf2 is PBKDF2 with HMAC-SHA256 (RFC 8018 section 5.2). ARGUMENT: no secret, no iteration. CRYPTO, MEMORY: out is 0. */
#define CRYPTO_PBKDF2_LEN 32
apisec_status crypto_pbkdf2(struct text secret, struct text salt, uint32_t iterations, unsigned char out[CRYPTO_PBKDF2_LEN]);

/* crypto_ready checks that the library at run time is the one compiled for; making a key does so as well. APISEC_E_UNSUPPORTED. */
apisec_status crypto_ready(apisec_error *err);

/* crypto_hash_bytes writes crypto_hash_len(hash) bytes. APISEC_E_CRYPTO. */
apisec_status crypto_hash_bytes(enum crypto_hash hash, const void *bytes, size_t len, unsigned char *out);

/* A hash fed in parts, for records and long inputs. */
struct crypto_digest;
struct crypto_digest *crypto_digest_new(enum crypto_hash hash);      /* NULL without memory */
apisec_status crypto_digest_update(struct crypto_digest *digest, const void *bytes, size_t len);
apisec_status crypto_digest_finish(struct crypto_digest *digest, unsigned char *out); /* and is ready for the next */
void crypto_digest_free(struct crypto_digest *digest);

/* The subject alternative names of an X.509 certificate (RFC 5280 section 4.2.1.6) that are URIs and DNS names, in their order, as
 * they lie in its bytes. */
#define CRYPTO_MAX_NAMES 64
struct crypto_name {
    bool is_uri;
    struct text text;
};
struct crypto_names {
    struct crypto_name at[CRYPTO_MAX_NAMES];
    size_t num, num_uris;
};
/* crypto_certificate_names: none where it has no such extension. MALFORMED, and none: it is not one certificate in DER, has the
 * extension twice, a name with anything but visible ASCII (a NUL among it), or more of them than fit. The certificate was verified
 * by who calls. */
apisec_status crypto_certificate_names(struct text der, struct crypto_names *names);

struct crypto_key; /* prepared; immutable but for its pool */

/* What a key is made of: big-endian unsigned integers as in a JWK. An absent private part has at == NULL. */
struct crypto_rsa_parts {
    struct text n, e, d, p, q, dp, dq, qi;  /* private: d, p and q, all three; the rest is recomputed */
};
struct crypto_ec_parts {
    enum crypto_curve curve;
    struct text x, y, d;                    /* x and y exactly crypto_curve_len; d too, if there */
};
/* crypto_key_rsa, _ec, _oct: APISEC_E_KEY_UNFIT with what is wrong: RSA 2048..4096 bits, n odd, e odd and 3 <= e < 2^32, private
 * parts that belong together; a point on its curve and not infinity, d that belongs to it; oct of 1..CRYPTO_MAX_OCT bytes. MEMORY,
 * CRYPTO. */
apisec_status crypto_key_rsa(const struct crypto_rsa_parts *parts, struct crypto_key **key, apisec_error *err);
apisec_status crypto_key_ec(const struct crypto_ec_parts *parts, struct crypto_key **key, apisec_error *err);
apisec_status crypto_key_oct(struct text secret, struct crypto_key **key, apisec_error *err);
/* crypto_key_generate makes a private key: RSA of CRYPTO_MIN_RSA_BITS, EC on the curve of the algorithm, oct as long as its
 * hash. */
apisec_status crypto_key_generate(const struct algorithm *algorithm, struct crypto_key **key, apisec_error *err);
/* crypto_key_new_random: RSA of CRYPTO_MIN_RSA_BITS, EC on the curve, or oct of len bytes; the rest is ignored. */
apisec_status crypto_key_new_random(enum crypto_key_type type, enum crypto_curve curve, size_t len, struct crypto_key **key,
                                    apisec_error *err);
void crypto_key_free(struct crypto_key *key);

enum crypto_key_type crypto_key_type(const struct crypto_key *key);
enum crypto_curve crypto_key_curve(const struct crypto_key *key);   /* EC only */
bool crypto_key_is_private(const struct crypto_key *key);           /* oct: true */
size_t crypto_key_len(const struct crypto_key *key);                /* bytes of the RSA modulus, a coordinate, or the secret */
/* crypto_key_fits: the key's type and curve are the algorithm's, and an oct key is as long as the hash at least (RFC 7518 3.2). */
bool crypto_key_fits(const struct crypto_key *key, const struct algorithm *algorithm);
/* crypto_key_rsa_parts, _ec_parts, _oct_bytes: the key's own numbers for writing a JWK, into memory of the arena. KEY_UNFIT: it is
 * of another type. */
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

/* ---- the provider: encryption. Keys of AES are 16, 24 or 32 bytes. MEMORY and CRYPTO of all ---- */

/* crypto_hmac of several texts as if they were one; out takes crypto_hash_len(hash) bytes. */
apisec_status crypto_hmac(enum crypto_hash hash, struct text key, const struct text *texts, size_t num_texts, unsigned char *out);
/* CBC of whole blocks, without padding; iv of 16 bytes. out may be in. */
apisec_status crypto_cbc_encrypt(struct text key, const unsigned char *iv, struct text in, unsigned char *out);
apisec_status crypto_cbc_decrypt(struct text key, const unsigned char *iv, struct text in, unsigned char *out);
/* GCM with an iv of CRYPTO_GCM_IV bytes and a tag of CRYPTO_GCM_TAG. DECRYPTION: the tag is wrong; out is wiped. */
apisec_status crypto_gcm_encrypt(struct text key, const unsigned char *iv, struct text aad, struct text in, unsigned char *out,
                                 unsigned char *tag);
apisec_status crypto_gcm_decrypt(struct text key, const unsigned char *iv, struct text aad, struct text in,
                                 const unsigned char *tag, unsigned char *out);
/* crypto_wrap is RFC 3394: in has 16 to CRYPTO_MAX_CONTENT_KEY bytes in whole halves of a block, out takes in.len +
 * CRYPTO_WRAP_EXTRA. crypto_unwrap: out takes in.len - CRYPTO_WRAP_EXTRA. DECRYPTION: not wrapped with this key, told in constant
 * time; out is wiped. */
apisec_status crypto_wrap(struct text key, struct text in, unsigned char *out);
apisec_status crypto_unwrap(struct text key, struct text in, unsigned char *out);

/* crypto_ecdh writes the x coordinate of the shared point, crypto_curve_len bytes. key is private; peer was checked to be a point
 * of its curve when it was prepared. KEY_UNFIT: not EC, not private, or not the same curve. */
apisec_status crypto_ecdh(const struct crypto_key *key, const struct crypto_key *peer, unsigned char *z);

/* crypto_oaep_ready: UNSUPPORTED, with the reason, when the library's RSA decryption leaks its result through time: mbedTLS before
 * 2.28.7, and 3.x before 3.5.2, unless built with RSA_DECRYPT=old. Encrypting is always possible. */
apisec_status crypto_oaep_ready(apisec_error *err);
/* RSAES-OAEP without a label. out takes crypto_key_len bytes. KEY_UNFIT: not RSA, not private, too much for this modulus.
 * DECRYPTION: not as long as the modulus, or wrong in any way; which one is not told. */
apisec_status crypto_oaep_encrypt(const struct crypto_key *key, enum crypto_oaep hash, struct text in, unsigned char *out);
apisec_status crypto_oaep_decrypt(const struct crypto_key *key, enum crypto_oaep hash, struct text in, unsigned char *out,
                                  size_t *out_len);

#endif
