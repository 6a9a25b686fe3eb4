/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_trust.c: what is unsafe in whom a document trusts, in its transport and in its log. The document was read before: every
 * member is of the type it must be.
 */
#include "guard/guard.h"

enum { LONG_LEEWAY = 120, A_DAY = 86400 };

static bool text_at(const struct shape *object, const char *name, struct text *text)
{
    return json_get_text(object->value, name, text) == JSON_OK;
}

static bool is_text(const struct shape *object, const char *name, const char *expected)
{
    struct text text;
    return text_at(object, name, &text) && text_is(text, expected);
}

static bool is_true(const struct shape *object, const char *name)
{
    bool value;
    return json_get_bool(object->value, name, &value) == JSON_OK && value;
}

/* ---- one issuer ---- */

static void lint_algorithms(const struct shape *issuer, struct findings *findings)
{
    const struct shape list = shape_member(issuer, "algorithms");
    size_t num_secret = 0, num_public = 0;
    for (struct shape at = shape_first(&list); at.value != NULL; shape_next(&at)) {
        struct text text;
        if (!json_as_text(at.value, &text)) continue;
        if (text_starts(text, "HS")) num_secret++;
        else num_public++;
    }
    if (num_secret > 0 && num_public > 0)
        finding_add(findings, &list, FINDING_WARNING,
                    "secrets (HS) and public keys of one issuer are told apart by their type alone");
}

static void lint_times(const struct shape *issuer, struct findings *findings)
{
    const struct shape leeway_at = shape_member(issuer, "leeway"), lifetime_at = shape_member(issuer, "max_lifetime");
    int64_t leeway, lifetime;
    if (json_get_int64(issuer->value, "leeway", &leeway) == JSON_OK && leeway > LONG_LEEWAY)
        finding_add(findings, &leeway_at, FINDING_WARNING, "tokens live on for %lld s after they have expired", (long long)leeway);
    const bool has_lifetime = json_get_int64(issuer->value, "max_lifetime", &lifetime) == JSON_OK;
    if (has_lifetime && (lifetime == 0 || lifetime > A_DAY))
        finding_add(findings, &lifetime_at, FINDING_WARNING, "tokens may be valid for more than a day: a stolen one is, too");
    if (!has_lifetime && is_text(issuer, "profile", "jwt"))
        finding_add(findings, issuer, FINDING_WARNING, "profile jwt without max_lifetime: tokens may be valid for ever");
}

static bool is_client_id(const struct shape *authentication, struct text audience)
{
    struct text client_id;
    return text_at(authentication, "client_id", &client_id) && text_equal(client_id, audience);
}

/* is_a_client: the document knows a client by this name: its own, or one that a rule names. */
static bool is_a_client(const struct shape *top, struct text audience)
{
    const struct shape exchange = shape_member(top, "exchange"), rules = shape_member(top, "rules"),
                       trust = shape_member(top, "trust"), issuers = shape_member(&trust, "issuers");
    for (struct shape at = shape_first(&exchange); at.value != NULL; shape_next(&at)) {
        const struct shape authentication = shape_member(&at, "authentication");
        if (is_client_id(&authentication, audience)) return true;
    }
    for (struct shape at = shape_first(&issuers); at.value != NULL; shape_next(&at)) {
        const struct shape introspection = shape_member(&at, "introspection"),
                           authentication = shape_member(&introspection, "authentication");
        if (is_client_id(&authentication, audience)) return true;
    }
    for (struct shape at = shape_first(&rules); at.value != NULL; shape_next(&at)) {
        const struct shape require = shape_member(&at, "require"), clients = shape_member(&require, "clients");
        for (struct shape client = shape_first(&clients); client.value != NULL; shape_next(&client)) {
            struct text text;
            if (json_as_text(client.value, &text) && text_equal(text, audience)) return true;
        }
    }
    return false;
}

static void lint_audiences(const struct shape *top, const struct shape *issuer, struct findings *findings)
{
    const struct shape list = shape_member(issuer, "audiences");
    if (!is_text(issuer, "profile", "jwt")) return;
    for (struct shape at = shape_first(&list); at.value != NULL; shape_next(&at)) {
        struct text audience;
        if (json_as_text(at.value, &audience) && is_a_client(top, audience))
            finding_add(findings, &at, FINDING_ERROR,
                        "a client's id, with profile jwt: its ID tokens would pass for access tokens");
    }
}

static void lint_issuer(const struct shape *top, const struct shape *issuer, struct findings *findings)
{
    const struct shape introspection = shape_member(issuer, "introspection"),
                       absent = shape_member(&introspection, "allow_absent_audience");
    lint_algorithms(issuer, findings);
    lint_times(issuer, findings);
    lint_audiences(top, issuer, findings);
    if (absent.value != NULL)
        finding_add(findings, &absent, FINDING_WARNING, "any token that is active passes, unless the server knows for whom it is");
}

/* ---- the rest ---- */

static void lint_http(const struct shape *top, struct findings *findings)
{
    const struct shape http = shape_member(top, "http"), loopback = shape_member(&http, "allow_loopback");
    if (is_true(&http, "allow_loopback"))
        finding_add(findings, &loopback, FINDING_WARNING, "for tests, and for a sidecar on this host: keys may come from it");
}

static void lint_audit(const struct shape *top, struct findings *findings)
{
    const struct shape audit = shape_member(top, "audit"), on_failure = shape_member(&audit, "on_failure");
    if (json_kind(audit.value) == JSON_STRING)
        finding_add(findings, &audit, FINDING_WARNING, "no record is kept of who was let in and who was not");
    else if (shape_member(&audit, "file").value == NULL)
        finding_add(findings, &audit, FINDING_WARNING,
                    "no file: only a service that brings a log of its own (apisec_guard_new_with) can use this document");
    if (is_text(&audit, "on_failure", "lenient"))
        finding_add(findings, &on_failure, FINDING_WARNING, "calls are let in whose record could not be written");
}

void lint_trust(const struct shape *top, struct findings *findings)
{
    const struct shape trust = shape_member(top, "trust"), issuers = shape_member(&trust, "issuers");
    for (struct shape at = shape_first(&issuers); at.value != NULL; shape_next(&at)) lint_issuer(top, &at, findings);
    lint_http(top, findings);
    lint_audit(top, findings);
}
