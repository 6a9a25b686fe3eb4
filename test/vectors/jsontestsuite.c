/* SPDX-License-Identifier: Apache-2.0
 *
 * jsontestsuite.c: JSONTestSuite against the scanner: no n_ file accepted, every y_ file but four accepted, the i_ files named.
 * Argument: the suite's folder, with test_parsing and test_transform in it; without one, $VECTORS/jsontestsuite.
 */
#include "json/json.h"
#include "support/guard.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Valid by RFC 8259, and refused because readers disagree about them: names twice, and U+0000. */
static const char *const refused_by_choice[] = {
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_object_escaped_null_in_key.json",
    "y_string_null_escape.json",
};
enum { NUM_REFUSED = sizeof refused_by_choice / sizeof refused_by_choice[0], LONGEST_SCAN_US = 1000000 };

/* 500 deep is more than the default allows, and says nothing about strictness. */
static const char deep_file[] = "i_structure_500_nested_arrays.json";
static const apisec_json_limits deep_limits = {.max_depth = 512};

static int num_passed, num_failed, num_refused_by_choice;

static void give_up(const char *what, const char *path)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(2);
}

static struct text read_file(const char *path)
{
    struct stat info;
    FILE *const file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &info) != 0) give_up("cannot be read", path);
    const size_t size = (size_t)info.st_size;
    char *const bytes = mem_array(size, 1);
    if (!bytes || fread(bytes, 1, size, file) != size) give_up("cannot be read", path);
    fclose(file);
    const struct text copy = {guarded(bytes, size), size};
    free(bytes);
    return copy;
}

static bool is_refused_by_choice(const char *name)
{
    for (size_t i = 0; i < NUM_REFUSED; i++)
        if (strcmp(refused_by_choice[i], name) == 0) return true;
    return false;
}

static bool begins(const char *name, const char *prefix)
{
    return text_starts(text_of(name), prefix);
}

/* surprise: why the result is not what the name of the file demands, or NULL. */
static const char *surprise(const char *name, apisec_status status)
{
    if (status != APISEC_OK && status != APISEC_E_MALFORMED && status != APISEC_E_TOO_LARGE) return "neither accepted nor refused";
    if (begins(name, "n_")) return status == APISEC_OK ? "accepted, and is not JSON" : NULL;
    if (!begins(name, "y_")) return NULL;
    if (!is_refused_by_choice(name)) return status == APISEC_OK ? NULL : "refused, and is JSON";
    num_refused_by_choice++;
    return status == APISEC_E_MALFORMED ? NULL : "accepted, and readers disagree about it";
}

/* What the scanner accepts the reader must be able to read, but for numbers longer than it takes. */
static const char *reader_surprise(struct text text, const apisec_json_limits *limits, apisec_status scanned)
{
    struct json *document;
    const apisec_status parsed = json_parse(text, limits, &document, NULL);
    json_free(document);
    if (scanned != APISEC_OK) return parsed == scanned ? NULL : "the reader decides otherwise than the scanner";
    return parsed == APISEC_OK || parsed == APISEC_E_MALFORMED ? NULL : "accepted, but cannot be read";
}

static void check_file(const char *folder, const char *name)
{
    char path[1024];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) give_up("too long a name", name);
    const struct text text = read_file(path);
    const apisec_json_limits *const limits = strcmp(name, deep_file) == 0 ? &deep_limits : NULL;

    apisec_error err;
    size_t position;
    const int64_t start = clock_elapsed_us();
    const apisec_status status = apisec_json_scan(text.at, text.len, limits, &position, &err);
    const int64_t took = clock_elapsed_us() - start;

    const char *why = surprise(name, status);
    if (!why) why = reader_surprise(text, limits, status);
    if (!why && position > text.len) why = "a position behind the end";
    if (!why && took > LONGEST_SCAN_US) why = "took longer than a second";
    if (why) printf("FAILED  %s: %s: %s\n", name, why, err.text);
    else if (!begins(name, "n_") && !begins(name, "y_"))
        printf("%-8s  %s%s%s\n", status ? "refused" : "accepted", name, status ? ": " : "", err.text);
    *(why ? &num_failed : &num_passed) += 1;
    guard_free(text.at);
}

static void check_folder(const char *suite, const char *inner)
{
    char folder[1024];
    if (snprintf(folder, sizeof folder, "%s/%s", suite, inner) >= (int)sizeof folder) give_up("too long a name", suite);
    struct dirent **entries;
    const int num = scandir(folder, &entries, NULL, alphasort);
    if (num < 0) give_up("is no folder that can be read", folder);
    for (int i = 0; i < num; i++) {
        if (entries[i]->d_name[0] != '.') check_file(folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

/* A hundred thousand brackets under the deepest limit: refused at the 513th, whatever follows. */
static void check_depth_is_bounded(void)
{
    enum { NUM = 100000 };
    char *const brackets = mem_array(NUM, 1);
    if (!brackets) give_up("out of memory", "brackets");
    memset(brackets, '[', NUM);
    size_t position;
    const apisec_status status = apisec_json_scan(brackets, NUM, &deep_limits, &position, NULL);
    const bool fine = status == APISEC_E_TOO_LARGE && position == 512;
    if (!fine) printf("FAILED  100000 opening brackets: %s at %zu\n", apisec_status_name(status), position);
    *(fine ? &num_passed : &num_failed) += 1;
    free(brackets);
}

int main(int argc, char **argv)
{
    char folder[1024];
    const char *const vectors = getenv("VECTORS");
    if (argc != 2 && !vectors) give_up("usage: jsontestsuite FOLDER", argv[0]);
    if (argc == 2) snprintf(folder, sizeof folder, "%s", argv[1]);
    else snprintf(folder, sizeof folder, "%s/jsontestsuite", vectors);

    check_folder(folder, "test_parsing");
    check_folder(folder, "test_transform");
    check_depth_is_bounded();
    if (num_refused_by_choice != NUM_REFUSED) {
        printf("FAILED  %d of the %d files that are refused by choice were seen\n", num_refused_by_choice, (int)NUM_REFUSED);
        num_failed++;
    }
    printf("%d passed, %d failed\n", num_passed, num_failed);
    return num_failed ? 1 : 0;
}
