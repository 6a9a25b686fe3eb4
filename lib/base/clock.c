/* SPDX-License-Identifier: Apache-2.0
 *
 * clock.c: the only readers of the system's clocks. Everything else takes the time as an argument.
 * Called where a caller left the time to the library.
 */
#include "base/base.h"

#include <errno.h>
#include <time.h>

/* A clock that cannot be read says the year 10000: whatever is judged by it has expired. */
#define FAR_AHEAD INT64_C(253402300800)

int64_t clock_now(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return FAR_AHEAD;
    return (int64_t)now.tv_sec;
}

int64_t clock_now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return FAR_AHEAD * 1000;
    return (int64_t)now.tv_sec * 1000 + (int64_t)now.tv_nsec / 1000000;
}

int64_t clock_elapsed_us(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return FAR_AHEAD * 1000000;
    return (int64_t)now.tv_sec * 1000000 + (int64_t)now.tv_nsec / 1000;
}

void clock_sleep_ms(int64_t ms)
{
    if (ms <= 0) return;
    struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000 * 1000000)};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}
