/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_verify.c: verifies a token as a service would: the token becomes a request, the request a decision, and everything that is
 * printed or recorded is read from that one decision.
 */
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JWKS_MAX ((size_t)1024 * 1024)

/* The algorithms without --alg. All verify with a public key: a shared secret must be meant. */
static const char *const default_algorithms[] = {"RS256", "RS384", "RS512", "PS256", "PS384",
                                                 "PS512", "ES256", "ES384", "ES512"};

struct demands {
    const char *issuer, *jwks_file, *jwks_uri, *profile, *audit_file, *decrypt_key, *introspect;
    bool discover, explain, encrypted, signed_answers, requires_status, ignores_status;
    struct client client;
    struct binding binding;
    struct list audiences, algorithms, scopes, claims, status_prefixes;
    struct number leeway, now;
    struct network network;
};

/* What a verdict is made with; ended in the reverse order. */
struct bench {
    struct bytes jwks, decrypt_key;
    struct proof proof;
    struct evidence evidence;
    apisec_http *http;
    apisec_trust *trust;
    apisec_verifier *verifier;
    apisec_audit *audit;
    apisec_call *call;
    apisec_decision *decision;
};

static void clear_bench(struct bench *bench)
{
    apisec_decision_free(bench->decision);
    apisec_call_free(bench->call);
    apisec_audit_close(bench->audit);
    apisec_verifier_free(bench->verifier);
    apisec_trust_free(bench->trust);
    apisec_http_free(bench->http);
    bytes_free(&bench->jwks);
    bytes_free(&bench->decrypt_key);
    proof_free(&bench->proof);
    evidence_free(&bench->evidence);
}

static bool has_keys(const struct demands *demands)
{
    return demands->jwks_file || demands->jwks_uri || demands->discover;
}

/* add_introspection: the assertions of a client with a key are for the issuer, unless it is told otherwise. */
static void add_introspection(apisec_issuer *issuer, const struct demands *demands, const struct proof *proof)
{
    const struct client *client = &demands->client;
    const char *audience = client->audience ? client->audience : demands->issuer;
    apisec_issuer_set_introspection(issuer, demands->introspect);
    if (proof->signer) apisec_issuer_set_introspection_private_key_jwt(issuer, client->id, proof->signer, audience);
    if (proof->signer == NULL) apisec_issuer_set_introspection_basic(issuer, client->id, proof->secret.at, proof->secret.len);
    if (demands->signed_answers) apisec_issuer_require_signed_introspection(issuer);
}

static void add_status(apisec_issuer *issuer, const struct demands *demands)
{
    for (size_t i = 0; i < demands->status_prefixes.num; i++)
        apisec_issuer_allow_status_list(issuer, demands->status_prefixes.at[i]);
    if (demands->requires_status) apisec_issuer_require_status(issuer);
    if (demands->ignores_status) apisec_issuer_ignore_status(issuer);
}

static apisec_trust *build_trust(const struct demands *demands, const struct bench *bench)
{
    const struct bytes *jwks = &bench->jwks, *decrypt_key = &bench->decrypt_key;
    const bool all_algorithms = demands->algorithms.num == 0 && has_keys(demands);
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, demands->issuer);
    for (size_t i = 0; i < demands->audiences.num; i++) apisec_issuer_add_audience(issuer, demands->audiences.at[i]);
    for (size_t i = 0; i < demands->claims.num; i++) apisec_issuer_require_claim(issuer, demands->claims.at[i]);
    for (size_t i = 0; i < demands->algorithms.num; i++) apisec_issuer_allow_algorithm(issuer, demands->algorithms.at[i]);
    for (size_t i = 0; all_algorithms && i < sizeof default_algorithms / sizeof default_algorithms[0]; i++)
        apisec_issuer_allow_algorithm(issuer, default_algorithms[i]);
    if (demands->profile) apisec_issuer_set_profile(issuer, demands->profile);
    if (demands->leeway.given) apisec_issuer_set_leeway(issuer, (uint32_t)demands->leeway.value);
    if (demands->jwks_file) apisec_issuer_set_jwks(issuer, jwks->at, jwks->len);
    if (demands->jwks_uri) apisec_issuer_set_jwks_uri(issuer, demands->jwks_uri);
    if (demands->discover) apisec_issuer_discover(issuer);
    if (demands->decrypt_key) apisec_trust_set_decryption_jwks(trust, decrypt_key->at, decrypt_key->len);
    if (demands->encrypted) apisec_issuer_require_encryption(issuer);
    if (demands->introspect) add_introspection(issuer, demands, &bench->proof);
    binding_trust(&demands->binding, trust);
    add_status(issuer, demands);
    return trust;
}

/* build_call: unless they are given the call has no method and no target, so that the log does not tell of a request that never
 * was. */
static apisec_status build_call(const struct demands *demands, const struct evidence *evidence, const struct bytes *token,
                                apisec_call **call)
{
    const char *txn_token = "Txn-Token";
    *call = apisec_call_new();
    if (*call == NULL) return APISEC_E_MEMORY;
    const bool has_own_header = demands->profile && strcmp(demands->profile, "txntoken+jwt") == 0;
    if (has_own_header) apisec_call_add_header(*call, txn_token, strlen(txn_token), token->at, token->len);
    const char *const scheme = demands->binding.proof_file ? "DPoP " : "Bearer ";
    if (!has_own_header && !binding_add_token(*call, scheme, token)) return APISEC_E_MEMORY;
    binding_call(&demands->binding, evidence, *call);
    if (demands->now.given) apisec_call_set_time(*call, demands->now.value);
    return APISEC_OK;
}

/* name_files adds where keys came from to a sentence about keys: the library was given their bytes only. */
static apisec_status name_files(const struct demands *demands, apisec_status status, apisec_error *err)
{
    const size_t used = strlen(err->text);
    const char *keys = demands->jwks_file, *decrypt = demands->decrypt_key;
    if ((keys == NULL && decrypt == NULL) || strstr(err->text, "key") == NULL) return status;
    snprintf(err->text + used, sizeof err->text - used, " (%s%.60s%s%s%.60s)", keys ? "--jwks " : "", keys ? keys : "",
             keys && decrypt ? ", " : "", decrypt ? "--decrypt-key " : "", decrypt ? decrypt : "");
    return status;
}

/* set_up makes everything that can be wrong before a token is looked at. */
static apisec_status set_up(const struct demands *demands, const struct bytes *token, struct bench *bench, apisec_error *err)
{
    /* Keys in a file need no network; certificates that were named are looked at all the same. */
    const bool online =
        !demands->jwks_file || demands->network.cacert || demands->introspect || demands->status_prefixes.num > 0;
    apisec_status status = online ? network_open(&demands->network, &bench->http, err) : APISEC_OK;
    if (status != APISEC_OK) return status;
    bench->trust = build_trust(demands, bench);
    status = apisec_verifier_new(bench->trust, bench->http, &bench->verifier, err);
    if (status != APISEC_OK) return name_files(demands, status, err);
    if (demands->audit_file)
        status = apisec_audit_open_file(demands->audit_file, APISEC_AUDIT_WRITTEN, APISEC_AUDIT_STRICT, &bench->audit, err);
    if (status != APISEC_OK) return status;
    return build_call(demands, &bench->evidence, token, &bench->call);
}

/* has_outer_space: HTTP takes white space around a credential away, and with it what the token's bytes were. */
static bool has_outer_space(const struct bytes *token)
{
    if (token->len == 0) return false;
    return strchr(" \t", token->at[0]) != NULL || strchr(" \t", token->at[token->len - 1]) != NULL;
}

static void decide(const struct demands *demands, const struct bytes *token, struct bench *bench)
{
    apisec_authenticate(bench->verifier, bench->audit, bench->call, &bench->decision, NULL);
    if (has_outer_space(token))
        apisec_decision_deny(bench->decision, APISEC_E_DENIED, "the token begins or ends with white space");
    for (size_t i = 0; i < demands->scopes.num; i++) apisec_decision_require_scope(bench->decision, demands->scopes.at[i]);
    apisec_decision_commit(bench->decision, NULL);
}

static const char *find_header(const apisec_decision *decision, const char *name)
{
    for (size_t i = 0; i < apisec_decision_num_headers(decision); i++) {
        if (strcmp(apisec_decision_header_name(decision, i), name) == 0) return apisec_decision_header_value(decision, i);
    }
    return NULL;
}

static int print_verdict(const struct command *command, const struct demands *demands, const apisec_decision *decision)
{
    apisec_status status = apisec_decision_status(decision);
    const apisec_token *token = apisec_decision_token(decision);
    size_t len = 0;
    const char *claims = apisec_token_claims_json(token, &len);
    if (status != APISEC_OK) say(command, apisec_decision_reason(decision));

    struct answer answer;
    answer_begin(&answer);
    answer_text(&answer, "verdict", status == APISEC_OK ? "allowed" : "denied");
    answer_text(&answer, "status", apisec_status_name(status));
    answer_number(&answer, "http_status", apisec_decision_http_status(decision));
    answer_text(&answer, "reason", apisec_decision_reason(decision));
    answer_text(&answer, "challenge", find_header(decision, "WWW-Authenticate"));
    answer_text(&answer, "principal", apisec_token_principal(token));
    if (claims) answer_raw(&answer, "claims", claims, len);
    const char *explanation = demands->explain ? apisec_decision_explanation(decision) : NULL;
    if (explanation) answer_raw(&answer, "explanation", explanation, strlen(explanation));
    return answer_print(command, &answer, exit_of(status));
}

static int verify_token(const struct command *command, const struct demands *demands, const struct bytes *token)
{
    struct bench bench = {0};
    apisec_error err = {0};
    int exit_status = EXIT_FAILED;
    if (demands->jwks_file && !input_file(command, demands->jwks_file, JWKS_MAX, &bench.jwks)) goto done;
    if (demands->decrypt_key && !input_file(command, demands->decrypt_key, JWKS_MAX, &bench.decrypt_key)) goto done;
    if (!client_read(command, &demands->client, &bench.proof)) goto done;
    if (!binding_read(command, &demands->binding, &bench.evidence)) goto done;
    apisec_status status = set_up(demands, token, &bench, &err);
    if (status != APISEC_OK) {
        exit_status = fail(command, status, err.text[0] ? err.text : "out of memory");
        goto done;
    }
    decide(demands, token, &bench);
    exit_status = print_verdict(command, demands, bench.decision);
done:
    clear_bench(&bench);
    return exit_status;
}

static int is_stdin(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0 ? 1 : 0;
}

static const char *introspection_lacks(const struct demands *demands)
{
    if (demands->introspect) return client_lacks(&demands->client);
    if (client_is_given(&demands->client)) return "a client is needed for --introspect only";
    return demands->signed_answers ? "--signed-answers is for --introspect" : NULL;
}

static bool has_space(const struct list *list)
{
    for (size_t i = 0; i < list->num; i++)
        if (strchr(list->at[i], ' ')) return true;
    return false;
}

/* check_demands: false when the command was called wrongly; it has said so. */
static bool check_demands(const struct command *command, const struct demands *demands, const struct operands *operands)
{
    int sources = (demands->jwks_file != NULL) + (demands->jwks_uri != NULL) + (demands->discover ? 1 : 0);
    int on_stdin = (operands->num == 0) + is_stdin(demands->jwks_file) + is_stdin(demands->decrypt_key) +
                   client_num_stdin(&demands->client) + binding_num_stdin(&demands->binding);
    const char *lacking = introspection_lacks(demands);
    if (lacking == NULL) lacking = binding_lacks(&demands->binding);
    if (demands->issuer == NULL) usage_fail(command, "--issuer is needed");
    else if (demands->audiences.num == 0) usage_fail(command, "an --audience is needed");
    else if (sources > 1 || (sources == 0 && demands->introspect == NULL))
        usage_fail(command, "exactly one of --jwks, --jwks-uri and --discover is needed");
    else if (lacking) usage_fail(command, "%s", lacking);
    else if (on_stdin > 1) usage_fail(command, "only one of the files and the token can be standard input");
    else if (has_space(&demands->scopes)) usage_fail(command, "--scope takes one scope, without spaces: give it once for each");
    else if (demands->encrypted && demands->decrypt_key == NULL) usage_fail(command, "--require-encryption needs --decrypt-key");
    else return true;
    return false;
}

static int run_verify(const struct command *command, int argc, char **argv)
{
    struct demands demands = {0};
    const struct option options[] = {
        {.name = "issuer", .argument = "I", .text = &demands.issuer, .help = "who must have issued it: iss, byte for byte; needed"},
        {.name = "audience", .argument = "A", .list = &demands.audiences, .help = "who it must be for: one of aud; needed"},
        {.name = "alg", .argument = "ALG", .list = &demands.algorithms,
         .help = "an algorithm to accept (default all RS, PS and ES)"},
        {.name = "jwks", .argument = "FILE", .text = &demands.jwks_file, .help = "the issuer's keys: a JWK Set"},
        {.name = "jwks-uri", .argument = "URL", .text = &demands.jwks_uri, .help = "the same, fetched over https"},
        {.name = "discover", .flag = &demands.discover, .help = "the same, found in the issuer's metadata"},
        {.name = "introspect", .argument = "URL", .text = &demands.introspect,
         .help = "ask here about opaque tokens; keys are then not needed"},
        {.name = "signed-answers", .flag = &demands.signed_answers,
         .help = "the answers must be signed with the issuer's keys (RFC 9701)"},
        CLIENT_OPTIONS(&demands.client),
        {.name = "profile", .argument = "P", .text = &demands.profile, .help = "at+jwt (default), jwt or txntoken+jwt"},
        {.name = "decrypt-key", .argument = "FILE", .text = &demands.decrypt_key,
         .help = "the service's own private JWK or JWK Set, for encrypted tokens"},
        {.name = "require-encryption", .flag = &demands.encrypted, .help = "refuse tokens that are not encrypted"},
        BINDING_OPTIONS(&demands.binding),
        {.name = "status-prefix", .argument = "URI", .list = &demands.status_prefixes,
         .help = "ask the token's status list: this one, or one below it if it ends in /"},
        {.name = "require-status", .flag = &demands.requires_status, .help = "refuse tokens that name no status list"},
        {.name = "ignore-status", .flag = &demands.ignores_status,
         .help = "accept tokens that name one without asking it; otherwise they are refused"},
        {.name = "leeway", .argument = "S", .number = &demands.leeway, .min = 0, .max = 300,
         .help = "seconds that clocks may differ (default 60)"},
        {.name = "now", .argument = "T", .number = &demands.now, .min = 0, .max = 9007199254740991,
         .help = "judge at this time, in seconds since 1970"},
        {.name = "scope", .argument = "S", .list = &demands.scopes, .help = "a scope that the token must have"},
        {.name = "require-claim", .argument = "NAME", .list = &demands.claims, .help = "a claim that the token must have"},
        {.name = "audit", .argument = "FILE", .text = &demands.audit_file, .help = "append the decision's record to this log"},
        {.name = "explain", .flag = &demands.explain, .help = "add every check that was made, with its standard"},
        NETWORK_OPTIONS(&demands.network),
    };
    int exit_status = EXIT_FAILED;
    struct operands operands;
    struct bytes token = {0};
    if (!options_read(command, options, NUM_OPTIONS(options), argc, argv, &operands, &exit_status)) return exit_status;
    if (!check_demands(command, &demands, &operands)) return EXIT_FAILED;
    if (!input_token(command, &operands, &token)) return EXIT_FAILED;

    exit_status = verify_token(command, &demands, &token);
    bytes_free(&token);
    return exit_status;
}

const struct command command_verify = {
    .name = "verify",
    .synopsis = "--issuer I --audience A (--jwks F | --jwks-uri U | --discover | --introspect U) [options] [TOKEN]",
    .summary = "verify a token as a service would",
    .about = "Judges an access token as if it had come in the Authorization header of a request, or a\n"
             "Transaction Token in Txn-Token (--profile txntoken+jwt), and prints the verdict.\n"
             "Without TOKEN it is read from standard input, where one newline at the end is dropped; nothing else is\n"
             "trimmed. Without --alg all of RS, PS and ES are accepted; HS wants --alg and its key in a --jwks FILE.\n"
             "With --introspect an opaque token's issuer is asked about it, as --client-id.\n"
             "Servers at loopback and private addresses are refused unless --allow-loopback is given.\n"
             "\n"
             "Output: {\"verdict\":\"allowed\",\"status\":\"APISEC_OK\",\"http_status\":200,\"reason\":\"\",\"principal\":...,\n"
             "\"claims\":{...}}, or \"denied\" with why and the challenge to reply with. Principal and claims are there when\n"
             "the token is genuine, even if it may not do this. Exit status 1: denied for what the token is or lacks;\n"
             "2: it could not be judged (keys out of reach, log not written, wrong options): denied as well.",
    .failure = FAILURE_VERDICT,
    .run = run_verify,
};
