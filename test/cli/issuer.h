/* SPDX-License-Identifier: Apache-2.0
 *
 * issuer.h: a small authorization server, a process of its own. issuer.c serves https, issuer_grant.c decides what is issued.
 * It knows two clients and two users, keeps everything in memory, and is for tests only.
 */
#ifndef TEST_CLI_ISSUER_H
#define TEST_CLI_ISSUER_H

#include <apisec/apisec.h>

#include <stdbool.h>
#include <stddef.h>

#define SECRET_SIZE 33 /* 32 hex digits and a NUL */
#define MAX_FIELDS 16
#define MAX_FORM 65536

struct issuer {
    char name[64]; /* the issuer identifier, "https://127.0.0.1:43211" */
    apisec_signer *signer;
    apisec_verifier *verifier; /* of its own tokens, when they come back as subject tokens */
    char web_secret[SECRET_SIZE], orders_secret[SECRET_SIZE];
    char alice_session[SECRET_SIZE], bob_session[SECRET_SIZE];
    size_t num_metadata, num_keys, num_grants; /* how often each was answered */
};

/* The form that was posted. */
struct field {
    char *name, *value;
};
struct form {
    struct field fields[MAX_FIELDS];
    size_t num;
    size_t size;    /* of all bytes */
    bool refused;   /* too many, too long, or out of memory */
};
/* form_get returns a field that is there exactly once, else NULL. */
const char *form_get(const struct form *form, const char *name);

/* What an endpoint answers: a JSON body to be freed, NULL when out of memory; or a JWT, of this type. */
struct reply {
    int status;
    char *body;
    const char *type; /* NULL: application/json */
};

/* random_hex makes a new secret, handle or token id. */
void random_hex(char text[SECRET_SIZE]);
/* expired_token signs a token of Alice's for orders that expired an hour ago; NULL: it cannot. End it with apisec_text_free. */
char *expired_token(const struct issuer *issuer);
/* grant_answer judges one request to the token endpoint (RFC 6749 section 3.2, RFC 8693). client and secret are those of the
 * Authorization header, or NULL. */
struct reply grant_answer(const struct issuer *issuer, const char *client, const char *secret, const struct form *form);
/* introspect_answer says what a session's handle means to the orders service (RFC 7662); as a JWT (RFC 9701) where that is
 * accepted. */
struct reply introspect_answer(const struct issuer *issuer, const char *client, const char *secret, const struct form *form,
                               const char *accepted);

#endif
