/* SPDX-License-Identifier: Apache-2.0
 *
 * verified.h: a token that was verified, for tests of what comes after: issuer https://id.example, subject user-7, ES256.
 */
#ifndef TEST_SUPPORT_VERIFIED_H
#define TEST_SUPPORT_VERIFIED_H

#include <apisec/token.h>

struct verified {
    apisec_token *token;
    char *raw; /* its bytes, as they came */
};

/* verified_new makes one; scope NULL: without the claim. It ends the process when it cannot. */
struct verified verified_new(const char *scope);
void verified_free(struct verified *verified);

#endif
