/* SPDX-License-Identifier: Apache-2.0
 *
 * script.h: HTTP in tests is a script of answers. A row says what request is expected and what comes back; the answer is handed
 * to the operation in chunks of awkward sizes. A request that is not the expected one fails the test with the row's number.
 *
 *     static const struct script_answer answers[] = {
 *         {.url = "https://id.example/jwks", .status = 200, .headers = "Content-Type: application/json\n", .body = "{...}"},
 *         {.method = "POST", .body_has = {"scope=a+b"}, .transport = APISEC_E_TIMEOUT},
 *     };
 *     struct script script;
 *     script_init(&script, answers, 2);
 *     script_run(&script, op, &now_ms);                     by hand, with a clock of the test's own
 *     apisec_verifier_new(trust, &script.http, ...);        or as the transport of a blocking call
 *     script_end(&script);                                  fails unless all rows were used
 */
#ifndef TEST_SUPPORT_SCRIPT_H
#define TEST_SUPPORT_SCRIPT_H

#include <apisec/http.h>
#include <apisec/op.h>

#include <pthread.h>
#include <stdbool.h>

#define SCRIPT_MAX_NEEDLES 8
#define SCRIPT_MAX_REQUEST 65536

struct script_answer {
    /* expected; NULL: anything */
    const char *method;
    const char *url;
    const char *headers_have[SCRIPT_MAX_NEEDLES]; /* each is a part of the request's "Name: value\n" lines */
    const char *headers_lack[SCRIPT_MAX_NEEDLES];
    const char *body_has[SCRIPT_MAX_NEEDLES];     /* each is a part of the body */
    const char *body_lacks[SCRIPT_MAX_NEEDLES];
    const char *body_is;                          /* or the whole of it */
    /* the answer */
    apisec_status transport;                      /* not APISEC_OK: how the answer ends, after what there is of it */
    int32_t status;                               /* 0: none comes */
    const char *headers;                          /* "Name: value\n" lines */
    const char *body;
    size_t body_len;                              /* 0: up to the NUL */
    int64_t takes_ms;                             /* script_run's clock moves on by this before the answer */
    bool never;                                   /* script_run: no answer comes; the clock moves to the deadline */
};

struct script {
    apisec_http http;                             /* a transport that plays the script; any number of threads */
    const struct script_answer *answers;
    size_t num_answers;
    size_t at;                                    /* rows used up */
    bool by_url;                                  /* rows are found by their url and serve any number of times */
    size_t num_requests;
    size_t max_chunk;                             /* 0: sizes 1, 2, 3, 5, 8, ...; else at most this */
    char last_body[SCRIPT_MAX_REQUEST];           /* of the last request, NUL-terminated */
    char last_headers[SCRIPT_MAX_REQUEST];
    pthread_mutex_t lock;
};

/* script_init: the rows are used in their order, each once. script_init_routes: each request takes the row with its url. */
void script_init(struct script *script, const struct script_answer *answers, size_t num_answers);
void script_init_routes(struct script *script, const struct script_answer *answers, size_t num_answers);

/* script_answer_one answers the request that op shows now from the script. */
void script_answer_one(struct script *script, apisec_op *op);

/* script_run drives op to its end from *now_ms on. Waits and `never` move the clock to the deadline. */
void script_run(struct script *script, apisec_op *op, int64_t *now_ms);

/* script_end fails the test if rows are left over (in their order) or, by url, nothing; and frees the lock. */
void script_end(struct script *script);

#endif
