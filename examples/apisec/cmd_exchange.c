/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd_exchange.c: asks a token endpoint for a narrower token on behalf of the same user (RFC 8693) and prints what was granted.
 */
#include "tool.h"

#include <string.h>

#define KEY_MAX ((size_t)64 * 1024)

struct wishes {
    const char *endpoint, *scope, *actor_file, *requested_type, *dpop_key_file;
    struct client client;
    struct list audiences, resources;
    struct network network;
};

static apisec_exchange *build_exchange(const struct wishes *wishes, const struct bytes *subject, const struct bytes *actor)
{
    apisec_exchange *exchange = apisec_exchange_new();
    apisec_exchange_set_subject_unverified(exchange, subject->at, subject->len, NULL);
    if (wishes->actor_file) apisec_exchange_set_actor(exchange, actor->at, actor->len, NULL);
    for (size_t i = 0; i < wishes->audiences.num; i++) apisec_exchange_add_audience(exchange, wishes->audiences.at[i]);
    for (size_t i = 0; i < wishes->resources.num; i++) apisec_exchange_add_resource(exchange, wishes->resources.at[i]);
    if (wishes->scope) apisec_exchange_set_scope(exchange, wishes->scope);
    if (wishes->requested_type) apisec_exchange_set_requested_type(exchange, wishes->requested_type);
    return exchange;
}

static int print_issued(const struct command *command, const apisec_issued *issued)
{
    size_t len = 0;
    const char *token = apisec_issued_token(issued, &len);
    if (memchr(token, '\0', len)) return fail(command, APISEC_E_RESPONSE, "the issued token holds a NUL");

    struct answer answer;
    answer_begin(&answer);
    answer_text(&answer, "access_token", token);
    answer_text(&answer, "token_type", apisec_issued_token_type(issued));
    answer_text(&answer, "issued_token_type", apisec_issued_issued_type(issued));
    if (apisec_issued_expires_at(issued) != 0) answer_number(&answer, "expires_at", apisec_issued_expires_at(issued));
    answer_text(&answer, "scope", apisec_issued_scope(issued));
    answer_text(&answer, "scope_reduced", apisec_issued_scope_reduced(issued));
    return answer_print(command, &answer, EXIT_ALLOWED);
}

/* is_refusal: the server answered, and its answer is no. */
static bool is_refusal(apisec_status status)
{
    return status <= APISEC_E_INVALID_REQUEST && status >= APISEC_E_OAUTH_OTHER;
}

static apisec_client *build_client(const struct wishes *wishes, const struct proof *proof, const apisec_signer *dpop,
                                   apisec_http *http)
{
    const char *id = wishes->client.id;
    apisec_client *client = apisec_client_new(http);
    apisec_client_set_endpoint(client, wishes->endpoint);
    if (proof->signer) apisec_client_set_private_key_jwt(client, id, proof->signer, wishes->client.audience);
    if (proof->signer == NULL) apisec_client_set_basic(client, id, proof->secret.at, proof->secret.len);
    if (dpop) apisec_client_set_dpop(client, dpop);
    return client;
}

static int run_request(const struct command *command, const struct wishes *wishes, const struct proof *proof,
                       const apisec_signer *dpop, const apisec_exchange *exchange)
{
    apisec_error err = {0};
    apisec_http *http = NULL;
    apisec_status status = network_open(&wishes->network, &http, &err);
    if (status != APISEC_OK) return fail(command, status, err.text);

    apisec_issued *issued = NULL;
    apisec_client *client = build_client(wishes, proof, dpop, http);
    status = apisec_exchange_run(client, exchange, &issued, &err);

    int exit_status = status == APISEC_OK ? print_issued(command, issued) : fail(command, status, err.text);
    if (is_refusal(status)) exit_status = EXIT_DENIED;
    apisec_issued_free(issued);
    apisec_client_free(client);
    apisec_http_free(http);
    return exit_status;
}

/* read_key reads the key for DPoP, if there is to be one. false: it has said why. */
static bool read_key(const struct command *command, const char *path, apisec_signer **signer)
{
    struct bytes jwk = {0};
    apisec_error err = {0};
    if (path == NULL) return true;
    if (!input_file(command, path, KEY_MAX, &jwk)) return false;
    const apisec_status status = apisec_signer_new(jwk.at, jwk.len, signer, &err);
    bytes_free(&jwk);
    if (status != APISEC_OK) failf(command, status, "--dpop-key: %s", err.text);
    return status == APISEC_OK;
}

static int read_and_run(const struct command *command, const struct wishes *wishes, const struct operands *operands)
{
    struct bytes actor = {0}, subject = {0};
    struct proof proof = {0};
    apisec_signer *dpop = NULL;
    apisec_exchange *exchange = NULL;
    int exit_status = EXIT_FAILED;
    if (!read_key(command, wishes->dpop_key_file, &dpop)) goto done;
    if (!client_read(command, &wishes->client, &proof)) goto done;
    if (wishes->actor_file && !input_secret(command, wishes->actor_file, &actor)) goto done;
    if (!input_token(command, operands, &subject)) goto done;

    exchange = build_exchange(wishes, &subject, &actor);
    exit_status = run_request(command, wishes, &proof, dpop, exchange);
done:
    apisec_exchange_free(exchange);
    bytes_free(&subject);
    bytes_free(&actor);
    apisec_signer_free(dpop);
    proof_free(&proof);
    return exit_status;
}

/* num_stdin counts what is to be read from standard input, which can be read once. */
static int num_stdin(const struct wishes *wishes, const struct operands *operands)
{
    int num = (operands->num == 0 ? 1 : 0) + client_num_stdin(&wishes->client);
    if (wishes->actor_file && strcmp(wishes->actor_file, "-") == 0) num++;
    if (wishes->dpop_key_file && strcmp(wishes->dpop_key_file, "-") == 0) num++;
    return num;
}

static int run_exchange(const struct command *command, int argc, char **argv)
{
    struct wishes wishes = {0};
    const struct option options[] = {
        {.name = "endpoint", .argument = "URL", .text = &wishes.endpoint, .help = "the token endpoint, https; needed"},
        CLIENT_OPTIONS(&wishes.client),
        {.name = "audience", .argument = "A", .list = &wishes.audiences, .help = "the target's name"},
        {.name = "resource", .argument = "R", .list = &wishes.resources, .help = "the target's absolute URI"},
        {.name = "scope", .argument = "S", .text = &wishes.scope, .help = "scopes to ask for, separated by one space"},
        {.name = "actor-token-file", .argument = "FILE", .text = &wishes.actor_file, .help = "the asking service's own token"},
        {.name = "requested-type", .argument = "T", .text = &wishes.requested_type,
         .help = "token type URI, or as access_token, jwt"},
        {.name = "dpop-key", .argument = "FILE", .text = &wishes.dpop_key_file,
         .help = "ask for a token bound to this private JWK (DPoP, RFC 9449)"},
        NETWORK_OPTIONS(&wishes.network),
    };
    int exit_status = EXIT_FAILED;
    struct operands operands;
    if (!options_read(command, options, NUM_OPTIONS(options), argc, argv, &operands, &exit_status)) return exit_status;
    const char *lacking = client_lacks(&wishes.client);
    if (wishes.endpoint == NULL) return usage_fail(command, "--endpoint is needed");
    if (lacking) return usage_fail(command, "%s", lacking);
    if (wishes.client.key_file && wishes.client.audience == NULL)
        return usage_fail(command, "--client-key needs --client-audience");
    if (wishes.audiences.num + wishes.resources.num == 0) return usage_fail(command, "an --audience or a --resource is needed");
    if (num_stdin(&wishes, &operands) > 1) return usage_fail(command, "only one input can be standard input");
    return read_and_run(command, &wishes, &operands);
}

const struct command command_exchange = {
    .name = "exchange",
    .synopsis = "--endpoint URL --client-id ID (--client-secret-file F | --client-key F) [options] [SUBJECT_TOKEN]",
    .summary = "exchange a token for a narrower one (RFC 8693)",
    .about = "Sends the subject token to a token endpoint and prints the token that is issued, and what was granted. The\n"
             "answer is checked: more scope than was asked for, another type, or a missing actor is an error.\n"
             "Without SUBJECT_TOKEN it is read from standard input, where one newline at the end is dropped. Any FILE may\n"
             "be \"-\" instead. Servers at loopback and private addresses are refused unless --allow-loopback is given.\n"
             "\n"
             "Output: {\"access_token\":...,\"token_type\":...,\"issued_token_type\":...,\"expires_at\":...,\"scope\":...,\n"
             "\"scope_reduced\":...}: what the server did not say is left out; scope_reduced is what was asked and not granted.\n"
             "Exit status 1: the server refused (an OAuth error); 2: anything else. Both print {\"error\":...,\"status\":...}.",
    .failure = FAILURE_OBJECT,
    .run = run_exchange,
};
