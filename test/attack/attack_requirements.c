/* SPDX-License-Identifier: Apache-2.0
 *
 * attack_requirements.c: random requirements beside a naive reference that knows nothing of order, parts or compilation; and what
 * holds of any of them: written in another order they mean the same, asking for more lets nobody in, and neither does taking from a
 * token. Nothing of a caller lets in where a user is wanted.
 */
#include "support/unit.h"
#include "access/rules.h"
#include "support/certificate.h"
#include "support/forge.h"

#include <apisec/call.h>

#include <stdio.h>
#include <stdlib.h>

/* ---- the same every time ---- */

static uint64_t seed = 88172645463325252U;

static unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % below);
}

/* ---- what is required, what is there, and the reference ---- */

struct need { /* sets of three letters as bits */
    unsigned scopes, any_scope, roles, networks, except_networks, peers, claim;
    bool service;
    struct need *all[2], *any[3];
    size_t num_all, num_any;
};

struct facts {
    unsigned scopes, roles, claim; /* of the token */
    bool has_token, has_address, service;
    unsigned networks, peers;
};

static bool reference(const struct need *n, const struct facts *f)
{
    bool met = (n->scopes & ~f->scopes) == 0 && (n->roles & ~f->roles) == 0;
    met = met && (n->any_scope == 0 || (n->any_scope & f->scopes) != 0);
    met = met && (n->claim == 0 || n->claim == f->claim);
    met = met && (n->networks == 0 || (n->networks & f->networks) != 0);
    met = met && (n->except_networks == 0 || (f->has_address && (n->except_networks & f->networks) == 0));
    met = met && (n->peers == 0 || (n->peers & f->peers) != 0);
    met = met && (!n->service || f->service);
    for (size_t i = 0; i < n->num_all; i++) met = met && reference(n->all[i], f);
    bool one = n->num_any == 0;
    for (size_t i = 0; i < n->num_any; i++) one = one || reference(n->any[i], f);
    return met && one;
}

static struct arena arena;

static struct need *draw_need(unsigned depth, bool of_user)
{
    struct need *need = arena_alloc(&arena, sizeof *need);
    assert_non_null(need);
    unsigned *const sets[] = {&need->networks,  &need->except_networks, &need->peers, &need->scopes,
                              &need->any_scope, &need->roles,           &need->claim};
    for (unsigned i = 0; i < draw(3); i++) *sets[draw(of_user ? 7 : 3)] = 1 + draw(7);
    if (need->claim > 0) need->claim = 1 + need->claim % 3;
    need->service = draw(60) == 0;
    if (depth == 0) return need;
    for (unsigned i = 0, num = draw(3); i < num; i++) need->all[need->num_all++] = draw_need(depth - 1, of_user);
    for (unsigned i = 0, num = draw(4); i < num; i++) need->any[need->num_any++] = draw_need(depth - 1, of_user);
    return need;
}

/* ---- written down, each time in another order ---- */

static void write_set(struct buffer *out, bool *comma, const char *name, unsigned set, const char *const letters[3])
{
    if (set == 0) return;
    if (*comma) buffer_byte(out, ',');
    *comma = true;
    buffer_byte(out, '"');
    buffer_text(out, name);
    buffer_text(out, "\":[");
    bool inner = false;
    for (unsigned i = 0, start = draw(3); i < 3; i++) {
        const unsigned at = (start + i) % 3;
        if ((set & 1U << at) == 0) continue;
        if (inner) buffer_byte(out, ',');
        inner = true;
        buffer_byte(out, '"');
        buffer_text(out, letters[at]);
        buffer_byte(out, '"');
    }
    buffer_byte(out, ']');
}

static void write_need(struct buffer *out, const struct need *need);

static void write_list(struct buffer *out, bool *comma, const char *name, struct need *const *list, size_t num)
{
    if (num == 0) return;
    if (*comma) buffer_byte(out, ',');
    *comma = true;
    buffer_byte(out, '"');
    buffer_text(out, name);
    buffer_text(out, "\":[");
    for (size_t i = 0, start = draw((unsigned)num); i < num; i++) {
        if (i > 0) buffer_byte(out, ',');
        write_need(out, list[(start + i) % num]);
    }
    buffer_byte(out, ']');
}

static void write_member(struct buffer *out, bool *comma, const struct need *need, unsigned member)
{
    static const char *const scopes[] = {"a", "b", "c"}, *const networks[] = {"n0", "n1", "n2"},
                             *const peers[] = {"p0", "p1", "p2"}, *const services[] = {"batch", "", ""};
    char claim[64];
    switch (member) {
    case 0: write_set(out, comma, "scopes", need->scopes, scopes); break;
    case 1: write_set(out, comma, "any_scope", need->any_scope, scopes); break;
    case 2: write_set(out, comma, "roles", need->roles, scopes); break;
    case 3: write_set(out, comma, "networks", need->networks, networks); break;
    case 4: write_set(out, comma, "except_networks", need->except_networks, networks); break;
    case 5: write_set(out, comma, "peers", need->peers, peers); break;
    case 6: write_set(out, comma, "services", need->service, services); break;
    case 7: write_list(out, comma, "all_of", need->all, need->num_all); break;
    case 8: write_list(out, comma, "any_of", need->any, need->num_any); break;
    default:
        if (need->claim == 0) return;
        snprintf(claim, sizeof claim, "%s\"claims\":[{\"claim\":\"k\",\"equals\":%u}]", *comma ? "," : "", need->claim);
        *comma = true;
        buffer_text(out, claim);
    }
}

static void write_need(struct buffer *out, const struct need *need)
{
    bool comma = false;
    buffer_byte(out, '{');
    for (unsigned i = 0, start = draw(10); i < 10; i++) write_member(out, &comma, need, (start + i) % 10);
    buffer_byte(out, '}');
}

static apisec_rules *compile(const struct need *need, bool wants_user, struct buffer *json)
{
    static const char before[] =
        "{\"networks\":{\"n0\":[\"10.0.0.0/8\"],\"n1\":[\"10.1.0.0/16\",\"192.0.2.0/24\"],\"n2\":[\"2001:db8::/32\"]},"
        "\"peers\":{\"p0\":{\"uris\":[\"spiffe://m/p\"]},\"p1\":{\"dns\":[\"q.example\"]},"
        "\"p2\":{\"uris\":[\"urn:x:y\"],\"dns\":[\"r.example\"]}},"
        "\"services\":{\"header\":\"X-Service\",\"secrets\":{\"batch\":"
        "\"$pbkdf2-sha256$i=10001$S7JO_JZBr8Xe0cp36rtuLw$nc3MIHoF7J-sVR0mUtVgMFpy6xh-r4T8wkE5UJbY-tE\"}},"
        "\"rules\":[{\"id\":\"r\",\"path\":\"/**\",";
    apisec_rules *rules = NULL;
    apisec_error err = {0, ""};
    buffer_clear(json);
    buffer_text(json, before);
    buffer_text(json, wants_user ? "\"require\":" : "\"user\":\"none\",\"require\":");
    write_need(json, need);
    buffer_text(json, "}]}");
    const apisec_status status = apisec_rules_new(json->bytes, json->len, &rules, &err);
    const bool may_fail = !wants_user || strstr(err.text, "more than") != NULL; /* it asks for nobody; or for too much */
    if (status != APISEC_OK && !may_fail) fail_msg("%s: %s", json->bytes, err.text);
    return rules;
}

/* ---- what is there ---- */

static apisec_verifier *verifier;
enum { NUM_TOKENS = 3 * 64 };
static char *tokens[NUM_TOKENS]; /* claim, roles, scopes */

static void write_letters(unsigned set, const char *between, char *out)
{
    *out = '\0';
    for (unsigned i = 0; i < 3; i++)
        if ((set & 1U << i) != 0) snprintf(out + strlen(out), 16, "%s%c", *out ? between : "", (char)('a' + (char)i));
}

static const char *token_of(const struct facts *facts)
{
    char scopes[32], roles[32], quoted_scopes[40], quoted_roles[48], claim[16];
    char **const token = &tokens[(facts->claim * 8 + facts->roles) * 8 + facts->scopes];
    if (*token != NULL) return *token;
    write_letters(facts->scopes, " ", scopes);
    write_letters(facts->roles, "\",\"", roles);
    snprintf(quoted_scopes, sizeof quoted_scopes, "\"%s\"", scopes);
    snprintf(quoted_roles, sizeof quoted_roles, "[%s%s%s]", *roles ? "\"" : "", roles, *roles ? "\"" : "");
    snprintf(claim, sizeof claim, "%u", facts->claim);
    const struct forge_change changes[] = {
        {"scope", *scopes ? quoted_scopes : NULL}, {"roles", quoted_roles}, {"k", facts->claim > 0 ? claim : NULL}, {NULL, NULL}};
    *token = forge_token(changes, (const struct forge_change[]){{"typ", NULL}, {NULL, NULL}}, forge_signer("HS256", 0));
    return *token;
}

static struct facts draw_facts(void)
{
    return (struct facts){.scopes = draw(8), .roles = draw(8), .claim = draw(3), .has_token = draw(8) > 0, .service = draw(2) == 0};
}

/* One request with these facts; which addresses and names they are made of is drawn, and noted. */
static apisec_call *draw_call(struct facts *facts)
{
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
    const unsigned place = draw(7), paper = draw(6);
    apisec_call *call = apisec_call_new();
    char value[2048];
    apisec_call_set_method(call, "GET", 3);
    apisec_call_set_target(call, "/x", 2);
    apisec_call_set_time(call, FORGE_NOW);
    apisec_call_set_peer_address(call, places[place].address);
    facts->networks = places[place].networks;
    facts->has_address = places[place].address[0] != '\0';
    facts->peers = papers[paper].peers;
    size_t len = 0;
    unsigned char *der = papers[paper].num > 0 ? certificate_with(papers[paper].names, papers[paper].num, 1, &len) : NULL;
    if (der != NULL) apisec_call_set_peer_certificate(call, der, len);
    free(der);
    const int written = snprintf(value, sizeof value, "Bearer %s", token_of(facts));
    if (facts->has_token) apisec_call_add_header(call, "Authorization", 13, value, (size_t)written);
    if (facts->service) apisec_call_add_header(call, "X-Service", 9, "Basic YmF0Y2g6YmF0Y2g6c2VjcmV0", 30);
    return call;
}

static bool lets_in(const apisec_rules *rules, const apisec_call *call)
{
    apisec_decision *decision = decision_new(verifier, NULL, call);
    decision_route(decision, rules);
    decision_admit(decision, call);
    if (decision_wants_user(decision)) decision_authenticate(decision, call);
    decision_judge(decision);
    const bool is_in = apisec_decision_commit(decision, NULL) == APISEC_OK;
    apisec_decision_free(decision);
    return is_in;
}

/* replaced is the same request with another token. */
static bool lets_in_with(const apisec_rules *rules, const apisec_call *call, const struct facts *facts)
{
    char value[2048];
    apisec_call *other = apisec_call_new();
    apisec_call_set_method(other, "GET", 3);
    apisec_call_set_target(other, "/x", 2);
    apisec_call_set_time(other, FORGE_NOW);
    const struct text address = call_peer_address(call), der = call_peer_certificate(call);
    char kept[64] = "";
    if (address.len > 0) memcpy(kept, address.at, address.len);
    apisec_call_set_peer_address(other, kept);
    if (der.len > 0) apisec_call_set_peer_certificate(other, (const unsigned char *)der.at, der.len);
    const int written = snprintf(value, sizeof value, "Bearer %s", token_of(facts));
    apisec_call_add_header(other, "Authorization", 13, value, (size_t)written);
    if (facts->service) apisec_call_add_header(other, "X-Service", 9, "Basic YmF0Y2g6YmF0Y2g6c2VjcmV0", 30);
    const bool is_in = lets_in(rules, other);
    apisec_call_free(other);
    return is_in;
}

static void compare(const struct need *need, bool wants_user, size_t *num_in, size_t *num_out)
{
    struct buffer json = BUFFER_MAX(65536);
    struct need more = *need;
    apisec_rules *rules = compile(need, wants_user, &json), *again = compile(need, wants_user, &json);
    if (more.num_all < 2) more.all[more.num_all++] = draw_need(0, wants_user);
    apisec_rules *harder = compile(&more, wants_user, &json);
    for (size_t i = 0; rules != NULL && again != NULL && i < 12; i++) {
        struct facts facts = draw_facts();
        apisec_call *call = draw_call(&facts);
        const bool expected = (!wants_user || facts.has_token) && reference(need, &facts), is_in = lets_in(rules, call);
        if (is_in != expected) fail_msg("%d, the reference %d: %s", is_in, expected, json.bytes);
        assert_int_equal(lets_in(again, call), is_in); /* in another order */
        if (harder != NULL && lets_in(harder, call) && !is_in) fail_msg("asking for more let in: %s", json.bytes);
        struct facts less = facts; /* one scope, role or claim of the token is taken away */
        unsigned *const sets[] = {&less.scopes, &less.roles, &less.claim};
        *sets[draw(3)] &= draw(8);
        if (less.claim != facts.claim) less.claim = 0;
        if (wants_user && facts.has_token && lets_in_with(rules, call, &less) && !is_in) fail_msg("less let in: %s", json.bytes);
        *(is_in ? num_in : num_out) += 1;
        apisec_call_free(call);
    }
    apisec_rules_free(rules);
    apisec_rules_free(again);
    apisec_rules_free(harder);
    buffer_free(&json);
}

static void test_random_requirements(void **state)
{
    (void)state;
    size_t num_in = 0, num_out = 0;
    for (size_t i = 0; i < 700; i++) {
        const bool wants_user = draw(4) > 0;
        compare(draw_need(draw(3), wants_user), wants_user, &num_in, &num_out);
        arena_free(&arena);
    }
    assert_true(num_in > 500 && num_out > 500); /* both are seen often enough */
}

static int begin(void **state)
{
    (void)state;
    char set[512];
    snprintf(set, sizeof set, "{\"keys\":[%s]}", apisec_signer_private_jwk(forge_signer("HS256", 0)));
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, FORGE_ISSUER);
    apisec_issuer_add_audience(issuer, FORGE_AUDIENCE);
    apisec_issuer_allow_algorithm(issuer, "HS256");
    apisec_issuer_set_profile(issuer, "jwt");
    apisec_issuer_set_jwks(issuer, set, strlen(set));
    const apisec_status status = apisec_verifier_new(trust, NULL, &verifier, NULL);
    apisec_trust_free(trust);
    return status;
}

static int end(void **state)
{
    (void)state;
    apisec_verifier_free(verifier);
    for (size_t i = 0; i < NUM_TOKENS; i++) free(tokens[i]);
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
