/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_lookup.c: does it cost more to have more: a key found by its kid among 1, 64 and 10,000, a token verified where 1, 64 and
 * 10,000 issuers are trusted, a snapshot of an issuer's fetched keys taken and given back.
 *     bench_lookup                          nanoseconds of each
 *     bench_lookup keys|issuers|snapshots N does just that, for callgrind
 */
#include "bench/bench.h"

#include "token/token.h"

#define LOOKUPS 256
#define RUNS 15

/* ---- keys: more than a set that is read may have, so that it is the table that is measured. All are one key ---- */

struct keys {
    struct json *document;
    struct jwk *jwk;
    struct jwk *entries;
    char (*kids)[32];
    struct jwk_set set;
    size_t num;
    const struct algorithm *algorithm;
};

static void keys_init(struct keys *keys, size_t num)
{
    apisec_error err;
    apisec_signer *signer = NULL;
    bench_must(apisec_signer_generate("ES256", &signer, &err), &err, "key");
    const struct text jwk = text_of(apisec_signer_public_jwk(signer));
    bench_must(json_parse_object(jwk, &json_document_limits, &keys->document, &err), &err, "key");
    bench_must(jwk_parse(keys->document, &keys->jwk, &err), &err, "key");
    apisec_signer_free(signer);
    *keys = (struct keys){.document = keys->document, .jwk = keys->jwk, .num = num, .algorithm = algorithm_find(text_of("ES256"))};
    keys->entries = calloc(num, sizeof *keys->entries);
    keys->kids = calloc(num, sizeof *keys->kids);
    if (keys->entries == NULL || keys->kids == NULL) exit(2);
    for (size_t i = 0; i < num; i++) {
        snprintf(keys->kids[i], sizeof keys->kids[i], "key-%09zu", i);
        keys->entries[i] = *keys->jwk;
        keys->entries[i].kid = keys->kids[i];
        bench_must(table_put(&keys->set.by_kid, text_of(keys->kids[i]), &keys->entries[i]), NULL, "table");
    }
}

static void keys_free(struct keys *keys)
{
    table_free(&keys->set.by_kid);
    free(keys->kids);
    free(keys->entries);
    jwk_free(keys->jwk);
    json_free(keys->document);
}

static void find_key(void *context, size_t i)
{
    const struct keys *keys = context;
    const struct jwk *found;
    /* spread over all of them, whatever their number */
    const struct text kid = {keys->kids[i * 7919 % keys->num], 13};
    bench_must(jwk_set_find(&keys->set, kid, keys->algorithm, &found, NULL), NULL, "find");
}

/* ---- issuers: HS256, so that what is not the signature counts for most ---- */

struct issuers {
    apisec_verifier *verifier;
    char *tokens[LOOKUPS];
};

static void issuer_name(size_t i, size_t num, char out[40])
{
    snprintf(out, 40, "https://id-%09zu.example", i * 7919 % num);
}

static void issuers_init(struct issuers *issuers, size_t num)
{
    static const char jwk[] =
        "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"k\",\"alg\":\"HS256\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}]}";
    static const char key[] =
        "{\"kty\":\"oct\",\"kid\":\"k\",\"alg\":\"HS256\",\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}";
    apisec_error err;
    apisec_signer *signer = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_trust_set_token_cache(trust, 0, 0); /* each is verified anew */
    char name[40], claims[512];
    for (size_t i = 0; i < num; i++) {
        snprintf(name, sizeof name, "https://id-%09zu.example", i);
        apisec_issuer *issuer = apisec_trust_add_issuer(trust, name);
        apisec_issuer_add_audience(issuer, "orders");
        apisec_issuer_allow_algorithm(issuer, "HS256");
        apisec_issuer_set_jwks(issuer, jwk, sizeof jwk - 1);
    }
    bench_must(apisec_verifier_new(trust, NULL, &issuers->verifier, &err), &err, "verifier");
    apisec_trust_free(trust);
    bench_must(apisec_signer_new(key, sizeof key - 1, &signer, &err), &err, "signer");
    for (size_t i = 0; i < LOOKUPS; i++) {
        issuer_name(i, num, name);
        const int len = snprintf(claims, sizeof claims,
                                 "{\"iss\":\"%s\",\"sub\":\"alice\",\"aud\":\"orders\",\"exp\":%d,\"iat\":%d,\"jti\":\"%06zu\","
                                 "\"client_id\":\"app\"}", name, BENCH_NOW + 300, BENCH_NOW - 10, i);
        bench_must(apisec_signer_sign(signer, "at+jwt", claims, (size_t)len, &issuers->tokens[i], &err), &err, "token");
    }
    apisec_signer_free(signer);
}

static void issuers_free(struct issuers *issuers)
{
    for (size_t i = 0; i < LOOKUPS; i++) apisec_text_free(issuers->tokens[i]);
    apisec_verifier_free(issuers->verifier);
}

static void verify_of_issuer(void *context, size_t i)
{
    const struct issuers *issuers = context;
    const char *token = issuers->tokens[i];
    apisec_token *verified;
    apisec_error err;
    bench_must(apisec_verify(issuers->verifier, token, strlen(token), BENCH_NOW, &verified, &err), &err, "verify");
    apisec_token_free(verified);
}

/* ---- snapshots: of num issuers whose keys were fetched ---- */

struct snapshots {
    struct keyset **keys;
    size_t num;
};

static void snapshots_init(struct snapshots *snapshots, size_t num)
{
    static const char text[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k1\",\"alg\":\"ES256\","
                               "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                               "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"; /* RFC 7515 A.3 */
    const struct keyset_config config = {
        .source = KEYS_URI, .issuer = text_of(BENCH_ISSUER), .uri = text_of(BENCH_ISSUER "/jwks")};
    snapshots->num = num;
    snapshots->keys = calloc(num, sizeof *snapshots->keys);
    if (snapshots->keys == NULL) exit(2);
    for (size_t i = 0; i < num; i++) {
        apisec_error err;
        struct landed landed = {.uri = BENCH_ISSUER "/jwks", .etag = "", .max_age = -1};
        bench_must(keyset_new(&config, &snapshots->keys[i], &err), &err, "key set");
        bench_must(jwk_set_parse(text_of(text), JWK_FETCHED, &landed.set, &err), &err, "key set");
        bench_must(keyset_restore(snapshots->keys[i], &landed, (int64_t)BENCH_NOW * 1000, (int64_t)BENCH_NOW * 1000), NULL, "land");
    }
}

static void snapshots_free(struct snapshots *snapshots)
{
    for (size_t i = 0; i < snapshots->num; i++) keyset_free(snapshots->keys[i]);
    free(snapshots->keys);
}

static void take_snapshot(void *context, size_t i)
{
    const struct snapshots *snapshots = context;
    struct keyset *keys = snapshots->keys[i * 7919 % snapshots->num];
    const struct keyset_query query = {.now_ms = (int64_t)BENCH_NOW * 1000 + 1};
    struct keyset_reply reply;
    keyset_get(keys, &query, &reply);
    if (reply.state != KEYSET_READY) exit(2);
    keyset_release(keys, reply.snapshot);
}

/* ---- each of them, so many times ---- */

/* What callgrind counts: it collects between entering this function and leaving it. */
__attribute__((noinline)) static void collected(void (*one)(void *, size_t), void *context)
{
    for (size_t i = 0; i < LOOKUPS; i++) one(context, i);
}

/* once gives the nanoseconds of one. */
static double once(void (*one)(void *, size_t), void *context)
{
    double runs[RUNS];
    for (size_t i = 0; i < LOOKUPS; i++) one(context, i); /* contexts are made, pages are there */
    for (size_t run = 0; run < RUNS; run++) {
        const double begin = bench_cpu_us();
        collected(one, context);
        runs[run] = (bench_cpu_us() - begin) * 1000 / LOOKUPS;
    }
    return bench_median(runs, RUNS);
}

static double measure(const char *what, size_t num)
{
    double ns;
    if (strcmp(what, "keys") == 0) {
        struct keys keys;
        keys_init(&keys, num);
        ns = once(find_key, &keys);
        keys_free(&keys);
    } else if (strcmp(what, "issuers") == 0) {
        struct issuers issuers;
        issuers_init(&issuers, num);
        ns = once(verify_of_issuer, &issuers);
        issuers_free(&issuers);
    } else {
        struct snapshots snapshots;
        snapshots_init(&snapshots, num);
        ns = once(take_snapshot, &snapshots);
        snapshots_free(&snapshots);
    }
    return ns;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *what, *says;
    } rows[] = {{"keys", "find a key by kid"}, {"issuers", "verify HS256"}, {"snapshots", "take an issuer's fetched keys"}};
    if (argc == 3) return measure(argv[1], strtoul(argv[2], NULL, 10)) > 0 ? 0 : 2;
    printf("nanoseconds of one, median of %d runs\n", RUNS);
    printf("  %-32s %10s %10s %10s\n", "among", "1", "64", "10,000");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf("  %-32s %10.0f %10.0f %10.0f\n", rows[i].says, measure(rows[i].what, 1), measure(rows[i].what, 64),
               measure(rows[i].what, 10000));
    return bench_missed;
}
