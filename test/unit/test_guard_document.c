/* SPDX-License-Identifier: Apache-2.0
 *
 * test_guard_document.c: the one JSON document of a guard: each row is wrong in one thing, and the sentence says where; beside it
 * stands the one that is right.
 */
#include "support/unit.h"
#include "support/forge.h"
#include "support/guard.h"
#include "support/logfile.h"
#include "support/sentry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#define NO_AUDIT              "'audit':'none'"
#define DOCUMENT(trust, rest) "{'trust':" trust "," SENTRY_RULES "," NO_AUDIT rest "}"
#define ISSUER(members)       DOCUMENT("{'issuers':[{" members "}]}", "")
#define KEYED(members)        ISSUER(SENTRY_ISSUER "," SENTRY_KEYS members)
#define OPAQUE(members)       ISSUER(SENTRY_ISSUER ",'introspection':{" members "}")
#define IN_TRUST(members)     DOCUMENT("{" members ",'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS "}]}", "")
#define WITH(rest)            DOCUMENT("{'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS "}]}", "," rest)
#define A_PATH                "a path as it is, without \"file:\" or \"env:\", is wanted"
#define A_KEY_SET             "a JWK Set, or \"file:PATH\" or \"env:NAME\" of one is wanted; a URL is its \"jwks_uri\""
#define AUDITED(audit)        "{" SENTRY_TRUST "," SENTRY_RULES ",'audit':" audit "}"
#define LOGIN                 "'authentication':{'method':'client_secret_basic','client_id':'c','secret':'env:APISEC_TEST_SECRET'}"
#define EXCHANGE(members)     WITH("'exchange':{'ledger':{" members "}}")
#define ENDPOINT              "'endpoint':'https://id.example/token'"
#define ASKED                 ENDPOINT "," LOGIN ",'audiences':['ledger'],'scope':'ledger:read'"

struct row {
    const char *quoted;
    const char *sentence; /* NULL: it is right */
};

static char *folder, *pem;

/* with_pem puts the path of a file of PEM where one is wanted. */
static char *with_pem(const char *quoted)
{
    char *text = text_copy(text_of(quoted));
    while (strstr(text, "@PEM@") != NULL) {
        char *const with = forge_replace(text, "@PEM@", pem);
        free(text);
        text = with;
    }
    return text;
}

static apisec_status try_new(const char *quoted, apisec_guard **guard, apisec_error *err)
{
    char *const with = with_pem(quoted), *const json = sentry_json(with);
    const size_t len = strlen(json);
    const char *const at_a_page = guarded(json, len);
    const apisec_status status = apisec_guard_new(at_a_page, len, guard, err);
    guard_free(at_a_page);
    free(with);
    free(json);
    return status;
}

static void check_rows(const struct row *rows, size_t num)
{
    size_t num_wrong = 0;
    for (size_t i = 0; i < num; i++) {
        apisec_guard *guard = (apisec_guard *)&guard;
        apisec_error err = {APISEC_E_MISUSE, "untouched"};
        const apisec_status status = try_new(rows[i].quoted, &guard, &err);
        assert_int_equal(err.status, status);
        if (status == APISEC_E_UNSUPPORTED && sentry_lacks_a_part()) continue;
        if (rows[i].sentence == NULL) {
            if (status != APISEC_OK) print_error("%s\n  is refused: %s\n", rows[i].quoted, err.text);
            num_wrong += status != APISEC_OK;
            apisec_guard_free(guard);
            continue;
        }
        assert_null(guard);
        if (status == APISEC_E_CONFIG && strcmp(err.text, rows[i].sentence) == 0) continue;
        print_error("%s\n  %s: %s\n  not: %s\n", rows[i].quoted, apisec_status_name(status), err.text, rows[i].sentence);
        num_wrong++;
    }
    assert_int_equal(num_wrong, 0);
}
#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

static void test_sections(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{" SENTRY_TRUST "," SENTRY_RULES "," NO_AUDIT "}", NULL},
        {"{'$schema':'schema.json'," SENTRY_TRUST "," SENTRY_RULES "," NO_AUDIT "}", NULL},
        {"{'$schema':1," SENTRY_TRUST "," SENTRY_RULES "," NO_AUDIT "}", "$schema: a string is wanted, not a number"},
        {"{" SENTRY_TRUST "," SENTRY_RULES "}", "audit: missing: a file for the records, or \"none\""},
        {"{" SENTRY_RULES "," NO_AUDIT "}", "trust: missing"},
        {"{" SENTRY_TRUST "," NO_AUDIT "}", "rules: missing"},
        {"{" SENTRY_TRUST "," SENTRY_RULES "," NO_AUDIT ",'rule':[]}", "rule: unknown, did you mean \"rules\"?"},
        {"{" SENTRY_TRUST "," SENTRY_RULES "," NO_AUDIT ",'exchanges':{}}", "exchanges: unknown, did you mean \"exchange\"?"},
        {"{" SENTRY_TRUST "," SENTRY_RULES "," NO_AUDIT ",'Trust':{}}", "Trust: unknown, did you mean \"trust\"?"},
        {"[]", "an object is wanted, not an array"},
        {"{" SENTRY_TRUST ",'rules':[{'id':'a','path':'/**','require':{'scope':['x']}}]," NO_AUDIT "}",
         "rules[0].require.scope: unknown, did you mean \"scopes\"?"},
    };
    CHECK(rows);
}

static void test_trust(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {IN_TRUST("'realm':'orders','resource_metadata':'https://api.example/.well-known/oauth-protected-resource'"), NULL},
        {IN_TRUST("'realms':'orders'"), "trust.realms: unknown, did you mean \"realm\"?"},
        {IN_TRUST("'realm':'\\u00e9'"), "trust.realm: the realm is not printable ASCII: ??"},
        {IN_TRUST("'realm':7"), "trust.realm: a string is wanted, not a number"},
        {IN_TRUST("'resource_metadata':'http://api.example'"),
         "trust.resource_metadata: resource metadata: the URL's scheme is not https"},
        {IN_TRUST("'token_cache':{'max_tokens':0}"), NULL},
        {IN_TRUST("'token_cache':{'max_tokens':10,'max_age':60}"), NULL},
        {IN_TRUST("'token_cache':{'max_tokens':1048577}"),
         "trust.token_cache.max_tokens: a whole number from 0 to 1048576 is wanted"},
        {IN_TRUST("'token_cache':{'max_age':3601}"), "trust.token_cache.max_age: a whole number from 1 to 3600 is wanted"},
        {IN_TRUST("'token_cache':{'age':1}"), "trust.token_cache.age: unknown"},
        {DOCUMENT("{'issuers':[]}", ""), "trust.issuers: empty: nobody is trusted"},
        {DOCUMENT("{'issuers':{}}", ""), "trust.issuers: an array is wanted, not an object"},
        {DOCUMENT("{}", ""), "trust.issuers: missing"},
        {DOCUMENT("[]", ""), "trust: an object is wanted, not an array"},
        {IN_TRUST("'origins':['https://api.example'],'dpop':{}"), NULL},
        {IN_TRUST("'origins':['https://api.example'],'dpop':{'algorithms':['ES256'],'nonce_lifetime':60,'nonce_key':"
                  "'env:APISEC_TEST_NONCE_KEY','max_proofs':100}"),
         NULL},
        {IN_TRUST("'dpop':{}"), "trust.origins: missing: what URLs are proofs made for?"},
        {IN_TRUST("'origins':['https://api.example']"), "trust.origins: only asked for by DPoP, and there is no \"dpop\""},
        {IN_TRUST("'origins':[],'dpop':{}"), "trust.origins: empty"},
        {IN_TRUST("'origins':['http://api.example'],'dpop':{}"),
         "trust.origins[0]: an origin for DPoP is neither https nor on a loopback host"},
        {IN_TRUST("'origins':['https://api.example'],'dpop':{'algorithms':['ES256','HS256']}"),
         "trust.dpop.algorithms[1]: an algorithm for DPoP is not one of RS, PS or ES with 256, 384 or 512"},
        {IN_TRUST("'origins':['https://api.example'],'dpop':{'nonce_lifetime':0}"),
         "trust.dpop.nonce_lifetime: a whole number from 1 to 86400 is wanted"},
        {IN_TRUST("'origins':['https://api.example'],'dpop':{'nonce_key':'env:APISEC_TEST_NONCE_KEY'}"),
         "trust.dpop.nonce_key: without nonce_lifetime no nonce is demanded"},
        {IN_TRUST("'origins':['https://api.example'],'dpop':{'nonce_lifetime':60,'nonce_key':'env:APISEC_TEST_SECRET'}"),
         "trust.dpop.nonce_key: the key for DPoP nonces is not 32 to 64 bytes long"},
        {IN_TRUST("'origins':['https://api.example'],'dpop':{'max_proofs':0}"),
         "trust.dpop.max_proofs: a whole number from 1 to 16777216 is wanted"},
        {IN_TRUST("'decryption_keys':'env:APISEC_TEST_DECRYPTION'"), NULL},
        {IN_TRUST("'decryption_keys':'env:APISEC_TEST_SECRET'"), "trust.decryption_keys: JSON, offset 0: a value is missing"},
        {IN_TRUST("'decryption_keys':{'keys':[]}"), "trust.decryption_keys: a string is wanted, not an object"},
    };
    CHECK(rows);
}

static void test_issuers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {KEYED(",'profile':'jwt','require_claims':['scope'],'leeway':10,'max_lifetime':3600"), NULL},
        {KEYED(",'require_binding':true,'ignore_status':true"), NULL},
        {KEYED(",'status_lists':['https://id.example/lists/'],'require_status':true"), NULL},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['ES256'],'jwks_uri':'https://id.example/jwks'"), NULL},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['ES256'],'discover':true"), NULL},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['HS256'],'jwks':'env:APISEC_TEST_HMAC'"), NULL},
        {KEYED(",'aud':['x']"), "trust.issuers[0].aud: unknown"},
        {KEYED(",'audience':'x'"), "trust.issuers[0].audience: unknown, did you mean \"audiences\"?"},
        {ISSUER("'audiences':['orders']," SENTRY_KEYS), "trust.issuers[0].issuer: missing"},
        {ISSUER("'issuer':'','audiences':['orders']," SENTRY_KEYS), "trust.issuers[0].issuer: empty"},
        {ISSUER("'issuer':'https://id.example'," SENTRY_KEYS), "trust.issuers[0].audiences: missing"},
        {ISSUER("'issuer':'https://id.example','audiences':[]," SENTRY_KEYS), "trust.issuers[0].audiences: empty"},
        {ISSUER("'issuer':'https://id.example','audiences':['orders',7]," SENTRY_KEYS),
         "trust.issuers[0].audiences[1]: a string is wanted, not a number"},
        {ISSUER(SENTRY_ISSUER ",'jwks':@KEYS@"), "trust.issuers[0]: no algorithm"},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['ES256']"), "trust.issuers[0]: no source of keys"},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['ES256','none'],'jwks':@KEYS@"),
         "trust.issuers[0].algorithms[1]: an algorithm is not one of RS, PS, ES or HS with 256, 384 or 512"},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['RS256'],'jwks':@KEYS@"),
         "trust.issuers[0]: no key of the pinned set fits an allowed algorithm"},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['HS256'],'discover':true"), "trust.issuers[0]: an HS algorithm needs pinned keys"},
        {KEYED(",'discover':true"), "trust.issuers[0].discover: there are two sources of keys"},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['ES256'],'discover':false"),
         "trust.issuers[0].discover: only true: leave it out where it is not wanted"},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['ES256'],'jwks_uri':'http://id.example/jwks'"),
         "trust.issuers[0].jwks_uri: the URL's scheme is not https"},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['ES256'],'jwks':7"), "trust.issuers[0].jwks: " A_KEY_SET},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['ES256'],'jwks':'keys.json'"), "trust.issuers[0].jwks: " A_KEY_SET},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['ES256'],'jwks':'https://id.example/jwks'"), "trust.issuers[0].jwks: " A_KEY_SET},
        {ISSUER(SENTRY_ISSUER ",'algorithms':['HS256'],'jwks':{'keys':[{'kty':'oct','k':'c2VjcmV0'}]}"),
         "trust.issuers[0].jwks.keys[0].k: a secret does not stand in the document: give the set as \"file:PATH\""},
        {KEYED(",'profile':'id'"), "trust.issuers[0].profile: the profile is not one of at+jwt, jwt, txntoken+jwt"},
        {KEYED(",'leeway':301"), "trust.issuers[0].leeway: a whole number from 0 to 300 is wanted"},
        {KEYED(",'max_lifetime':-1"), "trust.issuers[0].max_lifetime: a whole number from 0 to 4294967295 is wanted"},
        {KEYED(",'require_claims':['']"), "trust.issuers[0].require_claims[0]: empty"},
        {KEYED(",'require_encryption':true"), "trust.issuers[0]: encryption is required and there are no keys to decrypt with"},
        {KEYED(",'require_status':true"), "trust.issuers[0]: a status is required and no status list is allowed"},
        {KEYED(",'require_binding':'yes'"), "trust.issuers[0].require_binding: true or false is wanted, not a string"},
        {DOCUMENT("{'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS "},{" SENTRY_ISSUER "," SENTRY_KEYS "}]}", ""),
         "trust.issuers[1].issuer: the issuer is added twice: https://id.example"},
        {DOCUMENT("{'issuers':[{" SENTRY_ISSUER "," SENTRY_KEYS "},{'issuer':'b','audiences':['x']}]}", ""),
         "trust.issuers[1]: no algorithm"},
    };
    CHECK(rows);
}

static void test_introspection(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {OPAQUE("'endpoint':'https://id.example/introspect'," LOGIN), NULL},
        {OPAQUE("'endpoint':'https://id.example/introspect'," LOGIN ",'cache':0,'prefix':'at_','allow_absent_audience':true"),
         NULL},
        {ISSUER(SENTRY_ISSUER "," SENTRY_KEYS ",'introspection':{'endpoint':'https://id.example/introspect','signed':true," LOGIN
                              "}"),
         NULL},
        {OPAQUE(LOGIN), "trust.issuers[0].introspection.endpoint: missing"},
        {OPAQUE("'endpoint':'https://id.example/introspect'"), "trust.issuers[0].introspection.authentication: missing"},
        {OPAQUE("'endpoint':'ftp://x'," LOGIN), "trust.issuers[0].introspection.endpoint: the URL's scheme is not https"},
        {OPAQUE("'endpoint':'https://id.example/introspect','url':'x'," LOGIN), "trust.issuers[0].introspection.url: unknown"},
        {OPAQUE("'endpoint':'https://id.example/introspect'," LOGIN ",'cache':301"),
         "trust.issuers[0].introspection.cache: a whole number from 0 to 300 is wanted"},
        {OPAQUE("'endpoint':'https://id.example/introspect'," LOGIN ",'prefix':' '"),
         "trust.issuers[0].introspection.prefix: a prefix of opaque tokens is 1 to 64 characters that a bearer token may have"},
        {OPAQUE("'endpoint':'https://id.example/introspect','signed':true," LOGIN),
         "trust.issuers[0]: signed introspection needs an algorithm and keys"},
    };
    CHECK(rows);
}

static void test_logins(void **state)
{
    (void)state;
#define AS(members) OPAQUE("'endpoint':'https://id.example/introspect','authentication':{" members "}")
#define AT          "trust.issuers[0].introspection.authentication"
    static const struct row rows[] = {
        {AS("'method':'client_secret_post','client_id':'c','secret':'env:APISEC_TEST_SECRET'"), NULL},
        {AS("'method':'private_key_jwt','client_id':'c','key':'env:APISEC_TEST_SIGNER','audience':'https://id.example'"), NULL},
        {"{"
         "'trust':{'issuers':[{" SENTRY_ISSUER ",'introspection':{'endpoint':'https://id.example/introspect','authentication':"
         "{'method':'tls_client_auth','client_id':'c','identity':'me'}}}]}," SENTRY_RULES "," NO_AUDIT
         ",'http':{'identities':{'me':{'certificate':'@PEM@','key':'@PEM@'}}}}",
         NULL},
        {AS("'method':'basic','client_id':'c','secret':'env:APISEC_TEST_SECRET'"),
         AT ".method: client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth or self_signed_tls_client_auth is "
            "wanted"},
        {AS("'client_id':'c','secret':'env:APISEC_TEST_SECRET'"), AT ".method: missing"},
        {AS("'method':'client_secret_post','secret':'env:APISEC_TEST_SECRET'"), AT ".client_id: missing"},
        {AS("'method':'client_secret_post','client_id':'c'"), AT ".secret: missing"},
        {AS("'method':'client_secret_post','client_id':'c','secret':'s3cret'"),
         AT ".secret: a secret does not stand in the document: \"file:PATH\" or \"env:NAME\" is wanted"},
        {AS("'method':'client_secret_post','client_id':'c','secret':'env:APISEC_TEST_SECRET','audience':'x'"),
         AT ".audience: not used by this method"},
        {AS("'method':'private_key_jwt','client_id':'c','key':'env:APISEC_TEST_SIGNER'"), AT ".audience: missing"},
        {AS("'method':'private_key_jwt','client_id':'c','key':'env:APISEC_TEST_SECRET','audience':'x'"),
         AT ".key: not a private key that signs: JSON, offset 0: a value is missing"},
        {AS("'method':'private_key_jwt','client_id':'c','secret':'env:APISEC_TEST_SECRET','key':'env:APISEC_TEST_SIGNER',"
            "'audience':'x'"),
         AT ".secret: not used by this method"},
        {AS("'method':'tls_client_auth','client_id':'c','identity':'me'"), AT ".identity: http.identities has none of this name"},
        {AS("'method':'tls_client_auth','client_id':'c','identity':'me','id':'x'"), AT ".id: unknown"},
    };
    CHECK(rows);
}

static void test_http(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {WITH("'http':{}"), NULL},
        {WITH("'http':{'timeout_ms':100,'connect_timeout_ms':100,'allow_loopback':true,'allow_private':true,"
              "'proxy':'http://proxy.example:3128'}"),
         NULL},
        {WITH("'http':{'ca_file':'@PEM@'}"), NULL},
        {WITH("'http':{'ca_file':'/proc/self/exe'}"), "http: the CA file /proc/self/exe cannot be used: it is not PEM"},
        {WITH("'http':{'timeout':1}"), "http.timeout: unknown, did you mean \"timeout_ms\"?"},
        {WITH("'http':{'timeout_ms':0}"), "http.timeout_ms: a whole number from 1 to 300000 is wanted"},
        {WITH("'http':{'connect_timeout_ms':300001}"), "http.connect_timeout_ms: a whole number from 1 to 300000 is wanted"},
        {WITH("'http':{'ca_file':'/nonexistent'}"), "http: the CA file /nonexistent cannot be used: there is no such file"},
        {WITH("'http':{'ca_file':'file:/etc/ca.pem'}"), "http.ca_file: " A_PATH},
        {WITH("'http':{'identities':{'me':{'certificate':'file:c','key':'k'}}}"), "http.identities.me.certificate: " A_PATH},
        {WITH("'http':{'identities':{'me':{'certificate':'c','key':'env:k'}}}"), "http.identities.me.key: " A_PATH},
        {WITH("'http':{'proxy':'https://proxy.example'}"), "http.proxy: the proxy is not http://host:port"},
        {WITH("'http':{'allow_loopback':false}"), "http.allow_loopback: only true: leave it out where it is not wanted"},
        {WITH("'http':{'identities':{'me':{'certificate':'c'}}}"), "http.identities.me.key: missing"},
        {WITH("'http':{'identities':{'me':{'certificate':'c','key':'k','x':1}}}"), "http.identities.me.x: unknown"},
        {WITH("'http':{'identities':[]}"), "http.identities: an object is wanted, not an array"},
        {WITH("'http':'none'"), "http: an object is wanted, not a string"},
    };
    CHECK(rows);
}

static void test_exchange(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {EXCHANGE(ASKED), NULL},
        {EXCHANGE(ASKED ",'resources':['https://ledger.example'],'requested_type':'jwt','dpop_key':'env:APISEC_TEST_SIGNER',"
                        "'actor':{'token':'env:APISEC_TEST_SECRET','type':'jwt'}"),
         NULL},
        {WITH("'exchange':[]"), "exchange: an object is wanted, not an array"},
        {EXCHANGE(ASKED ",'audience':'x'"), "exchange.ledger.audience: unknown, did you mean \"audiences\"?"},
        {EXCHANGE(LOGIN ",'audiences':['ledger'],'scope':'x'"), "exchange.ledger.endpoint: missing"},
        {EXCHANGE(ENDPOINT ",'audiences':['ledger'],'scope':'x'"), "exchange.ledger.authentication: missing"},
        {EXCHANGE("'endpoint':'http://x'," LOGIN ",'audiences':['ledger'],'scope':'x'"),
         "exchange.ledger.endpoint: the token endpoint: the URL's scheme is not https"},
        {EXCHANGE(ENDPOINT "," LOGIN ",'scope':'x'"),
         "exchange.ledger: audiences or resources are wanted: a token for nobody in particular is no narrowing"},
        {EXCHANGE(ENDPOINT "," LOGIN ",'audiences':['ledger']"), "exchange.ledger.scope: missing"},
        {EXCHANGE(ENDPOINT "," LOGIN ",'audiences':['ledger'],'scope':'a  b'"),
         "exchange.ledger.scope: the scope is not scope-tokens separated by one space"},
        {EXCHANGE(ENDPOINT "," LOGIN ",'audiences':[''],'scope':'a'"), "exchange.ledger.audiences[0]: empty"},
        {EXCHANGE(ENDPOINT "," LOGIN ",'resources':['x#y'],'scope':'a'"),
         "exchange.ledger.resources[0]: a resource: the URL has a fragment"},
        {EXCHANGE(ASKED ",'requested_type':'x'"), "exchange.ledger.requested_type: a token type is no URI and no short name"},
        {EXCHANGE(ASKED ",'actor':{'type':'jwt'}"), "exchange.ledger.actor.token: missing"},
        {EXCHANGE(ASKED ",'actor':{'token':'abc'}"),
         "exchange.ledger.actor.token: a secret does not stand in the document: \"file:PATH\" or \"env:NAME\" is wanted"},
        {EXCHANGE(ASKED ",'actor':{'key':'env:APISEC_TEST_SIGNER','name':'orders','audience':'https://id.example'}"), NULL},
        {EXCHANGE(ASKED ",'actor':{'key':'env:APISEC_TEST_SIGNER','audience':'https://id.example'}"),
         "exchange.ledger.actor.name: missing"},
        {EXCHANGE(ASKED ",'actor':{'key':'env:APISEC_TEST_SIGNER','name':'orders'}"), "exchange.ledger.actor.audience: missing"},
        {EXCHANGE(ASKED ",'actor':{'key':'env:APISEC_TEST_SHARED','name':'orders','audience':'https://id.example'}"),
         "exchange.ledger.actor.key: an RSA or EC key is wanted"},
        {EXCHANGE(ASKED ",'actor':{'key':'env:APISEC_TEST_SIGNER','name':'orders','audience':'https://id.example',"
                        "'token':'env:APISEC_TEST_SECRET'}"),
         "exchange.ledger.actor.token: an actor has a token, or a key to make one with"},
        {EXCHANGE(ASKED ",'actor':{'token':'env:APISEC_TEST_SECRET','audience':'https://id.example'}"),
         "exchange.ledger.actor.audience: an actor has a token, or a key to make one with"},
        {EXCHANGE(ASKED ",'dpop_key':'env:APISEC_TEST_SECRET'"),
         "exchange.ledger.dpop_key: not a private key that signs: JSON, offset 0: a value is missing"},
    };
    CHECK(rows);
}

static void test_audit(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {AUDITED("'none'"), NULL},
        {AUDITED("'off'"), "audit: an object, or \"none\" for no records at all is wanted"},
        {AUDITED("null"), "audit: an object, or \"none\" for no records at all is wanted"},
        {AUDITED("{}"), "audit.file: missing"},
        {AUDITED("{'file':'/dev/null','level':'flushed'}"), "audit.level: \"written\" or \"synced\" is wanted"},
        {AUDITED("{'file':'/dev/null','on_failure':'ignore'}"), "audit.on_failure: \"strict\" or \"lenient\" is wanted"},
        {AUDITED("{'file':'file:/var/log/audit.jsonl'}"), "audit.file: " A_PATH},
        {AUDITED("{'file':'/dev/null','mode':1}"), "audit.mode: unknown"},
        {AUDITED("{'file':'/dev/null','record_claims':'x'}"), "audit.record_claims: an array is wanted, not a string"},
        {AUDITED("{'file':'/dev/null','record_claims':['a','/b//c']}"),
         "audit.record_claims[1]: not a JSON Pointer (RFC 6901) of names"},
        {AUDITED("{'file':'/dev/null','record_claims':['a','a']}"), "audit.record_claims[1]: there twice"},
        {AUDITED("{'file':'/dev/null','level':'written','on_failure':'lenient','record_claims':['a','/b/c']}"), NULL},
    };
    CHECK(rows);
}

/* ---- what is no document at all ---- */

static void test_no_document(void **state)
{
    (void)state;
    apisec_guard *guard;
    assert_int_equal(apisec_guard_new(NULL, 0, &guard, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(apisec_guard_new("{}", 2, NULL, NULL), APISEC_E_ARGUMENT);
    assert_int_equal(try_new("{'a':1,'a':2}", &guard, NULL), APISEC_E_MALFORMED);
    assert_int_equal(try_new("", &guard, NULL), APISEC_E_MALFORMED);
    char *const large = malloc((8 << 20) + 1);
    memset(large, ' ', (8 << 20) + 1);
    assert_int_equal(apisec_guard_new(large, (8 << 20) + 1, &guard, NULL), APISEC_E_TOO_LARGE);
    free(large);
    apisec_guard_free(NULL);
}

/* What the service brings is not in the document. */
static void test_what_a_service_brings(void **state)
{
    (void)state;
    static const struct {
        const char *quoted, *sentence;
        bool http, audit;
    } rows[] = {
        {"{" SENTRY_TRUST "," SENTRY_RULES "," NO_AUDIT "}", NULL, true, false},
        {"{" SENTRY_TRUST "," SENTRY_RULES "," NO_AUDIT ",'http':{}}", "http: the service brings its own transport", true, false},
        {"{" SENTRY_TRUST "," SENTRY_RULES "," NO_AUDIT ",'http':{}}", NULL, false, false},
        {"{" SENTRY_TRUST "," SENTRY_RULES "}", NULL, false, true},
        {"{" SENTRY_TRUST "," SENTRY_RULES "," NO_AUDIT "}", "audit: the service brings its own audit log", false, true},
        {"{" SENTRY_TRUST "," SENTRY_RULES ",'audit':{'file':'x'}}", "audit.file: the service brings its own audit log", false,
         true},
        {"{" SENTRY_TRUST "," SENTRY_RULES ",'audit':{'record_claims':['x']}}", NULL, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_guard *guard = NULL;
        apisec_audit *audit = NULL;
        apisec_error err;
        apisec_http http = {NULL, NULL, NULL};
        char *const json = sentry_json(rows[i].quoted);
        assert_int_equal(apisec_audit_open_fd(open("/dev/null", 1), 0, 0, &audit, &err), APISEC_OK);
        const apisec_status status =
            apisec_guard_new_with(json, strlen(json), rows[i].http ? &http : NULL, rows[i].audit ? audit : NULL, &guard, &err);
        if (status != APISEC_E_UNSUPPORTED || !sentry_lacks_a_part())
            assert_int_equal(status, rows[i].sentence == NULL ? APISEC_OK : APISEC_E_CONFIG);
        if (rows[i].sentence != NULL) assert_string_equal(err.text, rows[i].sentence);
        apisec_guard_free(guard);
        apisec_audit_close(audit);
        free(json);
    }
}

static int begin(void **state)
{
    (void)state;
    char *private_jwk, *public_jwk;
    folder = folder_new();
    pem = folder_path(folder, "pem");
    file_write(pem, "-----BEGIN CERTIFICATE-----\n", 28);
    setenv("APISEC_TEST_SECRET", "secret-canary-0123456789", 1);
    setenv("APISEC_TEST_NONCE_KEY", "0123456789abcdef0123456789abcdef\n", 1);
    setenv("APISEC_TEST_SIGNER", apisec_signer_private_jwk(forge_signer("ES256", 1)), 1);
    setenv("APISEC_TEST_SHARED", apisec_signer_private_jwk(forge_signer("HS256", 0)), 1);
    apisec_encryption_key_new("ECDH-ES", &private_jwk, &public_jwk, NULL);
    setenv("APISEC_TEST_DECRYPTION", private_jwk, 1);
    apisec_text_free(private_jwk);
    apisec_text_free(public_jwk);
    char set[2048];
    snprintf(set, sizeof set, "{\"keys\":[%s]}", apisec_signer_private_jwk(forge_signer("HS256", 0)));
    setenv("APISEC_TEST_HMAC", set, 1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(pem);
    folder_free(folder);
    forge_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sections),    cmocka_unit_test(test_trust),
        cmocka_unit_test(test_issuers),     cmocka_unit_test(test_introspection),
        cmocka_unit_test(test_logins),      cmocka_unit_test(test_http),
        cmocka_unit_test(test_exchange),    cmocka_unit_test(test_audit),
        cmocka_unit_test(test_no_document), cmocka_unit_test(test_what_a_service_brings),
    };
    return cmocka_run_group_tests_name("guard_document", tests, begin, end);
}
