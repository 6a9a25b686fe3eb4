/* SPDX-License-Identifier: Apache-2.0
 *
 * reader.c: a parsed document with typed reading: the only file that knows cJSON. A struct json is a cJSON by another name.
 * The scanner has seen every text before cJSON does, so what is left of its laxness cannot be reached.
 */
#include "json/scan.h"

#include <cjson/cJSON.h>
#include <string.h>

/* cJSON copies a number into 64 bytes and takes the rest for garbage. Longer ones are refused here, with the reason. */
enum { LONGEST_NUMBER = 63 };

#define EXACT INT64_C(9007199254740992) /* 2^53: from here on a double stands for more than one integer */

static const cJSON *item_of(const struct json *value)
{
    return (const cJSON *)value;
}

static struct json *json_of(cJSON *item)
{
    return (struct json *)item;
}

static apisec_status check(struct text text, const apisec_json_limits *limits, apisec_error *err)
{
    size_t longest_number, position;
    const apisec_status status = scan_text(text, limits, &longest_number, &position, err);
    if (status != APISEC_OK) return status;
    if (longest_number > LONGEST_NUMBER) return fail(err, APISEC_E_MALFORMED, "JSON: a number of more than 63 characters");
    return APISEC_OK;
}

apisec_status json_parse(struct text text, const apisec_json_limits *limits, struct json **document, apisec_error *err)
{
    *document = NULL;
    const apisec_status status = check(text, limits, err);
    if (status != APISEC_OK) return status;
    *document = json_of(cJSON_ParseWithLengthOpts(text.at, text.len, NULL, false));
    return *document ? succeed(err) : fail_memory(err); /* nothing else is left that it could fail for */
}

apisec_status json_parse_object(struct text text, const apisec_json_limits *limits, struct json **document, apisec_error *err)
{
    const apisec_status status = json_parse(text, limits, document, err);
    if (status != APISEC_OK || json_kind(*document) == JSON_OBJECT) return status;
    json_free(*document);
    *document = NULL;
    return fail(err, APISEC_E_MALFORMED, "JSON: not an object");
}

apisec_status json_check_object(struct text text, const apisec_json_limits *limits, apisec_error *err)
{
    const apisec_status status = check(text, limits, err);
    if (status != APISEC_OK) return status;
    size_t first = 0;
    while (text.at[first] == ' ' || text.at[first] == '\t' || text.at[first] == '\n' || text.at[first] == '\r') first++;
    return text.at[first] == '{' ? succeed(err) : fail(err, APISEC_E_MALFORMED, "JSON: not an object");
}

/* The scanner has bounded the depth. */
static void wipe_strings(cJSON *item)
{
    for (; item; item = item->next) {
        if (item->valuestring) mem_wipe(item->valuestring, strlen(item->valuestring));
        wipe_strings(item->child);
    }
}

void json_free(struct json *document)
{
    if (!document) return;
    wipe_strings((cJSON *)document);
    cJSON_Delete((cJSON *)document);
}

enum json_kind json_kind(const struct json *value)
{
    const cJSON *const item = item_of(value);
    if (cJSON_IsObject(item)) return JSON_OBJECT;
    if (cJSON_IsArray(item)) return JSON_ARRAY;
    if (cJSON_IsString(item)) return JSON_STRING;
    if (cJSON_IsNumber(item)) return JSON_NUMBER;
    if (cJSON_IsTrue(item)) return JSON_TRUE;
    if (cJSON_IsFalse(item)) return JSON_FALSE;
    return JSON_NULL;
}

const struct json *json_member(const struct json *object, const char *name)
{
    if (!cJSON_IsObject(item_of(object)) || !name) return NULL;
    cJSON *at = item_of(object)->child; /* of most the first letter is another */
    while (at && (!at->string || at->string[0] != name[0] || strcmp(at->string, name) != 0)) at = at->next;
    return json_of(at);
}

const struct json *json_first(const struct json *array_or_object)
{
    const cJSON *const item = item_of(array_or_object);
    if (!cJSON_IsArray(item) && !cJSON_IsObject(item)) return NULL;
    return json_of(item->child);
}

const struct json *json_next(const struct json *element)
{
    return element ? json_of(item_of(element)->next) : NULL;
}

const char *json_name(const struct json *member)
{
    return member ? item_of(member)->string : NULL;
}

size_t json_count(const struct json *array_or_object)
{
    size_t count = 0;
    for (const struct json *at = json_first(array_or_object); at; at = json_next(at)) count++;
    return count;
}

/* ---- typed reading: every function begins with find, so that all agree on what is absent ---- */

static enum json_found find(const struct json *object, const char *name, const cJSON **item)
{
    *item = NULL;
    if (!object) return JSON_ABSENT;
    if (json_kind(object) != JSON_OBJECT) return JSON_MISTYPED;
    *item = item_of(json_member(object, name));
    return *item ? JSON_OK : JSON_ABSENT;
}

bool json_as_text(const struct json *value, struct text *out)
{
    *out = (struct text){NULL, 0};
    const cJSON *const item = item_of(value);
    if (!cJSON_IsString(item) || !item->valuestring) return false;
    *out = text_of(item->valuestring);
    return true;
}

enum json_found json_get_text(const struct json *object, const char *name, struct text *out)
{
    *out = (struct text){NULL, 0};
    const cJSON *item;
    const enum json_found found = find(object, name, &item);
    if (found != JSON_OK) return found;
    return json_as_text((const struct json *)item, out) ? JSON_OK : JSON_MISTYPED;
}

enum json_found json_get_bool(const struct json *object, const char *name, bool *out)
{
    *out = false;
    const cJSON *item;
    const enum json_found found = find(object, name, &item);
    if (found != JSON_OK) return found;
    if (!cJSON_IsBool(item)) return JSON_MISTYPED;
    *out = cJSON_IsTrue(item);
    return JSON_OK;
}

/* as_number: a number whose integer part is exact. */
static bool as_number(const cJSON *item, double *number)
{
    *number = 0;
    if (!cJSON_IsNumber(item)) return false;
    if (!(item->valuedouble > -(double)EXACT && item->valuedouble < (double)EXACT)) return false;
    *number = item->valuedouble;
    return true;
}

bool json_as_double(const struct json *value, double *out)
{
    const cJSON *const item = item_of(value);
    *out = cJSON_IsNumber(item) ? item->valuedouble : 0;
    return cJSON_IsNumber(item);
}

bool json_as_int64(const struct json *value, int64_t *out)
{
    *out = 0;
    double number;
    if (!as_number(item_of(value), &number)) return false;
    const int64_t integer = (int64_t)number;
    if ((double)integer < number || (double)integer > number) return false;
    *out = integer;
    return true;
}

bool json_as_date(const struct json *value, int64_t *out)
{
    *out = 0;
    double number;
    if (!as_number(item_of(value), &number) || number < 0) return false;
    *out = (int64_t)number;
    return true;
}

enum json_found json_get_int64(const struct json *object, const char *name, int64_t *out)
{
    *out = 0;
    const cJSON *item;
    const enum json_found found = find(object, name, &item);
    if (found != JSON_OK) return found;
    return json_as_int64((const struct json *)item, out) ? JSON_OK : JSON_MISTYPED;
}

enum json_found json_get_date(const struct json *object, const char *name, int64_t *out)
{
    *out = 0;
    const cJSON *item;
    const enum json_found found = find(object, name, &item);
    if (found != JSON_OK) return found;
    return json_as_date((const struct json *)item, out) ? JSON_OK : JSON_MISTYPED;
}
