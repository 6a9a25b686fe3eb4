/* SPDX-License-Identifier: Apache-2.0
 *
 * client.c: who the tool is to an authorization server: a client's id with a secret, or with a private key. For the commands that
 * ask one. Secrets come from files, never from the command line, where every process on the machine could read them.
 */
#include "tool.h"

#include <string.h>

#define KEY_MAX ((size_t)64 * 1024)

bool client_is_given(const struct client *client)
{
    return client->id || client->secret_file || client->key_file || client->audience;
}

const char *client_lacks(const struct client *client)
{
    if (client->id == NULL) return "--client-id is needed";
    if ((client->secret_file != NULL) == (client->key_file != NULL))
        return "exactly one of --client-secret-file and --client-key is needed";
    return NULL;
}

int client_num_stdin(const struct client *client)
{
    int num = client->secret_file != NULL && strcmp(client->secret_file, "-") == 0 ? 1 : 0;
    if (client->key_file != NULL && strcmp(client->key_file, "-") == 0) num++;
    return num;
}

static bool read_key(const struct command *command, const struct client *client, struct proof *proof)
{
    struct bytes jwk = {0};
    apisec_error err = {0};
    if (!input_file(command, client->key_file, KEY_MAX, &jwk)) return false;
    const apisec_status status = apisec_signer_new(jwk.at, jwk.len, &proof->signer, &err);
    bytes_free(&jwk);
    if (status != APISEC_OK) failf(command, status, "--client-key: %s", err.text);
    return status == APISEC_OK;
}

bool client_read(const struct command *command, const struct client *client, struct proof *proof)
{
    *proof = (struct proof){{NULL, 0}, NULL};
    if (client->secret_file) return input_secret(command, client->secret_file, &proof->secret);
    return client->key_file == NULL || read_key(command, client, proof);
}

void proof_free(struct proof *proof)
{
    bytes_free(&proof->secret);
    apisec_signer_free(proof->signer);
    proof->signer = NULL;
}
