/* SPDX-License-Identifier: Apache-2.0
 *
 * ask.c: one exchange as an operation: one request to the token endpoint, or two where it wants a nonce in the DPoP proof, and
 * the judgement of its answer. All that it needs is copied at the start and wiped at the end; the blocking call is start, run and
 * finish.
 */
#include "exchange/exchange.h"

struct ask {
    apisec_op op;
    apisec_client *client;
    struct buffer form;
    struct arena arena;           /* holds the texts below */
    struct text subject, actor;   /* what no error may repeat */
    char *assertion;              /* the client's, as it was sent; NULL: none. No error may repeat it either */
    struct text traceparent;      /* at NULL: none */
    struct asked asked;
    char *proof;                  /* DPoP, as it was sent; NULL: none */
    bool sent, retried;
    apisec_error error;           /* once it is done: how it ended */
    apisec_issued *issued;        /* once it is done, and error.status is OK */
};

/* add_proof: the nonce of the last answer, of this exchange or of another one of this client. */
static apisec_status add_proof(struct ask *ask, int64_t now_ms)
{
    char nonce[OP_MAX_NONCE];
    apisec_client *const client = ask->client;
    if (client->dpop == NULL) return APISEC_OK;
    client_nonce(client, nonce);
    const struct proof_subject subject = {.method = "POST",
                                          .url = text_of(client->endpoint),
                                          .nonce = nonce[0] != '\0' ? text_of(nonce) : (struct text){NULL, 0},
                                          .now = now_ms / 1000};
    apisec_text_free(ask->proof);
    const apisec_status status = proof_new(client->dpop, &subject, &ask->proof, &ask->error);
    return status == APISEC_OK ? op_add_header(&ask->op, "DPoP", ask->proof) : status;
}

/* add_form: what the exchange says stays for a second request; what the client says of itself is said anew each time. */
static apisec_status add_form(struct ask *ask, int64_t now_ms)
{
    const size_t len = ask->form.len;
    apisec_text_free(ask->assertion);
    ask->assertion = NULL;
    apisec_status status = auth_apply(&ask->client->credential, &ask->op, &ask->form, now_ms, &ask->assertion);
    if (status == APISEC_OK) status = op_set_body(&ask->op, (struct text){ask->form.bytes, ask->form.len});
    if (ask->client->dpop == NULL || ask->retried) {
        buffer_free(&ask->form);
        return status;
    }
    if (ask->form.len > len) mem_wipe(ask->form.bytes + len, ask->form.len - len);
    ask->form.len = len;
    return status;
}

/* make_request puts it together; the credential goes along for the first time here. */
static apisec_status make_request(struct ask *ask, int64_t now_ms)
{
    apisec_op *op = &ask->op;
    apisec_status status = op_request(op, "POST", ask->client->endpoint, EXCHANGE_MAX_ANSWER, now_ms);
    if (status == APISEC_OK) status = op_add_header(op, "Accept", "application/json");
    if (status == APISEC_OK) status = op_add_header(op, "Content-Type", "application/x-www-form-urlencoded");
    if (status == APISEC_OK && ask->traceparent.at != NULL) status = op_add_header(op, "traceparent", ask->traceparent.at);
    if (status == APISEC_OK) status = add_proof(ask, now_ms);
    if (status == APISEC_OK) status = add_form(ask, now_ms);
    ask->sent = true;
    /* the token is issued after this moment: counted from here, it is never held for valid longer than the server does */
    ask->asked.at = now_ms / 1000;
    if (status == APISEC_OK) return APISEC_OK;
    if (status == APISEC_E_MEMORY) return fail_memory(&ask->error);
    if (status == APISEC_E_TOO_LARGE)
        return fail(&ask->error, APISEC_E_CONFIG, "the client's id and secret are too long for a request");
    return fail(&ask->error, status, "the client could not be authenticated: its assertion or proof was not made");
}

/* must_retry: the server wants a nonce in the proof, and has sent it (RFC 9449 section 8). Once: a second time it is a refusal. */
static bool must_retry(struct ask *ask)
{
    if (ask->client->dpop == NULL) return false;
    client_keep_nonce(ask->client, ask->op.answer.dpop_nonce);
    const bool must = !ask->retried && answer_wants_nonce(&ask->op.answer);
    ask->retried = true;
    return must;
}

/* judge reads the answer. The server's words may repeat what was sent to it, or what it issues: then they are left out. */
static void judge(struct ask *ask)
{
    struct token_answer answer;
    struct sent sent = {.tokens = {ask->subject, ask->actor, text_of(ask->proof)},
                        .credential = &ask->client->credential,
                        .assertion = ask->assertion};
    if (answer_read(&ask->op.answer, &sent, &answer, &ask->error) == APISEC_OK) {
        sent.tokens[3] = answer.access_token;
        (void)grant_check(&ask->asked, &answer, &sent, &ask->issued, &ask->error);
    }
    answer_free(&answer);
}

static int32_t ask_step(apisec_op *op, int64_t now_ms)
{
    struct ask *ask = (struct ask *)op;
    if (!ask->sent) return make_request(ask, now_ms) == APISEC_OK ? APISEC_OP_HTTP : APISEC_OP_DONE;
    if (must_retry(ask)) return make_request(ask, now_ms) == APISEC_OK ? APISEC_OP_HTTP : APISEC_OP_DONE;
    judge(ask);
    return APISEC_OP_DONE;
}

static void ask_release(apisec_op *op)
{
    struct ask *ask = (struct ask *)op;
    apisec_issued_free(ask->issued);
    buffer_free(&ask->form);
    apisec_text_free(ask->assertion);
    apisec_text_free(ask->proof);
    arena_free(&ask->arena);
    apisec_client_free(ask->client);
}

static const struct op_kind ask_kind = {ask_step, ask_release};

/* keep copies a text into the operation. A text that is not there stays so. */
static bool keep(struct ask *ask, struct text from, struct text *to)
{
    *to = (struct text){NULL, 0};
    if (from.at == NULL) return true;
    *to = (struct text){arena_text(&ask->arena, from), from.len};
    return to->at != NULL;
}

static apisec_status copy_inputs(struct ask *ask, const apisec_exchange *exchange)
{
    exchange_form(exchange, &ask->form);
    if (ask->form.status != APISEC_OK) return ask->form.status;
    ask->asked.actor = exchange->actor.bytes != NULL;
    ask->asked.dpop = ask->client->dpop != NULL;
    ask->asked.bound = exchange->scope == NULL && exchange->verified;
    const bool whole = keep(ask, (struct text){exchange->subject.bytes, exchange->subject.len}, &ask->subject) &&
                       keep(ask, (struct text){exchange->actor.bytes, exchange->actor.len}, &ask->actor) &&
                       keep(ask, text_of(exchange->traceparent), &ask->traceparent) &&
                       keep(ask, text_of(exchange->scope), &ask->asked.scope) &&
                       keep(ask, text_of(exchange->subject_scope), &ask->asked.bound_scope) &&
                       keep(ask, text_of(exchange->requested_type), &ask->asked.requested_type);
    return whole ? APISEC_OK : APISEC_E_MEMORY;
}

apisec_status apisec_exchange_start(apisec_client *client, const apisec_exchange *exchange, apisec_op **op, apisec_error *err)
{
    if (op == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the operation");
    *op = NULL;
    apisec_status status = exchange_check(exchange, err);
    if (status == APISEC_OK) status = client_begin(client, err);
    if (status != APISEC_OK) return status;

    struct ask *ask = mem_array(1, sizeof *ask);
    if (ask == NULL) return fail_memory(err);
    op_init(&ask->op, &ask_kind);
    ask->client = client_ref(client);
    ask->form = BUFFER_MAX(EXCHANGE_MAX_FORM);
    status = copy_inputs(ask, exchange);
    if (status != APISEC_OK) {
        apisec_op_free(&ask->op);
        return status == APISEC_E_MEMORY ? fail_memory(err) : fail(err, APISEC_E_ARGUMENT, "the exchange is too large");
    }
    *op = &ask->op;
    return succeed(err);
}

apisec_status apisec_exchange_finish(apisec_op *op, apisec_issued **issued, apisec_error *err)
{
    if (issued == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the issued token");
    *issued = NULL;
    if (!op_is(op, &ask_kind) || !op_is_done(op)) return fail(err, APISEC_E_MISUSE, "not an exchange that is done");
    const struct ask *ask = (const struct ask *)op;
    if (ask->error.status != APISEC_OK) return fail(err, ask->error.status, "%s", ask->error.text);
    *issued = apisec_issued_ref(ask->issued);
    return succeed(err);
}

apisec_status apisec_exchange_run(apisec_client *client, const apisec_exchange *exchange, apisec_issued **issued, apisec_error *err)
{
    apisec_op *op = NULL;
    if (issued == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the issued token");
    *issued = NULL;
    apisec_status status = apisec_exchange_start(client, exchange, &op, err);
    if (status != APISEC_OK) return status;
    (void)apisec_op_run(op, client->http); /* whatever became of it is said by finish */
    status = apisec_exchange_finish(op, issued, err);
    apisec_op_free(op);
    return status;
}
