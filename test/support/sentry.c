/* SPDX-License-Identifier: Apache-2.0
 *
 * sentry.c: a guard in tests, see sentry.h.
 */
#include "support/unit.h"
#include "support/sentry.h"

#include <stdlib.h>
#include <string.h>

char *sentry_json(const char *quoted)
{
    char *const set = forge_jwks((const apisec_signer *[]){forge_signer("ES256", 0), NULL});
    char *json = text_copy(text_of(quoted));
    for (char *at = json; at != NULL && *at != '\0'; at++)
        if (*at == '\'') *at = '"';
    while (json != NULL && strstr(json, "@KEYS@") != NULL) {
        char *const with = forge_replace(json, "@KEYS@", set);
        free(json);
        json = with;
    }
    free(set);
    assert_non_null(json);
    return json;
}

bool sentry_lacks_a_part(void)
{
    apisec_http *http = NULL;
    apisec_limiter *limiter = NULL;
    apisec_guard *guard = NULL;
    char *const json = sentry_json("{'trust':{'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS
                                   ",'status_lists':['https://id.example/']}]}," SENTRY_RULES ",'audit':'none'}");
    const bool lacks = apisec_http_new(NULL, &http, NULL) == APISEC_E_UNSUPPORTED ||
                       apisec_limiter_new(1, 1, 1, 1, &limiter, NULL) == APISEC_E_UNSUPPORTED ||
                       apisec_guard_new(json, strlen(json), &guard, NULL) == APISEC_E_UNSUPPORTED;
    apisec_guard_free(guard);
    apisec_limiter_free(limiter);
    apisec_http_free(http);
    free(json);
    return lacks;
}

static apisec_status take_line(void *context, const char *line, size_t len)
{
    struct sentry *const sentry = context;
    if (sentry->log_refuses) return APISEC_E_STORE;
    pthread_mutex_lock(&sentry->lock);
    const apisec_status status = buffer_append(&sentry->lines, line, len);
    pthread_mutex_unlock(&sentry->lock);
    return status;
}

void sentry_begin(struct sentry *sentry, const char *quoted, apisec_http *http)
{
    apisec_error err;
    char *const json = sentry_json(quoted);
    memset(sentry, 0, sizeof *sentry);
    sentry->lines = BUFFER_MAX(1 << 26);
    pthread_mutex_init(&sentry->lock, NULL);
    const apisec_audit_sink sink = {sentry, take_line, NULL};
    assert_int_equal(apisec_audit_open_callback(&sink, APISEC_AUDIT_STRICT, &sentry->audit, NULL), APISEC_OK);
    if (apisec_guard_new_with(json, strlen(json), http, sentry->audit, &sentry->guard, &err) != APISEC_OK) fail_msg("%s", err.text);
    free(json);
}

apisec_status sentry_reload(struct sentry *sentry, const char *quoted, apisec_error *err)
{
    char *const json = sentry_json(quoted);
    const apisec_status status = apisec_guard_reload(sentry->guard, json, strlen(json), err);
    free(json);
    return status;
}

void sentry_end(struct sentry *sentry)
{
    apisec_guard_free(sentry->guard);
    apisec_audit_close(sentry->audit);
    if (sentry->lines.len > 0) assert_int_equal(chain_check(sentry->lines.bytes, sentry->lines.len, NULL, NULL), APISEC_OK);
    buffer_free(&sentry->lines);
    pthread_mutex_destroy(&sentry->lock);
}

size_t sentry_num_lines(struct sentry *sentry)
{
    pthread_mutex_lock(&sentry->lock);
    const size_t num = line_count(sentry->lines.bytes ? sentry->lines.bytes : "");
    pthread_mutex_unlock(&sentry->lock);
    return num;
}

struct text sentry_line(const struct sentry *sentry, size_t index)
{
    return line_at(sentry->lines.bytes ? sentry->lines.bytes : "", index);
}

apisec_call *sentry_call(const char *method, const char *target, const char *token)
{
    struct buffer value = BUFFER_MAX(100000);
    apisec_call *const call = apisec_call_new();
    apisec_call_set_method(call, method, strlen(method));
    apisec_call_set_target(call, target, strlen(target));
    apisec_call_set_peer_address(call, "192.0.2.1");
    apisec_call_set_time(call, FORGE_NOW);
    buffer_text(&value, "Bearer ");
    buffer_text(&value, token ? token : "");
    if (token) apisec_call_add_header(call, "Authorization", 13, value.bytes, value.len);
    buffer_free(&value);
    return call;
}

apisec_status sentry_check(struct sentry *sentry, apisec_call *call, apisec_decision **decision)
{
    apisec_error err;
    apisec_decision *made = NULL;
    const apisec_status status = apisec_guard_check(sentry->guard, call, &made, &err);
    apisec_call_free(call); /* the decision has what it needs */
    assert_non_null(made);
    assert_int_equal(err.status, status);
    assert_int_equal(apisec_decision_status(made), status);
    if (decision != NULL) *decision = made;
    else apisec_decision_free(made);
    return status;
}

const char *sentry_header(const apisec_decision *decision, const char *name)
{
    for (size_t i = 0; i < apisec_decision_num_headers(decision); i++)
        if (strcmp(apisec_decision_header_name(decision, i), name) == 0) return apisec_decision_header_value(decision, i);
    return NULL;
}
