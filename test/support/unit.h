/* SPDX-License-Identifier: Apache-2.0
 *
 * unit.h: cmocka and what it wants included first. Every unit test includes it in place of cmocka.h, because cmocka's macro
 * `fail` would hide the library's function of that name; fail_msg is there for tests.
 */
#ifndef TEST_SUPPORT_UNIT_H
#define TEST_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#undef fail

#endif
