/* SPDX-License-Identifier: Apache-2.0
 *
 * json.h (private): strict reading and safe writing of JSON. The only user of cJSON is reader.c; every text passes the scanner
 * first, so what cJSON would have let through never reaches it.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "base/base.h"

#include <apisec/json.h>

/* ---- scan.c: apisec_json_scan ---- */

/* The limits of a token's header and claims: depth 8, 64 members, 1024 elements, 16 KiB; of a document from another server. */
extern const apisec_json_limits json_token_limits;
extern const apisec_json_limits json_document_limits; /* 256 KiB, depth 16 */

/* ---- utf8.c ---- */

/* json_is_utf8: nothing but characters in their shortest form. */
bool json_is_utf8(struct text text);

/* ---- span.c ---- */

/* json_member_span finds a top-level member's value in an object text that passed the scanner: its raw bytes, without white space
 * around. false: absent, or not an object. Names are compared after unescaping. */
bool json_member_span(struct text object, const char *name, struct text *value);
/* json_member_spans finds several at once; at NULL: absent. */
void json_member_spans(struct text object, const char *const *names, size_t num, struct text *values);
/* json_other_members looks at an object's own members: whether any has a name that is none of these. *position: of the first such
 * name's quote, or of the value that is no object; 0 where there is none. */
enum json_others { JSON_NO_OTHERS, JSON_OTHERS, JSON_NO_OBJECT };
enum json_others json_other_members(struct text object, const char *const *names, size_t num, size_t *position);
/* json_text_in_place makes the span of a string into its text, where it lies, with a NUL behind it. false: not a string. */
bool json_text_in_place(char *at, size_t len, struct text *out);

/* ---- reader.c: a parsed document ---- */

struct json;                           /* any value of it; borrowed from its document */
enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* json_parse scans, then parses. Limits as for apisec_json_scan; a number may have 63 characters. MALFORMED, TOO_LARGE, ARGUMENT,
 * MEMORY, SYSTEM. End with json_free. */
apisec_status json_parse(struct text text, const apisec_json_limits *limits, struct json **document, apisec_error *err);
/* json_parse_object demands an object at the top as well: MALFORMED otherwise. */
apisec_status json_parse_object(struct text text, const apisec_json_limits *limits, struct json **document, apisec_error *err);
/* json_check_object says the same of a text without making a document of it: for who needs a few of its members' spans. */
apisec_status json_check_object(struct text text, const apisec_json_limits *limits, apisec_error *err);
void json_free(struct json *document);       /* wipes strings: key documents hold secrets */

enum json_kind json_kind(const struct json *value);
/* json_member: case-sensitive; NULL when absent or value is no object. A null member is there, of kind JSON_NULL. */
const struct json *json_member(const struct json *object, const char *name);
const struct json *json_first(const struct json *array_or_object); /* NULL: empty */
const struct json *json_next(const struct json *element);
const char *json_name(const struct json *member);                   /* a member's name */
size_t json_count(const struct json *array_or_object);

/* Typed reading. JSON_ABSENT, JSON_OK, or JSON_MISTYPED (null is mistyped): wrong is never absent. Of no object at all (NULL)
 * everything is absent; of a value that is not an object everything is mistyped. *out is empty, 0 or false unless JSON_OK. */
enum json_found { JSON_ABSENT = 0, JSON_OK = 1, JSON_MISTYPED = -1 };
enum json_found json_get_text(const struct json *object, const char *name, struct text *out); /* out is NUL-terminated too */
/* json_get_int64: |n| < 2^53. 1.0 and 1e3 are integers, 1.5 is mistyped. */
enum json_found json_get_int64(const struct json *object, const char *name, int64_t *out);
/* json_get_date: a NumericDate, RFC 7519 section 2: 0 <= n < 2^53, a fraction is cut off. */
enum json_found json_get_date(const struct json *object, const char *name, int64_t *out);
enum json_found json_get_bool(const struct json *object, const char *name, bool *out);
bool json_as_text(const struct json *value, struct text *out); /* false: not a string */
bool json_as_double(const struct json *value, double *out);    /* false: not a number */
bool json_as_int64(const struct json *value, int64_t *out);    /* false: not a number that json_get_int64 would give */
bool json_as_date(const struct json *value, int64_t *out);     /* false: not a NumericDate, as above */

/* ---- shape.c: documents that people write: every member is known, and whatever is wrong is said with its path:
 * `rules[3].require.scope: unknown, did you mean "scopes"?`. All failures are CONFIG but for MEMORY ---- */

struct shape {                 /* one value and how it was reached; lives on the stack of who reads it */
    const struct json *value;  /* NULL: absent */
    const struct shape *parent;
    const char *name;          /* of a member; NULL: an element, or the document */
    size_t index;              /* of an element */
};
/* shape_path writes how it was reached, as `rules[3].require.scopes`; the document's own path is empty. A long one is cut. */
#define SHAPE_MAX_PATH 160
void shape_path(const struct shape *at, char path[SHAPE_MAX_PATH]);
/* shape_fail says `path: sentence`. A path that is empty is left out. */
apisec_status shape_fail(const struct shape *at, apisec_error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* shape_fail_as says that of another failure, whose status and sentence they are: MEMORY and its kin stay what they are. */
apisec_status shape_fail_as(const struct shape *at, const apisec_error *why, apisec_error *err);
/* shape_object demands an object of no other members than these; names ends with NULL. */
apisec_status shape_object(const struct shape *at, const char *const *names, apisec_error *err);
/* shape_kind demands an array, an object of any members, … */
apisec_status shape_kind(const struct shape *at, enum json_kind kind, apisec_error *err);
struct shape shape_member(const struct shape *object, const char *name);  /* value NULL: absent */
/* The members or elements one after the other: for (struct shape at = shape_first(&list); at.value; shape_next(&at)). */
struct shape shape_first(const struct shape *list);
void shape_next(struct shape *at);
/* Typed reading of a value that is there. shape_text: not empty. shape_number: min to max. */
apisec_status shape_text(const struct shape *at, const char **text, apisec_error *err);
apisec_status shape_number(const struct shape *at, int64_t min, int64_t max, int64_t *number, apisec_error *err);
apisec_status shape_bool(const struct shape *at, bool *value, apisec_error *err);
/* Reading a member that may be absent. shape_optional_text: *text is NULL then; shape_optional_number leaves *number as it is;
 * shape_flag: false, and where it is there only true: two ways to say nothing are one too many. */
apisec_status shape_optional_text(const struct shape *object, const char *name, const char **text, apisec_error *err);
apisec_status shape_optional_number(const struct shape *object, const char *name, int64_t min, int64_t max, int64_t *number,
                                    apisec_error *err);
apisec_status shape_flag(const struct shape *object, const char *name, bool *flag, apisec_error *err);
/* shape_nearest: which of the names somebody may have meant, or NULL. */
const char *shape_nearest(const char *name, const char *const *names);

/* ---- writer.c: commas and escapes are its business. Values are always valid JSON and pure ASCII on one line ---- */

struct json_writer {
    struct buffer *out;
    bool comma;          /* the next member or element needs one before it */
};
/* Each takes the member's name, or NULL for an element of an array or the top. Failures stick in out->status. */
void json_open_object(struct json_writer *writer, const char *name);
void json_close_object(struct json_writer *writer);
void json_open_array(struct json_writer *writer, const char *name);
void json_close_array(struct json_writer *writer);
/* json_put_text escapes quotes, backslashes, controls, DEL, '<', '>', '&' and all beyond ASCII (as \u, astral ones as pairs; bytes
 * that are not UTF-8, and U+0000, which the scanner refuses, as \ufffd). A text longer than max_len bytes is cut there, on a
 * character's boundary. */
void json_put_text(struct json_writer *writer, const char *name, struct text text);
void json_put_text_capped(struct json_writer *writer, const char *name, struct text text, size_t max_len);
void json_put_number(struct json_writer *writer, const char *name, int64_t number);
void json_put_bool(struct json_writer *writer, const char *name, bool value);
void json_put_raw(struct json_writer *writer, const char *name, struct text json); /* checked JSON, as it stands */
/* json_put_value writes a parsed value, whatever it holds; numbers that are no integers with 17 digits. */
void json_put_value(struct json_writer *writer, const char *name, const struct json *value);

#endif
