/* SPDX-License-Identifier: Apache-2.0
 *
 * sts_status.c: the status list of the tokens for accounts (draft-ietf-oauth-status-list): one bit for each, in one signed token
 * that services fetch now and then. Revoking a token flips its bit; no service asks about single tokens. Example code.
 */
#include "sts.h"

#include <string.h>
#include <time.h>
#include <zlib.h>

#define LIST_LIFETIME 60
#define LIST_TTL 2 /* how long services may go without looking: short, because a demo is */

static void list_url(const struct sts *sts, char url[320])
{
    snprintf(url, 320, "%s/status/1", sts->issuer);
}

void sts_add_status(struct sts *sts, cJSON *claims)
{
    char url[320];
    list_url(sts, url);
    pthread_mutex_lock(&sts->lock);
    const uint32_t entry = sts->next_status++ % STS_STATUS_ENTRIES;
    sts->statuses[entry / 8] &= (unsigned char)~(1u << entry % 8);
    pthread_mutex_unlock(&sts->lock);
    cJSON *reference = cJSON_AddObjectToObject(cJSON_AddObjectToObject(claims, "status"), "status_list");
    cJSON_AddNumberToObject(reference, "idx", entry);
    cJSON_AddStringToObject(reference, "uri", url);
}

/* read_entry finds the entry of a verified token; false: it has none. */
static bool read_entry(const apisec_token *token, uint32_t *entry)
{
    size_t len = 0;
    const char *text = apisec_token_claim_json(token, "status", &len);
    cJSON *status = text ? cJSON_ParseWithLength(text, len) : NULL;
    const cJSON *reference = cJSON_GetObjectItemCaseSensitive(status, "status_list");
    const cJSON *index = cJSON_GetObjectItemCaseSensitive(reference, "idx");
    const bool there = cJSON_IsNumber(index) && index->valuedouble >= 0 && index->valuedouble < STS_STATUS_ENTRIES;
    *entry = there ? (uint32_t)index->valuedouble : 0;
    cJSON_Delete(status);
    return there;
}

bool sts_revoke_status(struct sts *sts, const char *raw, const char *client)
{
    apisec_token *token = NULL;
    uint32_t entry = 0;
    if (apisec_verify(sts->subjects, raw, strlen(raw), (int64_t)time(NULL), &token, NULL) != APISEC_OK) return false;
    const bool known = strcmp(apisec_token_client_id(token), client) == 0 && read_entry(token, &entry);
    if (known) {
        pthread_mutex_lock(&sts->lock);
        sts->statuses[entry / 8] |= (unsigned char)(1u << entry % 8);
        pthread_mutex_unlock(&sts->lock);
    }
    apisec_token_free(token);
    return known;
}

bool sts_is_revoked(struct sts *sts, const apisec_token *token)
{
    uint32_t entry = 0;
    if (!read_entry(token, &entry)) return false;
    pthread_mutex_lock(&sts->lock);
    const bool revoked = sts->statuses[entry / 8] >> entry % 8 & 1;
    pthread_mutex_unlock(&sts->lock);
    return revoked;
}

/* write_list compresses the bits as the draft wants them: zlib, then base64url. false: it does not fit. */
static bool write_list(struct sts *sts, char *text, size_t size)
{
    unsigned char bits[sizeof sts->statuses], packed[sizeof sts->statuses + 64];
    uLongf len = sizeof packed;
    pthread_mutex_lock(&sts->lock);
    memcpy(bits, sts->statuses, sizeof bits);
    pthread_mutex_unlock(&sts->lock);
    return compress2(packed, &len, bits, sizeof bits, Z_BEST_COMPRESSION) == Z_OK && web_base64url(packed, len, text, size);
}

void sts_status_list(struct sts *sts, struct web_reply *reply)
{
    char list[1024], url[320], *token = NULL;
    const double now = (double)time(NULL);
    list_url(sts, url);
    cJSON *claims = cJSON_CreateObject();
    cJSON_AddStringToObject(claims, "iss", sts->issuer);
    cJSON_AddStringToObject(claims, "sub", url);
    cJSON_AddNumberToObject(claims, "iat", now);
    cJSON_AddNumberToObject(claims, "exp", now + LIST_LIFETIME);
    cJSON_AddNumberToObject(claims, "ttl", LIST_TTL);
    const bool written = write_list(sts, list, sizeof list);
    cJSON *body = cJSON_AddObjectToObject(claims, "status_list");
    cJSON_AddNumberToObject(body, "bits", 1);
    cJSON_AddStringToObject(body, "lst", list);
    char *text = cJSON_PrintUnformatted(claims);
    cJSON_Delete(claims);
    if (written && text) (void)apisec_signer_sign(sts->signer, "statuslist+jwt", text, strlen(text), &token, NULL);
    cJSON_free(text);
    reply->status = token ? 200 : 500;
    reply->content_type = "application/statuslist+jwt";
    reply->body = token ? strdup(token) : NULL;
    reply->len = reply->body ? strlen(reply->body) : 0;
    apisec_text_free(token);
}
