/* SPDX-License-Identifier: Apache-2.0
 *
 * record.c: the one record of a decision, OCSF API Activity: who, through whom, wanted what, and what became of it.
 * Of the token it holds claims of a verified one and its hash; of the request neither the query nor any header not named here.
 */
#include "access/caller.h"

#include <string.h>

enum { MAX_NAMES = 8, MAX_ADDRESS = 64 };

static bool is_allowed(const apisec_decision *decision)
{
    return decision->phase == DECISION_COMMITTED && decision->status == APISEC_OK;
}

static void put(struct json_writer *writer, const char *name, const char *text)
{
    if (text && text[0]) json_put_text_capped(writer, name, text_of(text), AUDIT_MAX_FIELD);
}

static void put_text(struct json_writer *writer, const char *name, struct text text)
{
    if (text.len > 0) json_put_text_capped(writer, name, text, AUDIT_MAX_FIELD);
}

/* ---- OCSF ---- */

static int32_t activity_of(struct text method)
{
    static const struct {
        const char *method;
        int32_t activity;
    } rows[] = {{"POST", 1}, {"GET", 2}, {"HEAD", 2}, {"OPTIONS", 2}, {"PUT", 3}, {"PATCH", 3}, {"DELETE", 4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (text_is(method, rows[i].method)) return rows[i].activity;
    return method.len > 0 ? 99 : 0;
}

static void put_verdict(const apisec_decision *decision, struct json_writer *members)
{
    const bool allowed = is_allowed(decision);
    json_put_number(members, "severity_id", allowed ? 1 : 2);
    json_put_number(members, "action_id", allowed ? 1 : 2);
    json_put_number(members, "disposition_id", allowed ? 1 : 2);
    json_put_number(members, "status_id", allowed ? 1 : 2);
    json_put_text(members, "status_code", text_of(apisec_status_name(decision->status)));
    put(members, "status_detail", apisec_decision_reason(decision));
}

/* OCSF demands that something is said of the actor. */
static struct text app_name(const apisec_decision *decision)
{
    const struct peer_names *const peer = decision->peer;
    if (decision->service != NULL) return text_of(decision->service);
    return peer != NULL && peer->num > 0 ? peer->names[0].text : text_of("unknown");
}

static void put_actor(const apisec_decision *decision, struct json_writer *members)
{
    const apisec_token *const token = decision->token;
    const char *const subject = apisec_token_subject(token), *const client = apisec_token_client_id(token);
    json_open_object(members, "actor");
    if (subject) {
        json_open_object(members, "user");
        put(members, "uid", subject);
        json_close_object(members);
    }
    if (token) {
        json_open_object(members, "idp");
        put(members, "name", apisec_token_issuer(token));
        json_close_object(members);
    }
    put(members, "app_uid", client);
    if (!subject && !client) json_put_text_capped(members, "app_name", app_name(decision), RECORD_MAX_SHORT);
    json_open_array(members, "authorizations");
    json_open_object(members, NULL);
    put(members, "decision", is_allowed(decision) ? "allowed" : "denied");
    json_close_object(members);
    json_close_array(members);
    json_close_object(members);
}

static void put_api(const apisec_decision *decision, struct json_writer *members)
{
    struct buffer operation = BUFFER_MAX(8192);
    buffer_slice(&operation, decision->method);
    if (decision->method.len > 0 && decision->path.len > 0) buffer_byte(&operation, ' ');
    buffer_slice(&operation, decision->path);
    if (operation.status != APISEC_OK && members->out->status == APISEC_OK) members->out->status = operation.status;

    json_open_object(members, "api");
    if (operation.len > 0) put_text(members, "operation", (struct text){operation.bytes, operation.len});
    else put(members, "operation", "unknown");
    if (apisec_token_id(decision->token)) {
        json_open_object(members, "token");
        put(members, "uid", apisec_token_id(decision->token));
        json_close_object(members);
    }
    json_close_object(members);
    buffer_free(&operation);
}

/* last_of gives the last so many elements of a list between commas. */
static struct text last_of(struct text list, size_t max)
{
    size_t start = list.len;
    for (size_t num = 0; start > 0; start--)
        if (list.at[start - 1] == ',' && ++num == max) break;
    return (struct text){list.at + start, list.len - start};
}

/* The addresses that proxies say the request came from: whoever sends the header writes what they like, so they stand apart. */
static void put_forwarded(struct text list, struct json_writer *members)
{
    json_open_array(members, "x_forwarded_for");
    list = last_of(list, DECISION_MAX_FORWARDED);
    while (list.len > 0) {
        const char *const comma = memchr(list.at, ',', list.len);
        const size_t len = comma ? (size_t)(comma - list.at) : list.len, used = comma ? len + 1 : len;
        const struct text address = text_trim((struct text){list.at, len});
        if (address.len > 0) json_put_text_capped(members, NULL, address, MAX_ADDRESS);
        list = (struct text){list.at + used, list.len - used};
    }
    json_close_array(members);
}

static void put_request(const apisec_decision *decision, struct json_writer *members)
{
    json_open_object(members, "src_endpoint");
    if (decision->peer_address.len > 0) put_text(members, "ip", decision->peer_address);
    else put(members, "name", "unknown");
    json_close_object(members);

    if (decision->method.len == 0 && decision->path.len == 0 && decision->forwarded_for.len == 0) return;
    json_open_object(members, "http_request");
    put_text(members, "http_method", decision->method);
    if (decision->path.len > 0) {
        json_open_object(members, "url");
        put_text(members, "path", decision->path);
        json_close_object(members);
    }
    if (decision->forwarded_for.len > 0) put_forwarded(decision->forwarded_for, members);
    json_close_object(members);
}

/* ---- W3C Trace Context ---- */

static bool is_lower_hex(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!(text.at[i] >= '0' && text.at[i] <= '9') && !(text.at[i] >= 'a' && text.at[i] <= 'f')) return false;
    return true;
}

static bool is_zero(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '0') return false;
    return true;
}

/* version "-" trace-id "-" parent-id "-" flags, as 2, 32, 16 and 2 digits; a later version may have more behind another "-". */
static bool read_traceparent(struct text header, struct text *trace, struct text *span)
{
    if (header.len < 55) return false;
    const struct text version = {header.at, 2}, flags = {header.at + 53, 2};
    *trace = (struct text){header.at + 3, 32};
    *span = (struct text){header.at + 36, 16};
    if (header.at[2] != '-' || header.at[35] != '-' || header.at[52] != '-') return false;
    if (!is_lower_hex(version) || !is_lower_hex(*trace) || !is_lower_hex(*span) || !is_lower_hex(flags)) return false;
    if (text_is(version, "ff") || is_zero(*trace) || is_zero(*span)) return false;
    if (text_is(version, "00")) return header.len == 55;
    return header.len == 55 || header.at[55] == '-';
}

static void put_trace(const apisec_decision *decision, struct json_writer *members)
{
    struct text trace, span;
    if (!read_traceparent(decision->traceparent, &trace, &span)) return;
    json_open_object(members, "trace");
    put_text(members, "uid", trace);
    json_open_object(members, "span");
    put_text(members, "uid", span);
    json_close_object(members);
    json_close_object(members);
}

/* The rule that was applied, and which document it stood in. */
static void put_policy(const apisec_decision *decision, struct json_writer *members)
{
    if (!decision->rules_version) return;
    json_open_object(members, "policy");
    put(members, "uid", decision->rule_id);
    put(members, "version", decision->rules_version);
    json_close_object(members);
}

/* ---- ours ---- */

static void put_audiences(const apisec_token *token, struct json_writer *unmapped)
{
    struct text text;
    size_t num = 0;
    const struct json *const audience = json_member(token_claims(token), "aud");
    if (!audience) return;
    json_open_array(unmapped, "aud");
    if (json_as_text(audience, &text)) json_put_text_capped(unmapped, NULL, text, RECORD_MAX_SHORT);
    if (json_kind(audience) == JSON_ARRAY)
        for (const struct json *at = json_first(audience); at && num < RECORD_MAX_AUDIENCES; at = json_next(at), num++)
            if (json_as_text(at, &text)) json_put_text_capped(unmapped, NULL, text, RECORD_MAX_SHORT);
    json_close_array(unmapped);
}

static void put_token(const apisec_token *token, struct json_writer *unmapped)
{
    const size_t num_actors = apisec_token_num_actors(token);
    put(unmapped, "token_sha256", apisec_token_sha256(token));
    put(unmapped, "delegation", num_actors > 0 ? "delegation" : "none");
    if (num_actors > 0) {
        json_open_array(unmapped, "act");
        for (size_t i = 0; i < num_actors; i++)
            json_put_text_capped(unmapped, NULL, text_of(apisec_token_actor(token, i)), RECORD_MAX_SHORT);
        json_close_array(unmapped);
        put(unmapped, "act_issuer", foreign_actor(token));
    }
    put_audiences(token, unmapped);
    put(unmapped, "scope_granted", apisec_token_scope(token));
}

static void put_peer(const struct peer_names *peer, struct json_writer *unmapped)
{
    json_open_array(unmapped, "peer_names");
    for (size_t i = 0; i < peer->num && i < MAX_NAMES; i++)
        json_put_text_capped(unmapped, NULL, peer->names[i].text, RECORD_MAX_SHORT);
    json_close_array(unmapped);
}

/* A reader takes a name with a colon for a URI, and the list for all there are. */
static bool is_told_in_part(const struct peer_names *peer)
{
    bool is_partial = peer->num > MAX_NAMES;
    for (size_t i = 0; i < peer->num; i++) {
        const struct peer_name *const name = &peer->names[i];
        is_partial = is_partial || name->text.len > RECORD_MAX_SHORT || name->is_uri != text_has_byte(name->text, ':');
    }
    return is_partial;
}

static void put_partial(const apisec_decision *decision, struct json_writer *unmapped)
{
    const bool peer = decision->peer != NULL && is_told_in_part(decision->peer);
    if (!peer && !decision->forwarded_is_partial) return;
    json_open_array(unmapped, "partial");
    if (decision->forwarded_is_partial) json_put_text(unmapped, NULL, text_of("x_forwarded_for"));
    if (peer) json_put_text(unmapped, NULL, text_of("peer_names"));
    json_close_array(unmapped);
}

static void put_service(const apisec_decision *decision, struct json_writer *unmapped)
{
    if (decision->service != NULL) put(unmapped, "service", decision->service);
    else if (decision->service_is_known) json_put_raw(unmapped, "service", text_of("null"));
}

static void put_unmapped(const apisec_decision *decision, struct json_writer *unmapped)
{
    if (decision->token) put_token(decision->token, unmapped);
    put_text(unmapped, "scope_required", (struct text){decision->required_scope.bytes, decision->required_scope.len});
    put(unmapped, "client_address", decision->client_address);
    put_service(decision, unmapped);
    put(unmapped, "peer_x5t_s256", decision->peer_sha256);
    if (decision->peer != NULL) put_peer(decision->peer, unmapped);
    put_partial(decision, unmapped);
    if (decision->has_several_credentials) put(unmapped, "credentials", "several");
    json_put_number(unmapped, "latency_us", clock_elapsed_us() - decision->started_us);
    explanation_put_checks(decision, unmapped);
    recorded_put(decision, unmapped);
    explanation_put_shadow(decision, unmapped);
}

apisec_status decision_record(const apisec_decision *decision, apisec_error *err)
{
    struct record record;
    record_init(&record, "decision", decision->time_ms);
    record.activity = activity_of(decision->method);
    if (decision->token) apisec_token_claim_text(decision->token, "txn", &record.correlation);
    put_verdict(decision, &record.members);
    put_actor(decision, &record.members);
    put_api(decision, &record.members);
    put_request(decision, &record.members);
    put_trace(decision, &record.members);
    put_policy(decision, &record.members);
    put_unmapped(decision, &record.unmapped);
    const apisec_status status = audit_append(decision->audit, &record, err);
    record_free(&record);
    return status;
}
