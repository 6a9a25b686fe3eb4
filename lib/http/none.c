/* SPDX-License-Identifier: Apache-2.0
 *
 * none.c: what stands for curl.c in a library made without libcurl (make HTTP=none): there is no transport to be had. Operations
 * still work, with the HTTP client of the program.
 */
#include "http/http.h"

apisec_status apisec_http_new(const apisec_http_options *options, apisec_http **http, apisec_error *err)
{
    (void)options;
    if (http == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the transport");
    *http = NULL;
    return fail(err, APISEC_E_UNSUPPORTED, "this library was built without libcurl: the program has to bring its own transport");
}
