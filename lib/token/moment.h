/* SPDX-License-Identifier: Apache-2.0
 *
 * moment.h (private): how long what was fetched is kept, and when a failed fetch is tried again: moment.c.
 */
#ifndef TOKEN_MOMENT_H
#define TOKEN_MOMENT_H

#include <stdint.h>

/* moment_lifetime_s: of what came with this max_age, as in struct op_answer: within 60 to 3600 s; 600 s where it is not said. */
int64_t moment_lifetime_s(int64_t max_age);
/* moment_backoff_ms: how long to wait after one more failure than so many: 1 s, 2 s, up to 60 s. */
int64_t moment_backoff_ms(uint32_t failures);
/* moment_shift moves a moment back as far as the clock was set back, so that ages are counted on from where they stood. */
void moment_shift(int64_t *moment, int64_t back);

#endif
