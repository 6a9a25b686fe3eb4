/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_audit.c: what writing one audit record costs beside the least it could: hashing the same bytes and writing them to a file.
 * The file lies in the folder of the first argument, or in /tmp.
 */
#include "bench/bench.h"

#include "crypto/crypto.h"

#include <fcntl.h>
#include <unistd.h>

#define RUNS 15
#define RECORDS 2000

static void write_record(apisec_audit *audit, unsigned number)
{
    apisec_error err;
    static const struct {
        const char *path, *text;
    } members[] = {
        {"message", "order placed"},
        {"api.operation", "place order"},
        {"http_request.http_method", "POST"},
        {"http_request.url.path", "/orders/4711/lines"},
        {"src_endpoint.ip", "192.0.2.17"},
        {"unmapped.apisec.principal", "https://id.example|5ba552d67"},
    };
    apisec_event *event = apisec_event_new();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        apisec_event_set_text(event, members[i].path, members[i].text, strlen(members[i].text));
    apisec_event_set_number(event, "unmapped.apisec.order", (int64_t)number);
    bench_must(apisec_audit_write(audit, event, &err), &err, "record");
    apisec_event_free(event);
}

/* The same bytes, line by line: hash, write. */
static double replay(const char *bytes, size_t len, const char *path)
{
    unsigned char hash[CRYPTO_MAX_HASH];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) exit(2);
    double begin = bench_cpu_us();
    for (const char *line = bytes, *end; line < bytes + len; line = end) {
        end = memchr(line, '\n', (size_t)(bytes + len - line));
        if (end == NULL) exit(2);
        end++;
        bench_must(crypto_hash_bytes(CRYPTO_SHA256, line, (size_t)(end - line), hash), NULL, "hash");
        if (write(fd, line, (size_t)(end - line)) != end - line) exit(2);
    }
    double took = bench_cpu_us() - begin;
    close(fd);
    return took;
}

static char *read_all(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) exit(2);
    *len = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*len);
    if (bytes == NULL || fread(bytes, 1, *len, file) != *len) exit(2);
    fclose(file);
    return bytes;
}

int main(int argc, char **argv)
{
    char log[4096], copy[4096];
    double records[RUNS], least[RUNS];
    size_t len = 0;
    const char *folder = argc > 1 ? argv[1] : "/tmp";
    snprintf(log, sizeof log, "%s/bench-audit-%ld.log", folder, (long)getpid());
    snprintf(copy, sizeof copy, "%s/bench-audit-%ld.copy", folder, (long)getpid());

    for (size_t run = 0; run < RUNS; run++) {
        apisec_audit *audit;
        apisec_error err;
        unlink(log);
        bench_must(apisec_audit_open_file(log, APISEC_AUDIT_WRITTEN, APISEC_AUDIT_STRICT, &audit, &err), &err, "log");
        double begin = bench_cpu_us();
        for (unsigned i = 0; i < RECORDS; i++) write_record(audit, i);
        records[run] = (bench_cpu_us() - begin) / RECORDS;
        apisec_audit_close(audit);

        char *bytes = read_all(log, &len);
        least[run] = replay(bytes, len, copy) / RECORDS;
        free(bytes);
    }
    unlink(log);
    unlink(copy);

    double record = bench_median(records, RUNS), floor = bench_median(least, RUNS);
    printf("one audit record of %zu bytes, level written, median of %d runs\n", len / RECORDS, RUNS);
    printf("  %-34s %8.2f CPU us\n", "record", record);
    printf("  %-34s %8.2f CPU us\n", "hash and write of the same bytes", floor);
    printf("  %-34s %8.2f\n", "ratio", record / floor);
    return bench_missed;
}
