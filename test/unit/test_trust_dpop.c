/* SPDX-License-Identifier: Apache-2.0
 *
 * test_trust_dpop.c: what the setters of DPoP refuse, and that the first mistake is what apisec_verifier_new tells.
 */
#include "support/unit.h"
#include "support/bound.h"
#include "token/dpop.h"

#include <string.h>

#define KEY64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static apisec_status put(void *context, const char *key, uint32_t ttl_s, void **pending)
{
    (void)context, (void)key, (void)ttl_s, (void)pending;
    return APISEC_OK;
}

static apisec_status poll_it(void *context, void *pending, uint32_t *after_ms)
{
    (void)context, (void)pending, (void)after_ms;
    return APISEC_OK;
}

static void cancel(void *context, void *pending)
{
    (void)context, (void)pending;
}

static void good_origin(apisec_trust *trust) { apisec_trust_add_origin(trust, "https://other.example:8443/x"); }
static void no_origin(apisec_trust *trust) { apisec_trust_add_origin(trust, NULL); }
static void plain_origin(apisec_trust *trust) { apisec_trust_add_origin(trust, "http://api.example"); }
static void good_algorithm(apisec_trust *trust) { apisec_trust_allow_dpop_algorithm(trust, "PS256"); }
static void symmetric(apisec_trust *trust) { apisec_trust_allow_dpop_algorithm(trust, "HS256"); }
static void no_algorithm(apisec_trust *trust) { apisec_trust_allow_dpop_algorithm(trust, NULL); }
static void none(apisec_trust *trust) { apisec_trust_allow_dpop_algorithm(trust, "none"); }
static void one_second(apisec_trust *trust) { apisec_trust_require_dpop_nonce(trust, 1); }
static void a_day(apisec_trust *trust) { apisec_trust_require_dpop_nonce(trust, 86400); }
static void no_time(apisec_trust *trust) { apisec_trust_require_dpop_nonce(trust, 0); }
static void too_long(apisec_trust *trust) { apisec_trust_require_dpop_nonce(trust, 86401); }

static void key_of(apisec_trust *trust, const char *key, size_t len)
{
    apisec_trust_require_dpop_nonce(trust, 300);
    apisec_trust_set_dpop_nonce_key(trust, key, len);
}

static void key_31(apisec_trust *trust) { key_of(trust, KEY64, 31); }
static void key_32(apisec_trust *trust) { key_of(trust, KEY64, 32); }
static void key_64(apisec_trust *trust) { key_of(trust, KEY64, 64); }
static void key_65(apisec_trust *trust) { key_of(trust, KEY64 "x", 65); }
static void no_key(apisec_trust *trust) { key_of(trust, NULL, 32); }
static void two_keys(apisec_trust *trust) { key_32(trust), key_64(trust); }
static void one_proof(apisec_trust *trust) { apisec_trust_set_replay_capacity(trust, 1); }
static void no_room(apisec_trust *trust) { apisec_trust_set_replay_capacity(trust, 0); }
static void too_much_room(apisec_trust *trust) { apisec_trust_set_replay_capacity(trust, (1 << 24) + 1); }

static void store_of(apisec_trust *trust, bool has_put, bool has_poll, bool has_cancel)
{
    const apisec_store store = {NULL, has_put ? put : NULL, has_poll ? poll_it : NULL, has_cancel ? cancel : NULL};
    apisec_trust_set_store(trust, &store);
}

static void whole_store(apisec_trust *trust) { store_of(trust, true, true, true); }
static void quick_store(apisec_trust *trust) { store_of(trust, true, false, false); }
static void no_store(apisec_trust *trust) { apisec_trust_set_store(trust, NULL); }
static void empty_store(apisec_trust *trust) { store_of(trust, false, true, true); }
static void no_poll(apisec_trust *trust) { store_of(trust, true, false, true); }
static void no_cancel(apisec_trust *trust) { store_of(trust, true, true, false); }
static void store_and_room(apisec_trust *trust) { whole_store(trust), one_proof(trust); }

static void test_setters(void **state)
{
    (void)state;
    static const struct {
        void (*set)(apisec_trust *);
        apisec_status expected;
        const char *what;
    } rows[] = {
        {good_origin, APISEC_OK, "a second origin"},
        {no_origin, APISEC_E_CONFIG, "a NULL origin"},
        {plain_origin, APISEC_E_CONFIG, "an origin without TLS"},
        {good_algorithm, APISEC_OK, "PS256"},
        {symmetric, APISEC_E_CONFIG, "HS256"},
        {no_algorithm, APISEC_E_CONFIG, "a NULL algorithm"},
        {none, APISEC_E_CONFIG, "none"},
        {one_second, APISEC_OK, "nonces for a second"},
        {a_day, APISEC_OK, "nonces for a day"},
        {no_time, APISEC_E_CONFIG, "nonces for no time"},
        {too_long, APISEC_E_CONFIG, "nonces for more than a day"},
        {key_31, APISEC_E_CONFIG, "a key of 31 bytes"},
        {key_32, APISEC_OK, "a key of 32 bytes"},
        {key_64, APISEC_OK, "a key of 64 bytes"},
        {key_65, APISEC_E_CONFIG, "a key of 65 bytes"},
        {no_key, APISEC_E_CONFIG, "a NULL key"},
        {two_keys, APISEC_OK, "the last key counts"},
        {one_proof, APISEC_OK, "room for one"},
        {no_room, APISEC_E_CONFIG, "room for none"},
        {too_much_room, APISEC_E_CONFIG, "room for more than there is"},
        {whole_store, APISEC_OK, "a store"},
        {quick_store, APISEC_OK, "a store that always answers at once"},
        {no_store, APISEC_E_CONFIG, "a NULL store"},
        {empty_store, APISEC_E_CONFIG, "a store without put_if_absent"},
        {no_poll, APISEC_E_CONFIG, "a store without poll"},
        {no_cancel, APISEC_E_CONFIG, "a store without cancel"},
        {store_and_room, APISEC_E_CONFIG, "a store, and room beside it"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_trust *const trust = bound_trust();
        apisec_verifier *verifier = NULL;
        rows[i].set(trust);
        rows[i].set(NULL);
        const apisec_status status = apisec_verifier_new(trust, NULL, &verifier, NULL);
        if (status != rows[i].expected) fail_msg("%s: %s", rows[i].what, apisec_status_name(status));
        apisec_verifier_free(verifier);
        apisec_trust_free(trust);
    }
    apisec_trust_allow_dpop(NULL);
    apisec_issuer_require_binding(NULL);
    forge_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_setters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
