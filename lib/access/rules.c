/* SPDX-License-Identifier: Apache-2.0
 *
 * rules.c: the handle of include/apisec/rules.h: a document compiled into rules, frozen but for the buckets of its limits and the
 * memory of verified services, and counted by the decisions that apply them.
 */
#include "access/limits.h"

#include <stdatomic.h>
#include <stdlib.h>

apisec_rules *rules_ref(const apisec_rules *rules)
{
    apisec_rules *const counted = (apisec_rules *)rules; /* nothing else of them changes */
    atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
    return counted;
}

const char *rules_version(const apisec_rules *rules)
{
    return rules->version;
}

const struct claim_path *rules_role_claims(const apisec_rules *rules, size_t *num)
{
    *num = rules->num_role_claims;
    return rules->role_claims;
}

static apisec_status read_version(apisec_rules *rules, struct text json, apisec_error *err)
{
    unsigned char hash[CRYPTO_MAX_HASH];
    const apisec_status status = crypto_hash_bytes(CRYPTO_SHA256, json.at, json.len, hash);
    if (status != APISEC_OK) return fail(err, status, "the document cannot be hashed");
    base64url_encode(hash, CRYPTO_SHA256_LEN, rules->version);
    return APISEC_OK;
}

const char *const rules_members[] = {"role_claims", "networks", "trusted_proxies", "peers", "services",
                                     "limits",      "policies", "rules",           NULL};

apisec_status rules_read(const struct shape *top, struct text document, apisec_rules **rules, apisec_error *err)
{
    *rules = NULL;
    apisec_rules *const made = calloc(1, sizeof *made);
    if (made == NULL) return fail_memory(err);
    atomic_init(&made->references, 1);
    made->root = node_new(made);
    apisec_status status = made->root == NULL ? fail_memory(err) : rule_document_read(top, made, err);
    if (status == APISEC_OK) status = read_version(made, document, err);
    if (status == APISEC_OK) *rules = made;
    else apisec_rules_free(made);
    return status;
}

apisec_status apisec_rules_new(const char *json, size_t len, apisec_rules **rules, apisec_error *err)
{
    static const apisec_json_limits limits = {
        .max_bytes = 8 << 20, .max_depth = 16, .max_members = 1024, .max_elements = RULES_MAX};
    struct json *document = NULL;
    if (rules == NULL) return fail(err, APISEC_E_ARGUMENT, "there is nowhere to put the rules");
    *rules = NULL;
    if (json == NULL) return fail(err, APISEC_E_ARGUMENT, "there is no document");
    apisec_status status = json_parse((struct text){json, len}, &limits, &document, err);
    const struct shape top = {document, NULL, NULL, 0};
    if (status == APISEC_OK) status = shape_object(&top, rules_members, err);
    if (status == APISEC_OK) status = rules_read(&top, (struct text){json, len}, rules, err);
    json_free(document);
    return status == APISEC_OK ? succeed(err) : status;
}

void apisec_rules_free(apisec_rules *rules)
{
    if (rules == NULL || atomic_fetch_sub_explicit(&rules->references, 1, memory_order_acq_rel) != 1) return;
    nodes_free(rules);
    table_free(&rules->policies);
    table_free(&rules->ids);
    table_free(&rules->networks);
    table_free(&rules->peers);
    service_memory_free(rules->services.memory);
    for (size_t i = 0; i < rules->num_limits; i++) limit_free(&rules->limits[i]);
    arena_free(&rules->arena);
    free(rules);
}

void rules_inherit(apisec_rules *rules, const apisec_rules *older)
{
    for (size_t i = 0; i < rules->num_limits; i++)
        for (size_t k = 0; k < older->num_limits; k++) limit_inherit(&rules->limits[i], &older->limits[k]);
    services_inherit(&rules->services, &older->services);
}

const char *apisec_rules_notice(const apisec_rules *rules, size_t index)
{
    return rules != NULL && index == 0 ? rules->notice : NULL;
}
