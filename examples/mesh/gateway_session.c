/* SPDX-License-Identifier: Apache-2.0
 *
 * gateway_session.c: who is logged in at the gateway. The reference token stays in here; a browser only ever holds a random id, in
 * a cookie that scripts cannot read and that no other host can set.
 */
#include "gateway.h"

#include <gnutls/gnutls.h>
#include <string.h>
#include <time.h>

bool same_secret(const char *given, const char *expected)
{
    return given && strlen(given) == SECRET_SIZE - 1 && expected[0] && gnutls_memcmp(given, expected, SECRET_SIZE - 1) == 0;
}

bool session_add(struct gateway *gateway, struct session *session)
{
    int64_t now = (int64_t)time(NULL);
    bool added = false;
    web_random_hex(session->id, sizeof session->id);
    web_random_hex(session->form_secret, sizeof session->form_secret);
    session->expires_at = now + SESSION_LIFETIME;
    pthread_mutex_lock(&gateway->lock);
    for (size_t i = 0; i < MAX_SESSIONS && !added; i++) {
        if (gateway->sessions[i].expires_at > now) continue;
        gateway->sessions[i] = *session;
        added = true;
    }
    pthread_mutex_unlock(&gateway->lock);
    return added;
}

bool session_find(struct gateway *gateway, const struct web_request *request, struct session *found)
{
    char id[SECRET_SIZE];
    bool known = false;
    if (!web_cookie(request, SESSION_COOKIE, id, sizeof id)) return false;
    pthread_mutex_lock(&gateway->lock);
    for (size_t i = 0; i < MAX_SESSIONS && !known; i++) {
        known = gateway->sessions[i].expires_at > (int64_t)time(NULL) && same_secret(id, gateway->sessions[i].id);
        if (known) *found = gateway->sessions[i];
    }
    pthread_mutex_unlock(&gateway->lock);
    return known;
}

void session_end(struct gateway *gateway, const char *id)
{
    pthread_mutex_lock(&gateway->lock);
    for (size_t i = 0; i < MAX_SESSIONS; i++)
        if (same_secret(id, gateway->sessions[i].id)) explicit_bzero(&gateway->sessions[i], sizeof gateway->sessions[i]);
    pthread_mutex_unlock(&gateway->lock);
}

bool login_add(struct gateway *gateway, struct login *login)
{
    int64_t now = (int64_t)time(NULL);
    bool added = false;
    web_random_hex(login->id, sizeof login->id);
    web_random_hex(login->state, sizeof login->state);
    web_random_hex(login->verifier, sizeof login->verifier);
    login->expires_at = now + LOGIN_LIFETIME;
    pthread_mutex_lock(&gateway->lock);
    for (size_t i = 0; i < MAX_SESSIONS && !added; i++) {
        if (gateway->logins[i].expires_at > now) continue;
        gateway->logins[i] = *login;
        added = true;
    }
    pthread_mutex_unlock(&gateway->lock);
    return added;
}

bool login_take(struct gateway *gateway, const struct web_request *request, struct login *taken)
{
    char id[SECRET_SIZE];
    bool known = false;
    if (!web_cookie(request, LOGIN_COOKIE, id, sizeof id)) return false;
    pthread_mutex_lock(&gateway->lock);
    for (size_t i = 0; i < MAX_SESSIONS && !known; i++) {
        known = gateway->logins[i].expires_at > (int64_t)time(NULL) && same_secret(id, gateway->logins[i].id);
        if (!known) continue;
        *taken = gateway->logins[i];
        explicit_bzero(&gateway->logins[i], sizeof gateway->logins[i]);
    }
    pthread_mutex_unlock(&gateway->lock);
    return known;
}
