/* SPDX-License-Identifier: Apache-2.0
 *
 * rule_check.c: judges one requirement of include/apisec/rules.h. The order is fixed: from where, whose token and for whom, through
 * whom, how strong and how fresh, then scopes, roles and claims, then groups. What is absent, or of another type, is never met.
 * Of a record not everything may be known: what is not is passed over, and a denial by something else decides; where nothing else
 * denies it is no verdict. Of a call everything is known.
 */
#include "access/rules.h"

#include <stdio.h>

enum { MAX_AHEAD_S = 60 }; /* how far the clock of whoever dates something may be ahead of ours */

/* ---- the finding ---- */

void rule_finding_init(struct rule_finding *finding)
{
    finding->num_entries = 0; /* what is behind them is never read */
    finding->status = APISEC_OK;
    finding->sentence[0] = '\0';
    finding->step_up = NULL;
    finding->scopes = NULL;
    finding->lacking = (struct lacking){NULL, NULL};
}

/* lack passes over what is not known. */
static apisec_status lack(struct rule_finding *finding, const char *kind, const char *name)
{
    if (finding->lacking.name == NULL) finding->lacking = (struct lacking){kind, name};
    return APISEC_OK;
}

static apisec_status note(struct rule_finding *finding, const char *id, const char *standard, const char *detail, bool met,
                          apisec_status otherwise)
{
    const apisec_status status = met ? APISEC_OK : otherwise;
    if (finding->num_entries < RULE_MAX_CHECKS) {
        struct rule_entry *entry = &finding->entries[finding->num_entries++];
        *entry = (struct rule_entry){id, standard, detail, status};
    }
    if (!met && finding->status == APISEC_OK) {
        finding->status = status;
        const char *const are = id[strlen(id) - 1] == 's' ? "are" : "is";
        snprintf(finding->sentence, sizeof finding->sentence, "%s %s not what the rule requires: %s", id, are, detail);
    }
    return status;
}

/* because adds to the sentence of what was not met what there was instead: whoever set a rule up wrongly sees it there. */
static apisec_status because(struct rule_finding *finding, apisec_status status, const char *what, const char *name)
{
    const size_t len = strlen(finding->sentence);
    if (status != APISEC_OK) snprintf(finding->sentence + len, sizeof finding->sentence - len, " (%s%s)", what, name);
    return status;
}

/* ---- from where ---- */

static apisec_status because_of_address(struct rule_finding *finding, apisec_status status, const struct address *client)
{
    char written[ADDRESS_MAX];
    if (status == APISEC_OK) return APISEC_OK;
    address_write(client, written);
    return because(finding, status, client->len > 0 ? "the client is " : "the client's address is not known", written);
}

static apisec_status check_networks(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    static const char standard[] = "RFC 4632 section 3.1";
    const struct address *const client = &f->client.address;
    apisec_status status = APISEC_OK;
    if (r->networks.names.num + r->except_networks.names.num == 0) return APISEC_OK;
    if (!fact_address(f)) return lack(finding, "", "the client's address");
    if (r->networks.names.num > 0)
        status = note(finding, "networks", standard, r->networks.names.joined, networks_hold(&r->networks, client), APISEC_E_PEER);
    if (status == APISEC_OK && r->except_networks.names.num > 0)
        status = note(finding, "except_networks", standard, r->except_networks.names.joined,
                      client->len > 0 && !networks_hold(&r->except_networks, client), APISEC_E_PEER);
    return because_of_address(finding, status, client);
}

static apisec_status check_peers(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    if (r->peers.names.num == 0) return APISEC_OK;
    const bool is_met = peers_have(&r->peers, f->peer, f->peer_sha256);
    if (!is_met && !fact_peer_names(f)) return lack(finding, "", "the certificate's names");
    return because(finding, note(finding, "peers", "RFC 5280 section 4.2.1.6", r->peers.names.joined, is_met, APISEC_E_PEER),
                   f->peer_sha256[0] == '\0' ? "the client has no certificate" : "its certificate is another's", "");
}

static apisec_status check_origin(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const apisec_status status = check_networks(r, f, finding);
    return status == APISEC_OK ? check_peers(r, f, finding) : status;
}

/* Where it comes in Authorization and is not there, or is wrong, the client is told how to send it: RFC 9110 section 15.5.2. */
static apisec_status check_service(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    if (r->services.num == 0) return APISEC_OK;
    if (!fact_service(f)) return lack(finding, "", "the service");
    const apisec_status status = note(finding, "services", "RFC 7617 section 2", r->services.joined,
                                      f->service != NULL && texts_have(&r->services, text_of(f->service->name)),
                                      f->service == NULL && f->is_authorization ? APISEC_E_NO_CREDENTIAL : APISEC_E_PEER);
    if (f->recalled != NULL) return status; /* which does not say what was sent */
    if (f->service != NULL) return because(finding, status, "it is ", f->service->name);
    return because(finding, status, f->has_service ? "what was sent is not valid" : "nothing was sent", "");
}

/* ---- whose token, and for whom ---- */

/* any_element: `aud` and its like are a string or an array of strings. */
static bool any_element(const struct json *value, const struct texts *texts)
{
    struct text text;
    if (json_as_text(value, &text)) return texts_have(texts, text);
    for (const struct json *at = json_kind(value) == JSON_ARRAY ? json_first(value) : NULL; at != NULL; at = json_next(at))
        if (json_as_text(at, &text) && texts_have(texts, text)) return true;
    return false;
}

static apisec_status check_audiences(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const struct json *audiences;
    bool is_whole;
    if (r->audiences.num == 0) return APISEC_OK;
    if (!fact_audiences(f, &audiences, &is_whole)) return lack(finding, "", "the audiences");
    const bool is_met = any_element(audiences, &r->audiences);
    if (!is_met && !is_whole) return lack(finding, "", "the audiences");
    return note(finding, "audiences", "RFC 7519 section 4.1.3", r->audiences.joined, is_met, APISEC_E_CONDITION);
}

/* Who is nobody in particular is in no list, and is not let in for being in none. */
static apisec_status check_clients(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    static const char standard[] = "RFC 8693 section 4.3";
    struct text client;
    apisec_status status = APISEC_OK;
    if (r->clients.num + r->except_clients.num == 0) return APISEC_OK;
    if (!fact_client(f, &client)) return lack(finding, "", "the client");
    if (r->clients.num > 0)
        status = note(finding, "clients", standard, r->clients.joined, texts_have(&r->clients, client), APISEC_E_CLIENT);
    if (status == APISEC_OK && r->except_clients.num > 0)
        status = note(finding, "except_clients", standard, r->except_clients.joined,
                      client.len > 0 && !texts_have(&r->except_clients, client), APISEC_E_CLIENT);
    return status;
}

static apisec_status check_party(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    struct text issuer;
    apisec_status status = APISEC_OK;
    if (r->issuers.num > 0)
        status = fact_issuer(f, &issuer) ? note(finding, "issuers", "RFC 7519 section 4.1.1", r->issuers.joined,
                                                texts_have(&r->issuers, issuer), APISEC_E_CONDITION)
                                         : lack(finding, "", "the issuer");
    if (status == APISEC_OK) status = check_audiences(r, f, finding);
    return status == APISEC_OK ? check_clients(r, f, finding) : status;
}

static apisec_status check_actor(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    static const char standard[] = "RFC 8693 section 4.1";
    struct text actor;
    bool delegated;
    apisec_status status = APISEC_OK;
    if (r->delegation == DELEGATION_ANY && r->actors.num == 0) return APISEC_OK;
    if (!fact_delegation(f, &delegated)) return lack(finding, "", "who acts");
    if (r->delegation == DELEGATION_REQUIRED)
        status = note(finding, "delegation", standard, "required", delegated, APISEC_E_ACTOR);
    if (r->delegation == DELEGATION_FORBIDDEN)
        status = note(finding, "delegation", standard, "forbidden", !delegated, APISEC_E_ACTOR);
    if (status != APISEC_OK || r->actors.num == 0) return status;
    if (!fact_actor(f, &actor)) return lack(finding, "", "who acts");
    return note(finding, "actors", standard, r->actors.joined, texts_have(&r->actors, actor), APISEC_E_ACTOR);
}

/* ---- how strong, and how fresh ---- */

/* is_recent: a date that is absent, of another type, or farther ahead than clocks differ is none. */
static bool is_recent(const struct json *value, int64_t now, int64_t age)
{
    int64_t date;
    if (!json_as_date(value, &date)) return false;
    return date <= now + MAX_AHEAD_S && now - date <= age;
}

static apisec_status check_token_age(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const struct json *value;
    if (r->max_token_age.seconds < 0) return APISEC_OK;
    if (!fact_named_claim(f, "iat", &value)) return lack(finding, "claim ", "iat");
    return note(finding, "max_token_age", "RFC 7519 section 4.1.6", r->max_token_age.written,
                is_recent(value, f->now, r->max_token_age.seconds), APISEC_E_LIFETIME);
}

static apisec_status check_acr(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const struct json *value;
    struct text acr = {NULL, 0};
    if (r->acr.num == 0) return APISEC_OK;
    if (!fact_named_claim(f, "acr", &value)) return lack(finding, "claim ", "acr");
    if (!json_as_text(value, &acr)) acr.at = NULL;
    return note(finding, "acr", "RFC 9470 section 3", r->acr.joined, texts_have(&r->acr, acr), APISEC_E_STEP_UP);
}

static apisec_status check_age(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const struct json *value;
    if (r->max_age.seconds < 0) return APISEC_OK;
    if (!fact_named_claim(f, "auth_time", &value)) return lack(finding, "claim ", "auth_time");
    return note(finding, "max_age", "RFC 9470 section 3", r->max_age.written, is_recent(value, f->now, r->max_age.seconds),
                APISEC_E_STEP_UP);
}

static apisec_status check_strength(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const struct json *value;
    apisec_status status = APISEC_OK;
    if (r->bound)
        status = fact_named_claim(f, "cnf", &value) ? note(finding, "bound", "RFC 7800 section 3", "to a key or certificate",
                                                           value != NULL, APISEC_E_BINDING)
                                                    : lack(finding, "claim ", "cnf");
    if (status == APISEC_OK) status = check_token_age(r, f, finding);
    if (status == APISEC_OK) status = check_acr(r, f, finding);
    if (status == APISEC_OK) status = check_age(r, f, finding);
    if (status == APISEC_E_STEP_UP && finding->step_up == NULL) finding->step_up = r;
    return status;
}

/* ---- scopes and roles ---- */

static size_t count_scopes(struct text granted, const struct texts *scopes)
{
    size_t num = 0;
    for (size_t i = 0; i < scopes->num; i++) num += scope_list_has(granted, text_of(scopes->at[i]));
    return num;
}

static apisec_status check_scopes(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    static const char standard[] = "RFC 6749 section 3.3";
    struct text granted;
    apisec_status status = APISEC_OK;
    if (r->scopes.num + r->any_scope.num == 0) return APISEC_OK;
    if (!fact_scope(f, &granted)) return lack(finding, "", "the scope");
    if (r->scopes.num > 0) {
        const bool met = count_scopes(granted, &r->scopes) == r->scopes.num;
        if (!met) finding->scopes = &r->scopes;
        status = note(finding, "scopes", standard, r->scopes.joined, met, APISEC_E_SCOPE);
    }
    if (status != APISEC_OK || r->any_scope.num == 0) return status;
    const bool met = count_scopes(granted, &r->any_scope) > 0;
    if (!met) finding->scopes = &r->any_scope;
    return note(finding, "any_scope", standard, r->any_scope.joined, met, APISEC_E_SCOPE);
}

static bool holds_role(const struct json *value, const char *role)
{
    const struct texts one = {&role, 1, NULL};
    return value != NULL && any_element(value, &one);
}

/* count_roles: *unknown is a claim that may hold more of them; NULL: none. */
static size_t count_roles(const struct rule_facts *f, const struct texts *roles, const struct claim_path **unknown)
{
    size_t num = 0;
    *unknown = NULL;
    for (size_t i = 0; i < roles->num; i++) {
        bool is_held = false;
        for (size_t k = 0; k < f->num_role_claims && !is_held; k++) {
            const struct json *value;
            if (fact_claim(f, &f->role_claims[k], &value)) is_held = holds_role(value, roles->at[i]);
            else if (*unknown == NULL) *unknown = &f->role_claims[k];
        }
        num += is_held;
    }
    return num;
}

static apisec_status check_role_list(const char *id, const struct texts *roles, size_t wanted, const struct rule_facts *f,
                                     struct rule_finding *finding)
{
    const struct claim_path *unknown;
    if (roles->num == 0) return APISEC_OK;
    const bool is_met = count_roles(f, roles, &unknown) >= wanted;
    if (!is_met && unknown != NULL) return lack(finding, "claim ", unknown->written);
    return note(finding, id, "RFC 9068 section 2.2.3", roles->joined, is_met, APISEC_E_ROLE);
}

static apisec_status check_roles(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const apisec_status status = check_role_list("roles", &r->roles, r->roles.num, f, finding);
    return status == APISEC_OK ? check_role_list("any_role", &r->any_role, 1, f, finding) : status;
}

/* ---- claims ---- */

static apisec_status check_claims(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    apisec_status status = APISEC_OK;
    for (size_t i = 0; i < r->num_claims && status == APISEC_OK; i++) {
        const struct claim_test *const test = &r->claims[i];
        const struct json *value;
        status = fact_claim(f, &test->claim, &value) ? note(finding, "claim", "RFC 7519 section 4", test->claim.written,
                                                            claim_test_is_met(test, value, f->path), APISEC_E_CONDITION)
                                                     : lack(finding, "claim ", test->claim.written);
    }
    return status;
}

/* ---- groups ---- */

static apisec_status check(const struct requirement *requirement, unsigned parts, const struct rule_facts *facts,
                           struct rule_finding *finding);

/* check_choices: the alternatives that are not met leave no trace where one is; where none is, the first one's reason stands. One
 * that may be met, for all that is known, leaves what it lacks, unless another is met. */
static apisec_status check_choices(const struct requirement *r, const struct rule_facts *f, struct rule_finding *finding)
{
    const size_t num_entries = finding->num_entries;
    const struct lacking before = finding->lacking;
    struct lacking open = {NULL, NULL};
    struct rule_entry first = {NULL, NULL, NULL, APISEC_OK};
    const struct requirement *step_up = NULL;
    const struct texts *scopes = NULL;
    if (r->num_choices == 0) return APISEC_OK;
    for (size_t i = 0; i < r->num_choices; i++) {
        finding->lacking = (struct lacking){NULL, NULL};
        const apisec_status status = check(r->choices[i], PART_ALL, f, finding);
        const struct lacking lacking = finding->lacking;
        finding->lacking = before;
        if (status == APISEC_OK && lacking.name == NULL) return APISEC_OK;
        if (status == APISEC_OK && open.name == NULL) open = lacking;
        if (i == 0 && status != APISEC_OK) {
            first = finding->entries[finding->num_entries - 1];
            step_up = finding->step_up;
            scopes = finding->scopes;
        }
        finding->num_entries = num_entries;
        finding->status = APISEC_OK;
        finding->step_up = NULL;
        finding->scopes = NULL;
    }
    if (open.name != NULL) return lack(finding, open.kind, open.name);
    finding->step_up = step_up;
    finding->scopes = scopes;
    note(finding, "any_of", first.standard, first.detail, false, first.status);
    snprintf(finding->sentence, sizeof finding->sentence, "no alternative of any_of is met; the first fails at %s: %s", first.id,
             first.detail);
    return first.status;
}

static apisec_status check_user(const struct requirement *requirement, const struct rule_facts *facts, struct rule_finding *finding)
{
    apisec_status status = check_party(requirement, facts, finding);
    if (status == APISEC_OK) status = check_actor(requirement, facts, finding);
    if (status == APISEC_OK) status = check_strength(requirement, facts, finding);
    if (status == APISEC_OK) status = check_scopes(requirement, facts, finding);
    if (status == APISEC_OK) status = check_roles(requirement, facts, finding);
    if (status == APISEC_OK) status = check_claims(requirement, facts, finding);
    return status;
}

static apisec_status check(const struct requirement *requirement, unsigned parts, const struct rule_facts *facts,
                           struct rule_finding *finding)
{
    apisec_status status = APISEC_OK;
    if ((parts & PART_ORIGIN) != 0) status = check_origin(requirement, facts, finding);
    if ((parts & PART_SERVICE) != 0 && status == APISEC_OK) status = check_service(requirement, facts, finding);
    if ((parts & PART_REST) != 0 && status == APISEC_OK) status = check_user(requirement, facts, finding);
    for (size_t i = 0; i < requirement->num_groups && status == APISEC_OK; i++)
        status = check(requirement->groups[i], parts, facts, finding);
    return status == APISEC_OK && (parts & PART_REST) != 0 ? check_choices(requirement, facts, finding) : status;
}

apisec_status requirement_check(const struct requirement *requirement, unsigned parts, const struct rule_facts *facts,
                                struct rule_finding *finding)
{
    const apisec_status status = check(requirement, parts, facts, finding);
    if (status != APISEC_OK) finding->lacking = (struct lacking){NULL, NULL}; /* it is denied, whatever that would have been */
    if (finding->lacking.name == NULL) return status;
    finding->status = APISEC_E_MISUSE;
    snprintf(finding->sentence, sizeof finding->sentence, "undecidable: %s%s", finding->lacking.kind, finding->lacking.name);
    return APISEC_E_MISUSE;
}
