/* SPDX-License-Identifier: Apache-2.0
 *
 * draw.c: numbers as if by chance, see draw.h: Marsaglia's xorshift of 64 bits.
 */
#include "support/draw.h"

uint64_t draw_wide(uint64_t below)
{
    static uint64_t state = 88172645463325252U;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

unsigned draw(size_t below)
{
    return (unsigned)draw_wide(below);
}
