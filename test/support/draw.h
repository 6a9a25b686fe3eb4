/* SPDX-License-Identifier: Apache-2.0
 *
 * draw.h: numbers for tests that try many things: as if by chance, and the same in every run, so that what fails once fails again.
 */
#ifndef TEST_SUPPORT_DRAW_H
#define TEST_SUPPORT_DRAW_H

#include <stddef.h>
#include <stdint.h>

/* draw gives the next number, which is less than below: 1 to 2^32 - 1; draw_wide without that end. */
unsigned draw(size_t below);
uint64_t draw_wide(uint64_t below);

/* DRAW_ONE_OF is an element of an array. */
#define DRAW_ONE_OF(list) ((list)[draw(sizeof(list) / sizeof((list)[0]))])

#endif
