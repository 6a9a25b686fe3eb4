/* SPDX-License-Identifier: Apache-2.0
 *
 * bench.h: what the benchmarks share: clocks, medians, and a service as it would be set up: one key, one verifier, tokens of about
 * 1 kB in the access token profile. Whatever fails here ends the program with a sentence.
 */
#ifndef TEST_BENCH_BENCH_H
#define TEST_BENCH_BENCH_H

#include <apisec/apisec.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_NOW 1800000000
#define BENCH_ISSUER "https://id.example"
#define BENCH_MAX_RUNS 101

static inline void bench_must(apisec_status status, const apisec_error *err, const char *what)
{
    if (status == APISEC_OK) return;
    fprintf(stderr, "%s: %s: %s\n", what, apisec_status_name(status), err == NULL ? "" : err->text);
    exit(2);
}

/* Microseconds: of this thread's processor, and of the wall. */
static inline double bench_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}
static inline double bench_cpu_us(void) { return bench_clock(CLOCK_THREAD_CPUTIME_ID); }
static inline double bench_wall_us(void) { return bench_clock(CLOCK_MONOTONIC); }

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static inline double bench_median(double *values, size_t num)
{
    qsort(values, num, sizeof *values, bench_compare);
    return num % 2 == 1 ? values[num / 2] : (values[num / 2 - 1] + values[num / 2]) / 2;
}

/* Says whether a bar is held and remembers if one was not: main returns bench_missed. */
static int bench_missed;
static inline void bench_bar(const char *what, double value, const char *relation, double bar, bool held)
{
    printf("  %s %s: %.2f, wanted %s %.2f\n", held ? "ok     " : "MISSED ", what, value, relation, bar);
    if (!held) bench_missed = 1;
}

struct bench_service {
    apisec_signer *signer;
    apisec_verifier *verifier;
};

/* Further issuers, each with one key. Secrets, because those are soonest made. */
#define BENCH_SECRET "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
static inline void bench_add_issuers(apisec_trust *trust, size_t num)
{
    static const char secret[] = "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"" BENCH_SECRET "\"}]}";
    char name[64];
    for (size_t i = 0; i < num; i++) {
        snprintf(name, sizeof name, "https://id-%zu.example", i);
        apisec_issuer *issuer = apisec_trust_add_issuer(trust, name);
        apisec_issuer_add_audience(issuer, "https://orders.example");
        apisec_issuer_allow_algorithm(issuer, "HS256");
        apisec_issuer_set_jwks(issuer, secret, sizeof secret - 1);
    }
}

/* Its own key among so many others that a set may have. */
static inline void bench_key_set(const char *jwk, size_t num_others, char *out, size_t size)
{
    size_t len = (size_t)snprintf(out, size, "{\"keys\":[");
    for (size_t i = 0; i < num_others; i++)
        len += (size_t)snprintf(out + len, size - len, "{\"kty\":\"oct\",\"kid\":\"other-%zu\",\"k\":\"" BENCH_SECRET "\"},", i);
    snprintf(out + len, size - len, "%s]}", jwk);
}

/* How a service is set up beside its algorithm: how many verdicts it keeps, and how many issuers it trusts and keys they have. */
struct bench_setup {
    size_t max_cached, more_issuers, more_keys;
};
static inline void bench_service_new(struct bench_service *service, const char *alg, struct bench_setup setup)
{
    apisec_error err;
    static char jwks[32768];
    bench_must(apisec_signer_generate(alg, &service->signer, &err), &err, "key");
    const char *jwk = apisec_signer_public_jwk(service->signer);
    if (jwk == NULL) jwk = apisec_signer_private_jwk(service->signer); /* HMAC */
    bench_key_set(jwk, setup.more_keys, jwks, sizeof jwks);

    apisec_trust *trust = apisec_trust_new();
    bench_add_issuers(trust, setup.more_issuers);
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, BENCH_ISSUER);
    apisec_issuer_add_audience(issuer, "https://orders.example");
    apisec_issuer_allow_algorithm(issuer, alg);
    apisec_issuer_set_jwks(issuer, jwks, strlen(jwks));
    apisec_trust_set_token_cache(trust, setup.max_cached, 3600);
    bench_must(apisec_verifier_new(trust, NULL, &service->verifier, &err), &err, "verifier");
    apisec_trust_free(trust);
}

/* bench_service_init: one issuer, one key, and each token is verified whole however often it comes. */
static inline void bench_service_init(struct bench_service *service, const char *alg)
{
    bench_service_new(service, alg, (struct bench_setup){0, 0, 0});
}

static inline void bench_service_free(struct bench_service *service)
{
    apisec_verifier_free(service->verifier);
    apisec_signer_free(service->signer);
}

/* A token of about 1 kB; number makes it distinct. Ended with apisec_text_free. */
static inline char *bench_token(const struct bench_service *service, unsigned number)
{
    char claims[1024];
    char *token = NULL;
    apisec_error err;
    int len = snprintf(claims, sizeof claims,
                       "{\"iss\":\"" BENCH_ISSUER "\",\"sub\":\"5ba552d67-%06u\","
                       "\"aud\":[\"https://orders.example\",\"https://ledger.example\"],\"exp\":%d,\"iat\":%d,"
                       "\"jti\":\"dbe39bf3a3ba4238a513f51d6e1691c4-%06u\",\"client_id\":\"s6BhdRkqt3\","
                       "\"scope\":\"openid profile orders:read orders:write reademail\",\"auth_time\":%d,"
                       "\"acr\":\"urn:example:silver\",\"groups\":[\"sales\",\"approvers\"],\"roles\":[\"clerk\"],"
                       "\"tenant\":\"3d1f7c0a-4f3e-4a52-9f6f-0a5c3e6f7f11\"}",
                       number, BENCH_NOW + 300, BENCH_NOW - 10, number, BENCH_NOW - 600);
    bench_must(apisec_signer_sign(service->signer, "at+jwt", claims, (size_t)len, &token, &err), &err, "token");
    return token;
}

/* One verification as a service makes it: verify, read subject, ask for a scope. */
static inline void bench_verify(const struct bench_service *service, const char *token, size_t len)
{
    apisec_error err;
    apisec_token *verified;
    bench_must(apisec_verify(service->verifier, token, len, BENCH_NOW, &verified, &err), &err, "verify");
    if (apisec_token_subject(verified) == NULL || apisec_require_scope(verified, "orders:write") != APISEC_OK) exit(2);
    apisec_token_free(verified);
}

#endif
