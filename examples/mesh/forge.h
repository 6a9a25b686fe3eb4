/* SPDX-License-Identifier: Apache-2.0
 *
 * forge.h: tokens that should not exist. Some are made without any key; others are genuinely signed with the authorization server's
 * own key, as if it had made a mistake: then only what the token says can betray it.
 */
#ifndef MESH_FORGE_H
#define MESH_FORGE_H

#include "stage.h"

/* What a token says beside what every good one does. */
struct forgery {
    const char *audience, *user, *customer, *scope;
    const char *type;         /* NULL: at+jwt */
    const char *extra;        /* JSON members put in front, "\"sub\":\"bob\"," */
    const char *actor;        /* NULL: no `act` */
    int expires_in;           /* seconds from now; may lie in the past */
};
/* Each gives a token, to be freed. Signed by the authorization server's key; with alg none; with HS256 and the public key, which
 * everybody can read, as the secret. */
char *forge_signed(const struct stage *stage, const struct forgery *forgery);
char *forge_none(const struct stage *stage, const struct forgery *forgery);
char *forge_confused(const struct stage *stage, const struct forgery *forgery);
/* forge_closed is forge_signed, encrypted as what is for the ledger must be. */
char *forge_closed(const struct stage *stage, const struct forgery *forgery);
/* forge_bound is forge_closed, bound to the certificate of a service. */
char *forge_bound(const struct stage *stage, const struct forgery *forgery, int service);
/* forge_encrypted encrypts any token to the ledger, as anybody can: its key is public. */
char *forge_encrypted(const struct stage *stage, const char *token);
/* forge_tampered puts other claims under the signature of a genuine token. */
char *forge_tampered(const struct stage *stage, const struct forgery *forgery, const char *genuine);
/* forge_actor is what accounts signs to say that it acts. */
char *forge_actor(const struct stage *stage);

#endif
