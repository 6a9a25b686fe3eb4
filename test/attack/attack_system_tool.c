/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_system_tool.c: every system call of the tool fails once, each in its own run, and is interrupted once. What it says and
 * how it exits is what it does without, or exit status 2: a yes is printed whole, and a no never becomes a yes. The library
 * itself: attack_system.c. Each call: with TEST_EVERY=1.
 */
#define _GNU_SOURCE
#include "support/unit.h"
#include "support/calls.h"
#include "support/far_server.h"
#include "support/logfile.h"
#include "support/stand.h"
#include "support/stride.h"

#include <apisec/audit.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct far_server server;
static char *folder, *tool;

/* file is a name in the test's folder; written if there is a text for it. */
static const char *file(const char *name, const char *text)
{
    static char paths[32][256];
    static size_t next;
    char *path = paths[next++ % 32];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    if (text) file_write(path, text, strlen(text));
    return path;
}

/* What one command is to come to. */
struct scene {
    const char *why;
    const char *argv[24];    /* behind the tool's name; "@name" is a file in the folder */
    const char *in;          /* a file in the folder */
    int status;              /* without failure: 0 or 1 */
    const char *says;        /* on standard output then, and whenever it exits with 0 */
    bool same;               /* standard output is the same each time */
    const char *log;         /* a file that it appends to, with one more record whenever it exits with 0 */
};

static const struct scene scenes[] = {
    {"a genuine token", {"verify", "--issuer", FORGE_ISSUER, "--audience", FORGE_AUDIENCE, "--jwks", "@keys", "--now", "1750000000",
                         "--audit", "@log", NULL}, "token", 0, "{\"verdict\":\"allowed\"", true, "log"},
    {"a forged token", {"verify", "--issuer", FORGE_ISSUER, "--audience", FORGE_AUDIENCE, "--jwks", "@keys", "--now", "1750000000",
                        NULL}, "forged", 1, "{\"verdict\":\"denied\"", true, NULL},
    {"a log", {"audit", "verify", "@intact", NULL}, "empty", 0, "{\"verdict\":\"intact\"", true, NULL},
    {"a log that was changed", {"audit", "verify", "@broken", NULL}, "empty", 1, "{\"verdict\":\"broken\"", true, NULL},
    {"strict JSON", {"json", NULL}, "keys", 0, "{\"valid\":true", true, NULL},
    {"a member twice", {"json", "@twice", NULL}, "empty", 1, "{\"valid\":false", true, NULL},
    {"a token to look at", {"inspect", NULL}, "token", 0, "{\"verified\":false,\"header\":{", true, NULL},
    {"one that cannot be read", {"inspect", NULL}, "twice", 1, "{\"verified\":false,\"error\":", true, NULL},
    {"a key", {"keygen", "--alg", "ES256", "--jwks", "@made", NULL}, "empty", 0, "\"kty\":\"EC\"", false, NULL},
    {"a signature", {"sign", "--key", "@private", "--claims", "@claims", NULL}, "empty", 0, "eyJ", true, NULL},
    {"an exchange", {"exchange", "--endpoint", "@@token", "--cacert", "@@ca", "--allow-loopback", "--client-id", "orders",
                     "--client-secret-file", "@secret", "--audience", "ledger", "--scope", "ledger:read", NULL}, "token", 0,
     "\"access_token\":\"" FAR_SERVER_TOKEN "\"", false, NULL},
};

/* words makes the command line: argv ends with NULL. */
static void words(const struct scene *scene, char *argv[26], char endpoint[96])
{
    snprintf(endpoint, 96, "%s/token", server.url);
    argv[0] = tool;
    size_t num = 1;
    for (const char *const *at = scene->argv; *at; at++, num++) {
        if (strcmp(*at, "@@token") == 0) argv[num] = endpoint;
        else if (strcmp(*at, "@@ca") == 0) argv[num] = server.ca_file;
        else argv[num] = (char *)(uintptr_t)((*at)[0] == '@' ? file(*at + 1, NULL) : *at);
    }
    argv[num] = NULL;
}

/* A run of a scene, and what it has left. */
struct left {
    struct calls_result result;
    char *out;
    size_t out_len, num_records;
};

static void run(const struct scene *scene, size_t nth, enum calls_how how, struct left *left)
{
    char *argv[26], endpoint[96];
    words(scene, argv, endpoint);
    if (scene->log) (void)unlink(file(scene->log, NULL));
    calls_program(nth, how, argv, file(scene->in, NULL), file("out", NULL), file("err", NULL), &left->result);
    left->out = file_read(file("out", NULL), &left->out_len);
    left->num_records = 0;
    if (!scene->log) return;
    char *log = file_read(file(scene->log, NULL), NULL);
    uint64_t num = 0;
    if (log && file_chain(file(scene->log, NULL), &num, NULL) == APISEC_OK) left->num_records = (size_t)num;
    free(log);
}

/* judge returns what is wrong with a run, or NULL. whole is the run in which nothing failed. */
static const char *judge(const struct scene *scene, const struct left *whole, const struct left *left)
{
    const int status = left->result.status;
    if (status == 2) return scene->status == 1 && strstr(left->out, "\"allowed\"") ? "a no became a yes" : NULL;
    if (status != scene->status) return "another exit status";
    if (!strstr(left->out, scene->says)) return "an output that is not whole";
    const bool same = left->out_len == whole->out_len && memcmp(left->out, whole->out, whole->out_len) == 0;
    if (scene->same && !same) return "another output";
    if (scene->log && left->num_records < 1) return "allowed without a record";
    return NULL;
}

/* fail_each begins each walk one step later than the one before, because all scenes have their beginning in common. The last run is
 * one in which all is well. */
static void fail_each(const struct scene *scene)
{
    static size_t num_walks;
    const size_t step = stride(1, 13);
    struct left whole, left;
    run(scene, 0, CALLS_FAIL, &whole);
    if (whole.result.status != scene->status || judge(scene, &whole, &whole)) {
        char *err = file_read(file("err", NULL), NULL);
        fail_msg("%s: %d, %s %s", scene->why, whole.result.status, whole.out, err);
    }
    for (int how = CALLS_FAIL; how <= CALLS_INTERRUPT; how++) {
        size_t nth = 1 + num_walks++ % step;
        for (bool reached = true; reached; nth += step) {
            run(scene, nth, (enum calls_how)how, &left);
            reached = left.result.failed >= 0;
            const char *problem = judge(scene, &whole, &left);
            if (problem)
                fail_msg("%s, call %zu of %zu, system call %ld, %s: %s: %d, %s", scene->why, nth, left.result.num,
                         left.result.failed, how == CALLS_FAIL ? "failed" : "interrupted", problem, left.result.status, left.out);
            free(left.out);
        }
        if (left.result.num < 5) fail_msg("%s: only %zu calls", scene->why, left.result.num);
    }
    free(whole.out);
}

static void test_tool(void **state)
{
    (void)state;
    if (!calls_work() || access(tool, X_OK) != 0) skip();
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* the sanitizer's own calls would fail */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    skip();
#endif
#endif
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) fail_each(&scenes[i]);
}

/* make_logs: one that is as it was written, and one in which a byte is another. */
static void make_logs(void)
{
    apisec_audit *audit = NULL;
    apisec_event *event = apisec_event_new();
    apisec_event_set_text(event, "message", "one", 3);
    if (apisec_audit_open_file(file("intact", NULL), APISEC_AUDIT_WRITTEN, APISEC_AUDIT_STRICT, &audit, NULL) != APISEC_OK) abort();
    for (int i = 0; i < 3; i++)
        if (apisec_audit_write(audit, event, NULL) != APISEC_OK) abort();
    apisec_audit_close(audit);
    apisec_event_free(event);
    char *log = file_read(file("intact", NULL), NULL), *changed = forge_replace(log, "\"one\"", "\"two\"");
    file("broken", changed);
    free(log);
    free(changed);
}

static int begin(void **state)
{
    (void)state;
    const char *path = getenv("APISEC"), *build = getenv("BUILD");
    const apisec_signer *ours = forge_signer("ES256", 0);
    const struct forge_change same_key[] = {{"kid", NULL}, {NULL, NULL}};
    char *set = forge_jwks((const apisec_signer *[]){ours, NULL}), *claims = forge_claims(FORGE_SAME);
    char *token = forge_token(FORGE_SAME, FORGE_SAME, ours), *forged = forge_token(FORGE_SAME, same_key, forge_signer("ES256", 1));
    char found[512];
    snprintf(found, sizeof found, "%s%s", path ? path : build ? build : "build", path ? "" : "/apisec");
    tool = realpath(found, NULL);
    if (!tool) tool = text_copy(text_of(found)); /* not built: left out */
    folder = folder_new();
    far_server_start(&server, set);
    file("keys", set);
    file("token", token);
    file("forged", forged);
    file("claims", claims);
    file("private", apisec_signer_private_jwk(forge_signer("HS256", 0))); /* signs the same each time */
    file("secret", "the client's secret");
    file("twice", "{\"a\":1,\"a\":2}");
    file("empty", "");
    make_logs();
    free(set);
    free(claims);
    free(token);
    free(forged);
    return 0;
}

static int end(void **state)
{
    (void)state;
    far_server_stop(&server);
    free(tool);
    folder_free(folder);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tool)};
    return cmocka_run_group_tests_name("attack_system_tool", tests, begin, end);
}
