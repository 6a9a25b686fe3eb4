/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge.c: an operation's request becomes an easy handle; what the handle receives becomes the operation's answer. See bridge.h.
 */
#include "bridge.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the answer ---- */

/* tell_head hands over the status and every header: of the answer itself, not of a 100 or 103 before it. */
static bool tell_head(struct bridge *bridge)
{
    long status = 0;
    curl_easy_getinfo(bridge->easy, CURLINFO_RESPONSE_CODE, &status);
    bridge->head_told = true;
    if (apisec_op_answer_status(bridge->op, (int32_t)status) != APISEC_OK) return false;

    struct curl_header *header = NULL;
    while ((header = curl_easy_nextheader(bridge->easy, CURLH_HEADER, -1, header)) != NULL) {
        const size_t name_len = strlen(header->name), value_len = strlen(header->value);
        if (apisec_op_answer_header(bridge->op, header->name, name_len, header->value, value_len) != APISEC_OK) return false;
    }
    return true;
}

/* take_body: libcurl ends the transfer when fewer bytes are taken than it brought: the operation has seen enough. */
static size_t take_body(char *bytes, size_t size, size_t num, void *context)
{
    struct bridge *bridge = context;
    if (!bridge->head_told && !tell_head(bridge)) return 0;
    return apisec_op_answer_body(bridge->op, bytes, size * num) == APISEC_OK ? size * num : 0;
}

static apisec_status status_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK: return APISEC_OK;
    case CURLE_OPERATION_TIMEDOUT: return APISEC_E_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE: return APISEC_E_TLS;
    default: return APISEC_E_UNREACHABLE;
    }
}

/* ---- the request ---- */

/* add_line adds "name: value". An empty value, "name;", is how libcurl is told to send the field nevertheless. */
static bool add_line(struct curl_slist **headers, const char *name, const char *value)
{
    const size_t size = strlen(name) + strlen(value) + sizeof ": ";
    char *line = malloc(size);
    if (line == NULL) return false;
    snprintf(line, size, value[0] == '\0' ? "%s;" : "%s: %s", name, value);
    struct curl_slist *more = curl_slist_append(*headers, line);
    explicit_bzero(line, size); /* it may be the client's secret */
    free(line);
    if (more != NULL) *headers = more;
    return more != NULL;
}

/* Expect would make a server that does not know it wait for a second. */
static bool set_headers(struct bridge *bridge)
{
    bridge->headers = curl_slist_append(NULL, "Expect:");
    bool whole = bridge->headers != NULL;
    for (size_t i = 0; whole && i < apisec_op_num_headers(bridge->op); i++)
        whole = add_line(&bridge->headers, apisec_op_header_name(bridge->op, i), apisec_op_header_value(bridge->op, i));
    return whole && curl_easy_setopt(bridge->easy, CURLOPT_HTTPHEADER, bridge->headers) == CURLE_OK;
}

/* The body stays where it is: it lives until the answer ends. */
static bool set_request(struct bridge *bridge)
{
    size_t len = 0;
    const char *body = apisec_op_body(bridge->op, &len);
    bool ok = curl_easy_setopt(bridge->easy, CURLOPT_URL, apisec_op_url(bridge->op)) == CURLE_OK;
    if (body != NULL) {
        ok &= curl_easy_setopt(bridge->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len) == CURLE_OK;
        ok &= curl_easy_setopt(bridge->easy, CURLOPT_POSTFIELDS, body) == CURLE_OK;
    }
    ok &= curl_easy_setopt(bridge->easy, CURLOPT_CUSTOMREQUEST, apisec_op_method(bridge->op)) == CURLE_OK;
    ok &= curl_easy_setopt(bridge->easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK;
    ok &= curl_easy_setopt(bridge->easy, CURLOPT_WRITEDATA, bridge) == CURLE_OK;
    return ok;
}

/* Only https, no redirect, no proxy and no password file of the environment. libcurl checks certificate and name by itself. */
static bool set_policy(struct bridge *bridge, const char *ca_file)
{
    bool ok = curl_easy_setopt(bridge->easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK;
    ok &= curl_easy_setopt(bridge->easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok &= curl_easy_setopt(bridge->easy, CURLOPT_PROXY, "") == CURLE_OK;
    ok &= curl_easy_setopt(bridge->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK;
    ok &= curl_easy_setopt(bridge->easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok &= curl_easy_setopt(bridge->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    if (ca_file != NULL) {
        ok &= curl_easy_setopt(bridge->easy, CURLOPT_CAINFO, ca_file) == CURLE_OK;
        ok &= curl_easy_setopt(bridge->easy, CURLOPT_CAPATH, NULL) == CURLE_OK; /* or the system's are trusted as well */
    }
    return ok;
}

bool bridge_open(struct bridge *bridge, apisec_op *op, const char *ca_file)
{
    *bridge = (struct bridge){.easy = curl_easy_init(), .op = op};
    if (bridge->easy != NULL && set_policy(bridge, ca_file) && set_request(bridge) && set_headers(bridge)) return true;
    bridge_close(bridge, CURLE_OUT_OF_MEMORY);
    return false;
}

/* ---- the end ---- */

void bridge_close(struct bridge *bridge, CURLcode code)
{
    /* an answer without a body has not been told yet */
    if (code == CURLE_OK && !bridge->head_told && !tell_head(bridge)) code = CURLE_WRITE_ERROR;
    apisec_op *op = bridge->op;
    bridge_abandon(bridge);
    (void)apisec_op_answer_end(op, status_of(code));
}

void bridge_abandon(struct bridge *bridge)
{
    curl_easy_cleanup(bridge->easy);
    for (struct curl_slist *at = bridge->headers; at != NULL; at = at->next) explicit_bzero(at->data, strlen(at->data));
    curl_slist_free_all(bridge->headers);
    *bridge = (struct bridge){.easy = NULL};
}
