/* SPDX-License-Identifier: Apache-2.0
 *
 * status_none.c: what stands for status_list.c, status_store.c and status_fetch.c in a library made without zlib, with
 * `make STATUS=none`: an issuer that may use status lists cannot be set up. Tokens that have one are refused as ever, unless it is
 * to be ignored.
 */
#include "token/token.h"

apisec_status status_lists_new(struct status_lists **lists, apisec_error *err)
{
    *lists = NULL;
    return fail(err, APISEC_E_UNSUPPORTED, "this library was built without zlib: there are no status lists");
}

void status_lists_free(struct status_lists *lists)
{
    (void)lists; /* there never was one */
}

enum pass status_run(struct status_check *check, int64_t now_ms, apisec_error *err)
{
    (void)check;
    (void)now_ms;
    fail(err, APISEC_E_UNSUPPORTED, "this library was built without zlib: there are no status lists");
    return PASS_ENDED;
}

void status_lists_counts(struct status_lists *lists, struct status_counts *counts)
{
    (void)lists;
    *counts = (struct status_counts){.num_lists = 0};
}
