/* SPDX-License-Identifier: Apache-2.0
 *
 * sentry.h: a guard in tests, whose records are kept in memory. Documents are written with ' in place of ", and @KEYS@ in place of
 * the key set of forge_signer("ES256", 0).
 *
 *     struct sentry sentry;
 *     sentry_begin(&sentry, "{" SENTRY_TRUST ",'rules':[…]}", NULL);
 *     status = sentry_check(&sentry, call, &decision);
 */
#ifndef TEST_SUPPORT_SENTRY_H
#define TEST_SUPPORT_SENTRY_H

#include "support/forge.h"
#include "support/logfile.h"

#include <apisec/apisec.h>

#include <pthread.h>

#define SENTRY_ISSUER "'issuer':'https://id.example','audiences':['orders']"
#define SENTRY_KEYS   "'algorithms':['ES256'],'jwks':@KEYS@"
#define SENTRY_TRUST  "'trust':{'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS "}]}"
#define SENTRY_RULES  "'rules':[{'id':'all','path':'/**','require':{}}]"

/* sentry_json makes it JSON; free. */
char *sentry_json(const char *quoted);

struct sentry {
    apisec_guard *guard;
    apisec_audit *audit;
    struct buffer lines; /* of the log */
    bool log_refuses;
    pthread_mutex_t lock; /* of lines */
};
/* sentry_begin opens a log in memory of its own; the document says nothing of one, but perhaps record_claims. The test fails when
 * there is no guard. */
void sentry_begin(struct sentry *sentry, const char *quoted, apisec_http *http);
apisec_status sentry_reload(struct sentry *sentry, const char *quoted, apisec_error *err);
void sentry_end(struct sentry *sentry);
size_t sentry_num_lines(struct sentry *sentry);
struct text sentry_line(const struct sentry *sentry, size_t index);

/* sentry_lacks_a_part: the library was made without libcurl, zlib or limits: it may say APISEC_E_UNSUPPORTED of a document. */
bool sentry_lacks_a_part(void);

/* sentry_call is this request at FORGE_NOW from 192.0.2.1, with a bearer token unless that is NULL. */
apisec_call *sentry_call(const char *method, const char *target, const char *token);
/* sentry_check checks and frees the call; the decision is the caller's, where it wants it. */
apisec_status sentry_check(struct sentry *sentry, apisec_call *call, apisec_decision **decision);
/* sentry_header is the value of the reply's header of that name; NULL: none. */
const char *sentry_header(const apisec_decision *decision, const char *name);

#endif
