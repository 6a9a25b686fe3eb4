/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_verify.c: what one verification costs: processor time beside that of the crypto provider alone (the signature, and
 * the token's SHA-256 for records), and allocations, counted
 * here by standing in for malloc, so that cJSON's and mbedTLS's are in the number.
 *     bench_verify                       the table and the bars
 *     bench_verify ALG verify|provider|hit|many|many-hit N    does just that N times, for callgrind: hit is served from the cache;
 *                                                             many is beside 10,000 issuers, with 64 keys
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "bench/bench.h"

#include "jose/jose.h"

#include <dlfcn.h>
#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define BENCH_WATCH() CALLGRIND_START_INSTRUMENTATION
#endif
#endif
#ifndef BENCH_WATCH
#define BENCH_WATCH() ((void)0) /* without valgrind's header nothing is counted, and instructions.sh says so */
#endif

#define RUNS 15
#define MAX_ALLOCATIONS 80 /* of one RS256 verification */
#define MAX_HIT_US 0.8

/* ---- malloc and its kin, counted. Visible, or the shared libraries would keep calling the real ones. ---- */

#pragma GCC visibility push(default)
void *malloc(size_t size);
void *calloc(size_t num, size_t size);
void *realloc(void *at, size_t size);
void free(void *at);
#pragma GCC visibility pop

static _Thread_local bool counting;
static _Thread_local size_t num_allocations;

static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);
static void (*next_free)(void *);

/* While dlsym looks for the real ones it may allocate itself: from here, and never given back. */
static _Alignas(16) unsigned char early[8192];
static size_t early_used;
static bool looking;

static void look_up(void *pointer, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(pointer, &found, sizeof found);
}

static void find_next(void)
{
    looking = true;
    look_up(&next_malloc, "malloc");
    look_up(&next_calloc, "calloc");
    look_up(&next_realloc, "realloc");
    look_up(&next_free, "free");
    looking = false;
}

static void *early_alloc(size_t size)
{
    void *at = early + early_used;
    early_used += (size + 15) / 16 * 16;
    if (early_used > sizeof early) abort();
    return at;
}

static bool is_early(const void *at)
{
    return (uintptr_t)at >= (uintptr_t)early && (uintptr_t)at < (uintptr_t)early + sizeof early;
}

void *malloc(size_t size)
{
    if (looking) return early_alloc(size);
    if (next_malloc == NULL) find_next();
    if (counting) num_allocations++;
    return next_malloc(size);
}

void *calloc(size_t num, size_t size)
{
    if (looking) return early_alloc(num * size);
    if (next_malloc == NULL) find_next();
    if (counting) num_allocations++;
    return next_calloc(num, size);
}

void *realloc(void *at, size_t size)
{
    if (next_malloc == NULL) find_next();
    if (counting) num_allocations++;
    return next_realloc(at, size);
}

void free(void *at)
{
    if (at != NULL && !is_early(at)) next_free(at);
}

/* ---- the provider alone: the same key, the same signed bytes ---- */

struct provider {
    struct json *document;
    struct jwk *jwk;
    struct text token;
    struct jws jws;
    unsigned char signature[CRYPTO_MAX_SIGNATURE];
    size_t signature_len;
    const struct algorithm *algorithm;
};

static void provider_init(struct provider *provider, const struct bench_service *service, const char *token)
{
    apisec_error err;
    const char *jwk = apisec_signer_private_jwk(service->signer);
    bench_must(json_parse_object(text_of(jwk), &json_document_limits, &provider->document, &err), &err, "jwk");
    bench_must(jwk_parse(provider->document, &provider->jwk, &err), &err, "jwk");
    provider->token = text_of(token);
    bench_must(jws_split(provider->token, &provider->jws, &err), &err, "jws");
    bench_must(base64url_decode(provider->jws.signature.at, provider->jws.signature.len, provider->signature,
                                &provider->signature_len), NULL, "signature");
    provider->algorithm = algorithm_find(text_of(apisec_signer_algorithm(service->signer)));
}

static void provider_verify(const struct provider *provider)
{
    struct text input = provider->jws.signing_input;
    unsigned char hash[CRYPTO_MAX_HASH];
    bench_must(crypto_verify(provider->jwk->key, provider->algorithm, input.at, input.len, provider->signature,
                             provider->signature_len), NULL, "crypto_verify");
    bench_must(crypto_hash_bytes(CRYPTO_SHA256, provider->token.at, provider->token.len, hash), NULL, "crypto_hash_bytes");
}

static void provider_free(struct provider *provider)
{
    jwk_free(provider->jwk);
    json_free(provider->document);
}

/* ---- the table ---- */

static size_t count_allocations(const struct bench_service *service, const char *token)
{
    size_t len = strlen(token);
    bench_verify(service, token, len); /* contexts are made when first needed */
    num_allocations = 0;
    counting = true;
    bench_verify(service, token, len);
    counting = false;
    return num_allocations;
}

static void row(const char *alg, unsigned times, double *allocations)
{
    struct bench_service service;
    struct provider provider;
    double whole[RUNS], crypto[RUNS];
    bench_service_init(&service, alg);
    char *token = bench_token(&service, 1);
    size_t len = strlen(token);
    provider_init(&provider, &service, token);
    *allocations = (double)count_allocations(&service, token);

    for (size_t run = 0; run < RUNS; run++) { /* side by side, so that drift meets both */
        double begin = bench_cpu_us();
        for (unsigned i = 0; i < times; i++) bench_verify(&service, token, len);
        double middle = bench_cpu_us();
        for (unsigned i = 0; i < times; i++) provider_verify(&provider);
        whole[run] = (middle - begin) / times;
        crypto[run] = (bench_cpu_us() - middle) / times;
    }
    double all = bench_median(whole, RUNS), signature = bench_median(crypto, RUNS);
    printf("  %-6s %10.1f %10.1f %10.1f %10.0f %9zu\n", alg, all, signature, all - signature, *allocations, len);

    provider_free(&provider);
    apisec_text_free(token);
    bench_service_free(&service);
}

/* A token that was verified before: apisec_verify alone, in many short runs, because so little is soon drowned by others' work. */
static void row_of_hits(void)
{
    enum { TIMES = 500 };
    struct bench_service service;
    double us[BENCH_MAX_RUNS];
    bench_service_new(&service, "RS256", (struct bench_setup){.max_cached = 1024});
    char *token = bench_token(&service, 1);
    size_t len = strlen(token);
    const size_t allocations = count_allocations(&service, token);
    for (size_t run = 0; run < BENCH_MAX_RUNS; run++) {
        double begin = bench_cpu_us();
        for (unsigned i = 0; i < TIMES; i++) {
            apisec_token *verified;
            bench_must(apisec_verify(service.verifier, token, len, BENCH_NOW, &verified, NULL), NULL, "verify");
            apisec_token_free(verified);
        }
        us[run] = (bench_cpu_us() - begin) / TIMES;
    }
    double hit = bench_median(us, BENCH_MAX_RUNS);
    printf("  %-6s %10.2f %10s %10s %10zu %9zu\n", "cached", hit, "", "", allocations, len);
    bench_bar("us of one that is served from the cache", hit, "<=", MAX_HIT_US, hit <= MAX_HIT_US);
    apisec_text_free(token);
    bench_service_free(&service);
}

/* What callgrind counts: it collects between entering this function and leaving it. */
__attribute__((noinline)) static void collected(const struct bench_service *service, const struct provider *provider,
                                                const char *token, size_t len, bool all)
{
    if (all) bench_verify(service, token, len);
    else provider_verify(provider);
}

static int repeat(const char *alg, const char *what, unsigned times)
{
    struct bench_service service;
    struct provider provider;
    const bool many = strncmp(what, "many", 4) == 0;
    const struct bench_setup setup = {strstr(what, "hit") != NULL ? 1024 : 0, many ? 9999 : 0, many ? 63 : 0};
    bench_service_new(&service, alg, setup);
    char *token = bench_token(&service, 1);
    provider_init(&provider, &service, token);
    size_t len = strlen(token);
    bench_verify(&service, token, len); /* contexts are made when first needed */
    provider_verify(&provider);
    BENCH_WATCH(); /* from here on: to set up ten thousand issuers takes long where each instruction is watched */
    for (unsigned i = 0; i < times; i++) collected(&service, &provider, token, len, strcmp(what, "provider") != 0);
    provider_free(&provider);
    apisec_text_free(token);
    bench_service_free(&service);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *alg;
        unsigned times;
    } rows[] = {{"RS256", 400}, {"PS256", 400}, {"ES256", 30}, {"ES384", 20}, {"HS256", 2000}};
    double allocations, of_rs256 = 0;

    if (argc == 4) return repeat(argv[1], argv[2], (unsigned)strtoul(argv[3], NULL, 10));
    printf("one verification of an at+jwt, one thread, median of %d runs\n", RUNS);
    printf("  %-6s %10s %10s %10s %10s %9s\n", "alg", "CPU us", "provider", "the rest", "allocs", "bytes");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        row(rows[i].alg, rows[i].times, &allocations);
        if (i == 0) of_rs256 = allocations;
    }
    row_of_hits();
    bench_bar("allocations of one RS256 verification", of_rs256, "<=", MAX_ALLOCATIONS, of_rs256 <= MAX_ALLOCATIONS);
    return bench_missed;
}
