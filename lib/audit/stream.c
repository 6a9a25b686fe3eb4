/* SPDX-License-Identifier: Apache-2.0
 *
 * stream.c: who writes: one name for one process's one opening of a log, never used again.
 * Hashed from the machine's boot, the process, the time and 16 random bytes: short, printable, fit for a file's name.
 */
#include "audit/writer.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct origin {
    char boot[36];               /* zeros where the system has none: the random bytes alone are enough to differ */
    int64_t process;
    int64_t time_ms;
    int64_t elapsed_us;
    unsigned char random[16];
};

static void read_boot_id(char boot[36])
{
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (read(fd, boot, 36) != 36) memset(boot, 0, 36);
    close(fd);
}

apisec_status stream_id(char out[AUDIT_STREAM_LEN + 1])
{
    struct origin origin;
    unsigned char hash[CRYPTO_MAX_HASH];
    memset(&origin, 0, sizeof origin); /* padding too: it is hashed */
    out[0] = '\0';

    read_boot_id(origin.boot);
    origin.process = (int64_t)getpid();
    origin.time_ms = clock_now_ms();
    origin.elapsed_us = clock_elapsed_us();
    apisec_status status = random_bytes(origin.random, sizeof origin.random);
    if (status == APISEC_OK) status = crypto_hash_bytes(CRYPTO_SHA256, &origin, sizeof origin, hash);
    if (status == APISEC_OK) hex_encode(hash, AUDIT_STREAM_LEN / 2, out);
    return status;
}
