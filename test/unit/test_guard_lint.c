/* SPDX-License-Identifier: Apache-2.0
 *
 * test_guard_lint.c: what is found in documents: each row has exactly one finding, and beside it stands a twin that has none.
 */
#include "support/unit.h"
#include "support/sentry.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUDIT            ",'audit':{'file':'/nonexistent/audit.log'}"
#define ALL              "{'id':'all','path':'/**','require':{}}"
#define RULES(rules)     "{" SENTRY_TRUST ",'rules':[" rules "]" AUDIT "}"
#define ISSUER(members)  "{'trust':{'issuers':[{" SENTRY_ISSUER "," members "}]},'rules':[" ALL "]" AUDIT "}"
#define WITH(rest)       "{" SENTRY_TRUST ",'rules':[" ALL "]" AUDIT "," rest "}"
#define LOGIN            "'authentication':{'method':'client_secret_basic','client_id':'orders','secret':'env:NOT_THERE'}"
#define PUBLIC           "'public':true"
#define HASH             "$pbkdf2-sha256$i=10000$TqXuaP6gVYYQaJDe1XM4IA$xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGepo"
#define SERVICES(header) ",'services':{'header':'" header "','secrets':{'batch':'" HASH "'}}"
#define LIMITS           ",'limits':{'per':{'by':'address','requests':60,'seconds':60,'max_keys':10}}"
#define OFFICE           ",'networks':{'office':['192.0.2.0/24']}"

struct row {
    const char *quoted;
    const char *path; /* NULL: nothing is found */
    const char *severity;
    const char *word; /* of the sentence */
};

static const struct row rows[] = {
    {RULES(ALL), NULL, NULL, NULL},
    /* whom it trusts */
    {ISSUER("'algorithms':['ES256','RS256'],'jwks':'file:/nonexistent'"), NULL, NULL, NULL},
    {ISSUER("'algorithms':['ES256','HS256'],'jwks':'file:/nonexistent'"), "trust.issuers[0].algorithms", "warning", "HS"},
    {ISSUER(SENTRY_KEYS ",'leeway':120"), NULL, NULL, NULL},
    {ISSUER(SENTRY_KEYS ",'leeway':121"), "trust.issuers[0].leeway", "warning", "121 s"},
    {ISSUER(SENTRY_KEYS ",'max_lifetime':86400"), NULL, NULL, NULL},
    {ISSUER(SENTRY_KEYS ",'max_lifetime':86401"), "trust.issuers[0].max_lifetime", "warning", "a day"},
    {ISSUER(SENTRY_KEYS ",'max_lifetime':0"), "trust.issuers[0].max_lifetime", "warning", "a day"},
    {ISSUER(SENTRY_KEYS ",'profile':'jwt','max_lifetime':3600"), NULL, NULL, NULL},
    {ISSUER(SENTRY_KEYS ",'profile':'jwt'"), "trust.issuers[0]", "warning", "for ever"},
    {"{'trust':{'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS ",'profile':'jwt','max_lifetime':60}]},'rules':[{'id':'all',"
     "'path':'/**','require':{'clients':['orders']}}]" AUDIT "}",
     "trust.issuers[0].audiences[0]", "error", "ID tokens"},
    {"{'trust':{'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS ",'max_lifetime':60}]},'rules':[{'id':'all',"
     "'path':'/**','require':{'clients':['orders']}}]" AUDIT "}",
     NULL, NULL, NULL},
    {"{'trust':{'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS ",'profile':'jwt','max_lifetime':60}]},'rules':[" ALL "],"
     "'exchange':{'x':{'endpoint':'https://id.example/token'," LOGIN ",'audiences':['a'],'scope':'b'}}" AUDIT "}",
     "trust.issuers[0].audiences[0]", "error", "ID tokens"},
    {ISSUER("'introspection':{'endpoint':'https://id.example/i'," LOGIN "}"), NULL, NULL, NULL},
    {ISSUER("'introspection':{'endpoint':'https://id.example/i'," LOGIN ",'allow_absent_audience':true}"),
     "trust.issuers[0].introspection.allow_absent_audience", "warning", "any token"},
    {ISSUER(SENTRY_KEYS ",'profile':'jwt','max_lifetime':60,'introspection':{'endpoint':'https://id.example/i'," LOGIN "}"),
     "trust.issuers[0].audiences[0]", "error", "ID tokens"},
    {"{'trust':{'decryption_keys':'env:NOT_THERE','issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS
     ",'require_encryption':true}]},'rules':[" ALL "]" AUDIT "}",
     NULL, NULL, NULL},
    /* transport and log */
    {WITH("'http':{'ca_file':'/nonexistent','allow_private':true}"), NULL, NULL, NULL},
    {WITH("'http':{'allow_loopback':true}"), "http.allow_loopback", "warning", "sidecar"},
    {"{" SENTRY_TRUST ",'rules':[" ALL "],'audit':'none'}", "audit", "warning", "no record"},
    {"{" SENTRY_TRUST ",'rules':[" ALL "],'audit':{'file':'x','on_failure':'strict'}}", NULL, NULL, NULL},
    {"{" SENTRY_TRUST ",'rules':[" ALL "],'audit':{'file':'x','on_failure':'lenient'}}", "audit.on_failure", "warning",
     "could not be written"},
    {"{" SENTRY_TRUST ",'rules':[" ALL "]}", "audit", "warning", "brings a log of its own"},
    {"{" SENTRY_TRUST ",'rules':[" ALL "],'audit':{'record_claims':['acr']}}", "audit", "warning", "brings a log of its own"},
    /* what rules ask for */
    {RULES("{'id':'a','path':'/a','require':{}}"), "rules", "warning", "/**"},
    {RULES("{'id':'a','path':'/**','methods':['GET'],'require':{}}"), "rules", "warning", "/**"},
    {RULES("{'id':'a','path':'/**'," PUBLIC "}"), "rules", "error", "every rule is public"},
    {RULES("{'id':'a','path':'/a'," PUBLIC "}," ALL), NULL, NULL, NULL},
    {RULES(ALL ",{'id':'a','path':'/a','methods':['GET','POST','QUERY'],'require':{}}"), NULL, NULL, NULL},
    {RULES(ALL ",{'id':'a','path':'/a','methods':['GETT'],'require':{}}"), "rules[1].methods[0]", "error", "GET?"},
    {RULES(ALL ",{'id':'a','path':'/a','methods':['PROPFIND'],'require':{}}"), NULL, NULL, NULL},
    {RULES("{'id':'all','path':'/**','require':{'issuers':['https://id.example'],'audiences':['orders']}}"), NULL, NULL, NULL},
    {RULES("{'id':'all','path':'/**','require':{'issuers':['https://id.example/']}}"), "rules[0].require.issuers[0]", "error",
     "never be met"},
    {RULES("{'id':'all','path':'/**','require':{'all_of':[{'audiences':['order']}]}}"), "rules[0].require.all_of[0].audiences[0]",
     "error", "refused before"},
    {RULES("{'id':'all','path':'/**','require':{'any_of':[{'scopes':['a']},{'scopes':['b']}]}}"), NULL, NULL, NULL},
    {RULES("{'id':'all','path':'/**','require':{'any_of':[{'scopes':['a']},{}]}}"), "rules[0].require.any_of[1]", "error",
     "always met"},
    {RULES("{'id':'all','path':'/**','require':{},'shadow':{'any_of':[{}]}}"), "rules[0].shadow.any_of[0]", "error", "always met"},
    {"{" SENTRY_TRUST
     ",'rules':[{'id':'all','path':'/**','require':{'except_networks':['office']}}],'trusted_proxies':['office']" OFFICE AUDIT "}",
     NULL, NULL, NULL},
    {"{" SENTRY_TRUST ",'rules':[{'id':'all','path':'/**','require':{'except_networks':['office']}}]" OFFICE AUDIT "}",
     "rules[0].require.except_networks", "warning", "trusted_proxies"},
    {"{" SENTRY_TRUST ",'rules':[" ALL ",{'id':'a','path':'/a/','user':'none','require':{'networks':['office']}}]" OFFICE AUDIT "}",
     "rules[1]", "warning", "an address"},
    {WITH("'networks':{'head office':['192.0.2.0/24']}"), "networks.head office", "warning", "no rule asks"},
    {"{" SENTRY_TRUST ",'rules':[" ALL ",{'id':'a','path':'/a/','require':{'networks':['office']}}]" OFFICE AUDIT "}", NULL, NULL,
     NULL},
    {"{" SENTRY_TRUST ",'rules':[" ALL ",{'id':'a','path':'/a/','user':'none','require':{'networks':['office'],'peers':['p']}}],"
     "'peers':{'p':{'dns':['p.example']}}" OFFICE AUDIT "}",
     NULL, NULL, NULL},
    /* what is tried, and bodies */
    {RULES("{'id':'all','path':'/**','require':{},'shadow':{}}"), "rules[0].shadow", "warning", "always met"},
    {RULES(ALL ",{'id':'a','path':'/a'," PUBLIC ",'shadow':{'scopes':['a']}}"), "rules[1].shadow", "warning", "never met"},
    {RULES("{'id':'all','path':'/**','require':{},'shadow':{'scopes':['a']}}"), NULL, NULL, NULL},
    {"{" SENTRY_TRUST ",'rules':[" ALL ",{'id':'a','path':'/a'," PUBLIC ",'shadow':{'networks':['office']}}]" OFFICE AUDIT "}",
     NULL, NULL, NULL},
    {"{" SENTRY_TRUST ",'rules':[" ALL ",{'id':'a','path':'/a/','user':'none','require':{'peers':['p']},"
     "'shadow':{'all_of':[{'policies':['x']}]}}],'policies':{'x':{'acr':['gold']}},'peers':{'p':{'dns':['p.example']}}" AUDIT "}",
     "rules[1].shadow", "warning", "never met"},
    {"{" SENTRY_TRUST ",'rules':[" ALL ",{'id':'a','path':'/a'," PUBLIC
     ",'shadow':{'any_of':[{'scopes':['a']},{'networks':['office']}]}}]" OFFICE AUDIT "}",
     "rules[1].shadow", "warning", "never met"},
    {"{" SENTRY_TRUST ",'rules':[" ALL ",{'id':'a','path':'/a'," PUBLIC
     ",'shadow':{'any_of':[{'policies':['x']},{'networks':['office']}]}}],'policies':{'x':{'networks':['office']}}" OFFICE AUDIT
     "}",
     NULL, NULL, NULL},
    {RULES(ALL ",{'id':'a','path':'/a'," PUBLIC ",'shadow':{'any_of':[{'scopes':['a']},{'scopes':['b']}]}}"), "rules[1].shadow",
     "warning", "never met"},
    {RULES(ALL ",{'id':'a','path':'/a','methods':['POST','GET'],'require':{},'body':{}}"), "rules[1].body", "warning",
     "of GET too"},
    {RULES(ALL ",{'id':'a','path':'/a','methods':['POST','GET'],'require':{},'body':{'optional':true}}"), NULL, NULL, NULL},
    {RULES(ALL ",{'id':'a','path':'/a','methods':['GET'],'require':{},'body':{'optional':false}}"), "rules[1].body", "warning",
     "of GET too"},
    {RULES(ALL ",{'id':'a','path':'/a','methods':['POST'],'require':{},'body':{}}"), NULL, NULL, NULL},
    /* what is not used */
    {WITH("'networks':{'office':['192.0.2.0/24']}"), "networks.office", "warning", "no rule"},
    {WITH("'networks':{'office':['192.0.2.0/24']},'trusted_proxies':['office']"), NULL, NULL, NULL},
    {WITH("'networks':{'office':['0.0.0.0/0']},'trusted_proxies':['office']"), "trusted_proxies[0]", "error", "everybody"},
    {WITH("'networks':{'office':['2001:db8::/32','::/0']},'trusted_proxies':['office']"), "trusted_proxies[0]", "error",
     "everybody"},
    {WITH("'networks':{'office':['0.0.0.0/0','::/0']},'trusted_proxies':['office']"), "trusted_proxies[0]", "error", "everybody"},
    {WITH("'policies':{'clerk':{'scopes':['a']}}"), "policies.clerk", "warning", "no rule"},
    {"{" SENTRY_TRUST ",'rules':[{'id':'all','path':'/**','require':{'all_of':[{'policies':['clerk']}]}}],'policies':{'clerk':"
     "{'scopes':['a']}}" AUDIT "}",
     NULL, NULL, NULL},
    {WITH("'peers':{'p':{'dns':['p.example']}}"), "peers.p", "warning", "no rule"},
    /* services and limits */
    {"{" SENTRY_TRUST ",'rules':[" ALL
     ",{'id':'a','path':'/a/','require':{'services':['batch']},'limits':['per']}]" SERVICES("X-Service") LIMITS AUDIT "}",
     NULL, NULL, NULL},
    {"{" SENTRY_TRUST ",'rules':[{'id':'all','path':'/**','require':{},'limits':['per']},{'id':'a','path':'/a/','require':"
     "{'services':['batch']}}]" SERVICES("X-Service") LIMITS AUDIT "}",
     "rules[1]", "warning", "guessed"},
    {"{" SENTRY_TRUST ",'rules':[{'id':'all','path':'/**','require':{},'limits':['per']},{'id':'a','path':'/a/','require':"
     "{'policies':['p']}}],'policies':{'p':{'services':['batch']}}" SERVICES("X-Service") LIMITS AUDIT "}",
     "rules[1]", "warning", "guessed"},
    {"{" SENTRY_TRUST ",'rules':[" ALL
     ",{'id':'a','path':'/a/','user':'none','require':{'services':['batch']},'limits':['per']}]" SERVICES("Authorization")
         LIMITS AUDIT "}",
     "services.header", "warning", "beside a user"},
    {"{" SENTRY_TRUST ",'rules':[" ALL "]" SERVICES("X-Service") AUDIT "}", "services.secrets.batch", "warning", "no rule"},
    {"{" SENTRY_TRUST ",'rules':[" ALL "]" LIMITS AUDIT "}", "limits.per", "warning", "no rule"},
    /* paths */
    {RULES(ALL ",{'id':'x','path':'/orders/:id/lines','require':{}}"), "rules[1].path", "warning", ":id is taken as it stands"},
    {RULES(ALL ",{'id':'x','path':'/orders/<id>','require':{}}"), "rules[1].path", "warning", "<id> is taken as it stands"},
    {RULES(ALL ",{'id':'x','path':'/orders/{id}/a:b','require':{}}"), NULL, NULL, NULL},
    {RULES(ALL ",{'id':'admin','path':'/admin','deny':true}"), "rules[1].path", "warning", "rule all lets in"},
    {RULES(ALL ",{'id':'admin','path':'/admin','deny':true},{'id':'admin/','path':'/admin/','deny':true}"), NULL, NULL, NULL},
    {RULES(ALL ",{'id':'admin','path':'/admin/**','deny':true}"), NULL, NULL, NULL},
    {RULES(ALL ",{'id':'x','path':'/x','require':{'scopes':['a']}}"), "rules[1].path", "warning", "rule all lets in"},
    {RULES(ALL ",{'id':'x','path':'/x/','require':{'scopes':['a']}}"), NULL, NULL, NULL},
    {RULES(ALL ",{'id':'x','path':'/x','require':{}}"), NULL, NULL, NULL}, /* which asks for as much */
    {RULES("{'id':'all','path':'/**','require':{'scopes':['a']}},{'id':'x','path':'/x','require':{'scopes':['b']}}"), NULL, NULL,
     NULL},
    {RULES(ALL ",{'id':'get','path':'/x/','methods':['GET'],'require':{'scopes':['a']}},{'id':'x','path':'/x/','require':{}}"),
     "rules[1].methods", "warning", "HEAD is not among them, and rule x"},
    {RULES(ALL ",{'id':'get','path':'/x/**','methods':['GET'],'deny':true},{'id':'x','path':'/x/**','require':{'scopes':['a']}}"),
     "rules[1].methods", "warning", "HEAD is not among them"},
    {RULES(ALL ",{'id':'get','path':'/x/','methods':['GET','HEAD'],'deny':true},{'id':'x','path':'/x/','require':{}}"), NULL, NULL,
     NULL},
    {RULES(ALL ",{'id':'get','path':'/x/','methods':['GET'],'deny':true},{'id':'x','path':'/x/','methods':['PUT'],'require':{}}"),
     NULL, NULL, NULL}, /* no rule lets it in */
    {RULES(ALL ",{'id':'x','path':'/x/{y}/z','methods':['GET'],'deny':true},{'id':'w','path':'/x/{y}/z/','methods':['POST'],"
               "'require':{}}"),
     NULL, NULL, NULL},
    {RULES(ALL ",{'id':'x','path':'/x/{y}/z','methods':['POST','GET'],'deny':true},{'id':'w','path':'/x/{y}/z/','methods':['GET'],"
               "'require':{}}"),
     "rules[1].path", "warning", "rule w lets in"},
    {RULES("{'id':'all','path':'/**','deny':true},{'id':'x','path':'/x/a/','require':{}},{'id':'w','path':'/x/**'," PUBLIC "}"),
     "rules[2].path", "warning", "as x does"},
    {RULES("{'id':'all','path':'/**','deny':true},{'id':'x','path':'/x/a/','require':{}},{'id':'w','path':'/{y}/**'," PUBLIC "}"),
     "rules[2].path", "warning", "as x does"},
    {RULES("{'id':'all','path':'/**','deny':true},{'id':'x','path':'/xy/','require':{}},{'id':'w','path':'/x/**'," PUBLIC "}"),
     NULL, NULL, NULL},
};

static struct json *lint(const char *quoted, char **text)
{
    apisec_error err;
    struct json *document = NULL;
    char *const json = sentry_json(quoted);
    if (apisec_guard_lint(json, strlen(json), text, &err) != APISEC_OK) fail_msg("%s", err.text);
    assert_int_equal(json_parse(text_of(*text), NULL, &document, NULL), APISEC_OK);
    free(json);
    return document;
}

static bool is(const struct json *finding, const char *name, const char *expected)
{
    struct text text;
    return json_get_text(finding, name, &text) == JSON_OK && text_is(text, expected);
}

static bool is_as_expected(const struct json *findings, const struct row *row)
{
    struct text sentence;
    const struct json *const finding = json_first(findings);
    if (row->path == NULL) return finding == NULL;
    return json_count(findings) == 1 && is(finding, "path", row->path) && is(finding, "severity", row->severity) &&
           json_get_text(finding, "sentence", &sentence) == JSON_OK && strstr(sentence.at, row->word) != NULL;
}

static void test_findings(void **state)
{
    (void)state;
    size_t num_wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = NULL;
        struct json *const document = lint(rows[i].quoted, &text);
        const bool is_without = strstr(text, "this library was built without") != NULL && sentry_lacks_a_part();
        if (!is_without && !is_as_expected(json_member(document, "findings"), &rows[i])) {
            print_error("%s\n  %s\n", rows[i].quoted, text);
            num_wrong++;
        }
        json_free(document);
        apisec_text_free(text);
    }
    assert_int_equal(num_wrong, 0);
}

static void test_several_at_once(void **state)
{
    (void)state;
    char *text = NULL;
    struct json *const document = lint(RULES("{'id':'x','path':'/x','require':{}},{'id':'w','path':'/**','public':true}"), &text);
    const struct json *const first = json_first(json_member(document, "findings"));
    assert_int_equal(json_count(json_member(document, "findings")), 2);
    assert_true(is(first, "path", "rules[0].path"));
    assert_true(is(json_next(first), "path", "rules[1].path"));
    json_free(document);
    apisec_text_free(text);
}

/* A document that would be refused has that as its only finding, with the path it would be refused with. */
static void test_what_would_be_refused(void **state)
{
    (void)state;
    static const struct row refused[] = {
        {"", "", "error", "JSON"},
        {"{'a':1,'a':2}", "", "error", "twice"},
        {"{}", "trust", "error", "missing"},
        {RULES("{'id':'a','path':'/**','require':{'scope':['x']}}"), "rules[0].require.scope", "error", "did you mean"},
        {"{" SENTRY_TRUST ",'rules':[" ALL "],'audit':{'level':'synced'}}", "audit.file", "error", "missing"},
        {"{" SENTRY_TRUST ",'rules':[" ALL "],'audit':7}", "audit", "error", "an object, or"},
        {ISSUER("'algorithms':['ES256']"), "trust.issuers[0]", "error", "no source of keys"},
        {ISSUER("'algorithms':['ES256'],'jwks':'not a reference'"), "trust.issuers[0].jwks", "error", "a JWK Set, or"},
        {WITH("'exchange':{'x':{'endpoint':'https://id.example/token'," LOGIN ",'scope':'b'}}"), "exchange.x", "error",
         "audiences"},
        {WITH("'networks':{'head office':[]}"), "networks.head office", "error", "an empty list"},
        {ISSUER("'algorithms':['XS256'],'jwks':'file:/nonexistent'"), "trust.issuers[0].algorithms[0]", "error", "not one of"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char *text = NULL;
        struct json *const document = lint(refused[i].quoted, &text);
        if (!is_as_expected(json_member(document, "findings"), &refused[i])) fail_msg("%s\n%s", refused[i].quoted, text);
        assert_int_equal(json_kind(json_member(document, "accepted")), JSON_FALSE);
        json_free(document);
        apisec_text_free(text);
    }
}

/* Each kind of key that a document can refer to has a stand-in that fits. */
static void test_stand_ins(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"RS256", "RS512", "PS384", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512"};
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        char quoted[1000], *text = NULL;
        snprintf(quoted, sizeof quoted, ISSUER("'algorithms':['%s'],'jwks':'env:NOT_THERE'"), algorithms[i]);
        json_free(lint(quoted, &text));
        assert_string_equal(text, "{\"accepted\":true,\"findings\":[]}");
        apisec_text_free(text);
    }
}

static void test_arguments(void **state)
{
    (void)state;
    char *text = (char *)&text;
    assert_int_equal(apisec_guard_lint(NULL, 0, &text, NULL), APISEC_E_ARGUMENT);
    assert_null(text);
    assert_int_equal(apisec_guard_lint("{}", 2, NULL, NULL), APISEC_E_ARGUMENT);
}

static int end(void **state)
{
    (void)state;
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),  cmocka_unit_test(test_several_at_once), cmocka_unit_test(test_what_would_be_refused),
        cmocka_unit_test(test_stand_ins), cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests_name("guard_lint", tests, NULL, end);
}
