/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_requirements.c: random requirements beside a naive reference that knows nothing of order, parts or compilation; and what
 * holds of any of them: written in another order they mean the same, asking for more lets nobody in, and neither does taking from a
 * token. Nothing of a caller lets in where a user is wanted.
 */
#include "support/unit.h"
#include "support/certificate.h"
#include "support/draw.h"
#include "support/need.h"
#include "support/proofs.h"
#include "support/service.h"
#include "support/stride.h"

#include <apisec/call.h>

#include <stdio.h>
#include <stdlib.h>

/* ---- what is there, and the reference ---- */

struct facts {
    unsigned place, networks, paper, peers; /* an address and a certificate, and what they are in */
    bool has_address, service, has_token;
    /* of the token */
    unsigned audiences, scopes, roles, issuer, client, actor, acr, claim; /* from issuer on one letter, or none */
    unsigned login_age, age;                                              /* in seconds; 0: it does not say */
    bool bound;
};

static bool holds_one(unsigned wanted, unsigned there)
{
    return wanted == 0 || (wanted & there) != 0;
}

static bool is_none(unsigned unwanted, bool is_known, unsigned there)
{
    return unwanted == 0 || (is_known && (unwanted & there) == 0);
}

static bool is_recent(unsigned most, unsigned age)
{
    return most == 0 || (age > 0 && age <= most);
}

static bool reference(const struct need *n, const struct facts *f)
{
    bool met = holds_one(n->lists[NETWORKS], f->networks) && is_none(n->lists[EXCEPT_NETWORKS], f->has_address, f->networks);
    met = met && holds_one(n->lists[PEERS], f->peers) && (f->service || !n->service);
    met = met && holds_one(n->lists[ISSUERS], f->issuer) && holds_one(n->lists[AUDIENCES], f->audiences);
    met = met && holds_one(n->lists[CLIENTS], f->client) && is_none(n->lists[EXCEPT_CLIENTS], f->client > 0, f->client);
    met = met && holds_one(n->lists[ACTORS], f->actor) && (n->delegation != REQUIRED || f->actor > 0);
    met = met && (n->delegation != FORBIDDEN || f->actor == 0) && (f->bound || !n->bound);
    met = met && is_recent(n->max_token_age, f->age) && is_recent(n->max_age, f->login_age) && holds_one(n->lists[ACR], f->acr);
    met = met && (n->lists[SCOPES] & ~f->scopes) == 0 && holds_one(n->lists[ANY_SCOPE], f->scopes);
    met = met && (n->lists[ROLES] & ~f->roles) == 0 && holds_one(n->lists[ANY_ROLE], f->roles);
    met = met && holds_one(n->lists[CLAIM], f->claim);
    for (size_t i = 0; i < n->num_all; i++) met = met && reference(n->all[i], f);
    bool one = n->num_any == 0;
    for (size_t i = 0; i < n->num_any; i++) one = one || reference(n->any[i], f);
    return met && one;
}

/* ---- requests that are so ---- */

static const struct {
    const char *address;
    unsigned networks;
} places[] = {{"10.0.0.1", 1},        {"10.1.0.1", 3},     {"192.0.2.9", 2}, {"2001:db8::1", 4},
              {"::ffff:10.1.2.3", 3}, {"198.51.100.1", 0}, {"", 0}};
static const struct {
    struct certificate_name names[2];
    size_t num;
    unsigned peers;
} papers[] = {{{{0, NULL, 0}}, 0, 0},
              {{CERTIFICATE_NAME('U', "spiffe://m/p")}, 1, 1},
              {{CERTIFICATE_NAME('U', "spiffe://m/p"), CERTIFICATE_NAME('D', "Q.example")}, 2, 3},
              {{CERTIFICATE_NAME('U', "spiffe://m/p"), CERTIFICATE_NAME('U', "urn:x:y")}, 2, 4},
              {{CERTIFICATE_NAME('D', "r.example")}, 1, 4},
              {{CERTIFICATE_NAME('D', "*.example")}, 1, 0}};
enum { NUM_PLACES = sizeof places / sizeof places[0], NUM_PAPERS = sizeof papers / sizeof papers[0] };

static unsigned draw_letter(void)
{
    return 1U << draw(4) & 7; /* or none */
}

static struct facts draw_facts(void)
{
    static const unsigned ages[] = {0, 30, 70, 100};
    struct facts facts = {.place = draw(NUM_PLACES), .paper = draw(NUM_PAPERS), .service = draw(2) == 0, .has_token = draw(8) > 0};
    facts.networks = places[facts.place].networks;
    facts.has_address = places[facts.place].address[0] != '\0';
    facts.peers = papers[facts.paper].peers;
    facts.bound = papers[facts.paper].num > 0 && draw(2) == 0;
    facts.issuer = 1U << draw(2);
    facts.audiences = draw(8);
    facts.client = draw_letter();
    facts.actor = draw_letter();
    facts.acr = draw_letter();
    facts.scopes = draw(8);
    facts.roles = draw(8);
    facts.claim = draw_letter();
    facts.login_age = ages[draw(4)];
    facts.age = ages[draw(4)];
    return facts;
}

/* set_claim: before, then the letters and what is between them, then behind; NULL where there is none. */
static const char *set_claim(char *out, size_t size, unsigned set, const char *before, const char *between, const char *behind)
{
    struct buffer letters = BUFFER_MAX(100);
    need_letters(&letters, set, "", between);
    snprintf(out, size, "%s%s%s", before, set > 0 ? letters.bytes : "", behind);
    buffer_free(&letters);
    return set > 0 ? out : NULL;
}

static const char *set_time(char *out, size_t size, unsigned age)
{
    snprintf(out, size, "%lld", (long long)FORGE_NOW - age);
    return age > 0 ? out : NULL;
}

static char *write_token(const struct facts *facts, const unsigned char *der, size_t len)
{
    char issuer[40], audiences[48], client[16], actor[64], acr[16], login[24], issued[24], scope[24], roles[40], claim[16];
    char x5t[44] = "";
    if (facts->bound) proof_hash(der, len, x5t);
    char *const cnf = proof_cnf(NULL, x5t);
    const struct forge_change changes[] = {
        {"iss", set_claim(issuer, sizeof issuer, facts->issuer, "\"https://id.example/", "", "\"")},
        {"aud", facts->audiences > 0 ? set_claim(audiences, sizeof audiences, facts->audiences, "[\"orders\",\"", "\",\"", "\"]")
                                     : "\"orders\""},
        {"client_id", set_claim(client, sizeof client, facts->client, "\"", "", "\"")},
        {"act", set_claim(actor, sizeof actor, facts->actor, "{\"act\":{\"sub\":\"a\"},\"sub\":\"", "", "\"}")},
        {"acr", set_claim(acr, sizeof acr, facts->acr, "\"", "", "\"")},
        {"auth_time", set_time(login, sizeof login, facts->login_age)},
        {"iat", set_time(issued, sizeof issued, facts->age)},
        {"scope", set_claim(scope, sizeof scope, facts->scopes, "\"", " ", "\"")},
        {"roles", set_claim(roles, sizeof roles, facts->roles, "[\"", "\",\"", "\"]")},
        {"k", set_claim(claim, sizeof claim, facts->claim, "\"", "", "\"")},
        {"cnf", facts->bound ? cnf : NULL},
        {NULL, NULL}};
    char *token = forge_token(changes, (const struct forge_change[]){{"typ", NULL}, {NULL, NULL}}, forge_signer("HS256", 0));
    free(cnf);
    return token;
}

/* make_call: a request with these facts; its token is written in another order each time. */
static apisec_call *make_call(const struct facts *facts)
{
    static const char batch[] = "Basic YmF0Y2g6YmF0Y2g6c2VjcmV0";
    apisec_call *call = apisec_call_new();
    size_t len = 0;
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, "/x", 2);
    apisec_call_set_time(call, FORGE_NOW);
    apisec_call_set_peer_address(call, places[facts->place].address);
    unsigned char *der =
        papers[facts->paper].num > 0 ? certificate_with(papers[facts->paper].names, papers[facts->paper].num, 1, &len) : NULL;
    if (der != NULL) apisec_call_set_peer_certificate(call, der, len);
    if (facts->service) apisec_call_add_header(call, "X-Service", 9, batch, sizeof batch - 1);
    if (facts->has_token) {
        char value[2048], *const token = write_token(facts, der, len);
        const int written = snprintf(value, sizeof value, "Bearer %s", token);
        apisec_call_add_header(call, "Authorization", 13, value, (size_t)written);
        free(token);
    }
    free(der);
    return call;
}

static struct service service; /* it keeps no log */

static bool lets_in(const apisec_rules *rules, const struct facts *facts)
{
    apisec_decision *decision = service_judge(&service, rules, make_call(facts));
    const bool is_in = apisec_decision_commit(decision, NULL) == APISEC_OK;
    if (!is_in) assert_true(apisec_decision_http_status(decision) >= 400);
    apisec_decision_free(decision);
    return is_in;
}

/* ---- what is taken away, and what is asked for on top ---- */

/* forbids: "delegation": "forbidden" is the one requirement that a claim less may meet: who acts is told by nothing else. */
static bool forbids(const struct need *need)
{
    bool is_found = need->delegation == FORBIDDEN;
    for (size_t i = 0; i < need->num_all; i++) is_found = is_found || forbids(need->all[i]);
    for (size_t i = 0; i < need->num_any; i++) is_found = is_found || forbids(need->any[i]);
    return is_found;
}

static struct facts take_away(const struct facts *facts, bool may_take_actor)
{
    struct facts less = *facts;
    switch (draw(10)) {
    case 0: less.scopes &= draw(8); break;
    case 1: less.roles &= draw(8); break;
    case 2: less.audiences &= draw(8); break;
    case 3: less.client = 0; break;
    case 4: less.acr = 0; break;
    case 5: less.claim = 0; break;
    case 6: less.login_age = 0; break;
    case 7: less.age = 0; break;
    case 8: less.bound = false; break;
    default: less.actor = may_take_actor ? 0 : less.actor;
    }
    return less;
}

static struct need add_to(const struct need *need, struct arena *arena, bool wants_user)
{
    struct need more = *need;
    if (draw(2) || !need_add(&more, wants_user)) more.all[more.num_all++] = need_draw(arena, 0, wants_user);
    return more;
}

static struct arena arena;
static size_t num_in, num_out, num_compiled;

static void compare(const struct need *need, bool wants_user)
{
    struct buffer json = BUFFER_MAX(65536), other = BUFFER_MAX(65536);
    const struct need more = add_to(need, &arena, wants_user);
    apisec_rules *rules = need_compile(need, wants_user, &json), *again = need_compile(need, wants_user, &other);
    apisec_rules *harder = need_compile(&more, wants_user, &other);
    assert_int_equal(rules != NULL, again != NULL);
    num_compiled += rules != NULL;
    for (size_t i = 0; rules != NULL && i < 8; i++) {
        const struct facts facts = draw_facts(), less = take_away(&facts, !forbids(need));
        const bool expected = (!wants_user || facts.has_token) && reference(need, &facts), is_in = lets_in(rules, &facts);
        if (is_in != expected) fail_msg("%d, the reference %d: %s", is_in, expected, json.bytes);
        if (lets_in(again, &facts) != is_in) fail_msg("another order, another verdict: %s", json.bytes);
        if (harder != NULL && !is_in && lets_in(harder, &facts)) fail_msg("asking for more let in: %s", other.bytes);
        if (!is_in && lets_in(rules, &less)) fail_msg("less let in: %s", json.bytes);
        *(is_in ? &num_in : &num_out) += 1;
    }
    apisec_rules_free(rules);
    apisec_rules_free(again);
    apisec_rules_free(harder);
    buffer_free(&json);
    buffer_free(&other);
}

static void test_random_requirements(void **state)
{
    (void)state;
    enum { NUM_NEEDS = 700 };
    size_t num_drawn = 0;
    for (size_t i = 0; i < NUM_NEEDS; i += stride(1, 3), num_drawn++) {
        compare(need_draw(&arena, draw(3), i % 4 > 0), i % 4 > 0);
        arena_free(&arena);
    }
    assert_true(num_compiled > num_drawn / 2); /* the others ask for too much, or where no user is wanted for nobody */
    assert_true(num_in > num_drawn / 2 && num_out > num_drawn / 2);
}

static int begin(void **state)
{
    (void)state;
    char set[512];
    snprintf(set, sizeof set, "{\"keys\":[%s]}", apisec_signer_private_jwk(forge_signer("HS256", 0)));
    apisec_trust *trust = apisec_trust_new();
    for (size_t i = 0; i < 2; i++) {
        apisec_issuer *issuer = apisec_trust_add_issuer(trust, i == 0 ? "https://id.example/a" : "https://id.example/b");
        apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
        apisec_issuer_allow_algorithm(issuer, "HS256");
        apisec_issuer_set_profile(issuer, "jwt");
        apisec_issuer_set_jwks(issuer, set, strlen(set));
    }
    const apisec_status status = apisec_verifier_new(trust, NULL, &service.verifier, NULL);
    apisec_trust_free(trust);
    return status;
}

static int end(void **state)
{
    (void)state;
    apisec_verifier_free(service.verifier);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_requirements),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
