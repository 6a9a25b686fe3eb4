/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_json.c: the strict scanner's speed, on a token's claims, on a document of about 1 MB, and on one long text.
 */
#include "bench/bench.h"

#define RUNS 15
#define MEGABYTE ((size_t)1000000)

static void row(const char *name, const char *bytes, size_t len)
{
    static const apisec_json_limits limits = {.max_bytes = 8000000, .max_elements = 1000000, .max_string = 8000000};
    double speed[RUNS];
    apisec_error err;
    size_t times = 20 * MEGABYTE / len + 1;
    for (size_t run = 0; run < RUNS; run++) {
        double begin = bench_cpu_us();
        for (size_t i = 0; i < times; i++) bench_must(apisec_json_scan(bytes, len, &limits, NULL, &err), &err, name);
        speed[run] = (double)(times * len) / (bench_cpu_us() - begin);
    }
    printf("  %-28s %9zu %10.0f\n", name, len, bench_median(speed, RUNS));
}

int main(void)
{
    static const char claims[] = "{\"iss\":\"https://id.example\",\"sub\":\"5ba552d67\",\"aud\":[\"orders\",\"ledger\"],"
                                 "\"exp\":1800000300,\"iat\":1800000000,\"jti\":\"dbe39bf3a3ba4238a513f51d6e1691c4\","
                                 "\"client_id\":\"s6BhdRkqt3\",\"scope\":\"openid profile orders:read\","
                                 "\"groups\":[\"sales\",\"caf\\u00e9\"],\"limit\":25.50}";
    char *document = malloc(2 * MEGABYTE), *text = malloc(2 * MEGABYTE);
    size_t len = 0, one = strlen(claims);
    if (document == NULL || text == NULL) return 2;

    document[len++] = '[';
    while (len < MEGABYTE) {
        memcpy(document + len, claims, one);
        len += one;
        document[len++] = ',';
    }
    document[len - 1] = ']';

    memset(text, 'x', MEGABYTE);
    text[0] = text[MEGABYTE - 1] = '"';

    printf("JSON scanner, median of %d runs\n  %-28s %9s %10s\n", RUNS, "text", "bytes", "MB/s");
    row("claims of a token", claims, one);
    row("an array of such claims", document, len);
    row("one text", text, MEGABYTE);
    free(document);
    free(text);
    return 0;
}
