/* SPDX-License-Identifier: Apache-2.0
 *
 * exchange_read.c: the section "exchange": for each name a client that is ready to ask, and what it asks for.
 */
#include "guard/guard.h"

#include <stdlib.h>

static const char *const plan_names[] = {"endpoint", "authentication", "dpop_key", "audiences", "resources",
                                         "scope",    "requested_type", "actor",    NULL};
static const char *const actor_names[] = {"token", "type", "key", "name", "audience", NULL};

/* noted: what a setter calls a wrong argument is a mistake in the document here. */
static apisec_status noted(const struct shape *at, const apisec_error *error, apisec_error *err)
{
    apisec_error why = *error;
    if (why.status == APISEC_OK) return APISEC_OK;
    if (why.status != APISEC_E_MEMORY) why.status = APISEC_E_CONFIG;
    return shape_fail_as(at, &why, err);
}

/* ---- the client ---- */

static apisec_status read_login(const struct shape *object, const struct reading *reading, apisec_client *client, apisec_error *err)
{
    const struct shape at = shape_member(object, "authentication");
    struct login login;
    const apisec_status status = login_read(&at, reading, &login, err);
    if (status != APISEC_OK) return status;
    if (login.method == OAUTH_AUTH_BASIC) apisec_client_set_basic(client, login.client_id, login.secret.bytes, login.secret.len);
    if (login.method == OAUTH_AUTH_POST) apisec_client_set_post(client, login.client_id, login.secret.bytes, login.secret.len);
    if (login.method == OAUTH_AUTH_PRIVATE_KEY_JWT)
        apisec_client_set_private_key_jwt(client, login.client_id, login.signer, login.audience);
    if (login.method == OAUTH_AUTH_MTLS) apisec_client_set_mtls(client, login.client_id, login.identity);
    login_free(&login);
    return noted(&at, &client->error, err);
}

static apisec_status read_client(const struct shape *object, const struct reading *reading, apisec_client *client,
                                 apisec_error *err)
{
    const struct shape endpoint_at = shape_member(object, "endpoint"), dpop_at = shape_member(object, "dpop_key");
    const char *endpoint;
    apisec_signer *dpop = NULL;
    apisec_status status = shape_text(&endpoint_at, &endpoint, err);
    if (status != APISEC_OK) return status;
    apisec_client_set_endpoint(client, endpoint);
    status = noted(&endpoint_at, &client->error, err);
    if (status == APISEC_OK) status = read_login(object, reading, client, err);
    if (status == APISEC_OK && dpop_at.value != NULL) status = signer_read(&dpop_at, reading, &dpop, err);
    if (status == APISEC_OK && dpop != NULL) apisec_client_set_dpop(client, dpop);
    apisec_signer_free(dpop);
    return status == APISEC_OK ? noted(&dpop_at, &client->error, err) : status;
}

/* ---- what it asks for ---- */

static apisec_status read_targets(const struct shape *object, const char *name, apisec_exchange *exchange,
                                  void (*add)(apisec_exchange *, const char *), apisec_error *err)
{
    const struct shape list = shape_member(object, name);
    if (list.value == NULL) return APISEC_OK;
    apisec_status status = shape_kind(&list, JSON_ARRAY, err);
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at)) {
        const char *text;
        status = shape_text(&at, &text, err);
        if (status != APISEC_OK) return status;
        add(exchange, text);
        status = noted(&at, &exchange->error, err);
    }
    return status;
}

/* ---- who acts ---- */

static apisec_status check_absent(const struct shape *object, const char *first, const char *second, apisec_error *err)
{
    const struct shape first_at = shape_member(object, first), second_at = shape_member(object, second);
    const struct shape *const found = first_at.value != NULL ? &first_at : &second_at;
    return found->value == NULL ? APISEC_OK : shape_fail(found, err, "an actor has a token, or a key to make one with");
}

/* read_token: one that stands ready, until the document is read again. */
static apisec_status read_token(const struct shape *at, const struct reading *reading, apisec_exchange *exchange, apisec_error *err)
{
    const struct shape token_at = shape_member(at, "token");
    struct secret token;
    const char *type;
    apisec_status status = check_absent(at, "name", "audience", err);
    if (status == APISEC_OK) status = shape_optional_text(at, "type", &type, err);
    if (status == APISEC_OK) status = secret_read(&token_at, reading, EXCHANGE_MAX_TOKEN, "stand-in", &token, err);
    if (status != APISEC_OK) return status;
    apisec_exchange_set_actor(exchange, token.bytes, token.len, type);
    secret_free(&token);
    return noted(at, &exchange->error, err);
}

/* read_key: one is made for each exchange. A shared secret is refused: the server could act with it as well. */
static apisec_status read_key(const struct shape *at, const struct reading *reading, struct exchange_plan *plan,
                              struct arena *arena, apisec_error *err)
{
    const struct shape key_at = shape_member(at, "key"), name_at = shape_member(at, "name"),
                       audience_at = shape_member(at, "audience");
    const char *name, *audience;
    apisec_status status = check_absent(at, "token", "type", err);
    if (status == APISEC_OK) status = shape_text(&name_at, &name, err);
    if (status == APISEC_OK) status = shape_text(&audience_at, &audience, err);
    if (status == APISEC_OK) status = signer_read(&key_at, reading, &plan->actor_key, err);
    if (status != APISEC_OK) return status;
    if (apisec_signer_public_jwk(plan->actor_key) == NULL) return shape_fail(&key_at, err, "an RSA or EC key is wanted");
    plan->actor_name = arena_text(arena, text_of(name));
    plan->actor_audience = arena_text(arena, text_of(audience));
    return plan->actor_name != NULL && plan->actor_audience != NULL ? APISEC_OK : fail_memory(err);
}

static apisec_status read_actor(const struct shape *object, const struct reading *reading, struct exchange_plan *plan,
                                struct arena *arena, apisec_error *err)
{
    const struct shape at = shape_member(object, "actor");
    if (at.value == NULL) return APISEC_OK;
    const apisec_status status = shape_object(&at, actor_names, err);
    if (status != APISEC_OK) return status;
    return json_member(at.value, "key") == NULL ? read_token(&at, reading, plan->exchange, err)
                                                : read_key(&at, reading, plan, arena, err);
}

static apisec_status read_exchange(const struct shape *at, apisec_exchange *exchange, apisec_error *err)
{
    const struct shape scope_at = shape_member(at, "scope"), type_at = shape_member(at, "requested_type");
    const char *scope, *type;
    apisec_status status = read_targets(at, "audiences", exchange, apisec_exchange_add_audience, err);
    if (status == APISEC_OK) status = read_targets(at, "resources", exchange, apisec_exchange_add_resource, err);
    if (status == APISEC_OK && exchange->audiences.num + exchange->resources.num == 0)
        status = shape_fail(at, err, "audiences or resources are wanted: a token for nobody in particular is no narrowing");
    if (status == APISEC_OK) status = shape_text(&scope_at, &scope, err); /* without it the server would choose */
    if (status != APISEC_OK) return status;
    apisec_exchange_set_scope(exchange, scope);
    status = noted(&scope_at, &exchange->error, err);
    if (status == APISEC_OK) status = shape_optional_text(at, "requested_type", &type, err);
    if (status == APISEC_OK && type != NULL) apisec_exchange_set_requested_type(exchange, type);
    return status == APISEC_OK ? noted(&type_at, &exchange->error, err) : status;
}

/* ---- the section ---- */

static apisec_status read_plan(const struct shape *at, const struct reading *reading, apisec_http *http,
                               struct exchange_plans *plans, apisec_error *err)
{
    struct exchange_plan *plan = &plans->all[plans->num++];
    apisec_error why;
    apisec_status status = shape_object(at, plan_names, err);
    if (status != APISEC_OK) return status;
    plan->client = apisec_client_new(http);
    plan->exchange = apisec_exchange_new();
    const char *name = arena_text(&plans->arena, text_of(at->name));
    if (plan->client == NULL || plan->exchange == NULL || name == NULL) return fail_memory(err);
    status = read_client(at, reading, plan->client, err);
    if (status == APISEC_OK) status = read_exchange(at, plan->exchange, err);
    if (status == APISEC_OK) status = read_actor(at, reading, plan, &plans->arena, err);
    if (status == APISEC_OK && client_begin(plan->client, &why) != APISEC_OK) status = noted(at, &why, err);
    if (status != APISEC_OK) return status;
    return table_put(&plans->by_name, text_of(name), plan) == APISEC_OK ? APISEC_OK : fail_memory(err);
}

apisec_status exchange_read(const struct reading *reading, apisec_http *http, struct exchange_plans *plans, apisec_error *err)
{
    const struct shape list = shape_member(reading->top, "exchange");
    *plans = (struct exchange_plans){.num = 0};
    if (list.value == NULL) return APISEC_OK;
    apisec_status status = shape_kind(&list, JSON_OBJECT, err);
    if (status != APISEC_OK) return status;
    plans->all = mem_array(json_count(list.value) + 1, sizeof *plans->all);
    if (plans->all == NULL) return fail_memory(err);
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at))
        status = read_plan(&at, reading, http, plans, err);
    return status;
}

void exchange_plans_free(struct exchange_plans *plans)
{
    for (size_t i = 0; i < plans->num; i++) {
        apisec_client_free(plans->all[i].client);
        apisec_exchange_free(plans->all[i].exchange);
        apisec_signer_free(plans->all[i].actor_key);
    }
    free(plans->all);
    table_free(&plans->by_name);
    arena_free(&plans->arena);
    *plans = (struct exchange_plans){.num = 0};
}
