/* SPDX-License-Identifier: Apache-2.0
 *
 * explain.c: why a decision is what it is, as JSON for an operator: every check that was made, with the standard that asks for it.
 * The same list goes into the record.
 */
#include "access/access.h"

enum { MAX_DETAIL = 128 };

static void put_check(struct json_writer *writer, const char *id, bool passed, const char *standard, const char *detail)
{
    json_open_object(writer, NULL);
    json_put_text(writer, "id", text_of(id));
    json_put_text(writer, "verdict", text_of(passed ? "pass" : "fail"));
    json_put_text(writer, "standard", text_of(standard));
    if (detail) json_put_text_capped(writer, "detail", text_of(detail), MAX_DETAIL);
    json_close_object(writer);
}

static void put_checks(const apisec_decision *decision, size_t from, size_t to, struct json_writer *writer)
{
    for (size_t i = from; i < to; i++) {
        const struct access_check *const check = &decision->checks[i];
        put_check(writer, check->id, check->passed, check->standard, check->detail);
    }
}

void explanation_put_checks(const apisec_decision *decision, struct json_writer *writer)
{
    const enum check at = decision->trail.at;
    json_open_array(writer, "checks");
    put_checks(decision, 0, decision->num_checks_before, writer);
    for (int i = 0; i < NUM_CHECKS; i++)
        if (trail_passed(&decision->trail, (enum check)i)) json_put_raw(writer, NULL, check_passed((enum check)i));
    if (decision->trail_failed && at < NUM_CHECKS) put_check(writer, check_id(at), false, check_standard(at), NULL);
    put_checks(decision, decision->num_checks_before, decision->num_checks, writer);
    json_close_array(writer);
}

/* A requirement that is only tried: what would have become of the decision. */
void explanation_put_shadow(const apisec_decision *decision, struct json_writer *writer)
{
    const struct shadow *const shadow = &decision->shadow;
    if (!shadow->is_judged) return;
    json_open_object(writer, "shadow");
    json_put_text(writer, "verdict", text_of(shadow->status == APISEC_OK ? "allowed" : "denied"));
    json_put_text(writer, "status_code", text_of(apisec_status_name(shadow->status)));
    json_put_text(writer, "reason", text_of(shadow->reason));
    json_close_object(writer);
}

static const char *verdict(const apisec_decision *decision)
{
    if (decision->status != APISEC_OK) return "denied";
    return decision->phase == DECISION_COMMITTED ? "allowed" : "pending";
}

apisec_status explanation_write(const apisec_decision *decision, struct buffer *out)
{
    struct json_writer writer = {out, false};
    json_open_object(&writer, NULL);
    json_put_text(&writer, "verdict", text_of(verdict(decision)));
    json_put_text(&writer, "status", text_of(apisec_status_name(decision->status)));
    json_put_number(&writer, "http_status", apisec_decision_http_status(decision));
    json_put_text(&writer, "reason", text_of(apisec_decision_reason(decision)));
    explanation_put_checks(decision, &writer);
    explanation_put_shadow(decision, &writer);
    json_close_object(&writer);
    return out->status;
}
