/* SPDX-License-Identifier: Apache-2.0
 *
 * client.c: one https request to another service, over libcurl: see client.h. It follows no redirect, uses nothing of the
 * environment, checks certificate and name, and reads no more than it said.
 */
#include "client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static size_t take_body(char *bytes, size_t size, size_t num, void *context)
{
    struct client_reply *reply = context;
    size_t more = size * num;
    if (more > CLIENT_MAX_BODY - reply->len) return 0;
    char *body = realloc(reply->body, reply->len + more + 1);
    if (body == NULL) return 0;
    memcpy(body + reply->len, bytes, more);
    reply->body = body;
    reply->len += more;
    body[reply->len] = '\0';
    return more;
}

static size_t take_header(char *bytes, size_t size, size_t num, void *context)
{
    struct client_reply *reply = context;
    size_t len = size * num;
    while (len > 0 && (bytes[len - 1] == '\r' || bytes[len - 1] == '\n')) len--;
    if (memchr(bytes, ':', len) == NULL) return size * num; /* the status line */
    if (reply->num_headers == CLIENT_MAX_HEADERS) return 0;
    reply->headers[reply->num_headers] = strndup(bytes, len);
    if (reply->headers[reply->num_headers] == NULL) return 0;
    reply->num_headers++;
    return size * num;
}

static void set_identity(CURL *curl, const struct client_request *request)
{
    char path[512];
    snprintf(path, sizeof path, "%s/ca.pem", request->ca_folder);
    curl_easy_setopt(curl, CURLOPT_CAINFO, path);
    if (request->identity_folder == NULL) return;
    snprintf(path, sizeof path, "%s/cert.pem", request->identity_folder);
    curl_easy_setopt(curl, CURLOPT_SSLCERT, path);
    snprintf(path, sizeof path, "%s/key.pem", request->identity_folder);
    curl_easy_setopt(curl, CURLOPT_SSLKEY, path);
}

static void set_address(CURL *curl, const struct client_request *request)
{
    char text[64];
    snprintf(text, sizeof text, "host!%s", request->from ? request->from : "");
    if (request->from) curl_easy_setopt(curl, CURLOPT_INTERFACE, text);
}

bool client_send(const struct client_request *request, struct client_reply *reply)
{
    long status = 0;
    *reply = (struct client_reply){.why = "out of memory"};
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    if (curl == NULL) return false;
    for (size_t i = 0; i < sizeof request->headers / sizeof request->headers[0] && request->headers[i]; i++)
        headers = curl_slist_append(headers, request->headers[i]);
    if (request->json) headers = curl_slist_append(headers, "Content-Type: application/json");
    set_identity(curl, request);
    set_address(curl, request);
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 2000L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 10000L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, reply);
    if (request->basic) curl_easy_setopt(curl, CURLOPT_USERPWD, request->basic);
    if (request->form) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->form);
    if (request->json) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->json);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);

    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    reply->status = code == CURLE_OK ? (int)status : 0;
    reply->why = code == CURLE_OK ? "" : curl_easy_strerror(code);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return reply->status != 0;
}

const char *client_header(const struct client_reply *reply, const char *name)
{
    const char *found = NULL;
    size_t len = strlen(name);
    for (size_t i = 0; i < reply->num_headers; i++) {
        const char *line = reply->headers[i];
        if (strncasecmp(line, name, len) != 0 || line[len] != ':') continue;
        if (found) return NULL;
        found = line + len + 1;
        found += strspn(found, " \t");
    }
    return found;
}

void client_free(struct client_reply *reply)
{
    for (size_t i = 0; i < reply->num_headers; i++) free(reply->headers[i]);
    if (reply->body) explicit_bzero(reply->body, reply->len);
    free(reply->body);
    *reply = (struct client_reply){0};
}

bool client_encode(char *form, size_t size, const char *name, const char *value)
{
    size_t used = strlen(form);
    char *escaped = curl_easy_escape(NULL, value, (int)strlen(value));
    int wrote = escaped ? snprintf(form + used, size - used, "%s%s=%s", used ? "&" : "", name, escaped) : -1;
    curl_free(escaped);
    return wrote >= 0 && (size_t)wrote < size - used;
}
