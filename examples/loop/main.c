/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c: a thousand requests at once in one thread. Each is authenticated, recorded, and exchanges its user's token for the next
 * service's; half of them are given up on the way, as when a client hangs up: a quarter while the keys are being fetched, among
 * them the one that fetches, and a quarter when some have come to their end. All of the others must succeed.
 *
 *     loop [-a ALG] [-t ACTOR_TOKEN_FILE] ISSUER CA_FILE AUDIENCE SCOPE TOKEN_FILE CLIENT SECRET_FILE TARGET TARGET_SCOPE [NUMBER]
 *
 * Any authorization server will do that has ISSUER/token; `make demo-loop` has that of the demo. With an actor token it is also
 * said who acts. Prints what became of them; exit status 0 if it is what it has to be.
 */
#include "loop.h"

#include <apisec/apisec.h>

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE 16384
#define TYPE_JWT "urn:ietf:params:oauth:token-type:jwt"

/* What all requests share. */
struct service {
    const char *scope, *target, *target_scope;
    char token[MAX_FILE];
    char actor[MAX_FILE];     /* says who acts, or "" */
    struct loop *loop;
    apisec_verifier *verifier;
    apisec_audit *audit;
    apisec_chain *chain;      /* checks the records while they are written */
    apisec_client *client;
    size_t num_authenticated, num_exchanged, num_failed;
};

/* One request of a user, from its arrival to the token for the next service. */
struct request {
    struct service *service;
    struct loop_task *task;   /* NULL: over */
};

/* ---- the way of a request ---- */

static void fail_request(struct request *request, const char *what, const apisec_error *err)
{
    if (request->service->num_failed++ == 0) fprintf(stderr, "%s: %s: %s\n", what, apisec_status_name(err->status), err->text);
}

static void on_exchanged(void *context, apisec_op *op)
{
    struct request *request = context;
    apisec_issued *issued = NULL;
    apisec_error err;
    request->task = NULL;
    if (apisec_exchange_finish(op, &issued, &err) != APISEC_OK) fail_request(request, "exchange", &err);
    else request->service->num_exchanged++; /* here the next service would be called */
    apisec_issued_free(issued);
}

/* begin_exchange: the subject is what was verified, and its bytes must be those. */
static void begin_exchange(struct request *request, const apisec_token *token)
{
    struct service *service = request->service;
    apisec_op *op = NULL;
    apisec_error err = {0};
    apisec_exchange *exchange = apisec_exchange_new();
    apisec_exchange_set_subject(exchange, token, service->token, strlen(service->token));
    if (service->actor[0] != '\0') apisec_exchange_set_actor(exchange, service->actor, strlen(service->actor), TYPE_JWT);
    apisec_exchange_add_audience(exchange, service->target);
    apisec_exchange_set_scope(exchange, service->target_scope);
    if (apisec_exchange_start(service->client, exchange, &op, &err) == APISEC_OK)
        request->task = loop_add(service->loop, op, on_exchanged, request);
    if (request->task == NULL) fail_request(request, "beginning an exchange", &err);
    apisec_exchange_free(exchange);
}

static void on_authenticated(void *context, apisec_op *op)
{
    struct request *request = context;
    apisec_decision *decision = NULL;
    apisec_error err;
    request->task = NULL;
    apisec_authenticate_finish(op, &decision, &err);
    apisec_decision_require_scope(decision, request->service->scope);
    if (apisec_decision_commit(decision, &err) != APISEC_OK) {
        fail_request(request, "authentication", &err);
    } else {
        request->service->num_authenticated++;
        begin_exchange(request, apisec_decision_token(decision));
    }
    apisec_decision_free(decision);
}

/* begin_request: in a service these would be the method, target and headers that have just been read. */
static void begin_request(struct request *request)
{
    struct service *service = request->service;
    char credential[MAX_FILE + 16];
    const int len = snprintf(credential, sizeof credential, "Bearer %s", service->token);
    apisec_op *op = NULL;
    apisec_error err = {0};
    apisec_call *call = apisec_call_new();
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, "/orders/7", 9);
    apisec_call_add_header(call, "Authorization", 13, credential, (size_t)len);
    if (apisec_authenticate_start(service->verifier, service->audit, call, &op, &err) == APISEC_OK)
        request->task = loop_add(service->loop, op, on_authenticated, request);
    if (request->task == NULL) fail_request(request, "beginning a request", &err);
    apisec_call_free(call);
}

/* ---- setting up ---- */

static bool read_line(const char *path, char text[MAX_FILE])
{
    FILE *file = fopen(path, "r");
    const bool got = file != NULL && fgets(text, MAX_FILE, file) != NULL;
    if (file != NULL) (void)fclose(file);
    if (got) text[strcspn(text, "\r\n")] = '\0';
    else fprintf(stderr, "cannot read %s\n", path);
    return got;
}

static apisec_status check_record(void *context, const char *line, size_t len)
{
    return apisec_chain_next(context, line, len - 1, NULL);
}

/* Neither verifier nor client has a transport: the loop is what carries their requests. */
static apisec_status set_up_verifier(struct service *service, const char *issuer_name, const char *audience, const char *algorithm,
                                     apisec_error *err)
{
    char lists[512];
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, issuer_name);
    apisec_issuer_add_audience(issuer, audience);
    apisec_issuer_allow_algorithm(issuer, algorithm);
    apisec_issuer_discover(issuer);
    snprintf(lists, sizeof lists, "%s/status/", issuer_name);
    apisec_issuer_allow_status_list(issuer, lists); /* where its tokens can be revoked */
    const apisec_status status = apisec_verifier_new(trust, NULL, &service->verifier, err);
    apisec_trust_free(trust);
    return status;
}

static bool set_up_client(struct service *service, const char *issuer_name, const char *client_id, const char *secret_file)
{
    char endpoint[512], secret[MAX_FILE];
    if (!read_line(secret_file, secret)) return false;
    snprintf(endpoint, sizeof endpoint, "%s/token", issuer_name);
    service->client = apisec_client_new(NULL);
    apisec_client_set_endpoint(service->client, endpoint);
    apisec_client_set_basic(service->client, client_id, secret, strlen(secret));
    explicit_bzero(secret, sizeof secret);
    return true;
}

/* set_up: arguments are those of the command line behind its options. */
static apisec_status set_up(struct service *service, char **arguments, const char *algorithm, const char *actor_file,
                            apisec_error *err)
{
    const char *issuer_name = arguments[0];
    *err = (apisec_error){APISEC_E_CONFIG, "it cannot be set up"};
    service->scope = arguments[3];
    service->target = arguments[7];
    service->target_scope = arguments[8];
    if (!read_line(arguments[4], service->token)) return err->status;
    if (actor_file != NULL && !read_line(actor_file, service->actor)) return err->status;
    if (!set_up_client(service, issuer_name, arguments[5], arguments[6])) return err->status;

    apisec_status status = set_up_verifier(service, issuer_name, arguments[2], algorithm, err);
    service->chain = apisec_chain_new();
    const apisec_audit_sink sink = {.context = service->chain, .write = check_record};
    if (status == APISEC_OK) status = apisec_audit_open_callback(&sink, APISEC_AUDIT_STRICT, &service->audit, err);
    service->loop = loop_new(arguments[1]);
    if (service->loop == NULL || service->chain == NULL) return APISEC_E_MEMORY;
    return status;
}

static void tear_down(struct service *service)
{
    loop_free(service->loop);
    apisec_audit_close(service->audit);
    apisec_chain_free(service->chain);
    apisec_client_free(service->client);
    apisec_verifier_free(service->verifier);
    explicit_bzero(service->token, sizeof service->token);
}

/* ---- a thousand of them ---- */

/* cancel_some gives up `wanted` of those that are under way, spread evenly. Returns how many there were to give up. */
static size_t cancel_some(struct request *requests, size_t num, size_t wanted)
{
    size_t num_alive = 0, num_seen = 0, num_cancelled = 0;
    for (size_t i = 0; i < num; i++) num_alive += requests[i].task != NULL;
    for (size_t i = 0; i < num && num_cancelled < wanted; i++) {
        if (requests[i].task == NULL) continue;
        if (num_seen++ * wanted / num_alive < num_cancelled) continue;
        loop_cancel(requests[i].service->loop, requests[i].task);
        requests[i].task = NULL;
        num_cancelled++;
    }
    return num_cancelled;
}

/* run_all returns how many were cancelled. The first to be is the one that is fetching the keys, for which all others wait. */
static size_t run_all(struct service *service, struct request *requests, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        requests[i].service = service;
        begin_request(&requests[i]);
    }
    while (loop_num_requests(service->loop) == 0 && loop_turn(service->loop)) continue;
    size_t num_cancelled = cancel_some(requests, num, num / 4);

    while (service->num_exchanged < num / 8 && loop_turn(service->loop)) continue;
    num_cancelled += cancel_some(requests, num, num / 2 - num_cancelled);

    while (loop_turn(service->loop)) continue;
    return num_cancelled;
}

static bool hold(bool met, const char *what)
{
    if (!met) fprintf(stderr, "not met: %s\n", what);
    return met;
}

static bool report(const struct service *service, size_t num, size_t num_cancelled)
{
    const uint64_t num_records = apisec_chain_num_records(service->chain);
    printf("requests %zu, in one thread: %zu cancelled, %zu authenticated, %zu exchanged, %zu failed\n", num, num_cancelled,
           service->num_authenticated, service->num_exchanged, service->num_failed);
    printf("https requests %zu, at most %zu at once\n", loop_num_requests(service->loop), loop_max_requests(service->loop));
    printf("audit records %llu, lost %llu, chain intact\n", (unsigned long long)num_records,
           (unsigned long long)apisec_audit_num_lost(service->audit));
    bool good = hold(num_cancelled == num / 2, "half of them are cancelled");
    good &= hold(service->num_failed == 0 && service->num_exchanged == num - num_cancelled, "all others come to their end");
    good &= hold(num_records == num, "one record for each request, cancelled or not");
    good &= hold(apisec_audit_num_lost(service->audit) == 0, "no record is lost");
    return good;
}

int main(int argc, char **argv)
{
    const char *algorithm = "ES256", *actor_file = NULL;
    int option;
    while ((option = getopt(argc, argv, "a:t:")) != -1) {
        if (option == 'a') algorithm = optarg;
        if (option == 't') actor_file = optarg;
        if (option == '?') argc = 0;
    }
    const int num_arguments = argc - optind;
    const size_t num = num_arguments == 10 ? strtoul(argv[optind + 9], NULL, 10) : 1000;
    if (num_arguments < 9 || num_arguments > 10 || num == 0) {
        fprintf(stderr,
                "Usage: loop [-a ALG] [-t ACTOR_TOKEN_FILE] ISSUER CA_FILE AUDIENCE SCOPE TOKEN_FILE CLIENT SECRET_FILE TARGET "
                        "TARGET_SCOPE [NUMBER]\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct service service = {.loop = NULL};
    apisec_error err = {0};
    bool good = false;
    struct request *requests = calloc(num, sizeof *requests);
    if (requests != NULL && set_up(&service, argv + optind, algorithm, actor_file, &err) == APISEC_OK)
        good = report(&service, num, run_all(&service, requests, num));
    else
        fprintf(stderr, "%s\n", err.text);
    free(requests);
    tear_down(&service);
    curl_global_cleanup();
    return good ? 0 : 1;
}
