/* SPDX-License-Identifier: Apache-2.0
 *
 * is_json.c: is standard input one JSON text, as strict as the library is? Exit status 0 or 1. What the tests of the tool ask of
 * each of its outputs, hundreds of times: the tool could say so too, but takes ten times as long to start.
 */
#include <apisec/json.h>

#include <stdio.h>

int main(void)
{
    static char text[1 << 20];
    static const apisec_json_limits limits = {.max_members = 1024};
    const size_t len = fread(text, 1, sizeof text, stdin);
    return ferror(stdin) || apisec_json_scan(text, len, &limits, NULL, NULL) != APISEC_OK;
}
