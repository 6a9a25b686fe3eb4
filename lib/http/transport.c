/* SPDX-License-Identifier: Apache-2.0
 *
 * transport.c: the options of the libcurl transport and the end of any transport; without libcurl, so that a program with an
 * HTTP client of its own links without it. Read by curl.c.
 */
#include "http/http.h"

#include <stdlib.h>

#define TOTAL_MS 5000
#define CONNECT_MS 2000
#define MAX_MS 300000

/* What apisec_http_options_new gives when there is no memory: its error is set, so no setter ever writes to it. Were NULL given
 * instead, apisec_http_new would take it for "all defaults" and trust more certificates than were asked for. */
static const apisec_http_options no_memory = {.error = {APISEC_E_MEMORY, "out of memory"}};

static bool is_open(const apisec_http_options *options)
{
    return options != NULL && options->error.status == APISEC_OK;
}

apisec_http_options *apisec_http_options_new(void)
{
    apisec_http_options *options = mem_array(1, sizeof *options);
    if (options == NULL) return (apisec_http_options *)&no_memory;
    options->total_ms = TOTAL_MS;
    options->connect_ms = CONNECT_MS;
    return options;
}

void apisec_http_options_free(apisec_http_options *options)
{
    if (options == NULL || options == &no_memory) return;
    for (size_t i = 0; i < options->num_identities; i++) {
        free(options->identities[i].name);
        free(options->identities[i].cert_file);
        free(options->identities[i].key_file);
    }
    free(options->identities);
    free(options->ca_file);
    free(options->proxy);
    free(options);
}

/* set_text replaces *member by a copy of text, which must not be empty. */
static void set_text(apisec_http_options *options, char **member, const char *text, const char *what)
{
    if (text == NULL || text[0] == '\0') {
        fail(&options->error, APISEC_E_CONFIG, "the %s is empty", what);
        return;
    }
    char *copy = text_copy(text_of(text));
    if (copy == NULL) {
        fail_memory(&options->error);
        return;
    }
    free(*member);
    *member = copy;
}

void apisec_http_options_set_ca_file(apisec_http_options *options, const char *path)
{
    if (is_open(options)) set_text(options, &options->ca_file, path, "CA file's path");
}

void apisec_http_options_set_timeouts_ms(apisec_http_options *options, uint32_t total_ms, uint32_t connect_ms)
{
    if (!is_open(options)) return;
    if (total_ms < 1 || total_ms > MAX_MS || connect_ms < 1 || connect_ms > MAX_MS) {
        fail(&options->error, APISEC_E_CONFIG, "a timeout is not in 1 to %d ms", MAX_MS);
        return;
    }
    options->total_ms = total_ms;
    options->connect_ms = connect_ms;
}

void apisec_http_options_allow_loopback(apisec_http_options *options)
{
    if (is_open(options)) options->loopback = true;
}

void apisec_http_options_allow_private(apisec_http_options *options)
{
    if (is_open(options)) options->private_networks = true;
}

void apisec_http_options_add_identity(apisec_http_options *options, const char *name, const char *cert_file,
                                      const char *key_file)
{
    if (!is_open(options)) return;
    for (size_t i = 0; i < options->num_identities; i++) {
        if (!text_equal(text_of(options->identities[i].name), text_of(name))) continue;
        fail(&options->error, APISEC_E_CONFIG, "two identities have the same name");
        return;
    }
    if (options->num_identities == HTTP_MAX_IDENTITIES) {
        fail(&options->error, APISEC_E_CONFIG, "more than %d identities", HTTP_MAX_IDENTITIES);
        return;
    }
    struct http_identity *more = realloc(options->identities, (options->num_identities + 1) * sizeof *more);
    if (more == NULL) {
        fail_memory(&options->error);
        return;
    }
    options->identities = more;
    struct http_identity *identity = &more[options->num_identities++];
    *identity = (struct http_identity){NULL, NULL, NULL};
    set_text(options, &identity->name, name, "name of an identity");
    if (is_open(options)) set_text(options, &identity->cert_file, cert_file, "certificate file of an identity");
    if (is_open(options)) set_text(options, &identity->key_file, key_file, "key file of an identity");
}

void apisec_http_options_set_proxy(apisec_http_options *options, const char *url)
{
    if (!is_open(options)) return;
    if (url_check_proxy(text_of(url), &options->error) == APISEC_OK) set_text(options, &options->proxy, url, "proxy");
}

apisec_http_options *options_copy(const apisec_http_options *from)
{
    apisec_http_options *to = apisec_http_options_new();
    if (from == NULL) return to;
    apisec_http_options_set_timeouts_ms(to, from->total_ms, from->connect_ms);
    if (from->ca_file != NULL) apisec_http_options_set_ca_file(to, from->ca_file);
    if (from->proxy != NULL) apisec_http_options_set_proxy(to, from->proxy);
    if (from->loopback) apisec_http_options_allow_loopback(to);
    if (from->private_networks) apisec_http_options_allow_private(to);
    for (size_t i = 0; i < from->num_identities; i++)
        apisec_http_options_add_identity(to, from->identities[i].name, from->identities[i].cert_file, from->identities[i].key_file);
    return to;
}

void apisec_http_free(apisec_http *http)
{
    if (http != NULL && http->free != NULL) http->free(http);
}
