/* SPDX-License-Identifier: Apache-2.0
 *
 * jose.h (private): JWK, JWK Set, JWS, JWE: bytes in, bytes out, no policy: who may sign what is decided in token/.
 */
#ifndef JOSE_JOSE_H
#define JOSE_JOSE_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "json/json.h"

#include <apisec/encryption.h>
#include <apisec/signer.h>

#define JOSE_MAX_TOKEN 16384
#define JOSE_MAX_KEY_ID 256
#define JOSE_MAX_KEYS 64
#define JOSE_MAX_KEY_SET (256 * 1024)

/* ---- jwk.c: one key, RFC 7517 section 4, RFC 7518 section 6 ---- */

struct jwk {
    struct crypto_key *key;
    char *kid;                          /* NULL: none. At most JOSE_MAX_KEY_ID bytes, no NUL. */
    const struct algorithm *algorithm;  /* of `alg`; NULL when absent */
    bool may_verify;                    /* `use` and `key_ops`, where present, permit it */
    bool may_sign;
    struct jwk *next_same_kid;          /* in a set: the key of another kty with this kid (RFC 7517 section 4.5) */
    bool ambiguous;                     /* in a set: another key of the same kty has this kid; neither is used */
};

/* jwk_parse: MALFORMED: kty missing, a member of the wrong type, base64url not strict, kid too long. UNSUPPORTED: kty or crv is
 * not one of ours (skipped in a set). ALGORITHM: `alg` is not a signature algorithm of the table. KEY_UNFIT: see crypto.h; `alg`
 * and kty contradict. `use` other than "sig": parsed, but neither may_verify nor may_sign. x5c, x5u, x5t are ignored. */
apisec_status jwk_parse(const struct json *object, struct jwk **jwk, apisec_error *err);
void jwk_free(struct jwk *jwk);
/* jwk_fits: may this key verify with this algorithm: type, curve, `alg` if present equal, may_verify, HMAC length. KEY_UNFIT. */
apisec_status jwk_fits(const struct jwk *jwk, const struct algorithm *algorithm, apisec_error *err);
/* The parts of jwk_parse that a key for encryption has in common with one for signatures; statuses as there. jwk_text: an optional
 * member that is a string. */
enum jwk_op {
    JWK_SIGN = 1, JWK_VERIFY = 2, JWK_ENCRYPT = 4, JWK_DECRYPT = 8, JWK_WRAP = 16, JWK_UNWRAP = 32, JWK_DERIVE = 64,
    JWK_EVERYTHING = 127
};
apisec_status jwk_text(const struct json *object, const char *name, struct text *out, apisec_error *err);
apisec_status jwk_parse_key(const struct json *object, struct crypto_key **key, apisec_error *err);
apisec_status jwk_parse_kid(const struct json *object, char **kid, apisec_error *err);      /* *kid NULL: none */
apisec_status jwk_parse_ops(const struct json *object, uint32_t *permitted, apisec_error *err); /* a set of jwk_op */

/* ---- thumbprint.c: writing keys ---- */

/* jwk_thumbprint: RFC 7638 with SHA-256, base64url: 43 characters and a NUL. */
apisec_status jwk_thumbprint(const struct crypto_key *key, char out[CRYPTO_SHA256_TEXT]);
/* jwk_write appends the key as a JWK text; half says whether the private members go along. KEY_UNFIT: the public half of an oct
 * key, which has none, or the private half of a public key; nothing is appended. */
enum jwk_half { JWK_PUBLIC, JWK_PRIVATE };
apisec_status jwk_write(const struct crypto_key *key, const char *kid, const struct algorithm *algorithm, enum jwk_half half,
                        struct buffer *out);
/* jwk_write_key writes the key's own members into an object that is open. */
apisec_status jwk_write_key(const struct crypto_key *key, enum jwk_half half, struct json_writer *writer);

/* ---- jwkset.c: RFC 7517 section 5 ---- */

enum jwk_source { JWK_PINNED, JWK_FETCHED };  /* an oct key in a fetched set refuses that key */
struct jwk_set {
    struct jwk **keys;
    size_t num_keys;
    struct table by_kid;       /* kid -> the first struct jwk with it */
    size_t num_skipped;        /* unknown kty/crv/alg, for encryption, unfit: not there */
};
/* jwk_set_parse: MALFORMED: not a set; TOO_LARGE: over 256 KiB or 64 keys; KEY_UNFIT: no usable key, or a private RSA/EC key where
 * only public ones belong. One bad key among good ones is skipped. The same kid twice with the same kty is ambiguous, also when one
 * of the two is malformed or unfit, but not when it is for encryption: neither is used. */
apisec_status jwk_set_parse(struct text text, enum jwk_source source, struct jwk_set **set, apisec_error *err);
/* jwk_set_read: the same of an object that is parsed already. */
apisec_status jwk_set_read(const struct json *document, enum jwk_source source, struct jwk_set **set, apisec_error *err);
void jwk_set_free(struct jwk_set *set);
/* jwk_set_find: the key for a header's kid and algorithm. kid.at NULL: the one key that fits, if it is the only one.
 * KEY_UNKNOWN: no such kid, ambiguous, or several would fit. KEY_UNFIT: it is there and does not fit. */
apisec_status jwk_set_find(const struct jwk_set *set, struct text kid, const struct algorithm *algorithm, const struct jwk **jwk,
                           apisec_error *err);

/* ---- compact.c: what the compact serialisations of JWS and JWE have in common ---- */

#define COMPACT_MOST 5 /* parts */

/* compact_split: TOO_LARGE over max_len; MALFORMED: a byte that is neither base64url nor a dot. *num counts all parts; the
 * first COMPACT_MOST are given. */
apisec_status compact_split(struct text token, size_t max_len, struct text parts[COMPACT_MOST], size_t *num, apisec_error *err);
/* compact_header decodes and scans a header. MALFORMED, TOO_LARGE, MEMORY. */
apisec_status compact_header(struct text encoded, struct json **document, apisec_error *err);
/* compact_text: an optional member of a header that is a string. MALFORMED. */
apisec_status compact_text(const struct json *document, const char *name, struct text *out, apisec_error *err);
/* compact_append appends a part that is to be, encoded; its bytes may be secret. TOO_LARGE, MEMORY. */
apisec_status compact_append(struct buffer *out, const void *bytes, size_t len);

/* ---- jws.c: compact serialisation, RFC 7515 section 7.1 ---- */

struct jws {                    /* spans of the token's own bytes */
    struct text header;         /* base64url, as they came */
    struct text payload;
    struct text signature;
    struct text signing_input;  /* header "." payload */
};
/* jws_split: TOO_LARGE over JOSE_MAX_TOKEN; MALFORMED: not exactly 3 parts of base64url characters, or the header is empty
 * (5 parts: says that encrypted tokens are not accepted here). A JWS may have an empty payload; as a JWT it fails later, because
 * nothing is no JSON object. An empty signature is a wrong one, which jws_verify says, so that `alg` "none" is refused by its
 * name before that. */
apisec_status jws_split(struct text token, struct jws *jws, apisec_error *err);
/* jws_split_within: the same with another limit, for what an issuer publishes. Its header is no larger for that. */
apisec_status jws_split_within(struct text token, size_t max_len, struct jws *jws, apisec_error *err);

struct jws_header {
    char *bytes;                /* decoded: where the texts lie */
    struct text alg;
    struct text kid;            /* at NULL: absent */
    struct text typ;            /* at NULL: absent */
    struct text cty;
    struct text jwk;            /* its JSON, whatever it is: for who takes a key from there, as only a DPoP proof may */
};
/* jws_header_parse decodes and scans the header. MALFORMED: no `alg`, a member of the wrong type, any `crit` (no extension is
 * understood here), `b64`, kid over JOSE_MAX_KEY_ID. jku, x5u, x5c, x5t are ignored, jwk is handed on. No document is made of
 * it: a service reads a header with each token, and little of it. */
apisec_status jws_header_parse(struct text encoded, struct jws_header *header, apisec_error *err);
void jws_header_free(struct jws_header *header);
/* jws_type_is compares `typ` with a media type: case-insensitively; without "/" it has "application/" in front (RFC 7515 section
 * 4.1.9). */
bool jws_type_is(struct text typ, const char *type); /* type without "application/": "at+jwt" */
/* jws_verify checks the signature with a key that fits (jwk_fits) the algorithm. SIGNATURE, MALFORMED (base64url), KEY_UNFIT. */
apisec_status jws_verify(const struct jws *jws, const struct jwk *jwk, const struct algorithm *algorithm, apisec_error *err);
/* jws_decode_payload gives the payload's bytes in memory of the arena, NUL-terminated behind its end. */
apisec_status jws_decode_payload(const struct jws *jws, struct arena *arena, struct text *payload, apisec_error *err);

/* ---- jwe_key.c: a key for encryption ---- */

struct jwe_key {
    struct crypto_key *key;
    char *kid;                           /* NULL: none */
    const struct management *management; /* of `alg`; NULL when absent, or when it names an `enc` */
    const struct content *content;       /* `alg` names an `enc`: a key for `dir` with it only */
    uint32_t ops;                        /* set of jwk_op */
};
/* What a token needs of a key. */
struct jwe_need {
    const struct management *management;
    const struct content *content;
    enum crypto_curve curve;             /* of `epk`, with ECDH-ES when decrypting */
    bool decrypt;                        /* a private key, on that curve; else a key to encrypt to */
};
/* jwe_key_parse: statuses as jwk_parse. ALGORITHM: `alg` is neither a key management nor a content encryption algorithm of ours.
 * KEY_UNFIT: also `use` other than "enc", or an `alg` that the key cannot be for. */
apisec_status jwe_key_parse(const struct json *object, struct jwe_key **key, apisec_error *err);
void jwe_key_free(struct jwe_key *key);
/* jwe_key_fits: type, curve, length, `alg` and `key_ops`. KEY_UNFIT. */
apisec_status jwe_key_fits(const struct jwe_key *key, const struct jwe_need *need, apisec_error *err);

/* ---- jwe_keys.c: what one recipient decrypts with ---- */

struct jwe_keys;
/* jwe_keys_parse takes a JWK Set, or one JWK. Keys for signatures and of an unknown kty or crv are left out. What else is wrong
 * with a key is an error, because the set is the recipient's own: MALFORMED, TOO_LARGE, ALGORITHM, KEY_UNFIT (public only; the same
 * kid twice with one kty; no key is left), UNSUPPORTED (an RSA key, see crypto_oaep_ready). */
apisec_status jwe_keys_parse(struct text text, struct jwe_keys **keys, apisec_error *err);
void jwe_keys_free(struct jwe_keys *keys);
/* jwe_keys_find: the key with this kid, or else the only key that fits: of those without a kid, and of all when kid.at is NULL.
 * KEY_UNKNOWN: none, or several. KEY_UNFIT: it is there and does not fit. */
apisec_status jwe_keys_find(const struct jwe_keys *keys, struct text kid, const struct jwe_need *need, const struct jwe_key **key,
                            apisec_error *err);

/* ---- jwe.c: compact serialisation, RFC 7516 section 7.1 ---- */

struct jwe { /* spans of the token's own bytes, base64url */
    struct text header, encrypted_key, iv, ciphertext, tag;
};
bool jwe_looks_like(struct text token); /* exactly four dots */
/* jwe_split: TOO_LARGE over JOSE_MAX_TOKEN; MALFORMED: not exactly 5 parts of base64url characters, or the header is empty. */
apisec_status jwe_split(struct text token, struct jwe *jwe, apisec_error *err);

struct jwe_header {
    struct json *document;
    const struct management *management;
    const struct content *content;
    struct text kid, cty;    /* at NULL: absent */
    struct crypto_key *epk;  /* ECDH-ES: the sender's ephemeral key, a point of its curve */
    struct text apu, apv;    /* ECDH-ES: decoded */
    struct text iv, tag;     /* AES-GCM key wrap: decoded, CRYPTO_GCM_IV and CRYPTO_GCM_TAG bytes */
    struct arena arena;
};
/* jwe_header_parse: MALFORMED: no `alg` or `enc`, a member of the wrong type or length, any `crit`, an `epk` that is no public key
 * of ours. ALGORITHM: `alg` or `enc` is not one of ours, or there is a `zip`. jku, x5u, x5c, jwk, x5t, p2c are ignored. */
apisec_status jwe_header_parse(struct text encoded, struct jwe_header *header, apisec_error *err);
void jwe_header_free(struct jwe_header *header);

/* ---- jwe_open.c: decrypting ---- */

struct jwe_opened {
    struct text plaintext; /* NUL-terminated behind its end */
    struct text cty;       /* at NULL: absent */
};
/* jwe_decrypt gives the plaintext in memory of the arena, which wipes it. What the header says is told: MALFORMED, TOO_LARGE,
 * ALGORITHM, KEY_UNKNOWN, KEY_UNFIT. Whatever fails after it is DECRYPTION with one sentence, and after the lengths, which anybody
 * can see, with the same calls of the provider: a random key takes the place of one that is wrong. MEMORY; CRYPTO: no
 * randomness. */
apisec_status jwe_decrypt(const struct jwe_keys *keys, struct text token, struct arena *arena, struct jwe_opened *opened,
                          apisec_error *err);

/* ---- jwe_make.c: encrypting ---- */

/* jwe_encrypt appends a token to out. The key must fit; cty NULL: none. KEY_UNFIT, TOO_LARGE, MEMORY, CRYPTO. */
apisec_status jwe_encrypt(const struct jwe_key *key, const struct jwe_need *need, const char *cty, struct text plaintext,
                          struct buffer *out, apisec_error *err);

/* ---- encryption.c: include/apisec/encryption.h ---- */

/* ---- signer.c: include/apisec/signer.h ---- */

/* signer_ref takes one more reference, given back with apisec_signer_free; NULL is given back as it is. For those who keep a signer
 * that its owner may free. */
apisec_signer *signer_ref(const apisec_signer *signer);
/* signer_sign_showing_key signs as apisec_signer_sign does, with the public half of the key as `jwk` in the header in place of
 * `kid`: for proofs that it is held (RFC 9449 section 4.2). KEY_UNFIT: a shared secret is not shown. */
apisec_status signer_sign_showing_key(const apisec_signer *signer, const char *type, struct text payload, char **token);
/* signer_thumbprint: jwk_thumbprint of its key. */
apisec_status signer_thumbprint(const apisec_signer *signer, char out[CRYPTO_SHA256_TEXT]);

#endif
