/* SPDX-License-Identifier: Apache-2.0
 *
 * response.c: takes the answer to an operation's request in, as it arrives and in chunks of any size, within limits. What breaks
 * a limit or a rule is refused at once, and then the whole answer is: step never sees half of one. Called by every driver.
 */
#include "http/http.h"

void response_clear(apisec_op *op)
{
    buffer_free(&op->answer.body);
    op->answer = (struct op_answer){.transport = APISEC_E_UNREACHABLE, .max_age = -1};
    op->refused = APISEC_OK;
    op->num_answer_headers = 0;
    op->answer_header_bytes = 0;
    op->answered = false;
}

void response_begin(apisec_op *op, size_t max_body)
{
    response_clear(op);
    op->answer.body = BUFFER_MAX(max_body);
}

void response_end(apisec_op *op, apisec_status transport)
{
    if (transport == APISEC_OK && op->answer.http_status == 0) transport = APISEC_E_RESPONSE;
    /* how the driver closed a connection that it was told to close does not matter */
    if (transport != APISEC_E_TIMEOUT && op->refused != APISEC_OK) transport = op->refused;
    if (transport != APISEC_OK) response_clear(op);
    op->answer.transport = transport;
    op->answered = true;
}

static apisec_status refuse(apisec_op *op, apisec_status status)
{
    op->refused = status;
    return status;
}

apisec_status apisec_op_answer_status(apisec_op *op, int32_t http_status)
{
    if (!op_awaits_answer(op)) return APISEC_E_MISUSE;
    if (op->refused != APISEC_OK) return op->refused;
    if (op->answer.http_status != 0) return APISEC_E_MISUSE;
    /* 1xx are not the answer yet; the driver keeps them to itself */
    if (http_status < 200 || http_status > 599) return refuse(op, APISEC_E_RESPONSE);
    op->answer.http_status = http_status;
    return APISEC_OK;
}

static void note_content_type(struct op_answer *answer, struct text value)
{
    if (answer->content_type[0] != '\0')
        answer->repeated_content_type = true;
    else
        header_media_type(value, answer->content_type, sizeof answer->content_type);
}

/* Of several fields the shortest age counts. */
static void note_cache_control(struct op_answer *answer, struct text value)
{
    const int64_t age = header_max_age(value);
    if (age < 0) return;
    if (answer->max_age < 0 || age < answer->max_age) answer->max_age = age;
}

static void note_etag(struct op_answer *answer, struct text value)
{
    const bool first = !answer->has_etag_field;
    answer->has_etag_field = true;
    answer->etag[0] = '\0';
    if (!first || value.len >= sizeof answer->etag || !header_is_etag(value)) return;
    memcpy(answer->etag, value.at, value.len);
    answer->etag[value.len] = '\0';
}

static void note_nonce(struct op_answer *answer, struct text value)
{
    const bool first = !answer->has_nonce_field;
    answer->has_nonce_field = true;
    answer->dpop_nonce[0] = '\0';
    if (!first || value.len >= sizeof answer->dpop_nonce || !header_is_nonce(value)) return;
    memcpy(answer->dpop_nonce, value.at, value.len);
    answer->dpop_nonce[value.len] = '\0';
}

apisec_status apisec_op_answer_header(apisec_op *op, const char *name, size_t name_len, const char *value, size_t value_len)
{
    if (!op_awaits_answer(op)) return APISEC_E_MISUSE;
    if (op->refused != APISEC_OK) return op->refused;
    if (op->answer.http_status == 0) return APISEC_E_MISUSE;
    if ((name == NULL && name_len > 0) || (value == NULL && value_len > 0)) return APISEC_E_ARGUMENT;

    const size_t room = OP_MAX_ANSWER_HEADER_BYTES - op->answer_header_bytes;
    if (op->num_answer_headers == OP_MAX_ANSWER_HEADERS) return refuse(op, APISEC_E_TOO_LARGE);
    if (name_len > room || value_len > room - name_len) return refuse(op, APISEC_E_TOO_LARGE);
    op->num_answer_headers++;
    op->answer_header_bytes += name_len + value_len;

    const struct text field = {name, name_len};
    const struct text content = text_trim((struct text){value == NULL ? "" : value, value_len});
    if (!header_is_token(field)) return refuse(op, APISEC_E_RESPONSE);
    if (text_has_byte(content, '\r') || text_has_byte(content, '\n') || text_has_byte(content, '\0'))
        return refuse(op, APISEC_E_RESPONSE);
    if (text_is_caseless(field, "content-type")) note_content_type(&op->answer, content);
    if (text_is_caseless(field, "cache-control")) note_cache_control(&op->answer, content);
    if (text_is_caseless(field, "etag")) note_etag(&op->answer, content);
    if (text_is_caseless(field, "dpop-nonce")) note_nonce(&op->answer, content);
    return APISEC_OK;
}

apisec_status apisec_op_answer_body(apisec_op *op, const char *bytes, size_t len)
{
    if (!op_awaits_answer(op)) return APISEC_E_MISUSE;
    if (op->refused != APISEC_OK) return op->refused;
    if (op->answer.http_status == 0) return APISEC_E_MISUSE;
    if (bytes == NULL && len > 0) return APISEC_E_ARGUMENT;
    if (len == 0) return APISEC_OK;
    const apisec_status status = buffer_append(&op->answer.body, bytes, len);
    return status == APISEC_OK ? APISEC_OK : refuse(op, status);
}

struct text response_body(const struct op_answer *answer)
{
    return (struct text){answer->body.bytes == NULL ? "" : answer->body.bytes, answer->body.len};
}

const char *response_failure(apisec_status transport)
{
    switch (transport) {
    case APISEC_E_TIMEOUT:      return "no answer in time";
    case APISEC_E_TLS:          return "the server's TLS certificate or handshake was refused";
    case APISEC_E_ADDRESS: return "the server's address is one that is refused: loopback and private ones must be allowed";
    case APISEC_E_NO_TRANSPORT: return "there is no transport to fetch with";
    case APISEC_E_TOO_LARGE:    return "the answer is too large";
    case APISEC_E_RESPONSE:     return "the answer is not HTTP";
    case APISEC_E_MEMORY:       return "out of memory";
    default:                    return "the server cannot be reached";
    }
}
