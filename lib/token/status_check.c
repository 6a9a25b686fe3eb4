/* SPDX-License-Identifier: Apache-2.0
 *
 * status_check.c: the stage that asks an issuer's status lists about a token, draft-ietf-oauth-status-list sections 6 and 8.3: on
 * every use, and only once all else about the token is found good. Also: which URIs a list may have.
 */
#include "token/token.h"

/* ---- which lists ---- */

static bool ends_segment(char byte)
{
    return byte == '/' || byte == '?' || byte == ';';
}

/* has_detour: "." and ".." are taken out on the way to the server or in it, and then the URI may not lie below its prefix any more.
 * "%2e" is a dot too; an escaped slash or backslash is refused, as some servers see a slash in it. */
static bool has_detour(struct text uri)
{
    size_t len = 0, dots = 0; /* of the segment so far */
    for (size_t i = 0; i <= uri.len; i++) {
        if (i == uri.len || ends_segment(uri.at[i])) {
            if (len > 0 && len == dots && dots <= 2) return true;
            if (i == uri.len || uri.at[i] == '?') return false;
            len = dots = 0;
            continue;
        }
        const struct text escape = {uri.at + i, uri.len - i < 3 ? 0 : 3};
        if (text_is_caseless(escape, "%2f") || text_is_caseless(escape, "%5c")) return true;
        const bool is_escaped_dot = text_is_caseless(escape, "%2e");
        if (is_escaped_dot || uri.at[i] == '.') dots++;
        if (is_escaped_dot) i += 2;
        len++;
    }
    return false;
}

apisec_status status_prefix_check(struct text prefix, apisec_error *err)
{
    const apisec_status status = url_check(prefix, err);
    if (status != APISEC_OK)      return status;
    if (has_detour(prefix))       return fail(err, APISEC_E_CONFIG, "the URL has a dot segment or an escaped slash");
    if (prefix.at[prefix.len - 1] == '/' && text_has_byte(prefix, '?'))
        return fail(err, APISEC_E_CONFIG, "a prefix has no query");
    return APISEC_OK;
}

static bool is_below(struct text uri, const char *prefix)
{
    const size_t len = strlen(prefix);
    return prefix[len - 1] == '/' ? text_starts(uri, prefix) : text_is(uri, prefix);
}

bool status_uri_is_allowed(const struct name_list *prefixes, struct text uri)
{
    if (url_check(uri, NULL) != APISEC_OK || has_detour(uri)) return false;
    for (size_t i = 0; i < prefixes->num; i++)
        if (is_below(uri, prefixes->at[i])) return true;
    return false;
}

/* ---- section 6.2: where a token's status is to be found ---- */

static apisec_status read_reference(const struct json *status, struct status_check *check, apisec_error *err)
{
    if (json_kind(status) != JSON_OBJECT) return fail(err, APISEC_E_CLAIM, "claim status is not an object");
    const struct json *list = json_member(status, "status_list");
    if (list == NULL) return fail(err, APISEC_E_CLAIM, "claim status has no status_list: no other mechanism is known here");
    if (json_kind(list) != JSON_OBJECT) return fail(err, APISEC_E_CLAIM, "status_list is not an object");
    if (json_get_int64(list, "idx", &check->index) != JSON_OK || check->index < 0)
        return fail(err, APISEC_E_CLAIM, "status_list has no idx that is an integer from 0 on");
    if (json_get_text(list, "uri", &check->uri) != JSON_OK) return fail(err, APISEC_E_CLAIM, "status_list has no uri");
    return APISEC_OK;
}

/* find_reference: APISEC_OK with check->uri.at NULL: there is nothing to ask. */
static apisec_status find_reference(struct verification *v)
{
    struct status_check *check = &v->status_check;
    const struct issuer *issuer = v->issuer;
    *check = (struct status_check){.issuer = issuer, .offline = v->offline};
    if (issuer->status_policy == STATUS_IGNORED) return APISEC_OK;
    const struct json *status = token_status(v->token);
    if (status == NULL && issuer->status_policy != STATUS_REQUIRED) return APISEC_OK;
    trail_applies(&v->trail, CHECK_STATUS);
    if (status == NULL) return fail(&v->error, APISEC_E_CLAIM, "claim status is missing");
    if (issuer->status_policy == STATUS_REFUSED)
        return fail(&v->error, APISEC_E_CLAIM, "the token has a status, and no status list of its issuer is allowed");
    return read_reference(status, check, &v->error);
}

enum pass stage_status(struct verification *v, int64_t now_ms)
{
    struct status_check *check = &v->status_check;
    if (check->issuer == NULL) {
        const apisec_status status = find_reference(v);
        if (status != APISEC_OK) return verification_end(v, status);
    }
    if (check->uri.at == NULL) return PASS_ON;
    const enum pass pass = status_run(check, now_ms, &v->error);
    if (pass == PASS_WORK) v->work = &check->work;
    return pass == PASS_ENDED ? verification_end(v, v->error.status) : pass;
}
