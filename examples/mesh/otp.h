/* SPDX-License-Identifier: Apache-2.0
 *
 * otp.h: what the device of one of the demo's users shows when its button is pressed (HOTP, RFC 4226): for the authorization
 * server, which compares, and for the story, which presses. Example code: in earnest such a key stands in no source.
 */
#ifndef MESH_OTP_H
#define MESH_OTP_H

#include <stdbool.h>
#include <stdint.h>

#define OTP_SIZE 7 /* six digits and a NUL */

/* otp_code: false: the user has no device. */
bool otp_code(const char *user, uint64_t counter, char code[OTP_SIZE]);

#endif
