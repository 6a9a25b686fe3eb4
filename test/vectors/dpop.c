/* SPDX-License-Identifier: Apache-2.0
 *
 * dpop.c: the DPoP proofs that RFC 9449 shows, judged by all of its section 4.3 at the moment they were made: those for a resource
 * are accepted, those for a token endpoint, which name no token, fail for that and nothing before it; and with one thing of the
 * request changed none is. Argument: the folder with rfc9449-dpop-proofs.json; without one, $VECTORS.
 */
#include "support/vectors.h"
#include "token/dpop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "rfc9449-dpop-proofs.json"
#define JKT "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" /* of the key that all of them are made with, RFC 9449 section 6.1 */

/* The origin of a URL of the file, and what is behind it. */
static struct text origin_of(struct text url, struct text *path)
{
    size_t len = strlen("https://");
    while (len < url.len && url.at[len] != '/') len++;
    *path = (struct text){url.at + len, url.len - len};
    return (struct text){url.at, len};
}

static struct dpop_policy *new_policy(struct text origin)
{
    struct dpop_policy *policy = NULL;
    struct dpop_settings settings = {.allowed = true, .capacity = 4};
    char *const base = text_copy(origin);
    if (!base || !name_list_add(&settings.bases, base) || dpop_policy_new(&settings, &policy, NULL) != APISEC_OK) abort();
    name_list_free(&settings.bases);
    free(base);
    return policy;
}

static bool says(const apisec_error *err, const char *word)
{
    return strstr(err->text, word) != NULL;
}

static void check_one(const struct json *vector, int64_t id)
{
    struct text path, ath = {NULL, 0};
    struct dpop_result result;
    apisec_error err;
    const struct json *const claims = json_member(vector, "claims");
    const struct text proof = vectors_text(vector, "jws");
    const bool has_token = json_get_text(claims, "ath", &ath) == JSON_OK;
    struct dpop_policy *const policy = new_policy(origin_of(vectors_text(claims, "htu"), &path));
    struct dpop_context context = {.policy = policy,
                                   .method = vectors_text(claims, "htm"),
                                   .path = path,
                                   .ath = ath,
                                   .jkt = text_of(JKT),
                                   .now = vectors_number(claims, "iat")};
    const apisec_status expected = has_token ? APISEC_OK : APISEC_E_PROOF;
    const apisec_status status = dpop_check(proof, &context, &result, &err);
    vectors_check(status == expected && (has_token || says(&err, "(ath)")), FILE_NAME, id, "as it is");

    struct dpop_context other = context;
    other.method = text_of("PUT");
    vectors_check(dpop_check(proof, &other, &result, &err) == APISEC_E_PROOF && says(&err, "(htm)"), FILE_NAME, id, "method");
    other = context;
    other.path = text_of("/elsewhere");
    vectors_check(dpop_check(proof, &other, &result, &err) == APISEC_E_PROOF && says(&err, "(htu)"), FILE_NAME, id, "path");
    other = context;
    other.now += 31;
    vectors_check(dpop_check(proof, &other, &result, &err) == APISEC_E_PROOF && says(&err, "(iat)"), FILE_NAME, id, "time");
    other = context;
    other.jkt = text_of("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    vectors_check(dpop_check(proof, &other, &result, &err) == APISEC_E_BINDING, FILE_NAME, id, "key");

    char *const changed = text_copy(proof);
    if (!changed) abort();
    changed[proof.len - 10] = changed[proof.len - 10] == 'A' ? 'B' : 'A';
    vectors_check(dpop_check(text_of(changed), &context, &result, &err) == APISEC_E_PROOF && !says(&err, "(ath)"), FILE_NAME, id,
                  "signature");
    free(changed);
    dpop_policy_free(policy);
}

int main(int argc, char **argv)
{
    struct json *const document = vectors_open(vectors_folder(argc, argv, "."), FILE_NAME);
    int64_t id = 0;
    for (const struct json *vector = json_first(document); vector; vector = json_next(vector)) check_one(vector, id++);
    json_free(document);
    return vectors_end();
}
