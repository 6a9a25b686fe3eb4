/* SPDX-License-Identifier: Apache-2.0
 *
 * service_read.c: "services" of a rules document: the header in which their credentials come, and whose they are.
 */
#include "access/rules.h"

#include "http/http.h"

enum { MAX_HEADER = 64, MAX_NAME = 128 };

/* These say something else, or come from anybody's proxy. */
static const char *const taken[] = {"DPoP",         "Txn-Token",          "Cookie", "X-Forwarded-For", "Host",
                                    "Content-Type", "Proxy-Authorization"};

static apisec_status read_header(const struct shape *object, struct arena *arena, struct services *services, apisec_error *err)
{
    const struct shape at = shape_member(object, "header");
    const char *text;
    const apisec_status status = shape_text(&at, &text, err);
    if (status != APISEC_OK) return status;
    if (!header_is_token(text_of(text)) || strlen(text) > MAX_HEADER) return shape_fail(&at, err, "not a header's name");
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (text_is_caseless(text_of(text), taken[i])) return shape_fail(&at, err, "this header is another's");
    services->is_authorization = text_is_caseless(text_of(text), "Authorization");
    services->header = arena_text(arena, text_of(text));
    return services->header != NULL ? APISEC_OK : fail_memory(err);
}

/* A name with a colon would end there (RFC 7617 section 2). */
static apisec_status read_service(const struct shape *at, struct arena *arena, struct service_login *service, apisec_error *err)
{
    const char *text;
    if (at->name[0] == '\0' || strlen(at->name) > MAX_NAME || !text_is_printable(text_of(at->name)) ||
        strchr(at->name, ':') != NULL)
        return shape_fail(at, err, "a service's name has 1 to %d printable characters and no colon", MAX_NAME);
    const apisec_status status = shape_text(at, &text, err);
    if (status != APISEC_OK) return status;
    const char *const wrong = secret_hash_read(text_of(text), &service->hash);
    if (wrong != NULL) return shape_fail(at, err, "%s", wrong);
    service->name = arena_text(arena, text_of(at->name));
    return service->name != NULL ? APISEC_OK : fail_memory(err);
}

static apisec_status read_secrets(const struct shape *list, struct arena *arena, struct services *services, apisec_error *err)
{
    apisec_status status = shape_kind(list, JSON_OBJECT, err);
    if (status != APISEC_OK) return status;
    if (json_first(list->value) == NULL) return shape_fail(list, err, "no service");
    services->at = arena_alloc(arena, json_count(list->value) * sizeof *services->at);
    if (services->at == NULL) return fail_memory(err);
    for (struct shape at = shape_first(list); at.value != NULL && status == APISEC_OK; shape_next(&at)) {
        struct service_login *const service = &services->at[services->num++];
        status = read_service(&at, arena, service, err);
        if (service->hash.iterations > services->nobody.iterations) services->nobody = service->hash;
    }
    return status;
}

apisec_status services_read(const struct shape *top, apisec_rules *rules, apisec_error *err)
{
    static const char *const names[] = {"header", "secrets", NULL};
    const struct shape at = shape_member(top, "services"), secrets = shape_member(&at, "secrets");
    if (at.value == NULL) return APISEC_OK;
    apisec_status status = shape_object(&at, names, err);
    if (status == APISEC_OK) status = read_header(&at, &rules->arena, &rules->services, err);
    if (status == APISEC_OK) status = read_secrets(&secrets, &rules->arena, &rules->services, err);
    if (status != APISEC_OK) return status;
    rules->services.memory = service_memory_new(rules->services.num);
    return rules->services.memory != NULL ? APISEC_OK : fail_memory(err);
}

apisec_status services_named(const struct shape *at, apisec_rules *rules, struct texts *names, apisec_error *err)
{
    const apisec_status status = texts_read(at, &rules->arena, names, err);
    for (size_t i = 0; i < names->num && status == APISEC_OK; i++) {
        bool is_known = false;
        for (size_t k = 0; k < rules->services.num; k++)
            is_known = is_known || strcmp(rules->services.at[k].name, names->at[i]) == 0;
        if (!is_known) return shape_fail(at, err, "there is no service %.60s", names->at[i]);
    }
    return status;
}
