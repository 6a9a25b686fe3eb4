/* SPDX-License-Identifier: Apache-2.0
 *
 * http_read.c: the section "http": the transport over libcurl that a document's guard has. Its files are looked at here, when the
 * guard is made; nothing is fetched.
 */
#include "guard/guard.h"

static const char *const http_names[] = {"ca_file",       "timeout_ms", "connect_timeout_ms", "allow_loopback",
                                         "allow_private", "proxy",      "identities",         NULL};
static const char *const identity_names[] = {"certificate", "key", NULL};

/* noted says what a setter had to say, with the path of what it was given. */
static apisec_status noted(const struct shape *at, const apisec_http_options *options, apisec_error *err)
{
    return options->error.status == APISEC_OK ? APISEC_OK : shape_fail_as(at, &options->error, err);
}

static apisec_status read_texts(const struct shape *at, apisec_http_options *options, apisec_error *err)
{
    const struct shape ca_file_at = shape_member(at, "ca_file"), proxy_at = shape_member(at, "proxy");
    const char *ca_file = NULL, *proxy;
    apisec_status status = ca_file_at.value != NULL ? path_read(&ca_file_at, &ca_file, err) : APISEC_OK;
    if (status == APISEC_OK) status = shape_optional_text(at, "proxy", &proxy, err);
    if (status != APISEC_OK) return status;
    if (ca_file != NULL) apisec_http_options_set_ca_file(options, ca_file);
    status = noted(&ca_file_at, options, err);
    if (status != APISEC_OK) return status;
    if (proxy != NULL) apisec_http_options_set_proxy(options, proxy);
    return noted(&proxy_at, options, err);
}

static apisec_status read_settings(const struct shape *at, apisec_http_options *options, apisec_error *err)
{
    int64_t total = options->total_ms, connecting = options->connect_ms;
    bool loopback, private_networks;
    apisec_status status = shape_optional_number(at, "timeout_ms", 1, 300000, &total, err);
    if (status == APISEC_OK) status = shape_optional_number(at, "connect_timeout_ms", 1, 300000, &connecting, err);
    if (status == APISEC_OK) status = shape_flag(at, "allow_loopback", &loopback, err);
    if (status == APISEC_OK) status = shape_flag(at, "allow_private", &private_networks, err);
    if (status != APISEC_OK) return status;
    apisec_http_options_set_timeouts_ms(options, (uint32_t)total, (uint32_t)connecting);
    if (loopback) apisec_http_options_allow_loopback(options);
    if (private_networks) apisec_http_options_allow_private(options);
    return noted(at, options, err);
}

static apisec_status read_identities(const struct shape *object, apisec_http_options *options, apisec_error *err)
{
    const struct shape list = shape_member(object, "identities");
    apisec_status status = list.value == NULL ? APISEC_OK : shape_kind(&list, JSON_OBJECT, err);
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at)) {
        const struct shape certificate_at = shape_member(&at, "certificate"), key_at = shape_member(&at, "key");
        const char *certificate, *key;
        status = shape_object(&at, identity_names, err);
        if (status == APISEC_OK) status = path_read(&certificate_at, &certificate, err);
        if (status == APISEC_OK) status = path_read(&key_at, &key, err);
        if (status != APISEC_OK) return status;
        apisec_http_options_add_identity(options, at.name, certificate, key);
        status = noted(&at, options, err);
    }
    return status;
}

static apisec_status make(const struct shape *at, const apisec_http_options *options, apisec_http **http, apisec_error *err)
{
    apisec_error why;
    const apisec_status status = apisec_http_new(options, http, &why);
    if (status == APISEC_OK) return APISEC_OK;
    if (status == APISEC_E_UNSUPPORTED && at->value == NULL) return APISEC_OK; /* operations need none */
    return shape_fail_as(at, &why, err);
}

apisec_status http_read(const struct reading *reading, apisec_http **http, apisec_error *err)
{
    const struct shape at = shape_member(reading->top, "http");
    *http = NULL;
    if (reading->has_transport) return at.value == NULL ? APISEC_OK : shape_fail(&at, err, "the service brings its own transport");
    apisec_http_options *options = apisec_http_options_new();
    apisec_status status = options->error.status == APISEC_OK ? APISEC_OK : fail_memory(err);
    if (status == APISEC_OK && at.value != NULL) {
        status = shape_object(&at, http_names, err);
        if (status == APISEC_OK) status = read_texts(&at, options, err);
        if (status == APISEC_OK) status = read_settings(&at, options, err);
        if (status == APISEC_OK) status = read_identities(&at, options, err);
    }
    if (status == APISEC_OK && !reading->has_stand_ins) status = make(&at, options, http, err);
    apisec_http_options_free(options);
    return status;
}
