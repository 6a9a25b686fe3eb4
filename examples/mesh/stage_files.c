/* SPDX-License-Identifier: Apache-2.0
 *
 * stage_files.c: keys, secrets, certificates (with the openssl command), and what each service is configured by. A service's folder
 * holds what that service needs to know, and no other's secret: of client secrets the authorization server only gets hashes.
 *
 * guard.json is gateway.json, accounts.json or ledger.json of this folder, in which https://sts.localhost and
 * https://gateway.localhost have got this run's ports. Secrets stand beside it, in files that it refers to. config.json says where
 * the others are.
 */
#include "stage_files.h"
#include "web.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool refuse(struct stage *stage, const char *what, const char *which)
{
    snprintf(stage->problem, sizeof stage->problem, "%s %.120s", what, which);
    return false;
}

/* ---- certificates ---- */

/* run_quietly runs a command in a folder, its output thrown away. */
static bool run_quietly(const char *folder, char *const argv[])
{
    pid_t pid = fork();
    if (pid == 0) {
        int nowhere = open("/dev/null", O_RDWR);
        if (nowhere < 0 || chdir(folder) != 0) _exit(126);
        (void)dup2(nowhere, STDIN_FILENO);
        (void)dup2(nowhere, STDOUT_FILENO);
        (void)dup2(nowhere, STDERR_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return false;
    }
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool make_ca(const char *folder)
{
    char *const argv[] = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                          "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=apisec mesh CA",
                          "-addext", "keyUsage=critical,keyCertSign,cRLSign", NULL};
    return run_quietly(folder, argv);
}

/* make_certificate: a server's name for those who call it, and a service's name (a SPIFFE ID) for those it calls. */
static bool make_certificate(const char *folder, const char *name)
{
    char key[64], cert[64], subject[64], names[160];
    snprintf(key, sizeof key, "%s/key.pem", name);
    snprintf(cert, sizeof cert, "%s/cert.pem", name);
    snprintf(subject, sizeof subject, "/CN=%s", name);
    snprintf(names, sizeof names, "subjectAltName=DNS:%s.localhost,URI:spiffe://mesh.example/%s", name, name);
    char *const argv[] = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                          "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-keyout", key, "-out", cert, "-subj", subject,
                          "-addext", names, "-addext", "basicConstraints=critical,CA:FALSE",
                          "-addext", "extendedKeyUsage=serverAuth,clientAuth", NULL};
    return run_quietly(folder, argv);
}

/* ---- files ---- */

static bool write_file(const char *folder, const char *name, const char *text)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || text == NULL) return false;
    bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    return close(fd) == 0 && written;
}

/* The documents, as the build has put them in here: bytes and a NUL. */
static const char gateway_json[] = {
#include "examples/mesh/gateway.json.inc"
    0};
static const char accounts_json[] = {
#include "examples/mesh/accounts.json.inc"
    0};
static const char ledger_json[] = {
#include "examples/mesh/ledger.json.inc"
    0};

/* write_document puts the addresses of this run in place of those without a port. */
static bool write_document(const struct stage *stage, int service, const char *document)
{
    static const struct {
        const char *text;
        int service;
    } names[] = {{"https://sts.localhost", STS}, {"https://gateway.localhost", GATEWAY}};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    while (out && *document) {
        const char *from = document;
        for (size_t i = 0; i < sizeof names / sizeof names[0] && from == document; i++) {
            if (strncmp(document, names[i].text, strlen(names[i].text)) != 0) continue;
            (void)fputs(stage->url[names[i].service], out);
            document += strlen(names[i].text);
        }
        if (from == document) (void)fputc(*document++, out);
    }
    bool written = out && fclose(out) == 0 && write_file(stage->path[service], "guard.json", text);
    free(text);
    return written;
}

static bool make_folder(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool write_config(const struct stage *stage, int service, cJSON *config)
{
    for (int i = 0; i < NUM_SERVICES; i++) cJSON_AddStringToObject(config, stage_name(i), stage->url[i]);
    char *text = cJSON_Print(config);
    bool written = write_file(stage->path[service], "config.json", text);
    cJSON_free(text);
    cJSON_Delete(config);
    return written;
}

bool stage_thumbprint(const struct stage *stage, int service, char thumbprint[44])
{
    unsigned char digest[32];
    gnutls_datum_t der = {NULL, 0};
    char *pem = web_read_file(stage->path[service], "cert.pem");
    const gnutls_datum_t text = {(unsigned char *)pem, pem ? (unsigned)strlen(pem) : 0};
    bool made = pem && gnutls_pem_base64_decode2("CERTIFICATE", &text, &der) == GNUTLS_E_SUCCESS &&
                gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, digest) == 0 &&
                web_base64url(digest, sizeof digest, thumbprint, 44);
    gnutls_free(der.data);
    free(pem);
    return made;
}

static cJSON *add_client(cJSON *clients, const char *id, const char *secret, const char *redirect_uri, const char *public_key)
{
    unsigned char digest[32] = {0};
    char hash[65] = "";
    cJSON *client = cJSON_CreateObject();
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, secret, strlen(secret), digest) == 0)
        for (size_t i = 0; i < sizeof digest; i++) snprintf(hash + 2 * i, 3, "%02x", digest[i]);
    cJSON_AddStringToObject(client, "id", id);
    cJSON_AddStringToObject(client, "secret_sha256", hash);
    if (redirect_uri) cJSON_AddStringToObject(client, "redirect_uri", redirect_uri);
    if (public_key) {
        cJSON *keys = cJSON_AddArrayToObject(cJSON_AddObjectToObject(client, "jwks"), "keys");
        cJSON_AddItemToArray(keys, cJSON_Parse(public_key));
    }
    cJSON_AddItemToArray(clients, client);
    return client;
}

/* write_clients: what the authorization server knows of its clients, and the key of what it encrypts to. */
static bool write_clients(const struct stage *stage)
{
    char redirect_uri[128], thumbprint[44] = "";
    snprintf(redirect_uri, sizeof redirect_uri, "%s/callback", stage->url[GATEWAY]);
    cJSON *sts = cJSON_CreateObject();
    cJSON *clients = cJSON_AddArrayToObject(sts, "clients");
    add_client(clients, "gateway", stage->gateway_secret, redirect_uri, NULL);
    cJSON *acting = add_client(clients, "accounts", stage->accounts_secret, NULL, apisec_signer_public_jwk(stage->actor_key));
    bool bound = stage_thumbprint(stage, ACCOUNTS, thumbprint);
    cJSON_AddStringToObject(acting, "x5t#S256", thumbprint);
    cJSON_AddItemToObject(cJSON_AddObjectToObject(sts, "encryption_keys"), "ledger", cJSON_Parse(stage->ledger_public_key));
    return write_config(stage, STS, sts) && bound;
}

/* write_configs: the gateway calls others from an address of its own, which accounts knows. */
static bool write_configs(const struct stage *stage)
{
    cJSON *gateway = cJSON_CreateObject();
    cJSON_AddStringToObject(gateway, "address", STAGE_GATEWAY_ADDRESS);
    return write_config(stage, GATEWAY, gateway) && write_config(stage, ACCOUNTS, cJSON_CreateObject()) &&
           write_config(stage, LEDGER, cJSON_CreateObject()) && write_clients(stage) &&
           write_document(stage, GATEWAY, gateway_json) && write_document(stage, ACCOUNTS, accounts_json) &&
           write_document(stage, LEDGER, ledger_json);
}

static bool write_secrets(const struct stage *stage)
{
    return write_file(stage->path[GATEWAY], "client.secret", stage->gateway_secret) &&
           write_file(stage->path[ACCOUNTS], "client.secret", stage->accounts_secret) &&
           write_file(stage->path[ACCOUNTS], "actor.jwk", apisec_signer_private_jwk(stage->actor_key)) &&
           write_file(stage->path[LEDGER], "decryption.jwk", stage->ledger_key) &&
           write_file(stage->path[STS], "signing.jwk", apisec_signer_private_jwk(stage->signing_key));
}

/* prepare_folder: an earlier run's log is not continued. */
static bool prepare_folder(const struct stage *stage, int service, const char *ca)
{
    char log[600];
    snprintf(log, sizeof log, "%s/audit.jsonl", stage->path[service]);
    (void)unlink(log);
    return write_file(stage->path[service], "ca.pem", ca) && make_certificate(stage->folder, stage_name(service));
}

static bool make_impostor(const struct stage *stage)
{
    char folder[512];
    snprintf(folder, sizeof folder, "%s/impostor", stage->folder);
    return make_folder(folder) && make_folder(stage->path[IMPOSTOR]) && make_ca(folder) && make_certificate(folder, "accounts");
}

bool stage_make_files(struct stage *stage)
{
    apisec_error err = {0};
    web_random_hex(stage->gateway_secret, sizeof stage->gateway_secret);
    web_random_hex(stage->accounts_secret, sizeof stage->accounts_secret);
    if (apisec_signer_generate("RS256", &stage->signing_key, &err) != APISEC_OK ||
        apisec_signer_generate("ES256", &stage->actor_key, &err) != APISEC_OK ||
        apisec_encryption_key_new("ECDH-ES+A256KW", &stage->ledger_key, &stage->ledger_public_key, &err) != APISEC_OK)
        return refuse(stage, "no keys:", err.text);

    bool folders = make_folder(stage->folder);
    for (int i = 0; i < NUM_SERVICES; i++) folders = folders && make_folder(stage->path[i]);
    if (!folders) return refuse(stage, "cannot make folders in", stage->folder);
    if (!make_ca(stage->folder)) return refuse(stage, "the openssl command (3.0 or later) makes no certificate in", stage->folder);
    char *ca = web_read_file(stage->folder, "ca.pem");
    bool prepared = ca != NULL;
    for (int i = 0; i < NUM_SERVICES; i++) prepared = prepared && prepare_folder(stage, i, ca);
    free(ca);
    prepared = prepared && make_impostor(stage);
    if (!prepared) return refuse(stage, "no certificates in", stage->folder);
    return (write_configs(stage) && write_secrets(stage)) || refuse(stage, "cannot write into", stage->folder);
}
