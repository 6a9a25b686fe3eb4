/* SPDX-License-Identifier: Apache-2.0
 *
 * statuslist.c: the examples and test vectors of draft-ietf-oauth-status-list: each list put into the claims of a Status List Token
 * and read, and every entry of it compared. Argument: the folder with the draft's examples; without one, $VECTORS/status-list.
 */
#include "support/vectors.h"
#include "token/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URI "https://example.com/statuslists/1"
#define ISSUER "https://example.com"
#define NOW 1686920170

struct entry {
    int64_t index;
    uint32_t value;
};

/* The entries that are not 0, as the draft lists them. */
static const struct entry example1[] = {{0, 1}, {3, 1}, {4, 1}, {5, 1}, {7, 1}, {8, 1}, {9, 1}, {13, 1}, {15, 1}};
static const struct entry example2[] = {{0, 1}, {1, 2}, {3, 3}, {5, 1}, {7, 1}, {8, 1}, {9, 2}, {10, 3}, {11, 3}};
static const struct entry long1[] = {{0, 1},      {1993, 1},   {25460, 1},  {159495, 1}, {495669, 1}, {554353, 1},
                                     {645645, 1}, {723232, 1}, {854545, 1}, {934534, 1}, {1000345, 1}};
static const struct entry long2[] = {{0, 1},      {1993, 2},   {25460, 1},  {159495, 3}, {495669, 1}, {554353, 1},
                                     {645645, 2}, {723232, 1}, {854545, 1}, {934534, 2}, {1000345, 3}};
static const struct entry long4[] = {{0, 1},       {1993, 2},    {35460, 3},   {459495, 4},   {595669, 5},
                                     {754353, 6},  {845645, 7},  {923232, 8},  {924445, 9},   {934534, 10},
                                     {1004534, 11}, {1000345, 12}, {1030203, 13}, {1030204, 14}, {1030205, 15}};

static const struct {
    const char *file;
    int64_t num_entries;
    const struct entry *set;
    size_t num_set;
} files[] = {
    {"status_list_encoding_json.md", 16, example1, sizeof example1 / sizeof example1[0]},
    {"status_list_encoding2_json.md", 12, example2, sizeof example2 / sizeof example2[0]},
    {"status_list_encoding1_long_json.md", 1 << 20, long1, sizeof long1 / sizeof long1[0]},
    {"status_list_encoding2_long_json.md", 1 << 20, long2, sizeof long2 / sizeof long2[0]},
    {"status_list_encoding4_json.md", 1 << 20, long4, sizeof long4 / sizeof long4[0]},
};

/* object_of cuts the JSON object out of a file; its texts are folded with a line break and blanks, which go. */
static struct text object_of(struct text file)
{
    char *const text = (char *)file.at; /* the arena's own copy */
    const char *const first = strchr(text, '{'), *const last = strrchr(text, '}');
    size_t len = 0;
    if (first == NULL || last == NULL) return (struct text){NULL, 0};
    for (const char *at = first; at <= last; at++)
        if (*at != '\n' && *at != ' ') text[len++] = *at;
    return (struct text){text, len};
}

/* read_object makes the object the `status_list` of a Status List Token. */
static struct status_list *read_object(struct text object)
{
    static const struct status_expected expected = {{URI, sizeof URI - 1}, ISSUER, 60, NOW};
    struct buffer payload = BUFFER_MAX(STATUS_MAX_TOKEN);
    struct status_list *list = NULL;
    apisec_error err;
    buffer_text(&payload, "{\"sub\":\"" URI "\",\"iat\":1686920170,\"status_list\":");
    buffer_slice(&payload, object);
    buffer_byte(&payload, '}');
    if (status_list_read((struct text){payload.bytes, payload.len}, &expected, &list, &err) != APISEC_OK) printf("%s\n", err.text);
    buffer_free(&payload);
    return list;
}

static uint32_t wanted(const struct entry *set, size_t num, int64_t index)
{
    for (size_t i = 0; i < num; i++)
        if (set[i].index == index) return set[i].value;
    return 0;
}

static void try_list(const char *folder, size_t at)
{
    struct arena arena = {NULL};
    const char *const file = files[at].file;
    struct status_list *const list = read_object(object_of(vectors_read(folder, file, &arena)));
    vectors_check(list != NULL, file, 0, "is read");
    if (list != NULL) {
        int64_t wrong = 0;
        for (int64_t i = 0; i < files[at].num_entries; i++)
            wrong += !status_list_has(list, i) || status_list_at(list, i) != wanted(files[at].set, files[at].num_set, i);
        vectors_check(wrong == 0, file, wrong, "entries differ");
        vectors_check(!status_list_has(list, files[at].num_entries), file, files[at].num_entries, "is behind the end");
        for (size_t i = 0; i < files[at].num_set; i++)
            vectors_check(status_list_at(list, files[at].set[i].index) == files[at].set[i].value, file, files[at].set[i].index,
                          "an entry that is not 0");
    }
    free(list);
    arena_free(&arena);
}

/* Of the 8-bit list the draft sets each of the 255 values once. */
static void try_list_of_8_bits(const char *folder)
{
    static const struct entry some[] = {{1199, 121}, {4520, 213}, {6805, 112}, {13628, 20}, {19535, 255}, {52451, 1}, {66653, 9}};
    static const char file[] = "status_list_encoding8_json.md";
    struct arena arena = {NULL};
    size_t seen[256] = {0};
    struct status_list *const list = read_object(object_of(vectors_read(folder, file, &arena)));
    vectors_check(list != NULL && status_list_has(list, (1 << 20) - 1) && !status_list_has(list, 1 << 20), file, 0, "is read");
    for (int64_t i = 0; list != NULL && i < 1 << 20; i++) seen[status_list_at(list, i) & 255]++;
    for (size_t value = 1; value < 256; value++) vectors_check(seen[value] == 1, file, (int64_t)value, "is there once");
    for (size_t i = 0; list != NULL && i < sizeof some / sizeof some[0]; i++)
        vectors_check(status_list_at(list, some[i].index) == some[i].value, file, some[i].index, "an entry that is not 0");
    free(list);
    arena_free(&arena);
}

/* The example token as it is sent, and as it is written down. Its key is not among the vectors: the signature is not checked. */
static void try_token(const char *folder)
{
    static const struct status_expected now = {{URI, sizeof URI - 1}, ISSUER, 60, NOW};
    static const struct status_expected late = {{URI, sizeof URI - 1}, ISSUER, 60, 2291720230};
    static const char raw_file[] = "status_list_jwt_raw.md", file[] = "status_list_jwt.md";
    struct arena arena = {NULL};
    struct jws jws;
    struct jws_header header;
    struct text payload = {NULL, 0};
    struct status_list *list = NULL;
    struct text raw = vectors_read(folder, raw_file, &arena);
    char *const compact = (char *)raw.at;
    raw.len = 0;
    for (const char *at = raw.at; *at != '\0'; at++)
        if (*at != '\n') compact[raw.len++] = *at;
    const bool is_form = jws_split(raw, &jws, NULL) == APISEC_OK && jws_header_parse(jws.header, &header, NULL) == APISEC_OK;
    vectors_check(is_form, raw_file, 0, "is a JWS");
    if (is_form) {
        vectors_check(jws_type_is(header.typ, "statuslist+jwt") && text_is(header.alg, "ES256"), raw_file, 1, "its header");
        vectors_check(jws_decode_payload(&jws, &arena, &payload, NULL) == APISEC_OK, raw_file, 2, "its payload");
        vectors_check(status_list_read(payload, &now, &list, NULL) == APISEC_OK, raw_file, 3, "is a list");
        vectors_check(list != NULL && list->ttl == 43200 && list->expires_at == 2291720230, raw_file, 4, "its ttl and exp");
        vectors_check(list != NULL && status_list_at(list, 0) == 1 && status_list_at(list, 1) == 0, raw_file, 5, "its entries");
        free(list);
        vectors_check(status_list_read(payload, &late, &list, NULL) == APISEC_E_RESPONSE, raw_file, 6, "expires");
        jws_header_free(&header);
    }
    const struct text text = vectors_read(folder, file, &arena);
    const char *const second = strstr(text.at, "\n.\n");
    vectors_check(second != NULL, file, 0, "has header and claims");
    if (second != NULL) {
        vectors_check(status_list_read(text_of(second + 3), &now, &list, NULL) == APISEC_OK, file, 1, "is a list");
        vectors_check(list != NULL && list->ttl == 43200 && list->issued_at == NOW, file, 2, "its ttl and iat");
        free(list);
    }
    arena_free(&arena);
}

int main(int argc, char **argv)
{
    const char *const folder = vectors_folder(argc, argv, "status-list");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) try_list(folder, i);
    try_list_of_8_bits(folder);
    try_token(folder);
    return vectors_end();
}
