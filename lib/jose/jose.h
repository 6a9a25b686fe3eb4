/* SPDX-License-Identifier: Apache-2.0
 *
 * jose.h (private): JWK, JWK Set, JWS: bytes in, bytes out, no policy: who may sign what is decided in token/.
 */
#ifndef JOSE_JOSE_H
#define JOSE_JOSE_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "json/json.h"

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
/* ---- thumbprint.c: writing keys ---- */

/* jwk_thumbprint: RFC 7638 with SHA-256, base64url: 43 characters and a NUL. */
apisec_status jwk_thumbprint(const struct crypto_key *key, char out[44]);
/* jwk_write appends the key as a JWK text; half says whether the private members go along. KEY_UNFIT: the public half of an oct
 * key, which has none, or the private half of a public key; nothing is appended. */
enum jwk_half { JWK_PUBLIC, JWK_PRIVATE };
apisec_status jwk_write(const struct crypto_key *key, const char *kid, const struct algorithm *algorithm, enum jwk_half half,
                        struct buffer *out);

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
    struct json *document;
    struct text alg;
    struct text kid;            /* at NULL: absent */
    struct text typ;            /* at NULL: absent */
    struct text cty;
};
/* jws_header_parse decodes and scans the header. MALFORMED: no `alg`, a member of the wrong type, any `crit` (no extension is
 * understood here), `b64`, kid over JOSE_MAX_KEY_ID. jku, x5u, x5c, jwk, x5t are ignored. */
apisec_status jws_header_parse(struct text encoded, struct jws_header *header, apisec_error *err);
void jws_header_free(struct jws_header *header);
/* jws_type_is compares `typ` with a media type: case-insensitively; without "/" it has "application/" in front (RFC 7515 section
 * 4.1.9). */
bool jws_type_is(struct text typ, const char *type); /* type without "application/": "at+jwt" */
/* jws_verify checks the signature with a key that fits (jwk_fits) the algorithm. SIGNATURE, MALFORMED (base64url), KEY_UNFIT. */
apisec_status jws_verify(const struct jws *jws, const struct jwk *jwk, const struct algorithm *algorithm, apisec_error *err);
/* jws_decode_payload gives the payload's bytes in memory of the arena, NUL-terminated behind its end. */
apisec_status jws_decode_payload(const struct jws *jws, struct arena *arena, struct text *payload, apisec_error *err);

/* ---- signer.c: include/apisec/signer.h ---- */

/* signer_ref takes one more reference, given back with apisec_signer_free; NULL is given back as it is. For those who keep a signer
 * that its owner may free. */
apisec_signer *signer_ref(const apisec_signer *signer);

#endif
