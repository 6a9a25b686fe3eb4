/* SPDX-License-Identifier: Apache-2.0
 *
 * crowd.c: see crowd.h. The list, the requests made of it, who gives up and when, and what is counted.
 */
#include "crowd.h"
#include "process.h"
#include "service.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE 65536
#define MAX_KINDS 32
#define MAX_FIELDS 5
#define MAX_STATUSES 16

/* A line of the list. */
struct kind {
    char *line;        /* holds the texts */
    const char *method, *target, *wanted, *next;
    char *credential;  /* "Bearer …"; NULL: none */
};

struct crowd {
    struct service service;
    struct kind kinds[MAX_KINDS];
    size_t num_kinds, num;
    struct request *requests;
    const char *ca_file;
    bool first_gives_up, are_early_gone, are_late_gone;
    size_t num_exchanges;  /* that there will be */
    size_t num_descriptors, max_threads, num_requests, max_requests;
};

/* ---- files ---- */

/* read_file: the caller frees it. */
static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *text = file != NULL ? malloc(MAX_FILE) : NULL;
    *len = text != NULL ? fread(text, 1, MAX_FILE - 1, file) : 0;
    if (file != NULL) (void)fclose(file);
    if (text != NULL) text[*len] = '\0';
    if (*len > 0) return text;
    fprintf(stderr, "cannot read %s\n", path);
    free(text);
    return NULL;
}

static char *read_credential(const char *path)
{
    size_t len = 0;
    char *token = read_file(path, &len);
    if (token == NULL) return NULL;
    token[strcspn(token, "\r\n")] = '\0';
    const size_t size = strlen(token) + sizeof "Bearer ";
    char *credential = malloc(size);
    if (credential != NULL) snprintf(credential, size, "Bearer %s", token);
    explicit_bzero(token, len);
    free(token);
    return credential;
}

static bool read_kind(struct kind *kind, const char *line)
{
    const char *fields[MAX_FIELDS] = {NULL};
    size_t num = 0;
    char *rest = kind->line = strdup(line);
    for (char *field; rest != NULL && (field = strsep(&rest, " \t")) != NULL;) {
        if (*field == '\0') continue;
        if (num == MAX_FIELDS) return false;
        fields[num++] = field;
    }
    if (num < MAX_FIELDS - 1) return false;
    kind->method = fields[0];
    kind->target = fields[1];
    kind->wanted = fields[3];
    kind->next = fields[4];
    if (strcmp(fields[2], "-") == 0) return true;
    kind->credential = read_credential(fields[2]);
    return kind->credential != NULL;
}

static bool read_list(struct crowd *crowd, const char *path)
{
    size_t len = 0;
    char *text = read_file(path, &len), *rest = text;
    bool good = text != NULL;
    for (char *line; good && (line = strsep(&rest, "\n")) != NULL;) {
        if (line[0] == '#' || line[strspn(line, " \t")] == '\0') continue;
        good = crowd->num_kinds < MAX_KINDS && read_kind(&crowd->kinds[crowd->num_kinds++], line);
        if (!good) fprintf(stderr, "%s: %s\n", path, line);
    }
    free(text);
    return good && crowd->num_kinds > 0;
}

static bool read_document(struct crowd *crowd, const char *path)
{
    size_t len = 0;
    apisec_error err = {0};
    char *json = read_file(path, &len);
    if (json == NULL) return false;
    const apisec_status status = apisec_guard_new(json, len, &crowd->service.guard, &err);
    if (status != APISEC_OK) fprintf(stderr, "%s: %s\n", path, err.text);
    free(json);
    return status == APISEC_OK;
}

/* ---- who gives up ---- */

static const struct kind *kind_of(const struct crowd *crowd, size_t i)
{
    return &crowd->kinds[i % crowd->num_kinds];
}

/* gives_up_early: those without a token wait for nothing. */
static bool gives_up_early(const struct crowd *crowd, size_t i)
{
    if (i == 0) return crowd->first_gives_up;
    return i / crowd->num_kinds % 4 == 1 && kind_of(crowd, i)->credential != NULL;
}

static void leave_early(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->num; i++)
        if (gives_up_early(crowd, i)) request_give_up(&crowd->requests[i]);
}

/* leave_late gives up a third of all exchanges, spread evenly over those that are under way. */
static void leave_late(struct crowd *crowd)
{
    const size_t wanted = crowd->num_exchanges / 3, num_alive = crowd->num_exchanges - crowd->service.num_exchanged;
    size_t num_seen = 0, num_gone = 0;
    for (size_t i = 0; i < crowd->num && num_gone < wanted; i++) {
        struct request *request = &crowd->requests[i];
        if (request->task == NULL || num_seen++ * wanted / num_alive < num_gone) continue;
        request_give_up(request);
        num_gone++;
    }
}

/* Early: with the first request on its way, for which the others wait. Late: when all are decided and some have been exchanged. */
void crowd_look(struct crowd *crowd)
{
    const struct service *service = &crowd->service;
    size_t num_early = 0;
    const size_t num_threads = process_num_threads();
    if (num_threads > crowd->max_threads) crowd->max_threads = num_threads;
    crowd->num_requests = driver_num_requests(service->driver);
    crowd->max_requests = driver_max_requests(service->driver);

    if (!crowd->are_early_gone && crowd->num_requests > 0) {
        crowd->are_early_gone = true;
        leave_early(crowd);
    }
    if (crowd->are_late_gone || service->num_exchanged * 8 < crowd->num_exchanges) return;
    for (size_t i = 0; i < crowd->num; i++) num_early += gives_up_early(crowd, i);
    if (service->num_decided + num_early < crowd->num) return;
    crowd->are_late_gone = true;
    leave_late(crowd);
}

/* ---- all at once ---- */

/* make_call: in a service this is what has just been read from a connection. Each request is a trace of its own. */
static apisec_call *make_call(const struct kind *kind, size_t i)
{
    char trace[64];
    const int len = snprintf(trace, sizeof trace, "00-%032zx-%016zx-01", i + 1, i + 1);
    apisec_call *call = apisec_call_new();
    apisec_call_set_method(call, kind->method, strlen(kind->method));
    apisec_call_set_target(call, kind->target, strlen(kind->target));
    apisec_call_add_header(call, "traceparent", 11, trace, (size_t)len);
    if (kind->credential != NULL)
        apisec_call_add_header(call, "Authorization", 13, kind->credential, strlen(kind->credential));
    return call;
}

bool crowd_arrive(struct crowd *crowd, struct driver *driver)
{
    crowd->service.driver = driver;
    crowd->requests = calloc(crowd->num, sizeof *crowd->requests);
    if (crowd->requests == NULL) return false;
    for (size_t i = 0; i < crowd->num; i++) {
        const struct kind *kind = kind_of(crowd, i);
        const bool is_exchanged = kind->next != NULL && !gives_up_early(crowd, i);
        crowd->num_exchanges += is_exchanged;
        request_begin(&crowd->requests[i], &crowd->service, make_call(kind, i), kind->next);
    }
    return true;
}

/* ---- what came of it ---- */

struct counts {
    const char *statuses[MAX_STATUSES]; /* what was decided, and how often */
    size_t num_of[MAX_STATUSES], num_statuses;
    size_t num_given_up_early, num_given_up_late, num_exchanged, num_wrong;
};

static void count_decided(struct counts *counts, const char *status)
{
    size_t at = 0;
    while (at < counts->num_statuses && strcmp(counts->statuses[at], status) != 0) at++;
    if (at == MAX_STATUSES) return;
    if (at == counts->num_statuses) counts->statuses[counts->num_statuses++] = status;
    counts->num_of[at]++;
}

static void count(struct counts *counts, const struct request *request, const struct kind *kind)
{
    const char *decided = apisec_status_name(request->decided);
    if (request->stage == DECIDING) {
        counts->num_given_up_early++;
        return;
    }
    count_decided(counts, decided);
    if (request->stage == EXCHANGING) counts->num_given_up_late++;
    const bool is_exchanged = request->stage == ENDED && request->decided == APISEC_OK && request->next != NULL;
    counts->num_exchanged += is_exchanged && request->exchanged == APISEC_OK;
    const bool is_as_wanted = strcmp(decided, kind->wanted) == 0;
    if (is_as_wanted && (!is_exchanged || request->exchanged == APISEC_OK)) return;
    if (counts->num_wrong++ > 0) return; /* the first tells enough */
    if (is_as_wanted) fprintf(stderr, "exchange %s: %s\n", kind->next, apisec_status_name(request->exchanged));
    else fprintf(stderr, "%s %s: %s, not %s\n", kind->method, kind->target, decided, kind->wanted);
}

static void print(const struct crowd *crowd, const struct counts *counts)
{
    printf("{\"requests\":%zu,\"decided\":{", crowd->num);
    for (size_t i = 0; i < counts->num_statuses; i++)
        printf("%s\"%s\":%zu", i > 0 ? "," : "", counts->statuses[i], counts->num_of[i]);
    printf("},\"given_up_early\":%zu,\"exchanged\":%zu,\"given_up_late\":%zu,\"wrong\":%zu,", counts->num_given_up_early,
           counts->num_exchanged, counts->num_given_up_late, counts->num_wrong);
    printf("\"https_requests\":%zu,\"most_at_once\":%zu,\"most_threads\":%zu,\"descriptors_left\":%zu}\n", crowd->num_requests,
           crowd->max_requests, crowd->max_threads, process_num_descriptors() - crowd->num_descriptors);
}

/* ---- the crowd ---- */

static void crowd_free(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->num_kinds; i++) {
        char *credential = crowd->kinds[i].credential;
        if (credential != NULL) explicit_bzero(credential, strlen(credential));
        free(credential);
        free(crowd->kinds[i].line);
    }
    apisec_guard_free(crowd->service.guard);
    free(crowd->requests);
    free(crowd);
}

struct crowd *crowd_new(int argc, char **argv)
{
    bool first_gives_up = false, good = true;
    for (int option; (option = getopt(argc, argv, "f")) != -1;) {
        first_gives_up = option == 'f';
        good = good && option == 'f';
    }
    char **arguments = argv + optind;
    const int num_arguments = argc - optind;
    const size_t num = num_arguments == 4 ? strtoul(arguments[3], NULL, 10) : 1000;
    if (!good || num_arguments < 3 || num_arguments > 4 || num == 0) {
        fprintf(stderr, "Usage: %s [-f] DOCUMENT LIST CA_FILE [NUMBER]\n", argv[0]);
        return NULL;
    }
    struct crowd *crowd = calloc(1, sizeof *crowd);
    if (crowd == NULL) return NULL;
    crowd->num_descriptors = process_num_descriptors();
    crowd->first_gives_up = first_gives_up;
    crowd->ca_file = arguments[2];
    crowd->num = num;
    if (read_list(crowd, arguments[1]) && read_document(crowd, arguments[0])) return crowd;
    crowd_free(crowd);
    return NULL;
}

const char *crowd_ca_file(const struct crowd *crowd)
{
    return crowd->ca_file;
}

int crowd_end(struct crowd *crowd)
{
    struct counts counts = {.num_statuses = 0};
    if (crowd == NULL) return 2;
    for (size_t i = 0; crowd->requests != NULL && i < crowd->num; i++)
        count(&counts, &crowd->requests[i], kind_of(crowd, i));
    apisec_guard_free(crowd->service.guard); /* its log is a descriptor */
    crowd->service.guard = NULL;
    print(crowd, &counts);
    const bool good = crowd->requests != NULL && counts.num_wrong == 0;
    crowd_free(crowd);
    return good ? 0 : 1;
}
