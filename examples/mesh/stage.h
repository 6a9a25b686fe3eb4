/* SPDX-License-Identifier: Apache-2.0
 *
 * stage.h: sets the mesh up and takes it down: keys, a CA that only this mesh trusts, certificates, one folder and one process for
 * each service. Whoever sets it up holds all its keys, and so can also play the attackers who have stolen one.
 */
#ifndef MESH_STAGE_H
#define MESH_STAGE_H

#include <apisec/apisec.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { STS, GATEWAY, ACCOUNTS, LEDGER, NUM_SERVICES };
#define IMPOSTOR NUM_SERVICES /* whose certificate has the name of accounts, and is from a CA of its own */
#define STAGE_SECRET_SIZE 65
/* Networks are parts of loopback here: accounts.json names them. */
#define STAGE_GATEWAY_ADDRESS "127.0.2.1"
#define STAGE_OFFICE_ADDRESS "127.0.1.7"

struct stage {
    const char *folder;                       /* all files are left in it */
    const char *binaries;                     /* the folder of mesh-sts and the others */
    char path[NUM_SERVICES + 1][512];         /* the services' own folders, and the impostor's */
    char url[NUM_SERVICES][64];               /* "https://ledger.localhost:40123" */
    uint16_t port[NUM_SERVICES];
    int listener[NUM_SERVICES];
    pid_t pid[NUM_SERVICES];
    int input[NUM_SERVICES];                  /* a service ends when this is closed, however we end */
    char gateway_secret[STAGE_SECRET_SIZE], accounts_secret[STAGE_SECRET_SIZE];
    apisec_signer *signing_key;               /* of the authorization server */
    apisec_signer *actor_key;                 /* of accounts */
    char *ledger_key, *ledger_public_key;     /* JWKs: what is for the ledger is encrypted to it */
    char problem[256];
};

const char *stage_name(int service);
/* stage_open makes the folder, whatever was in it before, and starts all four. false: problem says why; stage_close in any
 * case. */
bool stage_open(struct stage *stage, const char *folder, const char *binaries);
bool stage_close(struct stage *stage);
/* stage_thumbprint: the base64url SHA-256 of a service's certificate, RFC 8705 section 3.1. false: it cannot be read. */
bool stage_thumbprint(const struct stage *stage, int service, char thumbprint[44]);
/* stage_stop ends one service and waits for it; stage_start starts it again at the same address. false: it did not end well. */
bool stage_stop(struct stage *stage, int service);
bool stage_start(struct stage *stage, int service);

#endif
