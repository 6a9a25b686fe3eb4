/* SPDX-License-Identifier: Apache-2.0
 *
 * stride.h: walks through every allocation, system call or byte take so long that `make check` goes through them in strides, and
 * only TEST_EVERY=1 in the environment takes each step (.ci/run sets it). Strides are primes: neighbouring walks then meet other
 * steps of what they have in common.
 *
 *     for (size_t nth = 1; ...; nth += stride(1, 7))
 */
#ifndef TEST_SUPPORT_STRIDE_H
#define TEST_SUPPORT_STRIDE_H

#include <stddef.h>

/* stride returns the step of a walk: `every` where each counts, else `usual`. */
size_t stride(size_t every, size_t usual);

#endif
