/* SPDX-License-Identifier: Apache-2.0
 *
 * moment.c: when what was fetched is too old, when a failed fetch is tried again, and what becomes of moments when the clock is set
 * back: the same for key sets and for status lists. Called by keyset.c, landing.c and status_store.c.
 */
#include "token/moment.h"

#define DEFAULT_LIFETIME_S 600
#define MIN_LIFETIME_S 60
#define MAX_LIFETIME_S 3600
#define FIRST_BACKOFF_MS 1000
#define MAX_BACKOFF_MS 60000
#define MAX_DOUBLINGS 6          /* 64 s: more than the longest */

int64_t moment_lifetime_s(int64_t max_age)
{
    if (max_age < 0)              return DEFAULT_LIFETIME_S;
    if (max_age < MIN_LIFETIME_S) return MIN_LIFETIME_S;
    return max_age > MAX_LIFETIME_S ? MAX_LIFETIME_S : max_age;
}

int64_t moment_backoff_ms(uint32_t failures)
{
    const int64_t backoff_ms = (int64_t)FIRST_BACKOFF_MS << (failures < MAX_DOUBLINGS ? failures : MAX_DOUBLINGS);
    return backoff_ms < MAX_BACKOFF_MS ? backoff_ms : MAX_BACKOFF_MS;
}

void moment_shift(int64_t *moment, int64_t back)
{
    const int64_t least = -((int64_t)1 << 60); /* from which no sum or difference of times overflows */
    *moment = *moment < least + back ? least : *moment - back;
}
