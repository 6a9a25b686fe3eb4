/* SPDX-License-Identifier: Apache-2.0
 *
 * guard.h: inputs whose end touches a page that cannot be accessed: reading one byte too many is a crash, not luck.
 * The copy itself is read-only, so writing into an input is a crash as well.
 */
#ifndef TEST_SUPPORT_GUARD_H
#define TEST_SUPPORT_GUARD_H

#include <stddef.h>

/* guarded returns a copy of the bytes (bytes may be NULL if len is 0). It ends the process when there is no memory. */
const char *guarded(const void *bytes, size_t len);
/* guarded_text is a copy of a text without its NUL. */
const char *guarded_text(const char *nul_terminated);
/* guard_free ends a copy. NULL does nothing; a pointer that guarded did not give ends the process. */
void guard_free(const char *copy);

#endif
