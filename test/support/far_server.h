/* SPDX-License-Identifier: Apache-2.0
 *
 * far_server.h: an issuer over https (support/https_server.h) in a process of its own, for tests that must have one thread:
 * metadata, keys, and a token endpoint that answers everybody with the same token.
 */
#ifndef TEST_SUPPORT_FAR_SERVER_H
#define TEST_SUPPORT_FAR_SERVER_H

#include <sys/types.h>

#define FAR_SERVER_TOKEN "the-token-for-the-next-service"

struct far_server {
    char url[64];          /* the issuer's name, "https://localhost:<port>"; its token endpoint is url/token */
    char ca_file[128];
    pid_t pid;
    int hold;              /* it ends when this is closed, however we end */
};

/* far_server_start serves this JWK Set. It ends the process with a sentence when it cannot. */
void far_server_start(struct far_server *server, const char *jwks);
void far_server_stop(struct far_server *server);

#endif
