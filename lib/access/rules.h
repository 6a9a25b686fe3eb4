/* SPDX-License-Identifier: Apache-2.0
 *
 * rules.h (of lib/access): what the files of the rules share among themselves: rules as they are compiled, found and judged.
 *
 *   rules.c       the handle                             rule_tree.c   the tree in which a path finds its rule
 *   rule_document.c  the document as it is written       caller.h      service-level trust
 *   texts.c       lists of strings, as they are written: texts.h
 *   rule_read.c   one requirement as it is written       rule_check.c  and as it is judged
 *   claim_read.c  what is demanded of claims             claim_test.c  and one test of a claim
 *   rule_facts.c  what is judged: a token, or what a record says of one
 *   authorize.c   the steps of one call
 */
#ifndef ACCESS_RULES_H
#define ACCESS_RULES_H

#include "access/caller.h"

#include <apisec/rules.h>

#define RULES_MAX 16384
#define RULE_MAX_METHODS 16
#define RULE_MAX_PARAMETERS 8
#define RULE_MAX_STEPS 8          /* of a claim's path */
#define RULE_MAX_DEPTH 4          /* of groups and policies within each other */
#define RULE_MAX_CHECKS 48        /* that one rule's requirement can add to a decision */
#define RULE_MAX_LIMITS 8

struct age {
    int64_t seconds;              /* -1: not limited */
    const char *written;          /* "60 s" */
};

enum claim_test_kind { CLAIM_EQUALS, CLAIM_ONE_OF, CLAIM_CONTAINS, CLAIM_PREFIX, CLAIM_EXISTS, CLAIM_RANGE };
/* What a claim is compared with; PARAMETER: a segment of the request's path. */
enum operand_kind { OPERAND_TEXT, OPERAND_NUMBER, OPERAND_BOOL, OPERAND_PARAMETER };
struct operand {
    enum operand_kind kind;
    const char *text;             /* or the parameter's name */
    int64_t number;
    bool boolean;
    size_t segment;               /* of the parameter */
};
struct claim_path {
    const char *written;          /* as in the document */
    const char *steps[RULE_MAX_STEPS];
    size_t num_steps;
};
struct claim_test {
    struct claim_path claim;
    enum claim_test_kind kind;
    struct operand operand;
    struct texts values;          /* ONE_OF */
    int64_t min, max;             /* RANGE */
};

enum { NEEDS_ADDRESS = 1, NEEDS_PEER = 2, NEEDS_SERVICE = 4 };

enum delegation { DELEGATION_ANY, DELEGATION_REQUIRED, DELEGATION_FORBIDDEN };

struct requirement {
    struct networks networks, except_networks;
    struct peers peers;
    struct texts services;
    struct texts issuers, audiences, clients, except_clients, actors, acr, scopes, any_scope, roles, any_role;
    enum delegation delegation;
    bool bound;
    struct age max_token_age, max_age;
    struct claim_test *claims;
    size_t num_claims;
    struct requirement **groups;    /* policies and all_of: each must be met */
    size_t num_groups;
    struct requirement **choices;   /* any_of: one must be met, where there are any */
    size_t num_choices;
    size_t num_checks;              /* entries it can add to a decision, its groups' among them */
    unsigned needs;                 /* what must be known of the call, NEEDS_…, its groups' among them */
    bool asks_of_user;              /* something of it, or of one of its groups */
    bool asks_of_caller;            /* in any case one of networks, peers and services */
};

struct limit;        /* see limits.h */
struct body_guard;
struct body_finding;

struct rule {
    const char *id;
    const char *path;               /* the template, as written */
    struct texts methods;           /* none: all */
    bool deny, is_public;
    bool wants_user;
    struct requirement *require;    /* unless deny or is_public */
    struct requirement *shadow;     /* or NULL */
    const struct limit *limits[RULE_MAX_LIMITS];
    size_t num_limits;
    const struct body_guard *body;  /* or NULL */
    unsigned needs;                 /* what must be known of the call, of the requirement and the limits */
    unsigned tries;                 /* the same of the shadow: what cannot be found out for it denies nothing */
    struct rule *next;              /* of the same template */
};

/* ---- rule_read.c ---- */

/* What a requirement may refer to. */
struct rule_scope {
    apisec_rules *rules;            /* networks and their like by name */
    struct arena *arena;
    const struct table *policies;   /* name -> struct requirement; NULL while the policies themselves are read */
    const char *parameters[RULE_MAX_PARAMETERS];
    size_t segments[RULE_MAX_PARAMETERS]; /* where each stands in the path */
    size_t num_parameters;
    size_t num_checks;              /* entries that what was read so far can add */
};
/* requirement_read: CONFIG with the path of what is wrong, MEMORY. */
apisec_status requirement_read(const struct shape *at, struct rule_scope *scope, size_t depth, struct requirement **requirement,
                               apisec_error *err);

/* ---- claim_read.c ---- */

/* claim_path_read reads a name or a JSON Pointer; claims_read the tests of claims that a requirement has. CONFIG, MEMORY. */
apisec_status claim_path_read(const struct shape *at, struct arena *arena, struct claim_path *path, apisec_error *err);
apisec_status claims_read(const struct shape *object, struct rule_scope *scope, struct requirement *requirement,
                          apisec_error *err);

/* ---- rule_tree.c ---- */

struct node {
    struct node *next;              /* of all, in no order: to free their tables */
    struct table literals;          /* segment -> struct node */
    struct node *parameter;
    struct rule *here;              /* the rules whose template ends here */
    struct rule *below;             /* the rules whose template ends here with ** */
};
/* node_new: one that nothing leads to yet. node_literal, node_parameter: the node below, made where there is none. NULL: no
 * memory. */
struct node *node_new(apisec_rules *rules);
struct node *node_literal(apisec_rules *rules, struct node *node, struct text segment);
struct node *node_parameter(apisec_rules *rules, struct node *node);
void nodes_free(apisec_rules *rules); /* their tables; they themselves are the arena's */
/* rule_of_method: among the rules of one template: one that names the method before one for all. NULL: none; what differs from a
 * method that one names in case alone is none's. */
const struct rule *rule_of_method(const struct rule *first, struct text method);
/* rules_find: the rule of a method and path, or NULL; *template_matched: whether there are any for this path. */
const struct rule *rules_find(const apisec_rules *rules, struct text method, const struct path *path, bool *template_matched);

/* ---- rules.c ---- */

struct apisec_rules {
    _Atomic size_t references;
    struct arena arena;             /* all but the tables' slots */
    struct node *root;
    struct node *nodes;             /* all of them */
    struct table policies;          /* name -> struct requirement */
    struct table ids;               /* of the rules */
    struct table networks;          /* name -> struct network */
    struct networks trusted_proxies;
    struct table peers;             /* name -> struct peer */
    struct services services;
    struct limit *limits;
    size_t num_limits;
    struct claim_path *role_claims;
    size_t num_role_claims;
    struct claim_path *recorded;    /* claims that records hold */
    size_t num_recorded;
    char version[CRYPTO_SHA256_TEXT];
    const char *notice;             /* what the document is silent about; NULL: nothing */
};
/* rules_ref: they are freed with their last reference. */
apisec_rules *rules_ref(const apisec_rules *rules);
const struct claim_path *rules_role_claims(const apisec_rules *rules, size_t *num);

/* ---- rule_document.c ---- */

/* rule_document_read reads what rules_members names. CONFIG, MEMORY. */
apisec_status rule_document_read(const struct shape *top, apisec_rules *rules, apisec_error *err);

/* ---- claim_test.c ---- */

/* claim_test_is_met: value NULL: the claim is absent. */
bool claim_test_is_met(const struct claim_test *test, const struct json *value, const struct path *path);

/* ---- rule_facts.c ---- */

/* claim_path_find: NULL: it is not there. */
const struct json *claim_path_find(const struct json *claims, const struct claim_path *path);

/* What is judged: a call, a token and a moment. */
struct rule_facts {
    struct client_address client;
    const struct peer_names *peer;  /* NULL: no certificate, or nobody asks */
    const char *peer_sha256;        /* or "" */
    const struct service_login *service;  /* NULL: none was verified */
    bool is_authorization;          /* it would come in the header Authorization */
    bool has_service;               /* something came in its header */
    const apisec_token *token;
    const struct path *path;
    const struct claim_path *role_claims;
    size_t num_role_claims;
    int64_t now;
    const struct recalled *recalled; /* NULL: a call is judged, of which everything is known. Otherwise its record, and no token */
};

/* What is asked of these facts. false: they do not say, which only those of a record do. What is absent has at NULL, or is NULL. */
bool fact_issuer(const struct rule_facts *facts, struct text *issuer);
bool fact_client(const struct rule_facts *facts, struct text *client);
bool fact_actor(const struct rule_facts *facts, struct text *actor);    /* the current one, of the token's issuer */
bool fact_delegation(const struct rule_facts *facts, bool *is_delegated);
bool fact_scope(const struct rule_facts *facts, struct text *scope);
bool fact_claim(const struct rule_facts *facts, const struct claim_path *path, const struct json **value);
bool fact_named_claim(const struct rule_facts *facts, const char *name, const struct json **value);
/* fact_audiences: a string, or an array of strings. *is_whole: there are no others. */
bool fact_audiences(const struct rule_facts *facts, const struct json **audiences, bool *is_whole);
bool fact_address(const struct rule_facts *facts);                      /* the client's is known, or known to be none */
bool fact_peer_names(const struct rule_facts *facts);                   /* so are those of its certificate */
bool fact_service(const struct rule_facts *facts);                      /* and whose service credential there was */

/* ---- rule_check.c ---- */

/* One entry for the explanation. Its texts live as long as the rules. */
struct rule_entry {
    const char *id, *standard, *detail;
    apisec_status status;
};
/* What a record does not say: "claim " and its name, or "" and what it is; name NULL: nothing. */
struct lacking {
    const char *kind, *name;
};
/* What a judgement adds up to: the first failure and its sentence; entries that found no room are counted and not lost silently:
 * requirement_read has bounded them. */
struct rule_finding {
    struct rule_entry entries[RULE_MAX_CHECKS];
    size_t num_entries;
    apisec_status status;
    char sentence[240];
    const struct requirement *step_up; /* with STEP_UP: whose acr and max_age were not met */
    const struct texts *scopes;        /* with SCOPE: those of which one or all were missing */
    struct lacking lacking;            /* of a record: what it does not say and the verdict hangs on; then status is no verdict */
};
/* rule_finding_init: nothing was judged yet, and nothing is unmet. */
void rule_finding_init(struct rule_finding *finding);
/* requirement_check judges these parts of a requirement and of its groups: networks and peers, services, and the rest. What is
 * asked in a choice may be met by another, and belongs to the rest as a whole. APISEC_OK only where all of it is met: what hangs on
 * something that is not known is APISEC_E_MISUSE, and finding->lacking says on what. */
enum { PART_ORIGIN = 1, PART_SERVICE = 2, PART_REST = 4, PART_ALL = 7 };
apisec_status requirement_check(const struct requirement *requirement, unsigned parts, const struct rule_facts *facts,
                                struct rule_finding *finding);

/* ---- authorize.c ---- */

/* What the steps of one call keep for each other, in the decision's arena. */
struct application {
    apisec_rules *rules;            /* a reference */
    const struct rule *rule;        /* NULL: none was found */
    struct path path;
    struct rule_facts facts;
    struct body_finding *body;      /* NULL: the rule has nothing to say of it */
    bool is_admitted, is_judged;
    bool is_let_in;                 /* the rules have nothing against it */
};

#endif
