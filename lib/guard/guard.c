/* SPDX-License-Identifier: Apache-2.0
 *
 * guard.c: the handle of include/apisec/guard.h, and one call: the rule, what needs no user, the token, the requirements, the
 * record. Whatever happens there is a decision, and unless every step has said yes it denies.
 */
#include "guard/guard.h"

#include <stdlib.h>

/* ---- making and ending it ---- */

static apisec_status open_audit(apisec_guard *guard, const struct audit_settings *settings, apisec_error *err)
{
    if (settings->file == NULL) return APISEC_OK;
    apisec_error why;
    const struct shape top = {NULL, NULL, NULL, 0}, audit = {NULL, &top, "audit", 0}, file = {NULL, &audit, "file", 0};
    const apisec_status status = apisec_audit_open_file(settings->file, settings->level, settings->on_failure, &guard->audit, &why);
    guard->owns_audit = status == APISEC_OK;
    return status == APISEC_OK ? APISEC_OK : shape_fail_as(&file, &why, err);
}

static apisec_status begin(apisec_guard *guard, const char *json, size_t len, apisec_error *err)
{
    struct edition *edition;
    guard->metrics = metrics_new();
    if (guard->metrics == NULL) return fail_memory(err);
    apisec_status status = edition_new(json, len, guard->http, guard->log, &edition, err);
    if (status != APISEC_OK) return status;
    if (guard->audit == NULL) status = open_audit(guard, &edition->audit, err); /* last: what is refused leaves no file behind */
    if (status == APISEC_OK && editions_begin(&guard->editions, edition) != APISEC_OK) status = fail_memory(err);
    if (status != APISEC_OK) edition_free(edition);
    return status;
}

static apisec_status make(const char *json, size_t len, apisec_http *http, enum log_source log, apisec_audit *audit,
                          apisec_guard **guard, apisec_error *err)
{
    if (guard == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the guard");
    *guard = NULL;
    apisec_guard *const made = calloc(1, sizeof *made);
    if (made == NULL || !editions_init(&made->editions)) { /* what has no lock is not ended by apisec_guard_free */
        free(made);
        return fail_memory(err);
    }
    made->http = http;
    made->audit = audit;
    made->log = log;
    const apisec_status status = begin(made, json, len, err);
    if (status != APISEC_OK) {
        apisec_guard_free(made);
        return status;
    }
    *guard = made;
    return succeed(err);
}

apisec_status apisec_guard_new(const char *json, size_t len, apisec_guard **guard, apisec_error *err)
{
    return make(json, len, NULL, LOG_OF_DOCUMENT, NULL, guard, err);
}

apisec_status apisec_guard_new_with(const char *json, size_t len, apisec_http *http, apisec_audit *audit, apisec_guard **guard,
                                    apisec_error *err)
{
    return make(json, len, http, audit != NULL ? LOG_OF_SERVICE : LOG_OF_DOCUMENT, audit, guard, err);
}

apisec_status apisec_guard_new_unrecorded(const char *json, size_t len, apisec_http *http, apisec_guard **guard, apisec_error *err)
{
    return make(json, len, http, LOG_NOWHERE, NULL, guard, err);
}

void apisec_guard_free(apisec_guard *guard)
{
    if (guard == NULL) return;
    editions_free(&guard->editions);
    metrics_free(guard->metrics);
    if (guard->owns_audit) apisec_audit_close(guard->audit);
    free(guard);
}

/* ---- one call ---- */

apisec_decision *guard_refuse(apisec_status status, const char *sentence)
{
    apisec_decision *const denial = decision_new(NULL, NULL, NULL);
    if (denial == NULL) return decision_out_of_memory();
    decision_fail(denial, status, sentence);
    return denial;
}

apisec_decision *guard_begin(apisec_guard *guard, const apisec_call *call, struct edition **edition)
{
    *edition = editions_take(&guard->editions);
    apisec_decision *const decision = decision_new((*edition)->verifier, guard->audit, call);
    if (decision == NULL) {
        metrics_count_lost(guard->metrics);
        return NULL;
    }
    decision_watch(decision, &guard->metrics->watch);
    if (call == NULL) decision_fail(decision, APISEC_E_ARGUMENT, "there is no call");
    decision_route(decision, (*edition)->rules);
    decision_admit(decision, call);
    return decision;
}

apisec_status apisec_guard_decide(apisec_guard *guard, const apisec_call *call, apisec_decision **decision, apisec_error *err)
{
    struct edition *edition;
    if (decision == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the decision");
    *decision = decision_out_of_memory();
    if (guard == NULL) {
        *decision = guard_refuse(APISEC_E_ARGUMENT, "there is no guard");
        return decision_report(*decision, err);
    }
    apisec_decision *const made = guard_begin(guard, call, &edition);
    if (made != NULL) {
        *decision = made;
        if (decision_wants_user(made)) decision_authenticate(made, call);
        decision_judge(made);
    }
    edition_free(edition);
    return decision_report(*decision, err);
}

apisec_status apisec_guard_check(apisec_guard *guard, const apisec_call *call, apisec_decision **decision, apisec_error *err)
{
    if (decision == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the decision");
    apisec_guard_decide(guard, call, decision, err);
    return apisec_decision_commit(*decision, err);
}

/* ---- what is in force ---- */

apisec_verifier *apisec_guard_verifier(apisec_guard *guard)
{
    if (guard == NULL) return NULL;
    struct edition *const edition = editions_take(&guard->editions);
    apisec_verifier *const verifier = verifier_ref(edition->verifier);
    edition_free(edition);
    return verifier;
}

apisec_audit *apisec_guard_audit(apisec_guard *guard)
{
    return guard != NULL ? guard->audit : NULL;
}

apisec_status apisec_guard_warm(apisec_guard *guard, apisec_error *err)
{
    if (guard == NULL) return fail(err, APISEC_E_ARGUMENT, "there is no guard");
    apisec_verifier *const verifier = apisec_guard_verifier(guard);
    const apisec_status status = apisec_verifier_warm(verifier, err);
    apisec_verifier_free(verifier);
    return status;
}
