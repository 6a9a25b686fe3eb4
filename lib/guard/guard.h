/* SPDX-License-Identifier: Apache-2.0
 *
 * guard.h (private): everything of one document, and the one call that is judged by it.
 *
 *   document.c  the sections of a document    edition.c   what a document makes, frozen
 *   trust_read.c, issuer_read.c, http_read.c, exchange_read.c, audit_read.c   a section each
 *   login_read.c how a client authenticates   secret.c    what stands elsewhere: files and variables
 *   guard.c     the handle, and one call      flight.c    one call as an operation
 *   reload.c    the edition in force          delegate.c  the token for the next service
 *   metrics.c   what is counted               schema.c    the document's JSON Schema
 *   replay.c    rules tried on records
 *   lint.c      what is unsafe: lint_trust.c, lint_rules.c, lint_paths.c; finding.c   how it is said
 */
#ifndef GUARD_GUARD_H
#define GUARD_GUARD_H

#include "access/access.h"
#include "base/base.h"
#include "exchange/exchange.h"
#include "http/http.h"
#include "json/json.h"
#include "token/token.h"

#include <apisec/guard.h>

#include <stdatomic.h>

#define GUARD_MAX_DOCUMENT (8 * 1024 * 1024)

/* ---- a document while it is read ---- */

/* Where records go. */
enum log_source {
    LOG_OF_DOCUMENT,
    LOG_OF_SERVICE,              /* of "audit" there may be "record_claims" alone */
    LOG_NOWHERE                  /* what "audit" says is judged, where it is there, and nothing comes of it */
};

struct reading {
    const struct shape *top;
    bool has_stand_ins;          /* in place of secrets: nothing is opened, read or fetched (lint, replay) */
    bool has_transport;          /* the service's own: there is no "http" */
    enum log_source log;
};

/* ---- secret.c ---- */

/* What a reference refers to: bytes with a NUL behind them. Zeroed: none. */
struct secret {
    char *bytes;
    size_t len;
};
#define SECRET_MAX (64 * 1024)
/* secret_read takes what "file:PATH" or "env:NAME" refers to, less one newline at its end, or the stand-in where the reading has
 * those. CONFIG: it is no reference, or there is no such file or variable, or it is empty or larger than max. Its bytes are in no
 * sentence. */
apisec_status secret_read(const struct shape *at, const struct reading *reading, size_t max, const char *stand_in,
                          struct secret *secret, apisec_error *err);
void secret_free(struct secret *secret); /* wipes */
bool secret_is_reference(const char *text); /* "file:" or "env:", and something behind it */
/* path_read takes the path of a file that others open. CONFIG: it is written as a reference, which would be a file's name. */
apisec_status path_read(const struct shape *at, const char **path, apisec_error *err);

/* ---- stand_in.c: keys of the right kind, and nobody's ---- */

/* stand_in_keys: a JWK Set that fits this algorithm. stand_in_signer: a private JWK. stand_in_decryption: a JWK Set. NULL without
 * memory. */
char *stand_in_keys(const char *jws_alg);
char *stand_in_signer(void);
char *stand_in_decryption(void);

/* ---- login_read.c ---- */

struct login {                   /* how a client says who it is, at an endpoint */
    enum oauth_auth method;
    const char *client_id;       /* as are the texts below: the document's */
    struct secret secret;
    apisec_signer *signer;
    const char *audience, *identity;
};
extern const char *const login_names[];
apisec_status login_read(const struct shape *at, const struct reading *reading, struct login *login, apisec_error *err);
void login_free(struct login *login);
/* signer_read: a private JWK by reference. */
apisec_status signer_read(const struct shape *at, const struct reading *reading, apisec_signer **signer, apisec_error *err);

/* ---- the sections ---- */

/* trust_read makes the verifier. http: NULL: there is no transport. */
apisec_status trust_read(const struct reading *reading, apisec_http *http, apisec_verifier **verifier, apisec_error *err);
/* issuer_read adds one issuer. trust_noted says what a setter had to say, with the path of what it was given. */
apisec_status issuer_read(const struct shape *at, const struct reading *reading, apisec_trust *trust, apisec_error *err);
apisec_status trust_noted(const struct shape *at, const apisec_trust *trust, apisec_error *err);

/* http_read makes the transport; without the section one of all defaults, or NULL where there is no libcurl. */
apisec_status http_read(const struct reading *reading, apisec_http **http, apisec_error *err);

/* An exchange as it is set up. */
struct exchange_plan {
    apisec_client *client;
    apisec_exchange *exchange;   /* without a subject */
    apisec_signer *actor_key;    /* signs a token of the actor's anew each time; NULL: the exchange has one, or nobody acts */
    const char *actor_name, *actor_audience; /* what is in it */
};
struct exchange_plans {
    struct table by_name;        /* name -> struct exchange_plan */
    struct exchange_plan *all;
    size_t num;
    struct arena arena;
};
apisec_status exchange_read(const struct reading *reading, apisec_http *http, struct exchange_plans *plans, apisec_error *err);
void exchange_plans_free(struct exchange_plans *plans);

struct audit_settings {
    bool is_none;
    char *file;                  /* NULL: none */
    int32_t level, on_failure;
};
/* audit_read reads what is said of the log, and puts what it names of claims into the rules. */
apisec_status audit_read(const struct reading *reading, struct audit_settings *settings, apisec_rules *rules, apisec_error *err);
bool audit_settings_equal(const struct audit_settings *a, const struct audit_settings *b);
void audit_settings_free(struct audit_settings *settings);

/* ---- document.c ---- */

/* document_parse: strict JSON, an object; CONFIG, MALFORMED, TOO_LARGE, MEMORY. End with json_free. */
apisec_status document_parse(const char *json, size_t len, struct json **document, apisec_error *err);
/* document_check: all members of the document are known. */
apisec_status document_check(const struct reading *reading, apisec_error *err);

/* ---- edition.c: what one document makes, frozen but for caches and buckets ---- */

struct transport;                /* shared by an edition and its verifier, which may live longer */
struct edition {
    _Atomic size_t references;
    struct transport *transport; /* NULL: it is the service's own, or there is none */
    apisec_http *http;           /* NULL: there is none */
    apisec_verifier *verifier;
    apisec_rules *rules;
    struct exchange_plans exchanges;
    struct audit_settings audit;
};
/* edition_new: http: the service's own, or NULL. */
apisec_status edition_new(const char *json, size_t len, apisec_http *http, enum log_source log, struct edition **edition,
                          apisec_error *err);
/* edition_of_stand_ins opens and reads nothing that the document refers to: to see whether it would be taken, and for its rules. */
apisec_status edition_of_stand_ins(const struct shape *top, struct text json, enum log_source log, struct edition **edition,
                                   apisec_error *err);
/* edition_inherit takes over from the one in force, before anybody uses the new one. */
apisec_status edition_inherit(struct edition *edition, const struct edition *old, apisec_error *err);
struct edition *edition_ref(struct edition *edition);
void edition_free(struct edition *edition); /* gives one reference back */

/* ---- reload.c: the edition in force; whoever takes it waits for nobody ---- */

struct slot {                    /* outlives its edition and is used again, so that counting oneself in too late touches nothing */
    struct edition *edition;     /* NULL: free */
    _Atomic size_t readers;
    struct slot *next;
};
struct editions {
    _Atomic(struct slot *) current;
    struct slot *all;            /* under the lock, as is each change of current */
    struct lock lock;
};
bool editions_init(struct editions *editions); /* false: no memory, and nothing to free */
/* editions_begin puts the first one in force; it is the editions' own from then on. MEMORY. */
apisec_status editions_begin(struct editions *editions, struct edition *edition);
/* editions_take: a reference to the one in force. */
struct edition *editions_take(struct editions *editions);
void editions_free(struct editions *editions);

/* ---- metrics.c: what is counted; decisions that are still open keep it alive ---- */

#define METRICS_STATUSES 700     /* their numbers without the sign are below */
enum { METRICS_BUCKETS = 7 };
struct metrics {
    struct decision_watch watch; /* what decisions are given */
    _Atomic size_t references;
    _Atomic uint64_t authenticated, unauthenticated, not_authenticated; /* the last: for a fault that is not the credential's */
    _Atomic uint64_t allowed, denied, failed;
    _Atomic uint64_t shadow_allowed, shadow_denied;
    _Atomic uint64_t by_status[METRICS_STATUSES]; /* by the number without its sign */
    _Atomic uint64_t buckets[METRICS_BUCKETS], sum_us;
    _Atomic uint64_t exchanges;
    _Atomic uint64_t reloaded, not_reloaded;
    _Atomic int64_t reloaded_at;
};
struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);
/* metrics_count_lost counts a decision that could not even be made. */
void metrics_count_lost(struct metrics *metrics);

/* ---- guard.c ---- */

struct apisec_guard {
    struct editions editions;
    apisec_http *http;           /* the service's own, or NULL */
    apisec_audit *audit;         /* NULL: no record is kept */
    enum log_source log;
    bool owns_audit;
    struct metrics *metrics;
};
/* guard_begin makes a decision and takes it as far as the token: *edition is a reference. NULL: no memory. */
apisec_decision *guard_begin(apisec_guard *guard, const apisec_call *call, struct edition **edition);
/* guard_refuse is the denial where there is no guard, call or operation to judge; never NULL. */
apisec_decision *guard_refuse(apisec_status status, const char *sentence);

/* ---- finding.c: what a lint finds ---- */

struct findings {
    struct json_writer writer;   /* whose failure is the buffer's */
    struct buffer bytes;
    size_t num;
};
enum severity { FINDING_WARNING, FINDING_ERROR };
void findings_init(struct findings *findings);
/* finding_add says what is wrong at a place; finding_add_refusal that the document would be refused, and why. */
void finding_add(struct findings *findings, const struct shape *at, enum severity severity, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void finding_add_refusal(struct findings *findings, const apisec_error *why);

/* ---- lint_trust.c, lint_rules.c, lint_paths.c: what they look for; the document would be accepted ---- */

void lint_trust(const struct shape *top, struct findings *findings);
void lint_rules(const struct shape *top, struct findings *findings);
void lint_paths(const struct shape *top, const apisec_rules *compiled, struct findings *findings);

#endif
