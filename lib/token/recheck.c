/* SPDX-License-Identifier: Apache-2.0
 *
 * recheck.c: the stages that judge every use of a token anew, however it was verified: that its time is not over. (That it is
 * the caller's own: binding.c.) They see the verified token and how it came, and nothing else.
 */
#include "token/token.h"

enum pass stage_times(struct verification *v, int64_t now_ms)
{
    (void)now_ms;
    const apisec_status status = token_check_times(v->token, v->issuer->leeway, v->now, &v->trail, &v->error);
    return status == APISEC_OK ? PASS_ON : verification_end(v, status);
}
