/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge.h: carries one request of an operation over one libcurl easy handle, in either direction, whoever drives the handle:
 * curl_multi in any event loop, or curl_easy_perform. Copy bridge.c and bridge.h into a service that has libcurl in its loop.
 *
 *     apisec_op_next(op, now) said APISEC_OP_HTTP
 *     bridge_open(&bridge, op, ca_file)                  the request, as op shows it
 *     curl_multi_add_handle(multi, bridge.easy) …        the answer goes to op while it arrives
 *     bridge_close(&bridge, code)                        op knows how it ended: ask apisec_op_next again
 *
 * To give up instead, at any moment: curl_multi_remove_handle, bridge_abandon, apisec_op_free. The process has to ignore SIGPIPE:
 * a TLS library writes to connections that are gone.
 */
#ifndef LOOP_BRIDGE_H
#define LOOP_BRIDGE_H

#include <apisec/op.h>

#include <curl/curl.h>
#include <stdbool.h>

struct bridge {
    CURL *easy;                 /* its CURLOPT_PRIVATE is free for the loop */
    apisec_op *op;
    struct curl_slist *headers;
    bool head_told;             /* op knows the status and the headers of the answer */
};

/* bridge_open makes the easy handle for the request that op shows now. false: no memory, and the answer has ended for op. It does
 * not check which address it connects to, as the library's own transport does: see CURLOPT_OPENSOCKETFUNCTION where an issuer's
 * URL is not your own. */
bool bridge_open(struct bridge *bridge, apisec_op *op, const char *ca_file);
/* bridge_close tells op how the transfer ended. The handle must be out of its multi. */
void bridge_close(struct bridge *bridge, CURLcode code);
/* bridge_abandon ends the transfer without a word to op. */
void bridge_abandon(struct bridge *bridge);

#endif
