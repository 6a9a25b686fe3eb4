/* SPDX-License-Identifier: Apache-2.0
 *
 * json.h: the strict JSON scanner: what libapisec runs over every JSON text that comes from outside, for your own bodies too.
 *
 * It accepts exactly RFC 8259 in UTF-8, less what readers are known to disagree about: member names twice in one object
 * (compared after unescaping), U+0000 anywhere, lone surrogates, a byte order mark, numbers of 1e308 and more, bytes after the
 * text. It does not build anything: memory is bounded by the limits, time by the length.
 * Threads: any.
 */
#ifndef APISEC_JSON_H
#define APISEC_JSON_H

#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* apisec_json_limits: 0 in a member means its default. The struct never grows; reserved must be 0. */
typedef struct apisec_json_limits {
    uint32_t max_bytes;    /* of the whole text; default 1048576 */
    uint32_t max_depth;    /* of arrays and objects within each other; default 16, at most 512 */
    uint32_t max_members;  /* of one object; default 64 */
    uint32_t max_elements; /* of one array; default 1024 */
    uint32_t max_string;   /* bytes of one string or member name, unescaped; default 65536 */
    uint32_t reserved[3];
} apisec_json_limits;

/* apisec_json_scan checks one JSON text. limits NULL: the defaults.
 * APISEC_E_TOO_LARGE: a limit is broken. APISEC_E_MALFORMED: not strict JSON. APISEC_E_ARGUMENT: bytes NULL with a length,
 * or limits out of range. APISEC_E_MEMORY. APISEC_E_SYSTEM: the kernel gives no randomness for the set of names.
 * *position (may be NULL) is the offset of the first byte that was refused, or len; 0 for ARGUMENT and SYSTEM. */
apisec_status apisec_json_scan(const char *bytes, size_t len, const apisec_json_limits *limits, size_t *position,
                               apisec_error *err);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
