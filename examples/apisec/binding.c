/* SPDX-License-Identifier: Apache-2.0
 *
 * binding.c: what a bound token comes with when a service gets it: the request it was sent with, its DPoP proof, and the client's
 * certificate. Each is what a file or an option says it was.
 */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

#define CERTIFICATE_MAX ((size_t)64 * 1024)

const char *binding_lacks(const struct binding *binding)
{
    return binding->proof_file && binding->url == NULL ? "--dpop-proof-file needs --url: what the proof must be made for" : NULL;
}

static int is_stdin(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0 ? 1 : 0;
}

int binding_num_stdin(const struct binding *binding)
{
    return is_stdin(binding->proof_file) + is_stdin(binding->certificate_file);
}

/* ---- the certificate ---- */

static int digit_of(char byte)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = byte == '\0' ? NULL : strchr(digits, byte);
    return at == NULL ? -1 : (int)(at - digits);
}

/* decode_base64 decodes in place: what it writes is shorter than what it has read. false: no base64. */
static bool decode_base64(char *text, size_t len, size_t *decoded_len)
{
    uint32_t bits = 0;
    size_t num_bits = 0, out = 0;
    while (len > 0 && strchr("=\r\n", text[len - 1]) != NULL) len--;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\r' || text[i] == '\n') continue;
        const int digit = digit_of(text[i]);
        if (digit < 0) return false;
        bits = bits << 6 | (uint32_t)digit;
        num_bits += 6;
        if (num_bits < 8) continue;
        num_bits -= 8;
        text[out++] = (char)(unsigned char)(bits >> num_bits & 0xff);
    }
    *decoded_len = out;
    return true;
}

/* unwrap makes DER of the first certificate of a PEM file, and leaves any other file as it is. */
static bool unwrap(struct bytes *file)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    char *const start = file->len > 0 ? strstr(file->at, begin) : NULL;
    if (start == NULL) return true;
    char *const body = start + sizeof begin - 1, *const stop = strstr(body, end);
    if (stop == NULL || !decode_base64(body, (size_t)(stop - body), &file->len)) return false;
    memmove(file->at, body, file->len);
    return true;
}

bool certificate_read(const struct command *command, const char *option, const char *path, struct bytes *certificate)
{
    if (!input_file(command, path, CERTIFICATE_MAX, certificate)) return false;
    if (certificate->len > 0 && unwrap(certificate)) return true;
    failf(command, APISEC_E_CONFIG, "--%s: there is no certificate in the file", option);
    bytes_free(certificate);
    return false;
}

bool binding_read(const struct command *command, const struct binding *binding, struct evidence *evidence)
{
    *evidence = (struct evidence){{NULL, 0}, {NULL, 0}};
    if (binding->proof_file && !input_secret(command, binding->proof_file, &evidence->proof)) return false;
    return binding->certificate_file == NULL ||
           certificate_read(command, "peer-cert", binding->certificate_file, &evidence->certificate);
}

void evidence_free(struct evidence *evidence)
{
    bytes_free(&evidence->proof);
    bytes_free(&evidence->certificate);
}

/* ---- what becomes of it ---- */

/* origin_len: "https://host" of "https://host/path?query". */
static size_t origin_len(const char *url)
{
    const char *const authority = strstr(url, "://");
    return authority == NULL ? strlen(url) : (size_t)(authority - url) + 3 + strcspn(authority + 3, "/?#");
}

void binding_trust(const struct binding *binding, apisec_trust *trust)
{
    if (binding->proof_file == NULL) return;
    char *const origin = strndup(binding->url, origin_len(binding->url));
    apisec_trust_allow_dpop(trust);
    apisec_trust_add_origin(trust, origin); /* NULL is refused */
    free(origin);
}

void binding_call(const struct binding *binding, const struct evidence *evidence, apisec_call *call)
{
    const char *const method = binding->method ? binding->method : "GET";
    if (binding->url || binding->method) apisec_call_set_method(call, method, strlen(method));
    if (binding->url) {
        const char *const target = binding->url + origin_len(binding->url);
        if (target[0] == '/') apisec_call_set_target(call, target, strcspn(target, "#"));
        else apisec_call_set_target(call, "/", 1);
    }
    if (binding->proof_file) apisec_call_add_header(call, "DPoP", 4, evidence->proof.at, evidence->proof.len);
    if (binding->certificate_file)
        apisec_call_set_peer_certificate(call, (const unsigned char *)evidence->certificate.at, evidence->certificate.len);
}

bool binding_add_token(apisec_call *call, const char *scheme, const struct bytes *token)
{
    const size_t scheme_len = strlen(scheme), len = scheme_len + token->len;
    char *value = malloc(len);
    if (value == NULL) return false;
    memcpy(value, scheme, scheme_len);
    memcpy(value + scheme_len, token->at, token->len);
    apisec_call_add_header(call, "Authorization", strlen("Authorization"), value, len);
    explicit_bzero(value, len);
    free(value);
    return true;
}
