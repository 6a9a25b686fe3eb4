/* SPDX-License-Identifier: Apache-2.0
 *
 * replies.h: replies of the mesh's services, taken apart: JSON bodies, and challenges byte for byte. What does not have its form
 * fails the test.
 */
#ifndef TEST_MESH_REPLIES_H
#define TEST_MESH_REPLIES_H

#include "../../examples/mesh/client.h"

#include <cjson/cJSON.h>

/* read_body: an object in strict JSON; free. */
cJSON *read_body(const struct client_reply *reply);
const char *text_of(const cJSON *object, const char *name);
/* decision_of is how this service decided, as the body says; NULL: it does not. */
const cJSON *decision_of(const cJSON *body, const char *service);

/* ---- challenges, byte for byte ---- */

/* The gateway takes DPoP as well, and says so behind. */
#define STRANGER ", DPoP realm=\"gateway\", algs=\"" ALGS "\""
#define ALGS "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512"
#define STEP_UP                                                                                                                    \
    ", error=\"insufficient_user_authentication\", error_description=\"A stronger or more recent authentication is required\", "   \
    "acr_values=\"" PLAYER_ACR_OTP "\", max_age=\"300\""

/* expect_challenge: the header is this scheme's, with these parameters in this order (RFC 6750 section 3), and `rest` behind. error
 * NULL: a bare one. */
void expect_challenge(const struct client_reply *reply, const char *scheme, int service, const char *status, const char *error,
                      const char *rest);

#endif
