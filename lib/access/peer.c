/* SPDX-License-Identifier: Apache-2.0
 *
 * peer.c: which service a verified client certificate stands for: by a name in it, byte for byte, or by its hash. A certificate is
 * only looked into where a rule asks for it.
 */
#include "access/rules.h"

/* ---- as it comes ---- */

static bool is_spiffe(struct text uri)
{
    static const char scheme[] = "spiffe:";
    return uri.len >= sizeof scheme - 1 && text_is_caseless((struct text){uri.at, sizeof scheme - 1}, scheme);
}

bool peer_find(struct text certificate, struct arena *arena, struct peer_names **names)
{
    struct crypto_names found;
    *names = NULL;
    if (certificate.len == 0) return true;
    struct peer_names *const made = arena_alloc(arena, sizeof *made);
    if (made == NULL) return false;
    crypto_certificate_names(certificate, &found); /* of a malformed one there are none */
    made->names = arena_alloc(arena, found.num * sizeof *made->names);
    if (made->names == NULL) return false;
    for (; made->num < found.num; made->num++) {
        const struct text text = found.at[made->num].text;
        struct peer_name *const name = &made->names[made->num];
        name->is_uri = found.at[made->num].is_uri;
        name->text = (struct text){arena_text(arena, text), text.len};
        if (name->text.at == NULL) return false;
    }
    made->has_one_uri = found.num_uris == 1;
    *names = made;
    return true;
}

/* ---- as it is asked for ---- */

static bool has_name(const struct peer *peer, const struct peer_names *names, const struct peer_name *name)
{
    const struct texts *const wanted = name->is_uri ? &peer->uris : &peer->dns;
    if (name->is_uri && !names->has_one_uri && is_spiffe(name->text)) return false; /* X509-SVID section 2: exactly one */
    for (size_t i = 0; i < wanted->num; i++)
        if (name->is_uri ? text_is(name->text, wanted->at[i]) : text_is_caseless(name->text, wanted->at[i])) return true;
    return false;
}

static bool is_peer(const struct peer *peer, const struct peer_names *names, const char *sha256)
{
    for (size_t i = 0; i < peer->thumbprints.num; i++)
        if (strcmp(peer->thumbprints.at[i], sha256) == 0) return true;
    for (size_t i = 0; names != NULL && i < names->num; i++)
        if (has_name(peer, names, &names->names[i])) return true;
    return false;
}

bool peers_have(const struct peers *peers, const struct peer_names *names, const char *sha256)
{
    for (size_t i = 0; i < peers->names.num; i++)
        if (is_peer(peers->at[i], names, sha256)) return true;
    return false;
}

/* ---- as it is written ---- */

static bool is_visible(const char *text)
{
    return text_is_printable(text_of(text)) && strchr(text, ' ') == NULL;
}

static apisec_status check_uri(const struct shape *at, const char *uri, apisec_error *err)
{
    if (!is_visible(uri) || strchr(uri, ':') == NULL) return shape_fail(at, err, "not a URI");
    if (is_spiffe(text_of(uri)) && strncmp(uri, "spiffe://", 9) != 0)
        return shape_fail(at, err, "a SPIFFE ID begins with spiffe:// in small letters");
    return APISEC_OK;
}

static apisec_status check_dns(const struct shape *at, const char *name, apisec_error *err)
{
    if (strchr(name, '*') != NULL) return shape_fail(at, err, "no wildcards: each name is written down");
    return is_visible(name) && strpbrk(name, "/:") == NULL ? APISEC_OK : shape_fail(at, err, "not a DNS name");
}

static apisec_status check_thumbprint(const struct shape *at, const char *thumbprint, apisec_error *err)
{
    unsigned char hash[CRYPTO_SHA256_LEN + 1];
    size_t len;
    const bool is_hash = strlen(thumbprint) == CRYPTO_SHA256_TEXT - 1 &&
                         base64url_decode(thumbprint, CRYPTO_SHA256_TEXT - 1, hash, &len) == APISEC_OK && len == CRYPTO_SHA256_LEN;
    return is_hash ? APISEC_OK : shape_fail(at, err, "the SHA-256 of the certificate in base64url is wanted, 43 characters");
}

static apisec_status read_list(const struct shape *object, const char *name, struct arena *arena,
                               apisec_status (*check)(const struct shape *at, const char *text, apisec_error *err),
                               struct texts *texts, apisec_error *err)
{
    const struct shape list = shape_member(object, name);
    if (list.value == NULL) return APISEC_OK;
    apisec_status status = texts_read(&list, arena, texts, err);
    size_t i = 0;
    for (struct shape at = shape_first(&list); status == APISEC_OK && at.value != NULL; shape_next(&at))
        status = check(&at, texts->at[i++], err);
    return status;
}

static apisec_status read_peer(const struct shape *at, struct arena *arena, struct peer *peer, apisec_error *err)
{
    static const char *const names[] = {"uris", "dns", "thumbprints", NULL};
    apisec_status status = shape_object(at, names, err);
    if (status == APISEC_OK) status = read_list(at, "uris", arena, check_uri, &peer->uris, err);
    if (status == APISEC_OK) status = read_list(at, "dns", arena, check_dns, &peer->dns, err);
    if (status == APISEC_OK) status = read_list(at, "thumbprints", arena, check_thumbprint, &peer->thumbprints, err);
    if (status != APISEC_OK) return status;
    if (peer->uris.num + peer->dns.num + peer->thumbprints.num == 0)
        return shape_fail(at, err, "no name and no hash: it is nobody");
    return APISEC_OK;
}

apisec_status peers_read(const struct shape *top, apisec_rules *rules, apisec_error *err)
{
    const struct shape list = shape_member(top, "peers");
    apisec_status status = list.value == NULL ? APISEC_OK : shape_kind(&list, JSON_OBJECT, err);
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at)) {
        struct peer *const peer = arena_alloc(&rules->arena, sizeof *peer);
        const char *const name = arena_text(&rules->arena, text_of(at.name));
        if (peer == NULL || name == NULL) return fail_memory(err);
        status = read_peer(&at, &rules->arena, peer, err);
        if (status == APISEC_OK && table_put(&rules->peers, text_of(name), peer) != APISEC_OK) return fail_memory(err);
    }
    return status;
}

apisec_status peers_named(const struct shape *at, apisec_rules *rules, struct peers *peers, apisec_error *err)
{
    const apisec_status status = texts_read(at, &rules->arena, &peers->names, err);
    if (status != APISEC_OK) return status;
    peers->at = arena_alloc(&rules->arena, peers->names.num * sizeof *peers->at);
    if (peers->at == NULL) return fail_memory(err);
    for (size_t i = 0; i < peers->names.num; i++) {
        peers->at[i] = table_get(&rules->peers, text_of(peers->names.at[i]));
        if (peers->at[i] == NULL) return shape_fail(at, err, "there is no peer %.60s", peers->names.at[i]);
    }
    return APISEC_OK;
}
