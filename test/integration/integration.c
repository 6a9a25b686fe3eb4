/* SPDX-License-Identifier: Apache-2.0
 *
 * integration.c: what the integration tests share. Whatever goes wrong here is not what is tested: it ends the process.
 */
#include "integration.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static _Noreturn void die(const char *what, const char *more)
{
    fprintf(stderr, "integration: %s: %s\n", what, more);
    exit(2);
}

const char *setting(const char *name)
{
    char variable[64];
    snprintf(variable, sizeof variable, "INTEGRATION_%s", name);
    const char *value = getenv(variable);
    if (value == NULL) die("not set; run make check-integration", variable);
    return value;
}

const char *setting_url(const char *name, const char *path)
{
    static char urls[8][256];
    static size_t next;
    char *url = urls[next++ % 8];
    snprintf(url, sizeof urls[0], "%s%s", setting(name), path);
    return url;
}

char *read_folder(const char *name, size_t *len)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", setting("FOLDER"), name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) die("no such file", path);
    char *bytes = calloc(1, 65536);
    if (bytes == NULL) die("no memory", path);
    const size_t num = fread(bytes, 1, 65535, file);
    if (num == 65535) die("too large", path);
    if (len != NULL) *len = num;
    fclose(file);
    return bytes;
}

int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the plain HTTP client ---- */

static size_t take(char *bytes, size_t size, size_t num, void *context)
{
    struct answer *answer = context;
    const size_t len = size * num, held = strlen(answer->body);
    if (len > sizeof answer->body - 1 - held) return 0;
    memcpy(answer->body + held, bytes, len);
    answer->body[held + len] = '\0';
    return len;
}

static size_t take_header(char *line, size_t size, size_t num, void *context)
{
    static const char name[] = "dpop-nonce: ";
    struct answer *answer = context;
    const size_t len = size * num, name_len = sizeof name - 1;
    if (len > name_len && strncasecmp(line, name, name_len) == 0) {
        snprintf(answer->nonce, sizeof answer->nonce, "%.*s", (int)(len - name_len), line + name_len);
        answer->nonce[strcspn(answer->nonce, "\r\n")] = '\0';
    }
    return len;
}

static void show_identity(CURL *easy, const char *identity)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s.pem", setting("FOLDER"), identity);
    curl_easy_setopt(easy, CURLOPT_SSLCERT, path);
    snprintf(path, sizeof path, "%s/%s.key", setting("FOLDER"), identity);
    curl_easy_setopt(easy, CURLOPT_SSLKEY, path);
}

void http_ask(const struct question *question, struct answer *answer)
{
    char header[4096];
    struct curl_slist *headers = NULL;
    memset(answer, 0, sizeof *answer);
    CURL *easy = curl_easy_init();
    if (easy == NULL) die(question->url, "no memory");
    curl_easy_setopt(easy, CURLOPT_URL, question->url);
    curl_easy_setopt(easy, CURLOPT_CAINFO, setting("CA"));
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, answer);
    if (question->user != NULL) curl_easy_setopt(easy, CURLOPT_USERPWD, question->user);
    if (question->form != NULL) curl_easy_setopt(easy, CURLOPT_POSTFIELDS, question->form);
    if (question->identity != NULL) show_identity(easy, question->identity);
    if (question->proof != NULL) {
        snprintf(header, sizeof header, "DPoP: %s", question->proof);
        headers = curl_slist_append(NULL, header);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    }
    const CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) die(question->url, curl_easy_strerror(code));
}

char *answer_member(const struct answer *answer, const char *member)
{
    cJSON *document = cJSON_Parse(answer->body);
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, member));
    char *copy = text == NULL ? NULL : strdup(text);
    cJSON_Delete(document);
    return copy;
}

char *fetch_text(const char *url, const char *user, const char *form, const char *member)
{
    struct answer answer;
    http_ask(&(struct question){.url = url, .user = user, .form = form}, &answer);
    if (answer.status != 200) die(url, answer.body);
    if (member == NULL) return NULL;
    char *text = answer_member(&answer, member);
    if (text == NULL) die(url, answer.body);
    return text;
}

const char *resource_of(const char *alg)
{
    static const char *const resources[][2] = {
        {"RS256", "https://rs256.test/"}, {"PS256", "https://ps256.test/"}, {"ES256", "https://es256.test/"}};
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++)
        if (strcmp(resources[i][0], alg) == 0) return resources[i][1];
    die("no resource for this algorithm", alg);
}

char *fetch_user_token(const char *alg, const char *query)
{
    char url[512];
    snprintf(url, sizeof url, "%s/_test/user-token?resource=%s&%s", setting("OIDC"), resource_of(alg), query);
    return fetch_text(url, NULL, NULL, "access_token");
}

char *fetch_client_token(const char *alg, const char *client)
{
    const bool post = strcmp(client, "svc-post") == 0;
    char form[256];
    snprintf(form, sizeof form, "grant_type=client_credentials&scope=orders:read+orders:write&resource=%s%s", resource_of(alg),
             post ? "&client_id=svc-post&client_secret=post-secret" : "");
    return fetch_text(setting_url("OIDC", "/token"), post ? NULL : "svc-basic:basic-secret", form, "access_token");
}

/* ---- the library's transport ---- */

static apisec_status perform(apisec_http *http, apisec_op *op)
{
    struct counted *counted = http->context;
    atomic_fetch_add(&counted->num_requests, 1);
    return counted->inner->perform(counted->inner, op);
}

static void add_identity(apisec_http_options *options, const char *name)
{
    char certificate[512], key[512];
    snprintf(certificate, sizeof certificate, "%s/%s.pem", setting("FOLDER"), name);
    snprintf(key, sizeof key, "%s/%s.key", setting("FOLDER"), name);
    apisec_http_options_add_identity(options, name, certificate, key);
}

void counted_open(struct counted *counted, uint32_t total_ms)
{
    apisec_error err;
    apisec_http_options *options = apisec_http_options_new();
    apisec_http_options_set_ca_file(options, setting("CA"));
    apisec_http_options_allow_loopback(options);
    add_identity(options, "client");
    add_identity(options, "other");
    if (total_ms > 0) apisec_http_options_set_timeouts_ms(options, total_ms, total_ms);
    *counted = (struct counted){.http = {.context = counted, .perform = perform}};
    if (apisec_http_new(options, &counted->inner, &err) != APISEC_OK) die("transport", err.text);
    apisec_http_options_free(options);
}

void counted_close(struct counted *counted)
{
    apisec_http_free(counted->inner);
}

/* ---- verifying ---- */

apisec_verifier *demand_verifier(const struct demand *demand, apisec_http *http)
{
    apisec_error err;
    apisec_verifier *verifier = NULL;
    apisec_trust *trust = apisec_trust_new();
    apisec_issuer *issuer = apisec_trust_add_issuer(trust, demand->issuer);
    apisec_issuer_add_audience(issuer, demand->audience);
    apisec_issuer_allow_algorithm(issuer, demand->algorithm);
    if (demand->profile != NULL) apisec_issuer_set_profile(issuer, demand->profile);
    if (demand->jwks_uri != NULL) apisec_issuer_set_jwks_uri(issuer, demand->jwks_uri);
    else apisec_issuer_discover(issuer);
    if (apisec_verifier_new(trust, http, &verifier, &err) != APISEC_OK) die("verifier", err.text);
    apisec_trust_free(trust);
    return verifier;
}

apisec_status verify_at(apisec_verifier *verifier, apisec_http *http, const char *token, int64_t ahead_ms, apisec_token **verified,
                        apisec_error *err)
{
    apisec_op *op = NULL;
    *verified = NULL;
    apisec_status status = apisec_verify_start(verifier, token, strlen(token), now_ms() / 1000, &op, err);
    if (status != APISEC_OK) return status;
    for (;;) {
        const int32_t need = apisec_op_next(op, now_ms() + ahead_ms);
        if (need == APISEC_OP_DONE) break;
        if (need == APISEC_OP_HTTP) (void)http->perform(http, op);
        else nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    status = apisec_verify_finish(op, verified, err);
    apisec_op_free(op);
    return status;
}

apisec_status verify_now(apisec_verifier *verifier, const char *token, apisec_error *err)
{
    apisec_token *verified = NULL;
    const apisec_status status = apisec_verify(verifier, token, strlen(token), now_ms() / 1000, &verified, err);
    apisec_token_free(verified);
    return status;
}
