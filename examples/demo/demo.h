/* SPDX-License-Identifier: Apache-2.0
 *
 * demo.h: the demo's parts. It plays a web gateway and two services, orders and ledger, in one process; the issuer is another one.
 * Everything that is printed comes from this run, and each step is held against what the story says.
 *
 *   demo.c         the order of the story          demo_issuer.c   certificates, and the issuer's process
 *   demo_request.c one request to a service        demo_story.c    the honest request, from the login to the ledger
 *   demo_attacks.c what attackers try              demo_log.c      the audit log, and a copy that was tampered with
 *   demo_screen.c  how it looks
 */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

#include <apisec/apisec.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PARTNER "https://id.partner.example"

struct demo {
    const char *folder;        /* where files are left: certificates, audit log */
    const char *issuer_binary;
    /* the issuer's process and what it told its clients */
    pid_t issuer_pid;
    int issuer_input;          /* the issuer ends when this is closed */
    char issuer[80], web_secret[80], orders_secret[80], alice_session[80], bob_session[80];
    /* the services */
    apisec_http *http;
    apisec_audit *audit;
    apisec_verifier *orders, *ledger;
    apisec_signer *partner;    /* another issuer that orders trusts; its key is pinned */
    /* tokens of the story: secrets, only held in memory */
    char *alice, *bob;         /* for orders */
    char *alice_at_ledger;     /* what orders got for ledger */
};

/* ---- demo_screen.c: at most 100 columns; colours only on a terminal and without NO_COLOR ---- */

void screen_title(const char *text);
void screen_step(const char *text);
/* screen_item begins one of several things within a step. */
void screen_item(size_t number, const char *text);
void screen_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* screen_pair prints a name and a value; a long value goes on below itself. */
void screen_pair(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
void screen_verdict(bool good, const char *status, int32_t http_status, const char *reason);
/* expect holds the run against the story: what is not met is printed, and the demo ends with failure. Returns met. */
bool expect(bool met, const char *what);
int expect_num_failed(void);

/* ---- demo_issuer.c ---- */

/* issuer_start makes the certificates and starts the process; false: it has said why. issuer_stop ends it; twice does no harm. */
bool issuer_start(struct demo *demo);
void issuer_stop(struct demo *demo);

/* ---- demo_request.c ---- */

/* A request with a bearer token, and who judges it. */
struct request {
    apisec_verifier *service;
    const char *method, *target;
    const char *token;        /* NULL: none */
    const char *second_token; /* a second Authorization header */
    int64_t now;              /* 0: the clock */
};
/* request_judge authenticates and requires the scope; the decision is open, for the service's own checks. */
apisec_decision *request_judge(const struct demo *demo, const struct request *request, const char *scope);
/* request_challenge: the WWW-Authenticate header to reply with, or NULL. */
const char *request_challenge(const apisec_decision *decision);

/* ---- the chapters ---- */

bool story_open(struct demo *demo);     /* trust, transport, log */
bool story_tell(struct demo *demo);     /* login, orders, exchange, ledger */
void attacks_tell(struct demo *demo);
void log_tell(struct demo *demo);

#endif
