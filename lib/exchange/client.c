/* SPDX-License-Identifier: Apache-2.0
 *
 * client.c: the OAuth client: where the token endpoint is and how we prove who we are. It is set up in one thread, frozen by the
 * first exchange, and shared from then on; each operation holds a reference.
 */
#include "exchange/exchange.h"

#include <stdlib.h>

apisec_client *apisec_client_new(apisec_http *http)
{
    apisec_client *client = mem_array(1, sizeof *client);
    if (client == NULL) return NULL;
    if (!lock_init(&client->lock)) {
        free(client);
        return NULL;
    }
    atomic_init(&client->references, 1);
    atomic_init(&client->frozen, false);
    atomic_init(&client->late, false);
    client->http = http;
    return client;
}

apisec_client *client_ref(apisec_client *client)
{
    atomic_fetch_add_explicit(&client->references, 1, memory_order_relaxed);
    return client;
}

void apisec_client_free(apisec_client *client)
{
    if (client == NULL) return;
    if (atomic_fetch_sub_explicit(&client->references, 1, memory_order_acq_rel) != 1) return;
    auth_free(&client->credential);
    apisec_signer_free(client->dpop);
    free(client->endpoint);
    lock_end(&client->lock);
    free(client);
}

/* is_open: a setter may write. One that comes too late leaves a note and nothing else: others read the client by now. */
static bool is_open(apisec_client *client)
{
    if (client == NULL) return false;
    if (!atomic_load(&client->frozen)) return client->error.status == APISEC_OK;
    atomic_store(&client->late, true);
    return false;
}

void apisec_client_set_endpoint(apisec_client *client, const char *url)
{
    apisec_error why;
    if (!is_open(client)) return;
    if (url_check(text_of(url), &why) != APISEC_OK) {
        fail(&client->error, why.status, "the token endpoint: %s", why.text);
        return;
    }
    char *copy = text_copy(text_of(url));
    if (copy == NULL) {
        fail_memory(&client->error);
        return;
    }
    free(client->endpoint);
    client->endpoint = copy;
}

/* Of the ways to authenticate the last one set is the one that is used. */
void apisec_client_set_basic(apisec_client *client, const char *client_id, const char *secret, size_t len)
{
    if (!is_open(client)) return;
    (void)auth_set_secret(&client->credential, OAUTH_AUTH_BASIC, client_id, (struct text){secret, len}, &client->error);
}

void apisec_client_set_post(apisec_client *client, const char *client_id, const char *secret, size_t len)
{
    if (!is_open(client)) return;
    (void)auth_set_secret(&client->credential, OAUTH_AUTH_POST, client_id, (struct text){secret, len}, &client->error);
}

void apisec_client_set_private_key_jwt(apisec_client *client, const char *client_id, const apisec_signer *signer,
                                       const char *audience)
{
    if (!is_open(client)) return;
    (void)auth_set_private_key_jwt(&client->credential, client_id, signer, audience, &client->error);
}

void apisec_client_set_mtls(apisec_client *client, const char *client_id, const char *identity)
{
    if (!is_open(client)) return;
    (void)auth_set_mtls(&client->credential, client_id, identity, &client->error);
}

void apisec_client_set_dpop(apisec_client *client, const apisec_signer *signer)
{
    if (!is_open(client)) return;
    if (apisec_signer_public_jwk(signer) == NULL) {
        fail(&client->error, APISEC_E_CONFIG, "the client's DPoP key is not an RSA or EC key");
        return;
    }
    apisec_signer_free(client->dpop);
    client->dpop = signer_ref(signer);
}

void client_nonce(apisec_client *client, char nonce[OP_MAX_NONCE])
{
    lock_take(&client->lock);
    memcpy(nonce, client->nonce, OP_MAX_NONCE);
    lock_release(&client->lock);
    nonce[OP_MAX_NONCE - 1] = '\0'; /* were it caught half-written by a fork */
}

void client_keep_nonce(apisec_client *client, const char *nonce)
{
    const size_t len = strlen(nonce);
    if (len == 0 || len >= OP_MAX_NONCE) return;
    lock_take(&client->lock);
    memcpy(client->nonce, nonce, len + 1);
    lock_release(&client->lock);
}

apisec_status client_begin(apisec_client *client, apisec_error *err)
{
    if (client == NULL) return fail_memory(err);
    if (atomic_load(&client->late)) return fail(err, APISEC_E_MISUSE, "the client was changed after its first exchange");
    if (client->error.status != APISEC_OK) return fail(err, client->error.status, "the client: %s", client->error.text);
    if (client->endpoint == NULL) return fail(err, APISEC_E_CONFIG, "the client has no token endpoint");
    if (client->credential.method == OAUTH_AUTH_NONE) return fail(err, APISEC_E_CONFIG, "the client has no way to authenticate");
    atomic_store(&client->frozen, true);
    return APISEC_OK;
}
