/* SPDX-License-Identifier: Apache-2.0
 *
 * http.h (private): operations, URLs and forms; curl.c is the only user of libcurl and nothing of the library refers to it.
 *
 *   op.c        what all operations share       response.c  the answer as it arrives   header.c  values of header fields
 *   url.c       which URLs are acceptable       form.c      form encoding
 *   transport.c a transport's options           address.c   which addresses are        curl.c    the transport over libcurl
 *   idle.c      connections that wait           sigpipe.c   no signal for the host
 *   none.c      in place of the last three: a library without libcurl (make HTTP=none)
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/base.h"

#include <apisec/http.h>
#include <apisec/op.h>

#include <signal.h>

/* ---- op.c: what all operations share. A kind of operation embeds struct apisec_op as its first member ---- */

struct op_kind {
    /* step is called when no request is outstanding: at the first next, when an answer has ended, and at each next during a wait
     * (so it looks at the time itself). It does one of: op_request and returns APISEC_OP_HTTP; op_wait and returns
     * APISEC_OP_WAIT; sets its result and returns APISEC_OP_DONE. op->answer is what came since the last step, if op->answered;
     * it is wiped when step returns or makes the next request. */
    int32_t (*step)(apisec_op *op, int64_t now_ms);
    /* release frees what the kind holds; op.c frees the op itself afterwards. */
    void (*release)(apisec_op *op);
};

struct op_header {
    char *name;
    char *value;
};
#define OP_MAX_HEADERS 16
#define OP_MAX_ANSWER_HEADERS 128
#define OP_MAX_ANSWER_HEADER_BYTES 32768
#define OP_MAX_ETAG 129  /* 128 characters */
#define OP_MAX_NONCE 257 /* 256 characters */

/* An answer. Unless transport is APISEC_OK the rest is as if nothing had come: nobody can read half an answer by mistake. */
struct op_answer {
    apisec_status transport;      /* APISEC_OK: whole. What answer_end was told, or NO_TRANSPORT, or RESPONSE, TOO_LARGE, MEMORY */
    int32_t http_status;          /* 0: none came; else 200 to 599 */
    struct buffer body;
    char content_type[128];       /* "" when absent, "?" when it is none; lower case, without parameters, cut to fit */
    int64_t max_age;              /* of Cache-Control, no-store, no-cache and nonsense being 0; -1: not said */
    bool repeated_content_type;
    char etag[OP_MAX_ETAG];       /* as it came; "" when absent, or none, or too long, or there are several */
    bool has_etag_field;
    char dpop_nonce[OP_MAX_NONCE]; /* as it came; "" when absent, or none, or too long, or there are several */
    bool has_nonce_field;
};

struct apisec_op {
    const struct op_kind *kind;
    int32_t need;                 /* APISEC_OP_* */
    bool started;
    int64_t deadline_ms;
    /* the request, while need is APISEC_OP_HTTP */
    const char *method;
    char *url;
    struct op_header headers[OP_MAX_HEADERS];
    size_t num_headers;
    struct buffer body;
    bool has_body;
    size_t max_body;
    char *identity;
    /* the answer */
    struct op_answer answer;
    apisec_status refused;        /* why the rest of this answer is not wanted: RESPONSE, TOO_LARGE, MEMORY */
    size_t num_answer_headers;
    size_t answer_header_bytes;
    bool answered;                /* an answer has ended and step has not seen it yet */
};

/* op_init prepares the head of a new operation. */
void op_init(apisec_op *op, const struct op_kind *kind);
/* op_is says whether an op given to a _finish is of this kind; NULL-safe. */
bool op_is(const apisec_op *op, const struct op_kind *kind);
bool op_is_done(const apisec_op *op);

#define OP_TIMEOUT_MS 5000
/* op_request starts a request; add headers and body before returning from step. The deadline is now_ms + OP_TIMEOUT_MS.
 * APISEC_E_MEMORY: then the operation must end. The url must have passed url_check. */
apisec_status op_request(apisec_op *op, const char *method, const char *url, size_t max_body, int64_t now_ms);
apisec_status op_add_header(apisec_op *op, const char *name, const char *value); /* controls (CR, LF), a 17th: ARGUMENT */
apisec_status op_set_body(apisec_op *op, struct text body);
apisec_status op_set_identity(apisec_op *op, const char *name);
/* op_wait: step is called again at until_ms at the latest. */
void op_wait(apisec_op *op, int64_t until_ms);

/* Between op.c and response.c. */
bool op_awaits_answer(const apisec_op *op);
void op_end_answer(apisec_op *op, apisec_status transport); /* with any status, NO_TRANSPORT among them */
void response_clear(apisec_op *op);                         /* nothing has come */
void response_begin(apisec_op *op, size_t max_body);
void response_end(apisec_op *op, apisec_status transport);
/* response_body: of an answer; never NULL, "" where there is none. */
struct text response_body(const struct op_answer *answer);
/* response_failure says what answer.transport means, when it is not APISEC_OK. */
const char *response_failure(apisec_status transport);

/* ---- header.c: the values of header fields ---- */

bool header_is_token(struct text text);   /* RFC 9110 section 5.6.2; not empty */
/* header_media_type writes the type of a Content-Type in lower case, without parameters, cut to size; "?" when it is none. */
void header_media_type(struct text value, char *out, size_t size);
/* header_max_age reads one Cache-Control field: its max-age in seconds, at most 2^31; 0 for no-store, no-cache, a repeated or a
 * senseless max-age; -1 when it says nothing of it. */
int64_t header_max_age(struct text value);
/* header_is_nonce: the value of DPoP-Nonce (RFC 9449 section 8.1). */
bool header_is_nonce(struct text value);
/* header_is_etag: an entity tag (RFC 9110 section 8.8.3), weak or strong, of printable ASCII. */
bool header_is_etag(struct text value);

/* ---- url.c ---- */

/* url_check: an absolute https URL: scheme https (any case), a host, no user info, no fragment, no white space or control, at
 * most 2048 bytes of ASCII. CONFIG with what is wrong. */
apisec_status url_check(struct text url, apisec_error *err);
/* url_check_proxy: "http://host" or "http://host:port" and nothing else. CONFIG. */
apisec_status url_check_proxy(struct text url, apisec_error *err);
/* uri_check: an absolute URI of any scheme without a fragment (RFC 8693 `resource`, RFC 8707 section 2). ARGUMENT. */
apisec_status uri_check(struct text uri, apisec_error *err);

/* ---- form.c: application/x-www-form-urlencoded, the URL standard's serialiser ---- */

void form_append_encoded(struct buffer *out, struct text text); /* one name or value; space is '+' */
void form_add(struct buffer *out, const char *name, struct text value); /* with '&' between pairs */

/* ---- transport.c: apisec_http_free, apisec_http_options_*; the options curl.c reads ---- */

struct http_identity {
    char *name, *cert_file, *key_file;
};
#define HTTP_MAX_IDENTITIES 64
struct apisec_http_options {
    apisec_error error;           /* the first one; apisec_http_options_new without memory gives one that has MEMORY here */
    char *ca_file, *proxy;
    uint32_t total_ms, connect_ms;
    bool loopback, private_networks;
    struct http_identity *identities;
    size_t num_identities;
};
/* options_copy copies options without an error, or makes the defaults of NULL; never NULL itself, as apisec_http_options_new. */
apisec_http_options *options_copy(const apisec_http_options *from);

/* ---- address.c: which addresses may be connected to ---- */

struct sockaddr;
/* address_check: NULL when permitted, or a word for what it is: "loopback", "link-local", "private", "metadata", "multicast",
 * "unspecified", "reserved", "unknown family". IPv4-mapped, 6to4, NAT64 and Teredo forms are judged by the IPv4 address inside. */
const char *address_check(const struct sockaddr *address, size_t len, bool loopback_allowed, bool private_allowed);

/* ---- idle.c: what waits between two requests, on numbered shelves ---- */

#define IDLE_MAX 16 /* on one shelf */
struct idle;
struct idle_item { /* the first member of what waits */
    struct idle_item *next;
};
/* idle_new: end ends an item that finds no room. NULL without memory. */
struct idle *idle_new(size_t num_shelves, void (*end)(struct idle_item *));
/* idle_take gives what was put there last, or NULL. In the child of a fork nothing of the parent's is given, used or ended. */
struct idle_item *idle_take(struct idle *idle, size_t shelf);
void idle_give(struct idle *idle, size_t shelf, struct idle_item *item);
void idle_free(struct idle *idle);

/* ---- sigpipe.c: no SIGPIPE reaches the host between block and release, which are of one thread ---- */

struct sigpipe {
    sigset_t before;
    bool was_pending;
    bool blocked;
};
void sigpipe_block(struct sigpipe *guard);
void sigpipe_release(const struct sigpipe *guard);

#endif
