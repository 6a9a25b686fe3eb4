/* SPDX-License-Identifier: Apache-2.0
 *
 * exchange.c: what to ask for: a builder that keeps its first error, and the form that it becomes (RFC 8693 section 2.1).
 */
#include "exchange/exchange.h"

#include <stdlib.h>
#include <string.h>

apisec_exchange *apisec_exchange_new(void)
{
    return mem_array(1, sizeof(apisec_exchange));
}

static void carried_free(struct carried *carried)
{
    mem_wipe_free(carried->bytes, carried->len);
    free(carried->type);
    *carried = (struct carried){NULL, 0, NULL};
}

static void targets_free(struct targets *targets)
{
    for (size_t i = 0; i < targets->num; i++) free(targets->names[i]);
    targets->num = 0;
}

void apisec_exchange_free(apisec_exchange *exchange)
{
    if (exchange == NULL) return;
    carried_free(&exchange->subject);
    carried_free(&exchange->actor);
    targets_free(&exchange->audiences);
    targets_free(&exchange->resources);
    free(exchange->subject_scope);
    free(exchange->scope);
    free(exchange->requested_type);
    free(exchange->traceparent);
    free(exchange);
}

static bool is_open(const apisec_exchange *exchange)
{
    return exchange != NULL && exchange->error.status == APISEC_OK;
}

/* set_text replaces *member by a copy. */
static void set_text(apisec_exchange *exchange, char **member, const char *text)
{
    char *copy = text_copy(text_of(text));
    if (copy == NULL) {
        fail_memory(&exchange->error);
        return;
    }
    free(*member);
    *member = copy;
}

static void carry(apisec_exchange *exchange, struct carried *carried, struct text raw, const char *type, const char *whose)
{
    if (raw.at == NULL || raw.len == 0 || raw.len > EXCHANGE_MAX_TOKEN) {
        fail(&exchange->error, APISEC_E_ARGUMENT, "the %s token is empty, or longer than %d bytes", whose, EXCHANGE_MAX_TOKEN);
        return;
    }
    carried_free(carried);
    if (type_expand(type, &carried->type, &exchange->error) != APISEC_OK) return;
    carried->bytes = text_copy(raw);
    if (carried->bytes == NULL) fail_memory(&exchange->error);
    else carried->len = raw.len;
}

void apisec_exchange_set_subject(apisec_exchange *exchange, const apisec_token *token, const char *raw, size_t len)
{
    if (!is_open(exchange)) return;
    if (token == NULL) {
        fail(&exchange->error, APISEC_E_MISUSE, "the subject is no verified token");
        return;
    }
    if (raw == NULL || !token_is_raw(token, (struct text){raw, len})) {
        fail(&exchange->error, APISEC_E_MISUSE, "the subject token's bytes are not those that were verified");
        return;
    }
    carry(exchange, &exchange->subject, (struct text){raw, len}, NULL, "subject");
    exchange->verified = true;
    free(exchange->subject_scope);
    exchange->subject_scope = NULL;
    const char *scope = apisec_token_scope(token);
    if (is_open(exchange) && scope != NULL) set_text(exchange, &exchange->subject_scope, scope);
}

void apisec_exchange_set_subject_unverified(apisec_exchange *exchange, const char *raw, size_t len, const char *type)
{
    if (!is_open(exchange)) return;
    exchange->verified = false;
    carry(exchange, &exchange->subject, (struct text){raw, len}, type, "subject");
}

void apisec_exchange_set_actor(apisec_exchange *exchange, const char *raw, size_t len, const char *type)
{
    if (is_open(exchange)) carry(exchange, &exchange->actor, (struct text){raw, len}, type, "actor");
}

static void add_target(apisec_exchange *exchange, struct targets *targets, const char *name, const char *what)
{
    if (targets->num == EXCHANGE_MAX_TARGETS) {
        fail(&exchange->error, APISEC_E_ARGUMENT, "more than %d %s", EXCHANGE_MAX_TARGETS, what);
        return;
    }
    targets->names[targets->num] = text_copy(text_of(name));
    if (targets->names[targets->num] == NULL) fail_memory(&exchange->error);
    else targets->num++;
}

void apisec_exchange_add_audience(apisec_exchange *exchange, const char *audience)
{
    if (!is_open(exchange)) return;
    if (audience == NULL || audience[0] == '\0') {
        fail(&exchange->error, APISEC_E_ARGUMENT, "an audience is empty");
        return;
    }
    add_target(exchange, &exchange->audiences, audience, "audiences");
}

void apisec_exchange_add_resource(apisec_exchange *exchange, const char *uri)
{
    apisec_error why;
    if (!is_open(exchange)) return;
    if (uri_check(text_of(uri), &why) != APISEC_OK) {
        fail(&exchange->error, APISEC_E_ARGUMENT, "a resource: %s", why.text);
        return;
    }
    add_target(exchange, &exchange->resources, uri, "resources");
}

void apisec_exchange_set_scope(apisec_exchange *exchange, const char *scope)
{
    if (!is_open(exchange)) return;
    if (scope == NULL || !scope_list_is_valid(text_of(scope))) {
        fail(&exchange->error, APISEC_E_ARGUMENT, "the scope is not scope-tokens separated by one space");
        return;
    }
    set_text(exchange, &exchange->scope, scope);
}

void apisec_exchange_set_requested_type(apisec_exchange *exchange, const char *type)
{
    if (!is_open(exchange)) return;
    if (type == NULL) {
        fail(&exchange->error, APISEC_E_ARGUMENT, "the requested token type is empty");
        return;
    }
    free(exchange->requested_type);
    (void)type_expand(type, &exchange->requested_type, &exchange->error);
}

/* W3C Trace Context section 3.2.2: lower-case hex of fixed lengths, trace and parent not all zeros. */
bool exchange_is_traceparent(struct text text)
{
    static const char form[] = "00-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
    bool has_trace = false, has_parent = false;
    if (text.len != sizeof form - 1) return false;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (form[i] == 'h' ? !is_hex : c != form[i]) return false;
        if (i >= 3 && i < 35 && c != '0') has_trace = true;
        if (i >= 36 && i < 52 && c != '0') has_parent = true;
    }
    return has_trace && has_parent;
}

void apisec_exchange_set_traceparent(apisec_exchange *exchange, const char *traceparent)
{
    if (!is_open(exchange)) return;
    if (exchange_is_traceparent(text_of(traceparent))) set_text(exchange, &exchange->traceparent, traceparent);
    else fail(&exchange->error, APISEC_E_ARGUMENT, "the traceparent is not one of version 00");
}

static bool copy_text(const char *from, char **to)
{
    *to = from == NULL ? NULL : text_copy(text_of(from));
    return from == NULL || *to != NULL;
}

static bool copy_targets(const struct targets *from, struct targets *to)
{
    for (; to->num < from->num; to->num++) {
        to->names[to->num] = text_copy(text_of(from->names[to->num]));
        if (to->names[to->num] == NULL) return false;
    }
    return true;
}

static bool copy_carried(const struct carried *from, struct carried *to)
{
    if (from->bytes == NULL) return true;
    to->bytes = text_copy((struct text){from->bytes, from->len});
    to->len = to->bytes == NULL ? 0 : from->len;
    return to->bytes != NULL && copy_text(from->type, &to->type);
}

bool exchange_copy(const apisec_exchange *from, apisec_exchange *to)
{
    return copy_targets(&from->audiences, &to->audiences) && copy_targets(&from->resources, &to->resources) &&
           copy_carried(&from->actor, &to->actor) && copy_text(from->scope, &to->scope) &&
           copy_text(from->requested_type, &to->requested_type);
}

apisec_status exchange_check(const apisec_exchange *exchange, apisec_error *err)
{
    if (exchange == NULL) return fail_memory(err);
    if (exchange->error.status != APISEC_OK) return fail(err, exchange->error.status, "the exchange: %s", exchange->error.text);
    if (exchange->subject.bytes == NULL) return fail(err, APISEC_E_CONFIG, "the exchange has no subject");
    if (exchange->audiences.num == 0 && exchange->resources.num == 0)
        return fail(err, APISEC_E_CONFIG, "the exchange has no audience and no resource: a token for nobody in particular");
    return APISEC_OK;
}

static void add_carried(struct buffer *form, const char *name, const char *type_name, const struct carried *carried)
{
    if (carried->bytes == NULL) return;
    form_add(form, name, (struct text){carried->bytes, carried->len});
    form_add(form, type_name, text_of(carried->type));
}

void exchange_form(const apisec_exchange *exchange, struct buffer *form)
{
    form_add(form, "grant_type", text_of("urn:ietf:params:oauth:grant-type:token-exchange"));
    for (size_t i = 0; i < exchange->resources.num; i++) form_add(form, "resource", text_of(exchange->resources.names[i]));
    for (size_t i = 0; i < exchange->audiences.num; i++) form_add(form, "audience", text_of(exchange->audiences.names[i]));
    if (exchange->scope != NULL) form_add(form, "scope", text_of(exchange->scope));
    if (exchange->requested_type != NULL) form_add(form, "requested_token_type", text_of(exchange->requested_type));
    add_carried(form, "subject_token", "subject_token_type", &exchange->subject);
    add_carried(form, "actor_token", "actor_token_type", &exchange->actor);
}
