/* SPDX-License-Identifier: Apache-2.0
 *
 * demo.c: the order of the story. It needs no network but loopback, takes a few seconds, and fails if anything comes out otherwise
 * than told. Files stay in FOLDER.
 *
 *     demo-story FOLDER ISSUER_BINARY
 */
#include "demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forget(char *token)
{
    if (token) explicit_bzero(token, strlen(token));
    free(token);
}

static void end_demo(struct demo *demo)
{
    apisec_verifier_free(demo->ledger);
    apisec_verifier_free(demo->orders);
    apisec_signer_free(demo->partner);
    apisec_audit_close(demo->audit);
    apisec_http_free(demo->http);
    forget(demo->alice_at_ledger);
    forget(demo->bob);
    forget(demo->alice);
    issuer_stop(demo);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: demo-story FOLDER ISSUER_BINARY\n");
        return 2;
    }
    struct demo demo = {.folder = argv[1], .issuer_binary = argv[2]};
    screen_title("libapisec: one request through two services, and what attackers try");
    if (issuer_start(&demo) && story_open(&demo) && story_tell(&demo)) {
        attacks_tell(&demo);
        log_tell(&demo);
    }
    end_demo(&demo);
    if (expect_num_failed() > 0) {
        printf("\n%d things were not as told.\n", expect_num_failed());
        return EXIT_FAILURE;
    }
    const char *slash = strrchr(argv[0], '/');
    printf("\nTry next: %.*sapisec audit verify %s/audit.jsonl\n", slash ? (int)(slash - argv[0] + 1) : 0, argv[0], demo.folder);
    return EXIT_SUCCESS;
}
