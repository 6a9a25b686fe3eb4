/* SPDX-License-Identifier: Apache-2.0
 *
 * status_fetch.c: a token's entry in its status list: asked of the store, and where that says so fetched first: one request, the
 * list's signature checked with its issuer's keys, which may have to be fetched for that, and the list read. Whatever is not a good
 * list leaves the last good one as it is. Called by status_check.c.
 */
#include "token/status.h"

#include <stdlib.h>

#define PATIENCE_MS 10000 /* nobody waits longer for what others fetch */

enum { FLIGHT_START, FLIGHT_LIST, FLIGHT_KEYS };

struct status_flight {
    uint64_t ticket;
    int32_t stage;
    char *compact;                     /* the answer's body */
    int64_t max_age;
    struct jws jws;
    struct jws_header header;
    struct arena arena;                /* of the payload */
    struct signature_check signature;
    apisec_error error;
};

static const struct work_kind kind;

static void flight_free(struct status_check *check)
{
    struct status_flight *flight = check->flight;
    if (flight == NULL) return;
    free(flight->compact);
    jws_header_free(&flight->header);
    arena_free(&flight->arena);
    free(flight);
    check->flight = NULL;
}

/* ---- how it ends; the caller then takes what is there, and does not fetch again ---- */

static int32_t end(struct status_check *check)
{
    check->tried = true;
    flight_free(check);
    return APISEC_OP_DONE;
}

static int32_t end_failed(struct status_check *check, int64_t now_ms)
{
    struct status_lists *lists = check->issuer->status_lists;
    const struct status_flight *flight = check->flight;
    if (flight->error.status == APISEC_E_NO_TRANSPORT) {
        status_lists_unsent(lists, flight->ticket);
        check->offline = true;
    } else {
        status_lists_fail(lists, flight->ticket, &flight->error, now_ms);
    }
    return end(check);
}

/* judged maps what is wrong with a list: it must never look like the fault of the token that refers to it. */
static apisec_status judged(apisec_status status)
{
    switch (status) {
    case APISEC_E_MEMORY:
    case APISEC_E_CRYPTO:
    case APISEC_E_SYSTEM:
    case APISEC_E_NO_TRANSPORT:
    case APISEC_E_KEYS_UNAVAILABLE: return status;
    default:                        return APISEC_E_RESPONSE;
    }
}

static int32_t end_bad(struct status_check *check, const apisec_error *why, int64_t now_ms)
{
    fail(&check->flight->error, judged(why->status), "status list: %.200s", why->text);
    return end_failed(check, now_ms);
}

/* ---- its signature, with the keys of the issuer ---- */

static int32_t land(struct status_check *check, int64_t now_ms)
{
    const struct issuer *issuer = check->issuer;
    struct status_flight *flight = check->flight;
    const struct status_expected expected = {check->uri, issuer->name, issuer->leeway, now_ms / 1000};
    struct status_list *list = NULL;
    struct text payload;
    apisec_error why;
    apisec_status status = jws_decode_payload(&flight->jws, &flight->arena, &payload, &why);
    if (status == APISEC_OK) status = status_list_read(payload, &expected, &list, &why);
    if (status != APISEC_OK) return end_bad(check, &why, now_ms);
    status_lists_land(issuer->status_lists, flight->ticket, list, flight->max_age, now_ms);
    return end(check);
}

static int32_t verify(struct status_check *check, apisec_op *op, int64_t now_ms)
{
    struct signature_check *signature = &check->flight->signature;
    for (;;) {
        if (check->flight->stage == FLIGHT_KEYS) {
            const int32_t need = signature->work.kind->step(&signature->work, op, now_ms);
            if (need != APISEC_OP_DONE) return need;
            check->flight->stage = FLIGHT_LIST;
        }
        const enum pass pass = signature_run(signature, now_ms);
        if (pass == PASS_ON)    return land(check, now_ms);
        if (pass == PASS_ENDED) return end_bad(check, &signature->error, now_ms);
        check->flight->stage = FLIGHT_KEYS;
    }
}

/* ---- what came back ---- */

/* check_answer: only a whole 200 with a JWT is looked into. A redirect is an answer like any other: not 200. */
static apisec_status check_answer(const struct op_answer *answer, apisec_error *err)
{
    if (answer->transport != APISEC_OK) {
        const apisec_status status = answer->transport == APISEC_E_TOO_LARGE ? APISEC_E_RESPONSE : answer->transport;
        return fail(err, status, "status list: %s", response_failure(answer->transport));
    }
    if (answer->http_status != 200)
        return fail(err, APISEC_E_RESPONSE, "status list: HTTP status %d", answer->http_status);
    if (answer->repeated_content_type || !text_is(text_of(answer->content_type), "application/statuslist+jwt"))
        return fail(err, APISEC_E_RESPONSE, "status list: the content type is not application/statuslist+jwt");
    return APISEC_OK;
}

static apisec_status read_form(struct status_check *check, struct text compact, const struct algorithm **algorithm,
                               apisec_error *err)
{
    struct status_flight *flight = check->flight;
    apisec_status status = jws_split_within(compact, STATUS_MAX_TOKEN, &flight->jws, err);
    if (status == APISEC_OK) status = jws_header_parse(flight->jws.header, &flight->header, err);
    if (status != APISEC_OK) return status;
    if (!jws_type_is(flight->header.typ, "statuslist+jwt")) return fail(err, APISEC_E_TYPE, "typ is not statuslist+jwt");
    *algorithm = algorithm_find(flight->header.alg);
    const bool allowed = *algorithm != NULL && (check->issuer->algorithms >> algorithm_index(*algorithm) & 1) != 0;
    return allowed ? APISEC_OK : fail(err, APISEC_E_ALGORITHM, "alg is not one that the issuer may use");
}

/* read_answer takes the body along: the next request, for keys, wipes the answer. */
static int32_t read_answer(struct status_check *check, apisec_op *op, int64_t now_ms)
{
    struct status_flight *flight = check->flight;
    struct op_answer *answer = &op->answer;
    const struct algorithm *algorithm = NULL;
    apisec_error why;
    if (check_answer(answer, &flight->error) != APISEC_OK) return end_failed(check, now_ms);
    const size_t len = answer->body.len;
    flight->max_age = answer->max_age;
    flight->compact = buffer_take(&answer->body);
    if (flight->compact == NULL) {
        fail_memory(&flight->error);
        return end_failed(check, now_ms);
    }
    if (read_form(check, (struct text){flight->compact, len}, &algorithm, &why) != APISEC_OK) return end_bad(check, &why, now_ms);
    signature_init(&flight->signature, check->issuer->keys, &flight->jws, flight->header.kid, algorithm, false);
    return verify(check, op, now_ms);
}

static int32_t ask(struct status_check *check, apisec_op *op, int64_t now_ms)
{
    char *url = text_copy(check->uri);
    apisec_status status = url == NULL ? APISEC_E_MEMORY : op_request(op, "GET", url, STATUS_MAX_TOKEN, now_ms);
    if (status == APISEC_OK) status = op_add_header(op, "Accept", "application/statuslist+jwt");
    free(url);
    if (status != APISEC_OK) {
        fail_memory(&check->flight->error);
        return end_failed(check, now_ms);
    }
    check->flight->stage = FLIGHT_LIST;
    return APISEC_OP_HTTP;
}

/* ---- the work ---- */

static int32_t step(struct work *work, apisec_op *op, int64_t now_ms)
{
    struct status_check *check = (struct status_check *)work;
    if (check->flight == NULL) {
        if (check->again_ms == 0) return APISEC_OP_DONE;
        op_wait(op, check->again_ms);
        check->again_ms = 0;
        return APISEC_OP_WAIT;
    }
    switch (check->flight->stage) {
    case FLIGHT_START: return ask(check, op, now_ms);
    case FLIGHT_LIST:  return read_answer(check, op, now_ms);
    default:           return verify(check, op, now_ms);
    }
}

static void abandon(struct work *work)
{
    struct status_check *check = (struct status_check *)work;
    struct status_flight *flight = check->flight;
    if (flight == NULL) return;
    if (flight->stage == FLIGHT_KEYS) flight->signature.work.kind->abandon(&flight->signature.work);
    status_lists_abandon(check->issuer->status_lists, flight->ticket);
    flight_free(check);
}

static const struct work_kind kind = {step, abandon};

/* ---- asking the store ---- */

static enum pass begin_flight(struct status_check *check, uint64_t ticket, apisec_error *err)
{
    check->flight = calloc(1, sizeof *check->flight);
    if (check->flight == NULL) {
        status_lists_unsent(check->issuer->status_lists, ticket);
        fail_memory(err);
        return PASS_ENDED;
    }
    check->flight->ticket = ticket;
    check->flight->stage = FLIGHT_START;
    check->work.kind = &kind;
    return PASS_WORK;
}

static enum pass begin_wait(struct status_check *check, int64_t again_ms, int64_t now_ms, apisec_error *err)
{
    if (check->patience_ms == 0) check->patience_ms = now_ms + PATIENCE_MS;
    if (now_ms >= check->patience_ms) {
        fail(err, APISEC_E_TIMEOUT, "the status list is being fetched, and did not come in %d s", PATIENCE_MS / 1000);
        return PASS_ENDED;
    }
    check->again_ms = again_ms;
    check->work.kind = &kind;
    return PASS_WORK;
}

static enum pass judge(uint32_t value, apisec_error *err)
{
    if (value == 0) return PASS_ON; /* VALID, section 7.1; everything else is less than that */
    const char *what = value == 1 ? "revoked" : value == 2 ? "suspended" : "not valid";
    fail(err, APISEC_E_REVOKED, "the token is %s: its status list says %u", what, value);
    return PASS_ENDED;
}

/* ask_store looks at the URI only when it is new to the store. */
static void ask_store(const struct status_check *check, int64_t now_ms, struct status_reply *reply)
{
    struct status_query query = {check->uri, check->index, now_ms, check->offline || check->tried, false};
    status_lists_get(check->issuer->status_lists, &query, reply);
    if (reply->state != STATUS_NEW) return;
    query.allowed = status_uri_is_allowed(&check->issuer->status_prefixes, check->uri);
    if (query.allowed) status_lists_get(check->issuer->status_lists, &query, reply);
}

enum pass status_run(struct status_check *check, int64_t now_ms, apisec_error *err)
{
    struct status_reply reply;
    ask_store(check, now_ms, &reply);
    switch (reply.state) {
    case STATUS_READY: return judge(reply.value, err);
    case STATUS_FETCH: return begin_flight(check, reply.ticket, err);
    case STATUS_WAIT:  return begin_wait(check, reply.again_ms, now_ms, err);
    case STATUS_NEW:
        fail(err, APISEC_E_CLAIM, "the uri of the token's status list is not one that its issuer may use");
        return PASS_ENDED;
    default:
        *err = reply.error;
        if (reply.error.status == APISEC_E_NO_TRANSPORT && !check->offline)
            fail(err, APISEC_E_TIMEOUT, "the status list has come too late");
        return PASS_ENDED;
    }
}
