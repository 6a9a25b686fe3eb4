/* SPDX-License-Identifier: Apache-2.0
 *
 * network.c: the transport of the commands that use the network, from the options they share.
 */
#include "tool.h"

apisec_status network_open(const struct network *network, apisec_http **http, apisec_error *err)
{
    apisec_http_options *options = apisec_http_options_new();
    if (network->cacert) apisec_http_options_set_ca_file(options, network->cacert);
    if (network->allow_loopback) {
        apisec_http_options_allow_loopback(options);
        apisec_http_options_allow_private(options);
    }
    if (network->timeout.given) {
        uint32_t total = (uint32_t)network->timeout.value;
        apisec_http_options_set_timeouts_ms(options, total, total); /* who waits longer also waits longer for a connection */
    }
    *http = NULL;
    /* NULL options would mean all defaults: what was asked for must not get lost. */
    apisec_status status = options ? apisec_http_new(options, http, err) : APISEC_E_MEMORY;
    apisec_http_options_free(options);
    return status;
}
