/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_decide.c: what one decision of a guard costs, on a token that was verified before: without a record, with a limit and a
 * network beside, and with its record written, beside the least that could cost: hashing the same bytes and writing them.
 *     bench_decide                       the table and the bars; the file lies in /tmp, or in the folder of the one argument
 *     bench_decide plain|full RULES N    decides N times among so many rules, for callgrind
 *     bench_decide record RULES N        the same, with records, which go to /dev/null
 */
#include "bench/bench.h"

#include "crypto/crypto.h"

#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>
#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define BENCH_WATCH() CALLGRIND_START_INSTRUMENTATION
#endif
#endif
#ifndef BENCH_WATCH
#define BENCH_WATCH() ((void)0)
#endif

#define CALLS     64 /* different ones, spread over the rules */
#define TIMES     640
#define RECORDS   1920
#define TURNS     31
#define MAX_US    2.0
#define MAX_RATIO 1.5

struct decider {
    struct bench_service service;
    apisec_guard *guard;
    apisec_call *calls[CALLS];
};

/* ---- a service's document ---- */

/* A writer of text that ends the program where there is no room. */
struct sheet {
    char *text;
    size_t len, size;
};
__attribute__((format(printf, 2, 3))) static void put(struct sheet *sheet, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(sheet->text + sheet->len, sheet->size - sheet->len, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= sheet->size - sheet->len) exit(2);
    sheet->len += (size_t)len;
}

/* is_full: the rules name a network and a limit too. audit: as in the document. */
static void put_document(struct sheet *sheet, const char *jwk, size_t num_rules, bool is_full, const char *audit)
{
    put(sheet, "{\"trust\":{\"realm\":\"orders\",\"token_cache\":{\"max_tokens\":1024,\"max_age\":3600},"
               "\"issuers\":[{\"issuer\":\"" BENCH_ISSUER "\",\"audiences\":[\"https://orders.example\"],"
               "\"algorithms\":[\"ES256\"],\"jwks\":{\"keys\":[%s]}}]},\"audit\":%s,\"networks\":{\"inside\":[\"192.0.2.0/24\","
               "\"2001:db8::/32\"]},\"limits\":{\"user\":{\"by\":\"principal\",\"requests\":1000000,\"seconds\":1,"
               "\"burst\":1000000}},\"rules\":[", jwk, audit);
    for (size_t i = 0; i < num_rules; i++)
        put(sheet, "%s{\"id\":\"rule-%05zu\",\"path\":\"/service-%05zu/tenants/{tenant}/orders\",\"methods\":[\"GET\"],%s"
                   "\"require\":{%s\"scopes\":[\"orders:read\"],\"roles\":[\"clerk\"],"
                   "\"claims\":[{\"claim\":\"tenant\",\"equals_parameter\":\"tenant\"}]}}", i == 0 ? "" : ",", i, i,
            is_full ? "\"limits\":[\"user\"]," : "", is_full ? "\"networks\":[\"inside\"]," : "");
    put(sheet, "]}");
}

static apisec_call *call_new(const char *token, size_t number)
{
    char target[128], credential[4096];
    apisec_call *const call = apisec_call_new();
    if (call == NULL) exit(2);
    const int len = snprintf(target, sizeof target, "/service-%05zu/tenants/3d1f7c0a-4f3e-4a52-9f6f-0a5c3e6f7f11/orders", number);
    const int credential_len = snprintf(credential, sizeof credential, "Bearer %s", token);
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, target, (size_t)len);
    apisec_call_add_header(call, "Host", 4, "orders.example", 14);
    apisec_call_add_header(call, "Accept", 6, "application/json", 16);
    apisec_call_add_header(call, "Authorization", 13, credential, (size_t)credential_len);
    apisec_call_set_peer_address(call, "192.0.2.17");
    apisec_call_set_time(call, BENCH_NOW);
    return call;
}

__attribute__((noinline)) static void collected(const struct decider *decider, size_t i)
{
    apisec_decision *decision;
    apisec_error err;
    bench_must(apisec_guard_check(decider->guard, decider->calls[i % CALLS], &decision, &err), &err, "check");
    if (apisec_decision_http_status(decision) != 200) exit(2);
    apisec_decision_free(decision);
}

static void decider_init(struct decider *decider, size_t num_rules, bool is_full, const char *audit)
{
    apisec_error err;
    struct sheet sheet = {malloc(4096 + num_rules * 512), 0, 4096 + num_rules * 512};
    if (sheet.text == NULL) exit(2);
    bench_service_init(&decider->service, "ES256");
    put_document(&sheet, apisec_signer_public_jwk(decider->service.signer), num_rules, is_full, audit);
    bench_must(apisec_guard_new(sheet.text, sheet.len, &decider->guard, &err), &err, "guard");
    char *const token = bench_token(&decider->service, 1);
    for (size_t i = 0; i < CALLS; i++) decider->calls[i] = call_new(token, i * 7919 % num_rules);
    for (size_t i = 0; i < 2 * CALLS; i++) collected(decider, i); /* the token is kept, and everybody has a place */
    apisec_text_free(token);
    free(sheet.text);
}

static void decider_free(struct decider *decider)
{
    for (size_t i = 0; i < CALLS; i++) apisec_call_free(decider->calls[i]);
    apisec_guard_free(decider->guard);
    bench_service_free(&decider->service);
}

/* ---- without a record ---- */

static double turn(const struct decider *decider, size_t times)
{
    const double begin = bench_cpu_us();
    for (size_t i = 0; i < times; i++) collected(decider, i);
    return (bench_cpu_us() - begin) / (double)times;
}

static void rows_without(void)
{
    static const struct {
        const char *says;
        size_t num_rules;
        bool is_full;
    } rows[] = {{"scope, role, claim; 10 rules", 10, false},
                {"scope, role, claim; 10,000 rules", 10000, false},
                {"network and limit too; 10 rules", 10, true}};
    enum { NUM = sizeof rows / sizeof *rows };
    struct decider deciders[NUM];
    double us[NUM][BENCH_MAX_RUNS], medians[NUM];
    for (size_t row = 0; row < NUM; row++) decider_init(&deciders[row], rows[row].num_rules, rows[row].is_full, "\"none\"");
    for (size_t run = 0; run < BENCH_MAX_RUNS; run++)
        for (size_t row = 0; row < NUM; row++) us[row][run] = turn(&deciders[row], TIMES);
    for (size_t row = 0; row < NUM; row++) {
        medians[row] = bench_median(us[row], BENCH_MAX_RUNS);
        printf("  %-42s %8.2f CPU us\n", rows[row].says, medians[row]);
        decider_free(&deciders[row]);
    }
    bench_bar("us of a decision without a record", medians[0], "<=", MAX_US, medians[0] <= MAX_US);
}

/* ---- with one ---- */

/* The same bytes, line by line: hash, write. */
static double replay(const char *bytes, size_t len, const char *path)
{
    unsigned char hash[CRYPTO_MAX_HASH];
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) exit(2);
    const double begin = bench_cpu_us();
    for (const char *line = bytes, *end; line < bytes + len; line = end) {
        end = memchr(line, '\n', (size_t)(bytes + len - line));
        if (end == NULL) exit(2);
        end++;
        bench_must(crypto_hash_bytes(CRYPTO_SHA256, line, (size_t)(end - line), hash), NULL, "hash");
        if (write(fd, line, (size_t)(end - line)) != end - line) exit(2);
    }
    const double took = bench_cpu_us() - begin;
    close(fd);
    return took / RECORDS;
}

/* read_end gives what came behind the first so many bytes. */
static char *read_end(const char *path, size_t before, size_t *len)
{
    FILE *const file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) exit(2);
    *len = (size_t)ftell(file) - before;
    char *const bytes = malloc(*len);
    if (bytes == NULL || fseek(file, (long)before, SEEK_SET) != 0 || fread(bytes, 1, *len, file) != *len) exit(2);
    fclose(file);
    return bytes;
}

static void row_with(const char *folder)
{
    char log[512], copy[512], audit[640];
    double records[TURNS], least[TURNS], ratios[TURNS];
    struct decider decider;
    size_t before = 0, len;
    snprintf(log, sizeof log, "%s/bench-decide-%ld.log", folder, (long)getpid());
    snprintf(copy, sizeof copy, "%s/bench-decide-%ld.copy", folder, (long)getpid());
    snprintf(audit, sizeof audit, "{\"file\":\"%s\",\"level\":\"written\"}", log);
    decider_init(&decider, 10, false, audit);
    free(read_end(log, 0, &before));
    for (size_t run = 0; run < TURNS; run++) {
        records[run] = turn(&decider, RECORDS);
        char *const bytes = read_end(log, before, &len);
        least[run] = replay(bytes, len, copy);
        ratios[run] = records[run] / least[run];
        before += len;
        free(bytes);
    }
    decider_free(&decider);
    unlink(log);
    unlink(copy);
    const double ratio = bench_median(ratios, TURNS);
    printf("  %-42s %8.2f CPU us (%zu bytes)\n", "with its record written", bench_median(records, TURNS), len / RECORDS);
    printf("  %-42s %8.2f CPU us\n", "hash and write of the same bytes", bench_median(least, TURNS));
    bench_bar("a decision with its record beside these", ratio, "<=", MAX_RATIO, ratio <= MAX_RATIO);
}

static int repeat(const char *what, size_t num_rules, size_t times)
{
    struct decider decider;
    const bool is_recorded = strcmp(what, "record") == 0;
    const char *const audit = is_recorded ? "{\"file\":\"/dev/null\",\"level\":\"written\"}" : "\"none\"";
    decider_init(&decider, num_rules, strcmp(what, "full") == 0, audit);
    BENCH_WATCH();
    for (size_t i = 0; i < times; i++) collected(&decider, i);
    decider_free(&decider);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4) return repeat(argv[1], strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    printf("one decision on a token that is kept, median of %d and %d turns\n", BENCH_MAX_RUNS, TURNS);
    rows_without();
    row_with(argc > 1 ? argv[1] : "/tmp");
    return bench_missed;
}
