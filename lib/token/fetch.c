/* SPDX-License-Identifier: Apache-2.0
 *
 * fetch.c: one flight: the requests that bring an issuer's key set, as steps of whatever operation needs it: the issuer's metadata
 * where the URL must be discovered, then the set. Whatever is not a good set leaves the last good one as it is.
 */
#include "oauth/oauth.h"
#include "token/token.h"

#include <stdlib.h>

#define MAX_METADATA (64 * 1024)
#define KEY_SET_TYPES "application/jwk-set+json, application/json" /* RFC 7517 section 8.5.2, and what servers do */

enum {
    FLIGHT_START,
    FLIGHT_OIDC,     /* OpenID Connect Discovery 1.0 section 4 was asked */
    FLIGHT_OAUTH,    /* RFC 8414 section 3 was asked, because the former is not there */
    FLIGHT_KEYS
};

void flight_begin(struct flight *flight, struct keyset *keys, uint64_t ticket)
{
    *flight = (struct flight){.keys = keys, .ticket = ticket, .stage = FLIGHT_START};
}

static void clear(struct flight *flight)
{
    free(flight->uri);
    flight->uri = NULL;
    flight->keys = NULL;
}

void flight_abandon(struct flight *flight)
{
    if (flight->keys == NULL) return;
    keyset_abandon(flight->keys, flight->ticket);
    clear(flight);
}

static int32_t end_failed(struct flight *flight, int64_t now_ms)
{
    if (flight->error.status == APISEC_E_NO_TRANSPORT) {
        keyset_unsent(flight->keys, flight->ticket);
    } else {
        keyset_fail(flight->keys, flight->ticket, &flight->error, now_ms);
    }
    clear(flight);
    return APISEC_OP_DONE;
}

/* end_bad: a document came, and it is not what the standard says. */
static int32_t end_bad(struct flight *flight, const char *what, const apisec_error *why, int64_t now_ms)
{
    fail(&flight->error, why->status == APISEC_E_MEMORY ? why->status : APISEC_E_RESPONSE, "%s: %s", what, why->text);
    return end_failed(flight, now_ms);
}

/* ---- what came back ---- */

static bool is_json(const struct op_answer *answer)
{
    const struct text type = text_of(answer->content_type);
    return !answer->repeated_content_type && (text_is(type, "application/json") || text_ends(type, "+json"));
}

/* check_answer: only a whole 200 with JSON is looked into. A redirect is an answer like any other: not 200. */
static apisec_status check_answer(const struct op_answer *answer, const char *what, apisec_error *err)
{
    if (answer->transport != APISEC_OK) return fail(err, answer->transport, "%s: %s", what, response_failure(answer->transport));
    if (answer->http_status != 200)     return fail(err, APISEC_E_RESPONSE, "%s: HTTP status %d", what, answer->http_status);
    if (!is_json(answer))               return fail(err, APISEC_E_RESPONSE, "%s: the content type is not JSON", what);
    return APISEC_OK;
}

/* ---- the requests ---- */

static int32_t ask(struct flight *flight, apisec_op *op, int32_t stage, const char *url, const char *etag, int64_t now_ms)
{
    const bool for_keys = stage == FLIGHT_KEYS;
    apisec_status status = op_request(op, "GET", url, for_keys ? JOSE_MAX_KEY_SET : MAX_METADATA, now_ms);
    if (status == APISEC_OK) status = op_add_header(op, "Accept", for_keys ? KEY_SET_TYPES : "application/json");
    if (status == APISEC_OK && etag != NULL) status = op_add_header(op, "If-None-Match", etag);
    if (status != APISEC_OK) {
        fail_memory(&flight->error);
        return end_failed(flight, now_ms);
    }
    flight->stage = stage;
    return APISEC_OP_HTTP;
}

static int32_t ask_metadata(struct flight *flight, apisec_op *op, int32_t stage, int64_t now_ms)
{
    struct buffer url = BUFFER_MAX(4096);
    const enum metadata_form form = stage == FLIGHT_OIDC ? METADATA_OIDC : METADATA_OAUTH;
    const apisec_status status = metadata_url(keyset_issuer(flight->keys), form, &url);
    int32_t need;
    if (status == APISEC_OK) {
        need = ask(flight, op, stage, url.bytes, NULL, now_ms);
    } else {
        fail(&flight->error, status, "the issuer's metadata has no URL");
        need = end_failed(flight, now_ms);
    }
    buffer_free(&url);
    return need;
}

static int32_t ask_keys(struct flight *flight, apisec_op *op, int64_t now_ms)
{
    char etag[OP_MAX_ETAG];
    flight->validated = keyset_validator(flight->keys, flight->uri, etag);
    return ask(flight, op, FLIGHT_KEYS, flight->uri, flight->validated != 0 ? etag : NULL, now_ms);
}

static int32_t start(struct flight *flight, apisec_op *op, int64_t now_ms)
{
    if (keyset_known_uri(flight->keys, &flight->uri) != APISEC_OK) {
        fail_memory(&flight->error);
        return end_failed(flight, now_ms);
    }
    return flight->uri != NULL ? ask_keys(flight, op, now_ms) : ask_metadata(flight, op, FLIGHT_OIDC, now_ms);
}

/* ---- the answers ---- */

static int32_t read_metadata(struct flight *flight, apisec_op *op, int64_t now_ms)
{
    const struct op_answer *answer = &op->answer;
    if (flight->stage == FLIGHT_OIDC && answer->transport == APISEC_OK && answer->http_status == 404)
        return ask_metadata(flight, op, FLIGHT_OAUTH, now_ms);
    if (check_answer(answer, "metadata", &flight->error) != APISEC_OK) return end_failed(flight, now_ms);
    apisec_error why;
    const apisec_status status = metadata_read(response_body(answer), keyset_issuer(flight->keys), &flight->uri, &why);
    if (status != APISEC_OK) return end_bad(flight, "metadata", &why, now_ms);
    flight->discovered = true;
    return ask_keys(flight, op, now_ms);
}

/* remember_uri: it is worth it once it has given a good set, and the ticket still holds. Without memory it is discovered again. */
static void remember_uri(const struct flight *flight)
{
    if (flight->discovered) keyset_learn_uri(flight->keys, flight->ticket, text_copy(text_of(flight->uri)));
}

static int32_t end_well(struct flight *flight)
{
    succeed(&flight->error);
    clear(flight);
    return APISEC_OP_DONE;
}

/* read_unchanged: 304, RFC 9110 section 15.4.5: the set that the request named is the one that is there. */
static int32_t read_unchanged(struct flight *flight, apisec_op *op, int64_t now_ms)
{
    remember_uri(flight);
    if (keyset_renew(flight->keys, flight->ticket, flight->validated, op->answer.max_age, now_ms)) return end_well(flight);
    fail(&flight->error, APISEC_E_RESPONSE, "key set: it is said to be unchanged, and was changed here meanwhile");
    return end_failed(flight, now_ms);
}

static int32_t read_keys(struct flight *flight, apisec_op *op, int64_t now_ms)
{
    const struct op_answer *answer = &op->answer;
    if (flight->validated != 0 && answer->transport == APISEC_OK && answer->http_status == 304)
        return read_unchanged(flight, op, now_ms);
    if (check_answer(answer, "key set", &flight->error) != APISEC_OK) return end_failed(flight, now_ms);
    struct landed landed = {.uri = flight->uri, .etag = answer->etag, .max_age = answer->max_age};
    apisec_error why;
    if (jwk_set_parse(response_body(answer), JWK_FETCHED, &landed.set, &why) != APISEC_OK)
        return end_bad(flight, "key set", &why, now_ms);
    remember_uri(flight);
    if (keyset_land(flight->keys, flight->ticket, &landed, now_ms) != APISEC_OK) {
        fail_memory(&flight->error);
        return end_failed(flight, now_ms);
    }
    return end_well(flight);
}

int32_t flight_step(struct flight *flight, apisec_op *op, int64_t now_ms)
{
    switch (flight->stage) {
    case FLIGHT_START: return start(flight, op, now_ms);
    case FLIGHT_KEYS:  return read_keys(flight, op, now_ms);
    default:          return read_metadata(flight, op, now_ms);
    }
}
