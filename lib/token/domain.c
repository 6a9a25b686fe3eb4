/* SPDX-License-Identifier: Apache-2.0
 *
 * domain.c: the issuers of Txn-Tokens by trust domain. Such a token need not say who issued it: within its domain, which is its
 * audience, there is one Transaction Token Service. Built once with the verifier, then only read.
 */
#include "token/token.h"

#include <stdlib.h>

struct domain {
    const struct issuer *issuer; /* NULL: several issuers have it, so a token must say which */
};

static size_t count_domains(const struct issuer *issuers, size_t num)
{
    size_t count = 0;
    for (size_t i = 0; i < num; i++)
        if (issuers[i].profile == PROFILE_TXN) count += issuers[i].audiences.num;
    return count;
}

static apisec_status add(struct domains *domains, const struct issuer *issuer, const char *name)
{
    struct domain *const known = table_get(&domains->by_name, text_of(name));
    if (known != NULL) {
        if (known->issuer != issuer) known->issuer = NULL;
        return APISEC_OK;
    }
    struct domain *const made = &domains->at[domains->num++];
    made->issuer = issuer;
    return table_put(&domains->by_name, text_of(name), made);
}

static apisec_status add_all(struct domains *domains, const struct issuer *issuer)
{
    apisec_status status = APISEC_OK;
    for (size_t i = 0; i < issuer->audiences.num && status == APISEC_OK; i++)
        status = add(domains, issuer, issuer->audiences.at[i]);
    return status;
}

apisec_status domains_new(const struct issuer *issuers, size_t num_issuers, struct domains *domains, apisec_error *err)
{
    *domains = (struct domains){0};
    domains->at = mem_array(count_domains(issuers, num_issuers), sizeof *domains->at);
    if (domains->at == NULL) return fail_memory(err);
    apisec_status status = APISEC_OK;
    for (size_t i = 0; i < num_issuers && status == APISEC_OK; i++)
        if (issuers[i].profile == PROFILE_TXN) status = add_all(domains, &issuers[i]);
    if (status == APISEC_E_MEMORY) return fail_memory(err);
    return status == APISEC_OK ? APISEC_OK : fail(err, status, "trust domains cannot be added");
}

void domains_free(struct domains *domains)
{
    table_free(&domains->by_name);
    free(domains->at);
    *domains = (struct domains){0};
}

apisec_status domains_find(const struct domains *domains, const struct claims *claims, const struct issuer **issuer,
                           apisec_error *err)
{
    const struct domain *found = NULL;
    *issuer = NULL;
    const apisec_status status = claims_read_audience(claims, err);
    if (status != APISEC_OK) return status;
    for (const struct json *at = claims_first_audience(claims); at != NULL; at = claims_next_audience(claims, at)) {
        struct text name;
        const struct domain *const domain = json_as_text(at, &name) ? table_get(&domains->by_name, name) : NULL;
        if (domain == NULL) continue;
        if (domain->issuer == NULL || (found != NULL && found->issuer != domain->issuer))
            return fail(err, APISEC_E_ISSUER, "the token does not say which issuer of its trust domain it is from");
        found = domain;
    }
    if (found == NULL) return fail(err, APISEC_E_ISSUER, "the token says no issuer, and its trust domain is none of ours");
    *issuer = found->issuer;
    return APISEC_OK;
}
