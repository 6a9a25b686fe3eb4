/* SPDX-License-Identifier: Apache-2.0
 *
 * random.c: randomness from the kernel, with no state of our own that a fork could copy; and the key of the process's hashes.
 * A failure is reported, never papered over with weaker bytes.
 */
#include "base/base.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

apisec_status random_bytes(void *out, size_t len)
{
    unsigned char *at = out;
    while (len > 0) {
        const ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            mem_wipe(out, (size_t)(at - (unsigned char *)out));
            return APISEC_E_SYSTEM;
        }
        at += got;
        len -= (size_t)got;
    }
    return APISEC_OK;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned char key[16];
static bool have_key;

static void make_key(void)
{
    have_key = random_bytes(key, sizeof key) == APISEC_OK;
}

const unsigned char *process_key(void)
{
    if (pthread_once(&once, make_key) != 0) return NULL;
    return have_key ? key : NULL;
}
