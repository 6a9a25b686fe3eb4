/* SPDX-License-Identifier: Apache-2.0
 *
 * credential.c: finds the one token of a request (RFC 6750 section 2.1, RFC 9449 section 7.1), or says why there is not exactly
 * one. Only the Authorization header counts, and Txn-Token where Transaction Tokens are accepted. A token in the query is refused
 * even beside a good one: it is in every log by now.
 */
#include "token/token.h"

/* ---- the query ---- */

/* next_decoded takes one character of a parameter's name, percent-decoded, off the front. */
static char next_decoded(struct text *name)
{
    const char c = name->at[0];
    size_t used = 1;
    int value = (unsigned char)c;
    if (c == '%' && name->len >= 3 && text_hex_digit(name->at[1]) >= 0 && text_hex_digit(name->at[2]) >= 0) {
        value = text_hex_digit(name->at[1]) * 16 + text_hex_digit(name->at[2]);
        used = 3;
    }
    name->at += used;
    name->len -= used;
    return (char)value;
}

/* Any case: what matters is that a client believed it was sending a token. */
static bool is_token_parameter(struct text name)
{
    static const char wanted[] = "access_token";
    size_t matched = 0;
    while (name.len > 0) {
        const char c = text_lower(next_decoded(&name));
        if (matched == sizeof wanted - 1 || c != wanted[matched]) return false;
        matched++;
    }
    return matched == sizeof wanted - 1;
}

/* next_parameter_name cuts the next parameter off a query and leaves its name. ';' separates too: some servers still read it so. */
static bool next_parameter_name(struct text *query, struct text *name)
{
    if (query->len == 0) return false;
    size_t end = 0, name_len = 0;
    while (end < query->len && query->at[end] != '&' && query->at[end] != ';') end++;
    while (name_len < end && query->at[name_len] != '=') name_len++;
    *name = (struct text){query->at, name_len};

    const size_t used = end < query->len ? end + 1 : end;
    query->at += used;
    query->len -= used;
    return true;
}

static bool query_has_token(struct text target)
{
    const char *const mark = target.len > 0 ? memchr(target.at, '?', target.len) : NULL;
    if (!mark) return false;

    const size_t start = (size_t)(mark - target.at);
    struct text query = {mark + 1, target.len - start - 1}, name;
    while (next_parameter_name(&query, &name))
        if (is_token_parameter(name)) return true;
    return false;
}

/* ---- the header ---- */

bool credential_has_byte(char c)
{
    const bool alphanumeric = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return alphanumeric || c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/';
}

bool credential_is_b64token(struct text token)
{
    while (token.len > 0 && token.at[token.len - 1] == '=') token.len--;
    if (token68_is_plain(token.at, token.len)) return true; /* which sees many bytes at a time */
    for (size_t i = 0; i < token.len; i++)
        if (!credential_has_byte(token.at[i])) return false;
    return token.len > 0;
}

static struct text scheme_of(struct text value)
{
    size_t len = 0;
    while (len < value.len && value.at[len] != ' ' && value.at[len] != '\t') len++;
    return (struct text){value.at, len};
}

/* Credentials joined by a comma, as a proxy joins two fields of one name: `Basic …, Bearer …`. */
static bool hides_a_token(struct text value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] != ',') continue;
        size_t start = i + 1;
        while (start < value.len && (value.at[start] == ' ' || value.at[start] == '\t')) start++;
        const struct text scheme = scheme_of((struct text){value.at + start, value.len - start});
        if (text_is_caseless(scheme, "Bearer") || text_is_caseless(scheme, "DPoP")) return true;
    }
    return false;
}

/* One value with bytes that no token has is a malformed token (RFC 6750 section 3.1, invalid_token), and so is the JSON
 * serialisation (RFC 7515 section 7.2). What may be two values is a malformed request. */
static apisec_status refuse_bytes(struct text value, apisec_error *err)
{
    if (value.at[0] == '{') return fail(err, APISEC_E_MALFORMED, "the token is JSON: only the compact serialisation is accepted");
    for (size_t i = 0; i < value.len; i++) {
        const unsigned char byte = (unsigned char)value.at[i];
        if (byte <= ' ' || byte == ',' || byte == 0x7f) return fail(err, APISEC_E_REQUEST, "a header has more than one token");
    }
    return fail(err, APISEC_E_MALFORMED, "the token has bytes that no token has");
}

static apisec_status read_token(struct text rest, const char *empty, struct text *token, apisec_error *err)
{
    while (rest.len > 0 && rest.at[0] == ' ') {
        rest.at++;
        rest.len--;
    }
    if (rest.len == 0) return fail(err, APISEC_E_REQUEST, "%s", empty);
    if (!credential_is_b64token(rest)) return refuse_bytes(rest, err);
    *token = rest;
    return succeed(err);
}

static apisec_status read_authorization(struct text value, bool dpop_accepted, struct presented *presented, apisec_error *err)
{
    const struct text scheme = scheme_of(value);
    if (scheme.len == 0) return fail(err, APISEC_E_REQUEST, "the Authorization header is empty");
    presented->dpop_scheme = text_is_caseless(scheme, "DPoP");
    if (presented->dpop_scheme && !dpop_accepted) return fail(err, APISEC_E_REQUEST, "the DPoP scheme is not accepted here");
    if (!presented->dpop_scheme && !text_is_caseless(scheme, "Bearer")) {
        if (hides_a_token(value)) return fail(err, APISEC_E_REQUEST, "the Authorization header holds two credentials");
        return fail(err, APISEC_E_NO_CREDENTIAL, "the Authorization header has another scheme than Bearer%s",
                    dpop_accepted ? " and DPoP" : "");
    }
    const struct text rest = {value.at + scheme.len, value.len - scheme.len};
    return read_token(rest, "the Authorization header has a scheme and no token", &presented->token, err);
}

/* count_fields: a Transaction Token has a header of its own, and is never beside another credential (draft section 5). */
static apisec_status count_fields(size_t num, size_t num_txn, apisec_error *err)
{
    if (num_txn > 1) return fail(err, APISEC_E_REQUEST, "the request has more than one Txn-Token header");
    if (num > 1) return fail(err, APISEC_E_REQUEST, "the request has more than one Authorization header");
    if (num + num_txn > 1) return fail(err, APISEC_E_REQUEST, "the request has an Authorization and a Txn-Token header");
    return succeed(err);
}

/* RFC 9449 section 4.3: one proof; which of two is meant is anybody's guess */
static apisec_status find_proof(const apisec_call *call, struct text *proof, apisec_error *err)
{
    if (call_find_header(call, "DPoP", proof) > 1) return fail(err, APISEC_E_REQUEST, "the request has more than one DPoP header");
    return succeed(err);
}

apisec_status credential_is_single(const apisec_call *call, struct credential_rules rules, apisec_error *err)
{
    struct text value, other;
    apisec_status status = call_status(call, err);
    if (status != APISEC_OK) return status;
    const size_t num = call_find_header(call, "Authorization", &value);
    const size_t num_txn = rules.txn_tokens ? call_find_header(call, "Txn-Token", &other) : 0;
    status = count_fields(num, num_txn, err);
    if (status == APISEC_OK && rules.dpop) status = find_proof(call, &other, err);
    if (status != APISEC_OK || !hides_a_token(value)) return status;
    return fail(err, APISEC_E_REQUEST, "the Authorization header holds two credentials");
}

static apisec_status find_token(const apisec_call *call, struct credential_rules rules, struct presented *presented,
                                apisec_error *err)
{
    struct text value, txn_token;
    const size_t num = call_find_header(call, "Authorization", &value);
    const size_t num_txn = rules.txn_tokens ? call_find_header(call, "Txn-Token", &txn_token) : 0;
    if (num + num_txn == 0)
        return fail(err, APISEC_E_NO_CREDENTIAL, "the request has no Authorization%s header",
                    rules.txn_tokens ? " or Txn-Token" : "");
    const apisec_status status = count_fields(num, num_txn, err);
    if (status != APISEC_OK) return status;
    if (num == 1) return read_authorization(value, rules.dpop, presented, err);
    presented->source = TOKEN_TXN_HEADER;
    return read_token(txn_token, "the Txn-Token header is empty", &presented->token, err);
}

apisec_status credential_find(const apisec_call *call, struct credential_rules rules, struct presented *presented,
                              apisec_error *err)
{
    *presented = (struct presented){.source = TOKEN_AUTHORIZATION};
    apisec_status status = call_status(call, err);
    if (status != APISEC_OK) return status;
    if (query_has_token(call_target(call))) return fail(err, APISEC_E_REQUEST, "a token is sent in the query");
    if (rules.dpop) status = find_proof(call, &presented->proof, err);
    if (status != APISEC_OK) return status;
    presented->method = call_method(call);
    presented->path = call_path(call);
    presented->peer_certificate = call_peer_certificate(call);
    return find_token(call, rules, presented, err);
}
