/* SPDX-License-Identifier: Apache-2.0
 *
 * process.h: what this process holds now, as the kernel counts it, so that an example can say what it has left behind. Linux.
 */
#ifndef LOOP_PROCESS_H
#define LOOP_PROCESS_H

#include <stddef.h>

size_t process_num_threads(void);
size_t process_num_descriptors(void);

#endif
