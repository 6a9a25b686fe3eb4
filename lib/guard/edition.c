/* SPDX-License-Identifier: Apache-2.0
 *
 * edition.c: what one document makes: a transport, a verifier, rules and clients. Frozen once it is made; it lives until the last
 * call that began with it has ended, whatever document came after it.
 */
#include "guard/guard.h"

#include <stdlib.h>

/* ---- the transport, which a verifier may need longer than the edition lives ---- */

struct transport {
    struct verifier_belonging belonging; /* of the verifier */
    _Atomic size_t references;
    apisec_http *http;
};

static void transport_free(struct transport *transport)
{
    if (transport == NULL || atomic_fetch_sub_explicit(&transport->references, 1, memory_order_acq_rel) != 1) return;
    apisec_http_free(transport->http);
    free(transport);
}

static void transport_end(struct verifier_belonging *belonging)
{
    transport_free((struct transport *)belonging);
}

static apisec_status make_transport(const struct reading *reading, struct edition *edition, apisec_error *err)
{
    apisec_http *http = NULL;
    const apisec_status status = http_read(reading, &http, err);
    if (status != APISEC_OK || http == NULL) return status;
    edition->transport = calloc(1, sizeof *edition->transport);
    if (edition->transport == NULL) {
        apisec_http_free(http);
        return fail_memory(err);
    }
    atomic_init(&edition->transport->references, 1);
    edition->transport->belonging.end = transport_end;
    edition->transport->http = http;
    edition->http = http;
    return APISEC_OK;
}

static void share_transport(struct edition *edition)
{
    if (edition->transport == NULL) return;
    atomic_fetch_add_explicit(&edition->transport->references, 1, memory_order_relaxed);
    verifier_own(edition->verifier, &edition->transport->belonging);
}

/* ---- all of it ---- */

static apisec_status read_sections(const struct reading *reading, struct text json, struct edition *edition, apisec_error *err)
{
    apisec_status status = document_check(reading, err);
    if (status == APISEC_OK) status = make_transport(reading, edition, err);
    if (status == APISEC_OK) status = trust_read(reading, edition->http, &edition->verifier, err);
    if (status != APISEC_OK) return status;
    share_transport(edition);
    status = rules_read(reading->top, json, &edition->rules, err);
    if (status == APISEC_OK) status = exchange_read(reading, edition->http, &edition->exchanges, err);
    return status == APISEC_OK ? audit_read(reading, &edition->audit, edition->rules, err) : status;
}

static apisec_status make(const struct reading *reading, struct text json, apisec_http *http, struct edition **edition,
                          apisec_error *err)
{
    struct edition *made = calloc(1, sizeof *made);
    *edition = NULL;
    if (made == NULL) return fail_memory(err);
    atomic_init(&made->references, 1);
    made->http = http;
    const apisec_status status = read_sections(reading, json, made, err);
    if (status != APISEC_OK) {
        edition_free(made);
        return status;
    }
    *edition = made;
    return APISEC_OK;
}

apisec_status edition_new(const char *json, size_t len, apisec_http *http, enum log_source log, struct edition **edition,
                          apisec_error *err)
{
    struct json *document = NULL;
    *edition = NULL;
    apisec_status status = document_parse(json, len, &document, err);
    if (status != APISEC_OK) return status;
    const struct shape top = {document, NULL, NULL, 0};
    const struct reading reading = {.top = &top, .has_transport = http != NULL, .log = log};
    status = make(&reading, (struct text){json, len}, http, edition, err);
    json_free(document);
    return status;
}

apisec_status edition_of_stand_ins(const struct shape *top, struct text json, enum log_source log, struct edition **edition,
                                   apisec_error *err)
{
    const struct reading reading = {.top = top, .has_stand_ins = true, .log = log};
    return make(&reading, json, NULL, edition, err);
}

apisec_status edition_inherit(struct edition *edition, const struct edition *old, apisec_error *err)
{
    rules_inherit(edition->rules, old->rules);
    return verifier_inherit(edition->verifier, old->verifier, err);
}

struct edition *edition_ref(struct edition *edition)
{
    atomic_fetch_add_explicit(&edition->references, 1, memory_order_relaxed);
    return edition;
}

void edition_free(struct edition *edition)
{
    if (edition == NULL || atomic_fetch_sub_explicit(&edition->references, 1, memory_order_acq_rel) != 1) return;
    audit_settings_free(&edition->audit);
    exchange_plans_free(&edition->exchanges);
    apisec_rules_free(edition->rules);
    apisec_verifier_free(edition->verifier);
    transport_free(edition->transport);
    free(edition);
}
