/* SPDX-License-Identifier: Apache-2.0
 *
 * decision.c: the handle of include/apisec/decision.h. A decision is a denial until commit has written its record; its first
 * failure stands, and whatever is asked of it at the wrong moment is refused and changes nothing.
 */
#include "access/access.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_REQUIRED_SCOPE = 8192, MAX_CHALLENGE = 16384, MAX_EXPLANATION = 262144 };

/* The denial for a call that had no memory for one. It is never written to. */
static apisec_decision out_of_memory = {
    .phase = DECISION_COMMITTED, .status = APISEC_E_MEMORY, .error = {APISEC_E_MEMORY, "out of memory"}};

static const char denied_without_memory[] =
    "{\"verdict\":\"denied\",\"status\":\"APISEC_E_MEMORY\",\"http_status\":500,\"reason\":\"out of memory\",\"checks\":[]}";
static const char denied_without_decision[] =
    "{\"verdict\":\"denied\",\"status\":\"APISEC_E_MISUSE\",\"http_status\":500,\"reason\":\"no decision\",\"checks\":[]}";

apisec_decision *decision_out_of_memory(void)
{
    return &out_of_memory;
}

/* ---- beginning ---- */

static int64_t moment_ms(const apisec_call *call)
{
    if (!call_has_time(call)) return clock_now_ms();
    const int64_t now = call_time(call);
    if (now > INT64_MAX / 1000) return INT64_MAX;
    return now < INT64_MIN / 1000 ? INT64_MIN : now * 1000;
}

apisec_decision *decision_new(apisec_verifier *verifier, apisec_audit *audit, const apisec_call *call)
{
    apisec_decision *const decision = malloc(sizeof *decision);
    if (!decision) return NULL;
    memset(decision, 0, offsetof(struct apisec_decision, checks));
    decision->started_us = clock_elapsed_us();
    decision->time_ms = moment_ms(call);
    decision->required_scope = BUFFER_MAX(MAX_REQUIRED_SCOPE);
    decision->challenge = BUFFER_MAX(MAX_CHALLENGE);
    decision->explanation_bytes = BUFFER_MAX(MAX_EXPLANATION);
    decision->explanation = &decision->explanation_bytes;
    if (!decision_keep_call(decision, call)) {
        arena_free(&decision->arena);
        free(decision);
        return NULL;
    }
    decision->verifier = verifier_ref(verifier);
    decision->audit = audit;
    return decision;
}

void decision_watch(apisec_decision *decision, struct decision_watch *watch)
{
    watch->take(watch);
    decision->watch = watch;
}

void apisec_decision_free(apisec_decision *decision)
{
    if (!decision || decision == &out_of_memory) return;
    if (decision->phase == DECISION_OPEN) {
        decision->phase = DECISION_ABANDONED;
        decision_fail(decision, APISEC_E_MISUSE, "freed without a commit");
        fail(&decision->error, decision->status, "abandoned: %s", decision->error.text);
        if (decision->audit) decision_record(decision, NULL);
        if (decision->watch) decision->watch->ended(decision->watch, decision);
    }
    if (decision->watch) decision->watch->give_back(decision->watch);
    application_end(decision->applied);
    apisec_token_free(decision->token);
    apisec_verifier_free(decision->verifier);
    buffer_free(&decision->required_scope);
    buffer_free(&decision->challenge);
    buffer_free(&decision->explanation_bytes);
    arena_free(&decision->arena);
    free(decision);
}

/* ---- failing ---- */

apisec_status decision_fail(apisec_decision *decision, apisec_status status, const char *sentence)
{
    if (decision->status == APISEC_OK) decision->status = fail(&decision->error, status, "%s", sentence);
    return decision->status;
}

apisec_status decision_report(const apisec_decision *decision, apisec_error *err)
{
    if (decision->status == APISEC_OK) return succeed(err);
    return fail(err, decision->status, "%s", decision->error.text);
}

apisec_status decision_open_status(const apisec_decision *decision)
{
    if (!decision) return APISEC_E_MISUSE;
    if (decision == &out_of_memory) return APISEC_E_MEMORY;
    return decision->phase == DECISION_OPEN ? decision->status : APISEC_E_MISUSE;
}

/* ---- requiring ---- */

struct demand {
    const char *id, *standard;
    const char *const *scopes; /* or a claim */
    size_t num_scopes;
    const char *claim, *equals;
};

apisec_status decision_note_scopes(apisec_decision *decision, const char *const *scopes, size_t num_scopes)
{
    struct buffer *const noted = &decision->required_scope;
    for (size_t i = 0; i < num_scopes; i++) {
        if (scope_list_has((struct text){noted->bytes, noted->len}, text_of(scopes[i]))) continue;
        if (noted->len > 0) buffer_byte(noted, ' ');
        buffer_text(noted, scopes[i]);
    }
    if (noted->status == APISEC_OK) return APISEC_OK;
    if (noted->status == APISEC_E_MEMORY) return decision_fail(decision, APISEC_E_MEMORY, "out of memory");
    return decision_fail(decision, APISEC_E_ARGUMENT, "too many scopes were required");
}

static char *describe(apisec_decision *decision, const struct demand *demand)
{
    struct buffer text = BUFFER_MAX(MAX_REQUIRED_SCOPE);
    if (demand->claim) {
        buffer_text(&text, demand->claim);
        buffer_byte(&text, '=');
        buffer_text(&text, demand->equals);
    }
    for (size_t i = 0; i < demand->num_scopes; i++) {
        if (i > 0) buffer_byte(&text, ' ');
        buffer_text(&text, demand->scopes[i]);
    }
    char *const kept = text.status == APISEC_E_MEMORY ? NULL : arena_text(&decision->arena, (struct text){text.bytes, text.len});
    buffer_free(&text);
    return kept;
}

apisec_status decision_add_check(apisec_decision *decision, const char *id, const char *standard, const char *detail, bool passed)
{
    if (decision->num_checks == DECISION_MAX_CHECKS)
        return decision_fail(decision, APISEC_E_ARGUMENT, "more checks than a decision takes");
    decision->checks[decision->num_checks++] = (struct access_check){id, standard, detail, passed};
    return APISEC_OK;
}

/* conclude turns what a check said into what becomes of the decision. */
static apisec_status conclude(apisec_decision *decision, const struct demand *demand, apisec_status status)
{
    if (!decision->token) return decision_fail(decision, APISEC_E_MISUSE, "there is no user of whom something could be required");
    if (status == APISEC_E_MISUSE) return decision_fail(decision, status, "nothing was required: an empty list");
    if (status == APISEC_E_ARGUMENT) return decision_fail(decision, status, "what was required is not a scope, or not a claim");

    const char *const detail = describe(decision, demand);
    if (!detail) return decision_fail(decision, APISEC_E_MEMORY, "out of memory");
    const apisec_status noted = decision_note_scopes(decision, demand->scopes, demand->num_scopes);
    if (noted != APISEC_OK) return noted;
    const apisec_status added = decision_add_check(decision, demand->id, demand->standard, detail, status == APISEC_OK);
    if (added != APISEC_OK || status == APISEC_OK) return added;

    apisec_error sentence;
    if (demand->claim) fail(&sentence, status, "claim %.100s is not what is required", demand->claim);
    else fail(&sentence, status, "the token lacks what is required of its scope: %.150s", detail);
    return decision_fail(decision, status, sentence.text);
}

apisec_status apisec_decision_require_scope(apisec_decision *decision, const char *scope)
{
    const apisec_status open = decision_open_status(decision);
    if (open != APISEC_OK) return open;
    const struct demand demand = {"scope", "RFC 6749 section 3.3", .scopes = &scope, .num_scopes = 1};
    return conclude(decision, &demand, apisec_require_scope(decision->token, scope));
}

apisec_status apisec_decision_require_scopes(apisec_decision *decision, const char *const *scopes, size_t num_scopes)
{
    const apisec_status open = decision_open_status(decision);
    if (open != APISEC_OK) return open;
    const struct demand demand = {"scope", "RFC 6749 section 3.3", .scopes = scopes, .num_scopes = num_scopes};
    return conclude(decision, &demand, apisec_require_scopes(decision->token, scopes, num_scopes));
}

apisec_status apisec_decision_require_any_scope(apisec_decision *decision, const char *const *scopes, size_t num_scopes)
{
    const apisec_status open = decision_open_status(decision);
    if (open != APISEC_OK) return open;
    const struct demand demand = {"any_scope", "RFC 6749 section 3.3", .scopes = scopes, .num_scopes = num_scopes};
    return conclude(decision, &demand, apisec_require_any_scope(decision->token, scopes, num_scopes));
}

apisec_status apisec_decision_require_claim(apisec_decision *decision, const char *name, const char *equals)
{
    const apisec_status open = decision_open_status(decision);
    if (open != APISEC_OK) return open;
    const struct demand demand = {"claim", "RFC 7519 section 4", .claim = name, .equals = equals};
    return conclude(decision, &demand, apisec_require_claim(decision->token, name, equals));
}

/* A service may deny for what is its own to judge (3xx), for its own trouble (5xx) and for too much at once (6xx). What is wrong
 * with the credential is not its finding, and APISEC_OK is no denial. */
static apisec_status denial(apisec_status status)
{
    const int32_t hundreds = status / 100;
    const bool is_own = hundreds == -3 || hundreds == -5 || hundreds == -6;
    return is_own && strcmp(apisec_status_name(status), "APISEC_E_UNKNOWN") != 0 ? status : APISEC_E_DENIED;
}

apisec_status apisec_decision_deny(apisec_decision *decision, apisec_status status, const char *reason)
{
    const apisec_status open = decision_open_status(decision);
    if (open != APISEC_OK) return open;
    decision_fail(decision, denial(status), reason ? reason : "denied by the service");
    decision_add_check(decision, "service", "the service's own", NULL, false);
    return decision->status;
}

/* ---- the end ---- */

apisec_status apisec_decision_commit(apisec_decision *decision, apisec_error *err)
{
    apisec_error inner;
    if (!decision) return fail(err, APISEC_E_MISUSE, "no decision");
    if (decision == &out_of_memory) return fail_memory(err);
    if (decision->phase != DECISION_OPEN) return fail(err, APISEC_E_MISUSE, "the decision was committed before");
    if (!decision->authenticated && !decision->needs_no_user) decision_fail(decision, APISEC_E_MISUSE, "nobody was authenticated");

    decision->phase = DECISION_COMMITTED;
    const apisec_status recorded = decision->audit ? decision_record(decision, &inner) : APISEC_OK;
    if (recorded != APISEC_OK && audit_is_strict(decision->audit)) decision_fail(decision, APISEC_E_AUDIT, inner.text);
    challenge_write(decision, &decision->challenge);
    if (decision->watch) decision->watch->ended(decision->watch, decision);
    return decision_report(decision, err);
}

/* ---- reading ---- */

apisec_status apisec_decision_status(const apisec_decision *decision)
{
    return decision ? decision->status : APISEC_E_MISUSE;
}

int32_t apisec_decision_http_status(const apisec_decision *decision)
{
    if (!decision || decision->phase == DECISION_OPEN) return 500;
    if (decision->status == APISEC_E_BODY && decision->body_http_status != 0) return decision->body_http_status;
    return apisec_status_http(decision->status);
}

const apisec_token *apisec_decision_token(const apisec_decision *decision)
{
    return decision && decision->authenticated ? decision->token : NULL;
}

const char *apisec_decision_reason(const apisec_decision *decision)
{
    if (!decision) return "no decision";
    return decision->status == APISEC_OK ? "" : decision->error.text;
}

const char *apisec_decision_rule(const apisec_decision *decision)
{
    return decision != NULL ? decision->rule_id : NULL;
}

struct header {
    const char *name, *value;
};

/* headers_of lists the headers that the reply must have, and returns how many. */
static size_t headers_of(const apisec_decision *decision, struct header headers[3])
{
    size_t num = 0;
    if (!decision || decision->phase == DECISION_OPEN) return 0;
    /* RFC 9110 section 15.5.2 demands a challenge with every 401, even when there was no memory for a better one. */
    if (decision->challenge.status != APISEC_OK) headers[num++] = (struct header){"WWW-Authenticate", "Bearer"};
    else if (decision->challenge.len > 0) headers[num++] = (struct header){"WWW-Authenticate", decision->challenge.bytes};
    const bool is_passing =
        decision->status == APISEC_E_KEYS_UNAVAILABLE || decision->status == APISEC_E_STORE || decision->status == APISEC_E_BUSY;
    if (is_passing) headers[num++] = (struct header){"Retry-After", "10"};
    if (decision->status == APISEC_E_RATE && decision->retry_after[0] != '\0')
        headers[num++] = (struct header){"Retry-After", decision->retry_after};
    if (decision->dpop_nonce[0] != '\0') headers[num++] = (struct header){"DPoP-Nonce", decision->dpop_nonce};
    return num;
}

size_t apisec_decision_num_headers(const apisec_decision *decision)
{
    struct header headers[3];
    return headers_of(decision, headers);
}

const char *apisec_decision_header_name(const apisec_decision *decision, size_t index)
{
    struct header headers[3];
    return index < headers_of(decision, headers) ? headers[index].name : NULL;
}

const char *apisec_decision_header_value(const apisec_decision *decision, size_t index)
{
    struct header headers[3];
    return index < headers_of(decision, headers) ? headers[index].value : NULL;
}

const char *apisec_decision_explanation(const apisec_decision *decision)
{
    if (!decision) return denied_without_decision;
    if (decision == &out_of_memory) return denied_without_memory;
    buffer_clear(decision->explanation);
    return explanation_write(decision, decision->explanation) == APISEC_OK ? decision->explanation->bytes : denied_without_memory;
}
