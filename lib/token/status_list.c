/* SPDX-License-Identifier: Apache-2.0
 *
 * status_list.c: what one Status List Token says (draft-ietf-oauth-status-list sections 4.2, 5.1 and 8.3): read once its signature
 * was found good, and inflated into a room of a fixed size. A list that breaks a rule is no list. Called by status_fetch.c.
 */
#include "token/status.h"

#include <stdlib.h>
#include <string.h>

static const apisec_json_limits list_limits = {.max_bytes = STATUS_MAX_TOKEN, .max_depth = 8, .max_string = STATUS_MAX_TOKEN};

static apisec_status wrong(apisec_error *err, const char *what)
{
    return fail(err, APISEC_E_RESPONSE, "the status list %s", what);
}

/* ---- the claims of section 5.1, in the order of section 8.3 ---- */

static apisec_status check_subject(const struct json *claims, const struct status_expected *expected, apisec_error *err)
{
    struct text sub, iss;
    if (json_get_text(claims, "sub", &sub) != JSON_OK || !text_equal(sub, expected->uri))
        return wrong(err, "is another one: its sub is not the uri of the token");
    const enum json_found found = json_get_text(claims, "iss", &iss);
    if (found == JSON_MISTYPED || (found == JSON_OK && !text_is(iss, expected->issuer)))
        return wrong(err, "is of another issuer: its iss is not that of the token");
    return APISEC_OK;
}

/* check_time: no sum can overflow: dates are below 2^53, leeway at most 300. */
static apisec_status check_time(const struct json *claims, const struct status_expected *expected, struct status_list *list,
                                apisec_error *err)
{
    int64_t exp, nbf;
    if (json_get_date(claims, "iat", &list->issued_at) != JSON_OK) return wrong(err, "has no iat that is a time");
    if (list->issued_at - expected->leeway > expected->now)        return wrong(err, "was issued in the future");
    const enum json_found has_nbf = json_get_date(claims, "nbf", &nbf);
    if (has_nbf == JSON_MISTYPED)                                  return wrong(err, "has an nbf that is no time");
    if (has_nbf == JSON_OK && nbf - expected->leeway > expected->now) return wrong(err, "is not valid yet");
    const enum json_found has_exp = json_get_date(claims, "exp", &exp);
    if (has_exp == JSON_MISTYPED)                                  return wrong(err, "has an exp that is no time");
    list->expires_at = has_exp == JSON_OK ? exp + expected->leeway : INT64_MAX;
    if (expected->now >= list->expires_at)                         return wrong(err, "has expired");
    const enum json_found has_ttl = json_get_date(claims, "ttl", &list->ttl);
    if (has_ttl == JSON_MISTYPED || (has_ttl == JSON_OK && list->ttl < 1))
        return wrong(err, "has a ttl that is not one second or more");
    return APISEC_OK;
}

/* ---- the list itself, section 4.2 ---- */

static apisec_status decode(struct text encoded, struct text *packed, char **bytes, apisec_error *err)
{
    size_t len = 0;
    *bytes = malloc(base64url_decoded_len(encoded.len) + 1);
    if (*bytes == NULL) return fail_memory(err);
    if (base64url_decode(encoded.at, encoded.len, (unsigned char *)*bytes, &len) != APISEC_OK)
        return wrong(err, "has an lst that is not strict base64url");
    *packed = (struct text){*bytes, len};
    return APISEC_OK;
}

/* keep copies what was inflated into a list of just that size. */
static apisec_status keep(const struct status_list *head, const struct buffer *inflated, struct status_list **list,
                          apisec_error *err)
{
    if (inflated->len == 0) return wrong(err, "is empty");
    *list = malloc(sizeof **list + inflated->len);
    if (*list == NULL) return fail_memory(err);
    **list = *head;
    (*list)->len = inflated->len;
    memcpy((*list)->bytes, inflated->bytes, inflated->len);
    return APISEC_OK;
}

static apisec_status read_list(const struct json *claims, struct status_list *head, struct status_list **list, apisec_error *err)
{
    struct text lst, packed;
    int64_t bits;
    char *bytes = NULL;
    const struct json *object = json_member(claims, "status_list");
    if (json_get_int64(object, "bits", &bits) != JSON_OK || (bits != 1 && bits != 2 && bits != 4 && bits != 8))
        return wrong(err, "has no bits that are 1, 2, 4 or 8");
    head->bits = (uint32_t)bits;
    if (json_get_text(object, "lst", &lst) != JSON_OK) return wrong(err, "has no lst that is a string");

    struct buffer inflated = BUFFER_MAX(STATUS_MAX_LIST);
    apisec_status status = decode(lst, &packed, &bytes, err);
    if (status == APISEC_OK) {
        const apisec_status how = inflate_append(packed, &inflated);
        if (how == APISEC_E_MEMORY)         status = fail_memory(err);
        else if (how == APISEC_E_TOO_LARGE) status = wrong(err, "is larger than 1 MiB");
        else if (how != APISEC_OK)          status = wrong(err, "has an lst that is not one whole ZLIB stream");
    }
    if (status == APISEC_OK) status = keep(head, &inflated, list, err);
    buffer_free(&inflated);
    free(bytes);
    return status;
}

apisec_status status_list_read(struct text payload, const struct status_expected *expected, struct status_list **list,
                               apisec_error *err)
{
    *list = NULL;
    struct json *claims = NULL;
    struct status_list head = {.ttl = 0};
    apisec_error why;
    apisec_status status = json_parse_object(payload, &list_limits, &claims, &why);
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    if (status != APISEC_OK) return fail(err, APISEC_E_RESPONSE, "the status list's claims: %.180s", why.text);
    status = check_subject(claims, expected, err);
    if (status == APISEC_OK) status = check_time(claims, expected, &head, err);
    if (status == APISEC_OK) status = read_list(claims, &head, list, err);
    json_free(claims);
    return status == APISEC_OK ? succeed(err) : status;
}

/* ---- one entry ---- */

bool status_list_has(const struct status_list *list, int64_t index)
{
    return (uint64_t)index / (8 / list->bits) < list->len; /* a negative one is far behind the end */
}

/* Of each byte the entry with the lowest index has the least significant bits. */
uint32_t status_list_at(const struct status_list *list, int64_t index)
{
    const uint64_t in_byte = 8 / list->bits, at = (uint64_t)index;
    const uint32_t shift = (uint32_t)(at % in_byte) * list->bits;
    return (uint32_t)list->bytes[at / in_byte] >> shift & ((1u << list->bits) - 1);
}
