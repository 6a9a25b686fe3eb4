/* SPDX-License-Identifier: Apache-2.0
 *
 * http.h: transports: what carries an operation's HTTP requests when the library is to block.
 *
 * apisec_http_new makes the one over libcurl. It, and a guard (guard.h), which makes one as its document says, are all of the
 * library that needs libcurl: a program that has neither, and links libapisec.a, does not need libcurl. A service with its own HTTP
 * client fills in a struct apisec_http.
 *
 * The libcurl transport speaks https only; follows no redirect; uses no proxy, netrc, HSTS or cookie of the environment; checks
 * the server's certificate and name; and looks at the address it is about to connect to, after name resolution: loopback,
 * link-local, private, unspecified, multicast and cloud metadata addresses are refused with APISEC_E_ADDRESS unless allowed.
 * The variable SSLKEYLOGFILE makes libcurl's TLS library write its session secrets to a file: keep it out of a service's
 * environment.
 * Threads: a transport may be shared; the options belong to one.
 */
#ifndef APISEC_HTTP_H
#define APISEC_HTTP_H

#include <apisec/op.h>
#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* apisec_http is a transport. Zero it, then set perform (and free, and context, as you like). The library never changes it. */
struct apisec_http {
    void *context;
    /* perform makes the one request that op shows now and answers it: status, headers, body, end. It must not call
     * apisec_op_next. Its status is the one it gave apisec_op_answer_end. May be called by several threads at once. */
    apisec_status (*perform)(apisec_http *http, apisec_op *op);
    void (*free)(apisec_http *http);
};

/* apisec_http_options says how the libcurl transport behaves. Builder: setters accept NULL and keep their first error. */
typedef struct apisec_http_options apisec_http_options;

/* apisec_http_options_new never returns NULL: without memory it gives options with which apisec_http_new says APISEC_E_MEMORY. */
apisec_http_options *apisec_http_options_new(void);
/* apisec_http_options_free: a transport made from them does not need them. */
void apisec_http_options_free(apisec_http_options *options);

/* apisec_http_options_set_ca_file trusts the PEM certificates of this file instead of the system's. */
void apisec_http_options_set_ca_file(apisec_http_options *options, const char *path);
/* apisec_http_options_set_timeouts_ms: of a whole request (default 5000) and of connecting (default 2000); 1 to 300000. An
 * operation's own deadline, five seconds after its request was made, comes first. */
void apisec_http_options_set_timeouts_ms(apisec_http_options *options, uint32_t total_ms, uint32_t connect_ms);
/* apisec_http_options_allow_loopback permits 127.0.0.0/8 and ::1. For tests and for a sidecar on the same host. */
void apisec_http_options_allow_loopback(apisec_http_options *options);
/* apisec_http_options_allow_private permits RFC 1918, RFC 6598, RFC 4193 addresses (but no metadata address). */
void apisec_http_options_allow_private(apisec_http_options *options);
/* apisec_http_options_add_identity names a client certificate and key (PEM files) that operations may ask for. */
void apisec_http_options_add_identity(apisec_http_options *options, const char *name, const char *cert_file,
                                      const char *key_file);
/* apisec_http_options_set_proxy: all requests go through this http proxy, "http://host:port"; the address check is then the
 * proxy's: it is made for the proxy's address only. */
void apisec_http_options_set_proxy(apisec_http_options *options, const char *url);

/* apisec_http_new makes the libcurl transport; options NULL means all defaults, and they may be freed afterwards.
 * APISEC_E_CONFIG: an option is wrong, or a file of it cannot be read or is not PEM. APISEC_E_UNSUPPORTED: libcurl is too old or
 * has no TLS, or the library was built without it (make HTTP=none). */
apisec_status apisec_http_new(const apisec_http_options *options, apisec_http **http, apisec_error *err);

/* apisec_http_free calls the transport's own free, once no operation uses it. */
void apisec_http_free(apisec_http *http);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
