/* SPDX-License-Identifier: Apache-2.0
 *
 * jwe_key.c: one JSON Web Key for encryption (RFC 7517 section 4): what its `use`, `key_ops` and `alg` permit, and whether it is
 * what a token needs. The key itself is read as one for signatures is.
 */
#include "jose/jose.h"

#include <stdlib.h>

/* ---- reading ---- */

static apisec_status parse_use(const struct json *object, apisec_error *err)
{
    struct text use;
    const apisec_status status = jwk_text(object, "use", &use, err);
    if (status != APISEC_OK || !use.at || text_is(use, "enc")) return status;
    return fail(err, APISEC_E_KEY_UNFIT, "the JWK's `use` is not enc");
}

static apisec_status parse_algorithm(const struct json *object, struct jwe_key *key, apisec_error *err)
{
    struct text alg;
    const apisec_status status = jwk_text(object, "alg", &alg, err);
    if (status != APISEC_OK || !alg.at) return status;
    key->management = management_find(alg);
    key->content = content_find(alg);
    if (key->management || key->content) return APISEC_OK;
    return fail(err, APISEC_E_ALGORITHM, "`alg` of the JWK is no algorithm that encrypts here");
}

static bool fits_length(const struct crypto_key *key, const struct management *management, const struct content *content)
{
    switch (management->mode) {
    case MANAGEMENT_AES_KW:
    case MANAGEMENT_GCM_KW: return crypto_key_len(key) == management->wrap_len;
    case MANAGEMENT_DIRECT: return !content || crypto_key_len(key) == content->key_len;
    case MANAGEMENT_OAEP:
    case MANAGEMENT_ECDH: return true;
    }
    return false;
}

static apisec_status check_own_algorithm(const struct jwe_key *key, apisec_error *err)
{
    const struct management *const own = key->content ? management_find(text_of("dir")) : key->management;
    if (!own) return APISEC_OK;
    if (crypto_key_type(key->key) == own->key_type && fits_length(key->key, own, key->content)) return APISEC_OK;
    return fail(err, APISEC_E_KEY_UNFIT, "the JWK's key does not fit its own `alg` %s",
                key->content ? key->content->name : own->name);
}

apisec_status jwe_key_parse(const struct json *object, struct jwe_key **key, apisec_error *err)
{
    *key = NULL;
    if (json_kind(object) != JSON_OBJECT) return fail(err, APISEC_E_MALFORMED, "the JWK is not an object");
    struct jwe_key *const made = mem_array(1, sizeof *made);
    if (!made) return fail_memory(err);
    apisec_status status = jwk_parse_kid(object, &made->kid, err);
    if (status == APISEC_OK) status = parse_use(object, err);
    if (status == APISEC_OK) status = jwk_parse_ops(object, &made->ops, err);
    if (status == APISEC_OK) status = parse_algorithm(object, made, err);
    if (status == APISEC_OK) status = jwk_parse_key(object, &made->key, err);
    if (status == APISEC_OK) status = check_own_algorithm(made, err);
    if (status != APISEC_OK) {
        jwe_key_free(made);
        return status;
    }
    *key = made;
    return succeed(err);
}

void jwe_key_free(struct jwe_key *key)
{
    if (!key) return;
    crypto_key_free(key->key);
    free(key->kid);
    free(key);
}

/* ---- fitting ---- */

/* RFC 7517 section 4.3. What RSA-OAEP encrypts is a key: both names are in use for it. */
static uint32_t ops_for(const struct jwe_need *need)
{
    switch (need->management->mode) {
    case MANAGEMENT_OAEP: return need->decrypt ? JWK_UNWRAP | JWK_DECRYPT : JWK_WRAP | JWK_ENCRYPT;
    case MANAGEMENT_ECDH: return need->decrypt ? JWK_DERIVE : 0; /* a public one has none: its `key_ops` is empty */
    case MANAGEMENT_AES_KW:
    case MANAGEMENT_GCM_KW: return need->decrypt ? JWK_UNWRAP : JWK_WRAP;
    case MANAGEMENT_DIRECT: return need->decrypt ? JWK_DECRYPT : JWK_ENCRYPT;
    }
    return 0;
}

static bool fits_algorithm(const struct jwe_key *key, const struct jwe_need *need)
{
    if (key->content) return need->management->mode == MANAGEMENT_DIRECT && key->content == need->content;
    return !key->management || key->management == need->management;
}

apisec_status jwe_key_fits(const struct jwe_key *key, const struct jwe_need *need, apisec_error *err)
{
    if (crypto_key_type(key->key) != need->management->key_type || !fits_length(key->key, need->management, need->content)) {
        return fail(err, APISEC_E_KEY_UNFIT, "the key's type or length is not what %s takes", need->management->name);
    }
    if (need->decrypt && need->management->mode == MANAGEMENT_ECDH && crypto_key_curve(key->key) != need->curve) {
        return fail(err, APISEC_E_KEY_UNFIT, "the token's `epk` is on another curve than the key");
    }
    if (need->decrypt && !crypto_key_is_private(key->key)) return fail(err, APISEC_E_KEY_UNFIT, "the key is a public key");
    if (!fits_algorithm(key, need)) return fail(err, APISEC_E_KEY_UNFIT, "the key's `alg` is another one");
    const uint32_t ops = ops_for(need);
    return ops == 0 || (key->ops & ops) ? APISEC_OK : fail(err, APISEC_E_KEY_UNFIT, "the key's `key_ops` do not permit it");
}
