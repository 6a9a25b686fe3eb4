/* SPDX-License-Identifier: Apache-2.0
 *
 * lists.c: status lists, see lists.h.
 */
#include "support/lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void must(bool done, const char *what)
{
    if (done) return;
    fprintf(stderr, "lists: %s failed\n", what);
    abort();
}

char *list_pack(const void *bytes, size_t len)
{
    uLongf size = compressBound((uLong)len);
    unsigned char *packed = malloc(size);
    must(packed != NULL, "memory");
    must(compress2(packed, &size, bytes, (uLong)len, 9) == Z_OK, "compressing");
    char *encoded = forge_base64url((struct text){(const char *)packed, size});
    free(packed);
    return encoded;
}

char *list_claims(const void *bytes, size_t len, const struct forge_change *claims)
{
    char *lst = list_pack(bytes, len);
    const size_t size = strlen(lst) + 64;
    char *list = malloc(size);
    must(list != NULL, "memory");
    snprintf(list, size, "{\"bits\":1,\"lst\":\"%s\"}", lst);
    /* the honest claims of a token give way to those of a list; the caller's changes come last and win */
    struct forge_change all[32] = {{"sub", "\"" LIST_URI "\""}, {"aud", NULL},       {"exp", NULL},   {"jti", NULL},
                                   {"client_id", NULL},          {"scope", NULL}, {"ttl", "300"}, {"status_list", list}};
    size_t num = 8;
    for (; claims->name != NULL; claims++) all[num++] = *claims;
    must(num < 32, "so many changes");
    char *made = forge_claims(all);
    free(list);
    free(lst);
    return made;
}

char *list_token(const void *bytes, size_t len, const struct forge_change *claims, const struct forge_change *header,
                 const apisec_signer *signer)
{
    struct forge_change all[8] = {{"typ", "\"statuslist+jwt\""}};
    size_t num = 1;
    for (; header->name != NULL; header++) all[num++] = *header;
    must(num < 8, "so many changes");
    char *payload = list_claims(bytes, len, claims);
    char *head = forge_header(apisec_signer_algorithm(signer), apisec_signer_key_id(signer), all);
    char *token = forge_jws(head, payload, signer);
    free(head);
    free(payload);
    return token;
}

const char *list_reference(const char *uri, const char *idx)
{
    static char claim[4096];
    const int len = snprintf(claim, sizeof claim, "{\"status_list\":{\"idx\":%s,\"uri\":\"%s\"}}", idx, uri);
    must(len > 0 && (size_t)len < sizeof claim, "so long a reference");
    return claim;
}
