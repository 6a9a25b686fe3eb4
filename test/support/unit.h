/* SPDX-License-Identifier: Apache-2.0
 *
 * unit.h: cmocka and what it wants included first. Every unit test includes it in place of cmocka.h, because cmocka's macro
 * `fail` would hide the library's function of that name; fail_msg, which is made of it, is given anew.
 */
#ifndef TEST_SUPPORT_UNIT_H
#define TEST_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#undef fail
#undef fail_msg
#define fail_msg(...) (print_error("ERROR: "), print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#endif
