/* SPDX-License-Identifier: Apache-2.0
 *
 * inflate.c: decompresses a ZLIB stream, RFC 1950, into a buffer with a maximum: whatever the stream holds, memory and time are
 * bounded by that. The only user of zlib. Called for status lists.
 */
#include "base/base.h"

#include <limits.h>

#define ZLIB_CONST
#include <zlib.h>

enum { CHUNK = 4096 };

static apisec_status says(int code)
{
    switch (code) {
    case Z_MEM_ERROR:     return APISEC_E_MEMORY;
    case Z_VERSION_ERROR: return APISEC_E_SYSTEM;
    default:              return APISEC_E_MALFORMED;
    }
}

/* pump stops at the stream's end, at the first byte too many, or where the input is no stream or only the beginning of one. */
static apisec_status pump(z_stream *stream, struct buffer *out)
{
    unsigned char chunk[CHUNK];
    for (;;) {
        stream->next_out = chunk;
        stream->avail_out = CHUNK;
        const int code = inflate(stream, Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END) return says(code);
        const apisec_status status = buffer_append(out, chunk, CHUNK - stream->avail_out);
        if (status != APISEC_OK) return status;
        if (code == Z_STREAM_END) return stream->avail_in == 0 ? APISEC_OK : APISEC_E_MALFORMED;
    }
}

apisec_status inflate_append(struct text packed, struct buffer *out)
{
    if (out->status != APISEC_OK) return out->status;
    if (packed.len > UINT_MAX) return out->status = APISEC_E_TOO_LARGE;
    z_stream stream = {.next_in = (const unsigned char *)packed.at, .avail_in = (unsigned)packed.len};
    const int code = inflateInit(&stream); /* of the ZLIB format only, neither raw nor gzip */
    if (code != Z_OK) return out->status = says(code);
    const apisec_status status = pump(&stream, out);
    inflateEnd(&stream);
    if (status != APISEC_OK) out->status = status;
    return status;
}
