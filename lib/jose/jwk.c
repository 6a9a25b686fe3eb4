/* SPDX-License-Identifier: Apache-2.0
 *
 * jwk.c: one JSON Web Key, RFC 7517 section 4 and RFC 7518 section 6: read strictly, prepared once. A member that is there with
 * the wrong type or with base64url that is not strict makes the key malformed; it is never taken for absent.
 */
#include "jose/jose.h"

#include <stdlib.h>
#include <string.h>

/* ---- members ---- */

/* number_member decodes a base64url member into the arena. An empty one counts: it is no number, and no key either. */
static apisec_status number_member(const struct json *object, const char *name, struct arena *arena, struct text *out,
                                   apisec_error *err)
{
    struct text encoded;
    *out = (struct text){NULL, 0};
    switch (json_get_text(object, name, &encoded)) {
    case JSON_ABSENT: return APISEC_OK;
    case JSON_MISTYPED: return fail(err, APISEC_E_MALFORMED, "`%s` of the JWK is not a string", name);
    case JSON_OK: break;
    }
    unsigned char *const bytes = arena_alloc(arena, base64url_decoded_len(encoded.len));
    if (!bytes) return fail_memory(err);
    if (base64url_decode(encoded.at, encoded.len, bytes, &out->len) != APISEC_OK) {
        return fail(err, APISEC_E_MALFORMED, "`%s` of the JWK is not strict base64url", name);
    }
    out->at = (const char *)bytes;
    return APISEC_OK;
}

static apisec_status needed_number(const struct json *object, const char *name, struct arena *arena, struct text *out,
                                   apisec_error *err)
{
    const apisec_status status = number_member(object, name, arena, out, err);
    if (status != APISEC_OK) return status;
    if (!out->at) return fail(err, APISEC_E_MALFORMED, "the JWK has no `%s`", name);
    return APISEC_OK;
}

apisec_status jwk_text(const struct json *object, const char *name, struct text *out, apisec_error *err)
{
    *out = (struct text){NULL, 0};
    if (json_get_text(object, name, out) != JSON_MISTYPED) return APISEC_OK;
    return fail(err, APISEC_E_MALFORMED, "`%s` of the JWK is not a string", name);
}

/* ---- the key, by kty ---- */

static apisec_status parse_rsa(const struct json *object, struct arena *arena, struct crypto_key **key, apisec_error *err)
{
    struct crypto_rsa_parts parts;
    const struct {
        const char *name;
        struct text *out;
    } optional[] = {{"d", &parts.d},   {"p", &parts.p},   {"q", &parts.q},
                    {"dp", &parts.dp}, {"dq", &parts.dq}, {"qi", &parts.qi}};
    /* RFC 7518 section 6.3.2.7: who does not support more than two primes must not use such a key. */
    if (json_member(object, "oth")) return fail(err, APISEC_E_UNSUPPORTED, "an RSA key of more than two primes");

    apisec_status status = needed_number(object, "n", arena, &parts.n, err);
    if (status == APISEC_OK) status = needed_number(object, "e", arena, &parts.e, err);
    for (size_t i = 0; i < sizeof optional / sizeof optional[0] && status == APISEC_OK; i++) {
        status = number_member(object, optional[i].name, arena, optional[i].out, err);
    }
    if (status != APISEC_OK) return status;
    return crypto_key_rsa(&parts, key, err);
}

static apisec_status parse_ec(const struct json *object, struct arena *arena, struct crypto_key **key, apisec_error *err)
{
    static const struct {
        const char *crv;
        enum crypto_curve curve;
    } curves[] = {{"P-256", CRYPTO_P256}, {"P-384", CRYPTO_P384}, {"P-521", CRYPTO_P521}};
    struct text crv;
    apisec_status status = jwk_text(object, "crv", &crv, err);
    if (status != APISEC_OK) return status;
    if (!crv.at) return fail(err, APISEC_E_MALFORMED, "the JWK has no `crv`");
    size_t i = 0;
    while (i < sizeof curves / sizeof curves[0] && !text_is(crv, curves[i].crv)) i++;
    if (i == sizeof curves / sizeof curves[0]) return fail(err, APISEC_E_UNSUPPORTED, "the JWK is on none of P-256, P-384, P-521");

    struct crypto_ec_parts parts = {curves[i].curve, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    status = needed_number(object, "x", arena, &parts.x, err);
    if (status == APISEC_OK) status = needed_number(object, "y", arena, &parts.y, err);
    if (status == APISEC_OK) status = number_member(object, "d", arena, &parts.d, err);
    if (status != APISEC_OK) return status;
    return crypto_key_ec(&parts, key, err);
}

static apisec_status parse_oct(const struct json *object, struct arena *arena, struct crypto_key **key, apisec_error *err)
{
    struct text k;
    const apisec_status status = needed_number(object, "k", arena, &k, err);
    if (status != APISEC_OK) return status;
    return crypto_key_oct(k, key, err);
}

apisec_status jwk_parse_key(const struct json *object, struct crypto_key **key, apisec_error *err)
{
    struct text kty;
    apisec_status status = jwk_text(object, "kty", &kty, err);
    if (status != APISEC_OK) return status;
    if (!kty.at) return fail(err, APISEC_E_MALFORMED, "the JWK has no `kty`");

    struct arena arena = {NULL}; /* wiped when freed: it holds the private members */
    status = APISEC_E_UNSUPPORTED;
    if (text_is(kty, "RSA")) {
        status = parse_rsa(object, &arena, key, err);
    } else if (text_is(kty, "EC")) {
        status = parse_ec(object, &arena, key, err);
    } else if (text_is(kty, "oct")) {
        status = parse_oct(object, &arena, key, err);
    } else {
        fail(err, status, "the JWK's `kty` is none of RSA, EC, oct");
    }
    arena_free(&arena);
    return status;
}

/* ---- what it is for ---- */

static uint32_t op_of(struct text name)
{
    static const struct {
        const char *name;
        uint32_t op;
    } ops[] = {{"sign", JWK_SIGN},         {"verify", JWK_VERIFY},   {"encrypt", JWK_ENCRYPT},     {"decrypt", JWK_DECRYPT},
               {"wrapKey", JWK_WRAP},      {"unwrapKey", JWK_UNWRAP}, {"deriveKey", JWK_DERIVE}, {"deriveBits", JWK_DERIVE}};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (text_is(name, ops[i].name)) return ops[i].op;
    }
    return 0;
}

/* RFC 7517 section 4.3: an array of strings, none of them twice. Absent: everything is permitted. */
apisec_status jwk_parse_ops(const struct json *object, uint32_t *permitted, apisec_error *err)
{
    *permitted = JWK_EVERYTHING;
    const struct json *const ops = json_member(object, "key_ops");
    if (!ops) return APISEC_OK;
    if (json_kind(ops) != JSON_ARRAY) return fail(err, APISEC_E_MALFORMED, "`key_ops` of the JWK is not an array");

    *permitted = 0;
    for (const struct json *op = json_first(ops); op; op = json_next(op)) {
        struct text name, before;
        if (!json_as_text(op, &name)) return fail(err, APISEC_E_MALFORMED, "`key_ops` of the JWK holds more than strings");
        for (const struct json *other = json_first(ops); other != op; other = json_next(other)) {
            if (!json_as_text(other, &before) || !text_equal(before, name)) continue;
            return fail(err, APISEC_E_MALFORMED, "`key_ops` of the JWK names an operation twice");
        }
        *permitted |= op_of(name);
    }
    return APISEC_OK;
}

static apisec_status parse_purpose(const struct json *object, struct jwk *jwk, apisec_error *err)
{
    struct text use;
    uint32_t ops;
    apisec_status status = jwk_text(object, "use", &use, err);
    if (status == APISEC_OK) status = jwk_parse_ops(object, &ops, err);
    if (status != APISEC_OK) return status;
    const bool for_signatures = !use.at || text_is(use, "sig");
    jwk->may_verify = for_signatures && (ops & JWK_VERIFY);
    jwk->may_sign = for_signatures && (ops & JWK_SIGN) && crypto_key_is_private(jwk->key);
    return APISEC_OK;
}

apisec_status jwk_parse_kid(const struct json *object, char **copy, apisec_error *err)
{
    struct text kid;
    *copy = NULL;
    const apisec_status status = jwk_text(object, "kid", &kid, err);
    if (status != APISEC_OK || !kid.at) return status;
    if (kid.len > JOSE_MAX_KEY_ID) {
        return fail(err, APISEC_E_MALFORMED, "`kid` of the JWK has %zu bytes; at most %d are accepted", kid.len, JOSE_MAX_KEY_ID);
    }
    *copy = text_copy(kid);
    return *copy ? APISEC_OK : fail_memory(err);
}

static apisec_status parse_algorithm(const struct json *object, struct jwk *jwk, apisec_error *err)
{
    struct text alg;
    const apisec_status status = jwk_text(object, "alg", &alg, err);
    if (status != APISEC_OK || !alg.at) return status;
    jwk->algorithm = algorithm_find(alg);
    if (!jwk->algorithm) return fail(err, APISEC_E_ALGORITHM, "`alg` of the JWK is no signature algorithm of RS, PS, ES, HS");
    return APISEC_OK;
}

/* ---- all of it ---- */

static apisec_status parse(const struct json *object, struct jwk *jwk, apisec_error *err)
{
    apisec_status status = jwk_parse_kid(object, &jwk->kid, err);
    if (status == APISEC_OK) status = jwk_parse_key(object, &jwk->key, err);
    if (status == APISEC_OK) status = parse_purpose(object, jwk, err);
    if (status == APISEC_OK) status = parse_algorithm(object, jwk, err);
    if (status != APISEC_OK) return status;
    if (jwk->algorithm && !crypto_key_fits(jwk->key, jwk->algorithm)) {
        return fail(err, APISEC_E_KEY_UNFIT, "the JWK's key does not fit its own `alg` %s", jwk->algorithm->name);
    }
    return APISEC_OK;
}

apisec_status jwk_parse(const struct json *object, struct jwk **jwk, apisec_error *err)
{
    *jwk = NULL;
    if (json_kind(object) != JSON_OBJECT) return fail(err, APISEC_E_MALFORMED, "the JWK is not an object");
    struct jwk *const made = mem_array(1, sizeof *made);
    if (!made) return fail_memory(err);
    const apisec_status status = parse(object, made, err);
    if (status != APISEC_OK) {
        jwk_free(made);
        return status;
    }
    *jwk = made;
    return succeed(err);
}

void jwk_free(struct jwk *jwk)
{
    if (!jwk) return;
    crypto_key_free(jwk->key);
    free(jwk->kid);
    free(jwk);
}

apisec_status jwk_fits(const struct jwk *jwk, const struct algorithm *algorithm, apisec_error *err)
{
    if (!jwk->may_verify) return fail(err, APISEC_E_KEY_UNFIT, "the key's `use` or `key_ops` does not permit verifying");
    if (jwk->algorithm && jwk->algorithm != algorithm) {
        return fail(err, APISEC_E_KEY_UNFIT, "the key is for %s, not for %s", jwk->algorithm->name, algorithm->name);
    }
    if (!crypto_key_fits(jwk->key, algorithm)) {
        return fail(err, APISEC_E_KEY_UNFIT, "the key's type, curve or length is not what %s takes", algorithm->name);
    }
    return APISEC_OK;
}
