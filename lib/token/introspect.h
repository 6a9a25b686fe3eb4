/* SPDX-License-Identifier: Apache-2.0
 *
 * introspect.h (private to lib/token): what an issuer says of an opaque token, RFC 7662 and RFC 9701.
 *
 *   report.c      what was said, and the reports that are kept     introspect.c  who asks, who waits, who is too many
 *   inquiry.c     asking, as a work                                answered.c    what an answer must be
 *   opaque.c      whose token it is, and the judgement of the report
 *   introspector.c  the set-up
 */
#ifndef TOKEN_INTROSPECT_H
#define TOKEN_INTROSPECT_H

#include "oauth/oauth.h"
#include "token/token.h"

#include <stdatomic.h>

#define INTROSPECT_MAX_ANSWER JOSE_MAX_TOKEN
#define INTROSPECT_MAX_ASKING 16           /* questions an issuer is asked at once */
#define INTROSPECT_DEADLINE_MS 5000        /* of one verification's inquiry, whatever it takes */
#define INTROSPECT_INACTIVE_MS 10000       /* how long a refusal is kept */
#define INTROSPECT_CLOCK_SLACK_MS 5000     /* threads look at the clock before they take the lock */

/* ---- introspector.c ---- */

struct introspection_settings {
    char *url;
    struct oauth_credential credential;
    bool is_signed, without_audience, has_keep;
    uint32_t keep_s;
    char *prefix;                /* NULL: all tokens that no other issuer's prefix fits */
};
void introspection_settings_free(struct introspection_settings *settings);

/* introspector_new makes issuer->introspector, if the builder sets one up, last of all that is the issuer's. CONFIG. */
apisec_status introspector_new(const apisec_issuer *from, struct issuer *issuer, apisec_error *err);
void introspector_free(struct introspector *introspector);

/* ---- opaque.c ---- */

#define OPAQUE_MAX_PREFIX 64
struct opaque_routes {           /* which issuer to ask about an opaque token: the one with the longest prefix that fits */
    struct table by_prefix;
    uint64_t lengths;            /* bit n - 1: there is a prefix of n bytes */
    const struct issuer *rest;   /* asked about all others, or NULL */
};
bool opaque_prefix_is_valid(struct text prefix);
/* opaque_routes_add makes *routes, if the issuer has an introspector. CONFIG: two issuers have the same prefix, or none. */
apisec_status opaque_routes_add(struct opaque_routes **routes, const struct issuer *issuer, apisec_error *err);
/* opaque_routes_find: NULL: the token is not opaque, or nobody is to be asked about it. */
const struct issuer *opaque_routes_find(const struct opaque_routes *routes, struct text token);
void opaque_routes_free(struct opaque_routes *routes);
void opaque_end(struct verification *verification);

/* ---- report.c ---- */

/* A report is immutable and shared. */
struct report {
    _Atomic size_t references;
    bool active;
    int64_t exp;                 /* active: `exp`; 0: there is none, or it is no time */
    size_t len;
    char claims[];               /* active: the JSON object that says what of the token */
};
/* report_new: claims at NULL: inactive. NULL without memory. */
struct report *report_new(struct text claims, int64_t exp);
struct report *report_ref(struct report *report);
void report_free(struct report *report); /* gives one reference back; the last wipes */

/* A token is known by a keyed hash of its bytes; the bytes are kept nowhere. */
struct token_tag {
    unsigned char bytes[16];
};

/* The reports that are kept: at most REPORTS_MAX, in sets of a few. Under the lock of whoever has it; nothing is allocated until
 * something is kept. */
#define REPORTS_MAX 1024
struct reports {
    struct kept_report *kept;
};
/* reports_find gives a reference to what is kept at this time, or NULL. */
struct report *reports_find(const struct reports *reports, const struct token_tag *tag, int64_t now_ms);
/* reports_keep keeps a reference of its own, in place of an older report of this token or of the one in its set that would end
 * first. Without memory nothing is kept. It gives back the report that had to go, to be freed without the lock; or NULL. */
struct report *reports_keep(struct reports *reports, const struct token_tag *tag, struct report *report, int64_t until_ms);
void reports_free(struct reports *reports);
/* reports_forget leaves what a parent process kept alone, for the child after a fork: another thread may have been at it. */
void reports_forget(struct reports *reports);

/* ---- introspect.c ---- */

/* A question is one token that is being asked about: one leads, all others who want to know the same follow. */
struct question;

enum asking {
    ASKING_KNOWN,                /* *report */
    ASKING_LEAD,                 /* *question: the caller is the one to ask: question_answer, _fail or _abandon */
    ASKING_FOLLOW,               /* *question: somebody asks already: question_look */
    ASKING_BUSY                  /* too many questions are under way */
};

struct introspector {
    /* frozen */
    char *url;
    struct oauth_credential credential;
    char *prefix;                /* of the tokens, or NULL: all that no other's prefix fits */
    bool is_signed;              /* answers are JWTs, RFC 9701 */
    bool without_audience;       /* an answer need not have `aud` */
    int64_t keep_ms;
    struct issuer judged;        /* the issuer as opaque tokens are judged by it; its pointers are the issuer's own */
    /* in motion */
    unsigned char key[16];       /* of the tags */
    struct lock lock;            /* the rest is under it */
    int64_t process;             /* whose the rest is */
    int64_t latest_ms;           /* the latest time that was seen */
    struct question *asking[INTROSPECT_MAX_ASKING];
    struct reports active, inactive; /* apart: a flood of tokens that nobody issued drives no good one out */
    /* beside it: since the start */
    _Atomic uint64_t num_asked, num_kept, num_waited, num_busy, num_failed;
};
/* introspector_health writes the counters as members. */
void introspector_health(struct introspector *introspector, struct json_writer *out);

void introspector_tag(const struct introspector *introspector, struct text token, struct token_tag *tag);
/* introspector_find looks among what is kept, and nothing else; NULL: it would have to be asked. */
struct report *introspector_find(struct introspector *introspector, const struct token_tag *tag, int64_t now_ms);
/* introspector_ask: *report or *question is the caller's, to be freed. MEMORY is ASKING_BUSY with *no_memory. */
enum asking introspector_ask(struct introspector *introspector, const struct token_tag *tag, int64_t now_ms,
                             struct report **report, struct question **question, bool *no_memory);

enum question_state { QUESTION_OPEN, QUESTION_ANSWERED, QUESTION_FAILED, QUESTION_ABANDONED };
/* question_look is for followers: ANSWERED: *report is the caller's; FAILED: *why; ABANDONED: ask anew. */
enum question_state question_look(struct introspector *introspector, struct question *question, struct report **report,
                                  apisec_error *why);
/* question_answer, question_fail and question_abandon are the leader's, and end it. A report is kept until keep_until_ms, unless
 * the leader took so long that another one has taken over, or the clock was set back meanwhile. */
void question_answer(struct introspector *introspector, struct question *question, struct report *report, int64_t keep_until_ms,
                     int64_t now_ms);
void question_fail(struct introspector *introspector, struct question *question, const apisec_error *why);
void question_abandon(struct introspector *introspector, struct question *question);
void question_free(struct question *question); /* gives the caller's reference back; NULL does nothing */

/* ---- inquiry.c: one verification's part in it, as a work ---- */

struct inquiry {
    struct work work;            /* after PASS_WORK */
    struct introspector *introspector;
    struct text token;           /* borrowed */
    struct token_tag tag;
    int64_t now;                 /* seconds: what the token will be judged at */
    bool offline;
    int32_t stage;
    int64_t deadline_ms;
    int64_t asked_ms;
    struct question *question;
    char *assertion;             /* the client's, as it was sent, or NULL */
    struct arena arena;          /* of a signed answer */
    struct jws jws;
    struct jws_header header;
    struct text payload;
    struct signature_check signature;
    bool fetching;               /* the signature's work is under way */
    struct report *report;       /* after PASS_ON: active */
    apisec_error error;          /* after PASS_ENDED: the outcome */
};
/* inquiry_begin: the token is borrowed until inquiry_end. offline: what is kept, and nothing else. */
void inquiry_begin(struct inquiry *inquiry, struct introspector *introspector, struct text token, int64_t now, bool offline);
/* inquiry_run: PASS_ON, PASS_ENDED, or PASS_WORK: drive inquiry->work and run it again. INACTIVE; BUSY; the transport's statuses;
 * RESPONSE: the answer breaks the standard; INVALID_CLIENT and its kin; KEYS_UNAVAILABLE; NO_TRANSPORT; MEMORY. */
enum pass inquiry_run(struct inquiry *inquiry, int64_t now_ms);
void inquiry_end(struct inquiry *inquiry); /* frees what it holds, and abandons its question if it is not done */

/* ---- answered.c: the answer's body, RFC 7662 section 2.2, RFC 9701 section 5 ---- */

/* answered_plain reads a JSON answer. sent: what no error may repeat. RESPONSE, MEMORY. */
apisec_status answered_plain(const struct op_answer *answer, const struct sent *sent, struct report **report, apisec_error *err);
/* answered_open takes a signed answer apart into the inquiry, and begins inquiry->signature. RESPONSE, MEMORY. */
apisec_status answered_open(struct inquiry *inquiry, const struct op_answer *answer, const struct sent *sent, apisec_error *err);
/* answered_signed reads the claims of a signed answer whose signature is genuine. RESPONSE, MEMORY. */
apisec_status answered_signed(const struct inquiry *inquiry, struct report **report, apisec_error *err);

#endif
