/* SPDX-License-Identifier: Apache-2.0
 *
 * access.h (private): the decision and everything that is read from it.
 *
 *   require.c   scopes and claims demanded of a token, include/apisec/access.h
 *   decision.c  the handle: authenticate, require, deny, commit
 *   decision_call.c  what it keeps of its call
 *   authenticate.c  authenticate as a blocking call and as an operation
 *   challenge.c WWW-Authenticate           explain.c  the explanation
 *   record.c    the audit record
 *   path.c      the path of a request, as segments
 *   rules.h     compiled rules: rules.c, rule_tree.c, rule_read.c, rule_check.c; authorize.c applies them to a decision
 *   recall.h    records, and what other rules make of them: recall.c, rejudge.c
 */
#ifndef ACCESS_ACCESS_H
#define ACCESS_ACCESS_H

#include "access/recall.h"
#include "audit/audit.h"
#include "base/base.h"
#include "json/json.h"
#include "token/token.h"

#include <apisec/access.h>
#include <apisec/decision.h>
#include <apisec/rules.h>

#define DECISION_MAX_CHECKS 80    /* of the decision's own; one more is APISEC_E_ARGUMENT and denies */
#define DECISION_MAX_FORWARDED 16 /* elements of X-Forwarded-For that a record has */

/* One check beside those of the token (see trail), as the explanation and the record list it. Its texts live as long as the
 * decision. */
struct access_check {
    const char *id;               /* "scope" and its like of decision.c; "networks" and its like of rule_check.c; see recall.c */
    const char *standard;
    const char *detail;           /* what was asked for; NULL: nothing in particular */
    bool passed;
};

struct application; /* of rules, see rules.h */
struct peer_names;  /* see caller.h */

/* What a requirement that is tried and not enforced came to. */
struct shadow {
    bool is_judged;
    apisec_status status;
    const char *reason;           /* "" where it is met */
};

/* Who is told when a decision is final, once: committed, or freed without. It is referred to as long as the decision lives. */
struct decision_watch {
    void (*take)(struct decision_watch *watch);
    void (*ended)(struct decision_watch *watch, const apisec_decision *decision);
    void (*give_back)(struct decision_watch *watch);
};

enum decision_phase { DECISION_OPEN, DECISION_COMMITTED, DECISION_ABANDONED };

struct apisec_decision {
    enum decision_phase phase;
    bool authenticated;
    bool needs_no_user;           /* a rule that wants none let it in */
    apisec_status status;         /* the first failure, or APISEC_OK */
    apisec_error error;           /* its sentence */
    struct arena arena;           /* texts of the call and of the checks */
    apisec_verifier *verifier;    /* a reference */
    apisec_audit *audit;          /* borrowed, or NULL */
    struct decision_watch *watch; /* a reference, or NULL */
    apisec_token *token;
    struct trail trail;           /* the checks of authentication; nothing passed yet while at is the first */
    bool trail_failed;            /* the check at its end failed; otherwise it was not made */
    size_t num_checks;
    size_t num_checks_before;     /* of these, made before authentication */
    struct application *applied;  /* NULL: no rules were */
    const char *rules_version;    /* of the rules that were applied; NULL: none were */
    const char *rule_id;          /* of the rule that was found; NULL: none */
    struct shadow shadow;
    const char *acr_values;       /* with STEP_UP: what the challenge asks for; NULL: none */
    bool has_max_age;
    int64_t max_age;              /* with STEP_UP: how recently the user must have been authenticated, in seconds */
    struct buffer required_scope; /* scopes asked for so far, space-separated: for the challenge and the record */
    struct buffer challenge;      /* WWW-Authenticate, made by commit */
    struct buffer *explanation;   /* made anew each time it is read */
    struct buffer explanation_bytes;
    /* of the call, copied into the arena */
    struct text method, path, peer_address, traceparent, forwarded_for;
    uint32_t retry_after_s;       /* with RATE; 0: not known */
    char retry_after[12];
    int32_t body_http_status;     /* with BODY; 0: as the status has it */
    bool dpop_scheme;             /* the token was sent with DPoP */
    char dpop_nonce[VERIFIER_NONCE_SIZE]; /* for the client's next proof, or "" */
    apisec_error call_error;      /* what is wrong with the call as a whole */
    bool path_is_cut;             /* it was longer than what is kept: no rule can be found for it */
    bool forwarded_is_partial;    /* a record will not have all elements: there are too many, or empty ones */
    bool has_several_credentials; /* and was denied before a token was looked at */
    char client_address[46];      /* where it is not the socket's peer: from whom trusted proxies say that it comes; or "" */
    struct peer_names *peer;      /* of its certificate; NULL: none, or nobody asked */
    const char *service;          /* that was authenticated, or NULL */
    bool service_is_known;        /* that, or that there was none: a rule asked */
    char peer_sha256[CRYPTO_SHA256_TEXT]; /* of the peer certificate, or "" */
    int64_t started_us;
    int64_t time_ms;
    struct access_check checks[DECISION_MAX_CHECKS]; /* the last member, not cleared: only num_checks are ever read */
};

/* ---- path.c ---- */

#define PATH_MAX_SEGMENTS 32
#define PATH_MAX_LEN 8192
struct path {
    struct text segments[PATH_MAX_SEGMENTS]; /* decoded; only the last one may be empty: a slash at the end */
    size_t num;                              /* at least one */
};
/* path_parse splits and decodes into memory of the arena. REQUEST with what is wrong: no slash in front, two slashes in a row, a
 * segment "." or ".." (encoded ones too), a raw ";", an encoded slash, backslash or control, a raw byte that is not visible ASCII,
 * a broken escape, what would decode a second time, what is no UTF-8, over PATH_MAX_SEGMENTS or PATH_MAX_LEN. MEMORY. */
apisec_status path_parse(struct text path, struct arena *arena, struct path *out, apisec_error *err);

/* challenge.c: appends the WWW-Authenticate value for the decision's status; nothing when the status has none. */
apisec_status challenge_write(const apisec_decision *decision, struct buffer *out);

/* explain.c: appends the explanation; explanation_put_checks and explanation_put_shadow write its checks, and what was tried, as
 * members, for the record too. */
apisec_status explanation_write(const apisec_decision *decision, struct buffer *out);
void explanation_put_shadow(const apisec_decision *decision, struct json_writer *writer);
void explanation_put_checks(const apisec_decision *decision, struct json_writer *writer);

/* rule_facts.c: foreign_actor is the issuer of the current actor, where that is another than the token's; NULL: it is not, or
 * nobody acts. A subject is one issuer's name for somebody. */
const char *foreign_actor(const apisec_token *token);

/* record.c: composes and appends the one record. AUDIT: it is not in the log. */
apisec_status decision_record(const apisec_decision *decision, apisec_error *err);

/* decision.c: decision_new begins one for a call (verifier, audit and call may be NULL); decision_out_of_memory is the static
 * denial that needs none. */
apisec_decision *decision_new(apisec_verifier *verifier, apisec_audit *audit, const apisec_call *call);
apisec_decision *decision_out_of_memory(void);
/* decision_call.c: decision_keep_call is for decision_new. false: no memory. */
bool decision_keep_call(apisec_decision *decision, const apisec_call *call);
/* decision_watch has a new decision watched. */
void decision_watch(apisec_decision *decision, struct decision_watch *watch);
/* decision_fail notes the first failure and returns the status that stands. decision_report gives it with its sentence. */
apisec_status decision_fail(apisec_decision *decision, apisec_status status, const char *sentence);
/* decision_open_status: APISEC_OK when a check may be made now. decision_add_check lists one; id, standard and detail live as long
 * as the decision. decision_note_scopes adds to what the challenge says is needed; a scope is named once. Both fail the decision
 * where there is no room. */
apisec_status decision_open_status(const apisec_decision *decision);
apisec_status decision_add_check(apisec_decision *decision, const char *id, const char *standard, const char *detail, bool passed);
apisec_status decision_note_scopes(apisec_decision *decision, const char *const *scopes, size_t num_scopes);
apisec_status decision_report(const apisec_decision *decision, apisec_error *err);

/* ---- rules.c: for lib/guard, whose document has more in it ---- */

/* rules_read compiles those members of an object that rules_members names, and leaves the others alone. document: all its bytes, of
 * which the version is made. CONFIG, MEMORY. */
extern const char *const rules_members[];
apisec_status rules_read(const struct shape *top, struct text document, apisec_rules **rules, apisec_error *err);
/* rules_inherit takes over the buckets of limits, and what is known of services' secrets, where they are the same, before anybody
 * uses the new rules. */
void rules_inherit(apisec_rules *rules, const apisec_rules *older);
/* recorded.c: rules_record_claims says which claims the records of decisions by these rules hold: names as in rules.h; absent:
 * none. recorded_put writes them. CONFIG, MEMORY. */
apisec_status rules_record_claims(apisec_rules *rules, const struct shape *list, apisec_error *err);
void recorded_put(const apisec_decision *decision, struct json_writer *unmapped);
/* rules_which: the id of the rule that decides on a method and path; NULL: none, or no memory. */
const char *rules_which(const apisec_rules *rules, struct text method, struct text path);
/* rules_version: the base64url SHA-256 of the document, which records hold. */
const char *rules_version(const apisec_rules *rules);

/* ---- the steps of one call by rules, in this order, on one decision; lib/guard takes them, and apisec_decision_apply_rules all
 * but the third. Each returns the status that stands, and does nothing once the decision has failed; MISUSE out of order ---- */

/* decision_route finds the rule for the decision's method and path and takes a reference of the rules, which decision_free ends. */
apisec_status decision_route(apisec_decision *decision, const apisec_rules *rules);
/* decision_admit judges what needs no user, and keeps what the later steps need of the call: the client's address, the peer's
 * names, the service; takes the limits by address and service; looks at the body, whose finding waits for decision_judge. */
apisec_status decision_admit(apisec_decision *decision, const apisec_call *call);
/* decision_wants_user: false only for a rule that is public or says "user": "none". */
bool decision_wants_user(const apisec_decision *decision);
/* authenticate.c: verifies the call's token into a decision that there is already; at once, or step by step. */
struct authentication;
apisec_status decision_authenticate(apisec_decision *decision, const apisec_call *call);
/* authentication_new: NULL without memory. It copies what was presented, and borrows the decision until it is done: a decision that
 * has failed, now or before, has it done at its first step. */
struct authentication *authentication_new(apisec_decision *decision, const apisec_call *call);
int32_t authentication_step(struct authentication *authentication, apisec_op *op, int64_t now_ms); /* an APISEC_OP_… */
void authentication_free(struct authentication *authentication);
/* decision_judge takes the limits by user, judges the requirements, the body's finding, and what is only tried (shadow). Where no
 * user is wanted it makes the decision one that can be allowed without. */
apisec_status decision_judge(apisec_decision *decision);
/* application_end ends the reference; NULL does nothing. */
void application_end(struct application *application);

#endif
