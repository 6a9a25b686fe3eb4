/* SPDX-License-Identifier: Apache-2.0
 *
 * scan.c: apisec_json_scan: one pass over a JSON text that accepts RFC 8259 less what readers disagree about, within limits.
 * It does not recurse and builds nothing. Every text from outside passes here before anything else reads it.
 */
#include "json/scan.h"

#include <stdio.h>
#include <string.h>

const apisec_json_limits json_token_limits = {16 * 1024, 8, 64, 1024, 16 * 1024, {0, 0, 0}};
const apisec_json_limits json_document_limits = {256 * 1024, 16, 64, 1024, 64 * 1024, {0, 0, 0}};
static const apisec_json_limits default_limits = {1024 * 1024, 16, 64, 1024, 64 * 1024, {0, 0, 0}};

enum { DEEPEST = 512 };

struct frame {
    uint32_t object; /* its number in the text, from 1; 0: an array */
    uint32_t count;  /* members or elements so far */
};

enum expected { A_VALUE, A_VALUE_OR_END, A_NAME, A_NAME_OR_END, A_COMMA_OR_END, NOTHING };

struct scan {
    const char *at;
    const char *end;
    const char *why;
    uint32_t limit;  /* the one that is broken, or 0 */
    apisec_json_limits limits;
    enum expected expected;
    uint32_t depth;
    uint32_t num_objects;
    size_t longest_number;
    struct names names;
    struct frame frames[DEEPEST];
};

static apisec_status refuse(struct scan *scan, const char *at, apisec_status status, const char *why)
{
    scan->at = at;
    scan->why = why;
    return status;
}

static apisec_status exceeded(struct scan *scan, const char *at, uint32_t limit, const char *why)
{
    scan->limit = limit;
    return refuse(scan, at, APISEC_E_TOO_LARGE, why);
}

static apisec_status malformed(struct scan *scan, const char *why)
{
    return refuse(scan, scan->at, APISEC_E_MALFORMED, scan->at == scan->end ? "the text ends too early" : why);
}

/* peek: the next byte, '\0' at the end (which is nowhere allowed, so the end needs no case of its own). */
static char peek(const struct scan *scan)
{
    return scan->at < scan->end ? *scan->at : '\0';
}

static void skip_space(struct scan *scan)
{
    const char *at = scan->at;
    while (at < scan->end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    scan->at = at;
}

/* ---- numbers ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(struct scan *scan)
{
    const char *const start = scan->at;
    while (scan->at < scan->end && is_digit(*scan->at)) scan->at++;
    return (size_t)(scan->at - start);
}

/* read_exponent reads digits as a number that stops growing long before it overflows. */
static int64_t read_exponent(struct scan *scan)
{
    int64_t exponent = 0;
    for (; is_digit(peek(scan)); scan->at++)
        if (exponent < INT64_C(1000000000000)) exponent = exponent * 10 + (*scan->at - '0');
    return exponent;
}

/* power: of ten, of the first digit that is not 0. Far below any limit if all digits are 0. */
static int64_t power(const char *at, const char *end)
{
    const char *point = at, *first = at;
    while (point < end && *point != '.') point++;
    while (first < end && (*first == '0' || *first == '.')) first++;
    if (first == end) return INT64_MIN / 2;
    return first < point ? point - first - 1 : point - first;
}

/* number = [ minus ] int [ frac ] [ exp ], RFC 8259 section 6; less than 10^308, because beyond lies what readers call infinity. */
static apisec_status number(struct scan *scan)
{
    const char *const start = scan->at;
    if (peek(scan) == '-') scan->at++;

    const char *const digits = scan->at;
    if (skip_digits(scan) == 0) return malformed(scan, "a digit is missing in a number");
    if (*digits == '0' && scan->at - digits > 1) return refuse(scan, digits + 1, APISEC_E_MALFORMED, "a number with a leading 0");
    if (peek(scan) == '.') {
        scan->at++;
        if (skip_digits(scan) == 0) return malformed(scan, "a digit is missing after a decimal point");
    }
    const char *const mantissa_end = scan->at;
    int64_t exponent = 0;
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        scan->at++;
        const bool negative = peek(scan) == '-';
        if (negative || peek(scan) == '+') scan->at++;
        if (!is_digit(peek(scan))) return malformed(scan, "a digit is missing in an exponent");
        exponent = read_exponent(scan);
        if (negative) exponent = -exponent;
    }
    if (scan->at - digits > 308 || exponent != 0)
        if (power(digits, mantissa_end) + exponent >= 308)
            return refuse(scan, start, APISEC_E_MALFORMED, "a number of 1e308 or more");

    const size_t len = (size_t)(scan->at - start);
    if (len > scan->longest_number) scan->longest_number = len;
    return APISEC_OK;
}

/* ---- values ---- */

static apisec_status literal(struct scan *scan, const char *word)
{
    for (; *word; word++, scan->at++)
        if (peek(scan) != *word) return malformed(scan, "no value of JSON begins like this");
    return APISEC_OK;
}

static apisec_status string(struct scan *scan, bool *escaped)
{
    scan->at++;
    const apisec_status status = string_scan(&scan->at, scan->end, scan->limits.max_string, escaped, &scan->why);
    if (status == APISEC_E_TOO_LARGE) scan->limit = scan->limits.max_string;
    return status;
}

static void end_value(struct scan *scan)
{
    scan->expected = scan->depth ? A_COMMA_OR_END : NOTHING;
}

static apisec_status enter(struct scan *scan, bool object)
{
    if (scan->depth == scan->limits.max_depth) return exceeded(scan, scan->at, scan->limits.max_depth, "nested deeper");
    scan->frames[scan->depth++] = (struct frame){object ? ++scan->num_objects : 0, 0};
    scan->at++;
    scan->expected = object ? A_NAME_OR_END : A_VALUE_OR_END;
    return APISEC_OK;
}

static void leave(struct scan *scan)
{
    const struct frame *const frame = &scan->frames[--scan->depth];
    if (frame->object) names_drop(&scan->names, frame->count);
    scan->at++;
    end_value(scan);
}

static apisec_status value(struct scan *scan)
{
    struct frame *const frame = scan->depth ? &scan->frames[scan->depth - 1] : NULL;
    if (frame && !frame->object && frame->count++ == scan->limits.max_elements)
        return exceeded(scan, scan->at, scan->limits.max_elements, "an array has more elements");

    bool escaped;
    apisec_status status;
    switch (peek(scan)) {
    case '{': return enter(scan, true);
    case '[': return enter(scan, false);
    case '"': status = string(scan, &escaped); break;
    case 't': status = literal(scan, "true"); break;
    case 'f': status = literal(scan, "false"); break;
    case 'n': status = literal(scan, "null"); break;
    case '-': status = number(scan); break;
    default:
        if (!is_digit(peek(scan))) return malformed(scan, "a value is missing");
        status = number(scan);
    }
    if (status == APISEC_OK) end_value(scan);
    return status;
}

static apisec_status name(struct scan *scan)
{
    struct frame *const frame = &scan->frames[scan->depth - 1];
    const char *const quote = scan->at;
    if (peek(scan) != '"') return malformed(scan, "a member name is missing");
    if (frame->count == scan->limits.max_members)
        return exceeded(scan, quote, scan->limits.max_members, "an object has more members");

    bool escaped;
    apisec_status status = string(scan, &escaped);
    if (status != APISEC_OK) return status;
    const struct text inside = {quote + 1, (size_t)(scan->at - quote) - 2};
    status = names_add(&scan->names, frame->object, inside, escaped);
    if (status == APISEC_E_MALFORMED) return refuse(scan, quote, status, "a member name occurs twice in one object");
    if (status != APISEC_OK) return refuse(scan, quote, status, "out of memory");
    frame->count++;

    skip_space(scan);
    if (peek(scan) != ':') return malformed(scan, "a colon is missing after a member name");
    scan->at++;
    scan->expected = A_VALUE;
    return APISEC_OK;
}

static apisec_status separator(struct scan *scan)
{
    const bool object = scan->frames[scan->depth - 1].object != 0;
    const char next = peek(scan);
    if (next == ',') {
        scan->at++;
        scan->expected = object ? A_NAME : A_VALUE;
        return APISEC_OK;
    }
    if (next != (object ? '}' : ']'))
        return malformed(scan, object ? "a comma or '}' is missing in an object" : "a comma or ']' is missing in an array");
    leave(scan);
    return APISEC_OK;
}

/* ---- the whole text ---- */

static apisec_status step(struct scan *scan)
{
    switch (scan->expected) {
    case A_NAME_OR_END:
        if (peek(scan) != '}') return name(scan);
        leave(scan);
        return APISEC_OK;
    case A_VALUE_OR_END:
        if (peek(scan) != ']') return value(scan);
        leave(scan);
        return APISEC_OK;
    case A_NAME: return name(scan);
    case A_VALUE: return value(scan);
    case A_COMMA_OR_END: return separator(scan);
    default: return APISEC_E_MALFORMED;
    }
}

static apisec_status whole(struct scan *scan)
{
    const size_t len = (size_t)(scan->end - scan->at);
    if (len > scan->limits.max_bytes)
        return exceeded(scan, scan->at + scan->limits.max_bytes, scan->limits.max_bytes, "the text has more bytes");
    if (len >= 3 && memcmp(scan->at, "\xef\xbb\xbf", 3) == 0) return malformed(scan, "a byte order mark");

    while (scan->expected != NOTHING) {
        skip_space(scan);
        const apisec_status status = step(scan);
        if (status != APISEC_OK) return status;
    }
    skip_space(scan);
    if (scan->at != scan->end) return malformed(scan, "bytes follow the value");
    return APISEC_OK;
}

/* effective fills defaults in. false: out of range. */
static bool effective(const apisec_json_limits *given, apisec_json_limits *limits)
{
    *limits = default_limits;
    if (!given) return true;
    if (given->max_depth > DEEPEST || given->reserved[0] || given->reserved[1] || given->reserved[2]) return false;
    if (given->max_bytes) limits->max_bytes = given->max_bytes;
    if (given->max_depth) limits->max_depth = given->max_depth;
    if (given->max_members) limits->max_members = given->max_members;
    if (given->max_elements) limits->max_elements = given->max_elements;
    if (given->max_string) limits->max_string = given->max_string;
    return true;
}

/* say names the line too where it is not the first one: a document that people write is looked for there. */
static apisec_status say(const struct scan *scan, const char *start, apisec_status status, apisec_error *err)
{
    char line[32] = "", limit[32] = "";
    size_t number = 1;
    for (const char *at = start; at < scan->at; at++) number += *at == '\n';
    if (number > 1) snprintf(line, sizeof line, " (line %zu)", number);
    if (scan->limit > 0) snprintf(limit, sizeof limit, " than the limit of %u", (unsigned)scan->limit);
    return fail(err, status, "JSON, offset %zu%s: %s%s", (size_t)(scan->at - start), line, scan->why, limit);
}

apisec_status scan_text(struct text text, const apisec_json_limits *limits, size_t *longest_number, size_t *position,
                        apisec_error *err)
{
    *longest_number = 0;
    *position = 0;
    struct scan scan; /* not initialised as a whole: most of its frames are never used */
    if (!text.at && text.len) return fail(err, APISEC_E_ARGUMENT, "JSON: no bytes, but a length");
    if (!effective(limits, &scan.limits)) return fail(err, APISEC_E_ARGUMENT, "JSON: limits out of range");
    const unsigned char *const key = process_key();
    if (!key) return fail(err, APISEC_E_SYSTEM, "JSON: no randomness for the set of member names");

    const char *const start = text.at ? text.at : "";
    scan.at = start;
    scan.end = start + text.len;
    scan.why = "";
    scan.limit = 0;
    scan.expected = A_VALUE;
    scan.depth = 0;
    scan.num_objects = 0;
    scan.longest_number = 0;
    names_begin(&scan.names, key);
    const apisec_status status = whole(&scan);
    names_end(&scan.names);

    *position = (size_t)(scan.at - start);
    if (status != APISEC_OK || scan.limit > 0) return say(&scan, start, status, err);
    *longest_number = scan.longest_number;
    return succeed(err);
}

apisec_status apisec_json_scan(const char *bytes, size_t len, const apisec_json_limits *limits, size_t *position,
                               apisec_error *err)
{
    size_t at, longest_number;
    const apisec_status status = scan_text((struct text){bytes, len}, limits, &longest_number, &at, err);
    if (position) *position = at;
    return status;
}
