/* SPDX-License-Identifier: Apache-2.0
 *
 * recall.h (of lib/access, a part of access.h): what the record of a decision says of its call, and what rules make of that.
 *
 *   recall.c   reads what record.c has written      rejudge.c  judges it
 *
 * What is recalled is no token and no call, and nothing that judges calls can be given it: a record was trustworthy when it was
 * written, and proves nothing to anybody now.
 */
#ifndef ACCESS_RECALL_H
#define ACCESS_RECALL_H

#include "base/base.h"
#include "json/json.h"

/* What record.c writes at the most; whoever recalls it takes what reaches these for cut. */
#define RECORD_MAX_SHORT 256     /* bytes of an actor, an audience, a name in a certificate */
#define RECORD_MAX_AUDIENCES 16

/* How the decision came to its end: what other rules could have changed, and what they could not. */
enum recalled_end {
    RECALLED_ALLOWED,
    RECALLED_UNROUTED,  /* no rule was found, or one that denies */
    RECALLED_CALLER,    /* its network, peer or service was not what the rule asks for: no token was looked at */
    RECALLED_TOKEN,     /* the token was refused, or could not be judged */
    RECALLED_RULE,      /* of what the rule asks behind that, something was not met */
    RECALLED_FACT       /* whatever rules do not decide: a limit, a body, a path, the service's own checks, the library's trouble */
};

struct recalled {
    struct json *document;           /* of the record; all below is borrowed from it */
    int64_t sequence;
    struct text uid, stream, operation, rule, status_name;
    enum recalled_end end;
    bool failed_at_credential;       /* with TOKEN: there was something that may be two, or has a wrong form */
    bool has_several_credentials;    /* no rule lets that in */
    /* the call */
    int64_t now;
    struct text method, path;
    bool is_cut;                     /* one of these two */
    struct text peer_address;
    const struct json *forwarded;    /* an array; NULL: none */
    bool forwarded_is_partial;
    const char *peer_sha256;         /* "": no certificate */
    const struct json *peer_names;   /* an array; NULL: none, or nobody asked */
    bool peer_names_are_partial;
    const char *service;             /* or NULL */
    bool service_is_known;
    bool has_good_body;              /* a rule had it judged */
    /* the token that was verified */
    bool has_token;
    bool is_delegated, has_foreign_actor;
    const struct json *issuer, *subject, *client, *scope, *audiences, *actors; /* NULL: absent */
    const struct json *claims;       /* "record_claims"; NULL: none */
};

/* recalled_read: a line of a log, without its newline. *found false: it is no decision's. AUDIT: it is no record, or none that this
 * library writes. MEMORY. End what was found with recalled_free. */
apisec_status recalled_read(struct text line, struct recalled *recalled, bool *found, apisec_error *err);
void recalled_free(struct recalled *recalled);
/* recalled_claim: what the record says of a claim; the path is in steps. false: it does not say. *value NULL: it was absent. */
bool recalled_claim(const struct recalled *recalled, const char *const *steps, size_t num_steps, const struct json **value);
/* recalled_text: a text of at most max bytes that is there whole. false: it may have been cut. at NULL: absent. */
bool recalled_text(const struct json *value, size_t max, struct text *text);

/* What would have become of it. */
struct rejudged {
    bool is_decided;
    bool is_allowed;
    struct text status_name;
    const char *rule_id;             /* NULL: none was found */
    char sentence[256];              /* why it is denied, or "undecidable: " and what the record does not say; "" when allowed */
};
/* rules_rejudge: limits, bodies, tokens and the service's own checks are as they were. What the rule only tries (shadow) is not
 * asked. MEMORY. */
struct apisec_rules;
apisec_status rules_rejudge(const struct apisec_rules *rules, const struct recalled *recalled, struct rejudged *rejudged);

#endif
