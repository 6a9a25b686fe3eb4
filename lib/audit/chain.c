/* SPDX-License-Identifier: Apache-2.0
 *
 * chain.c: the end of a line that ties it to the line before, and the checker that reads such lines one by one.
 * The end has a fixed length, so it is found from the back, and what is hashed needs no interpretation:
 *
 *     {…,"stream":"<20 hex>","prev":"<64 hex>","hash":"<64 hex>"}}}
 *     \_____________ SHA-256 of this _________/
 */
#include "audit/writer.h"

#include <stdlib.h>
#include <string.h>

#define LABEL_STREAM "\"stream\":\""
#define LABEL_PREV "\",\"prev\":\""
#define LABEL_HASH "\",\"hash\":\""
#define LABEL_END "\"}}}"

enum {
    LEN_STREAM = sizeof LABEL_STREAM - 1,
    LEN_PREV = sizeof LABEL_PREV - 1,
    LEN_HASH = sizeof LABEL_HASH - 1,
    LEN_END = sizeof LABEL_END - 1,
    LEN_ALL = LEN_STREAM + AUDIT_STREAM_LEN + LEN_PREV + AUDIT_HASH_HEX + LEN_HASH + AUDIT_HASH_HEX + LEN_END,
    LEN_UNHASHED = LEN_HASH - 1 + AUDIT_HASH_HEX + LEN_END /* the quote that ends prev is hashed */
};

const apisec_json_limits audit_record_limits = {
    .max_bytes = AUDIT_MAX_RECORD, .max_members = 128, .max_string = AUDIT_MAX_RECORD};

static apisec_status hash_hex(struct text bytes, char out[AUDIT_HASH_HEX + 1])
{
    unsigned char hash[CRYPTO_MAX_HASH];
    const apisec_status status = crypto_hash_bytes(CRYPTO_SHA256, bytes.at, bytes.len, hash);
    if (status == APISEC_OK) hex_encode(hash, AUDIT_HASH_HEX / 2, out);
    return status;
}

apisec_status chain_seal(struct buffer *line, const char *stream, const char prev[AUDIT_HASH_HEX + 1],
                         char hash[AUDIT_HASH_HEX + 1])
{
    if (line->len > 0 && line->bytes[line->len - 1] != '{') buffer_byte(line, ',');
    buffer_text(line, LABEL_STREAM);
    buffer_text(line, stream);
    buffer_text(line, LABEL_PREV);
    buffer_text(line, prev);
    buffer_byte(line, '"');
    if (line->status != APISEC_OK) return line->status;

    const apisec_status status = hash_hex((struct text){line->bytes, line->len}, hash);
    if (status != APISEC_OK) return status;
    buffer_text(line, &LABEL_HASH[1]);
    buffer_text(line, hash);
    buffer_text(line, LABEL_END "\n");
    return line->status;
}

/* ---- one line ---- */

static bool is_hex(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!(text.at[i] >= '0' && text.at[i] <= '9') && !(text.at[i] >= 'a' && text.at[i] <= 'f')) return false;
    return true;
}

/* take_label and take_hex walk over the end of a line; *at is known to have that many bytes. */
static bool take_label(const char **at, const char *label)
{
    const size_t len = strlen(label);
    const bool same = memcmp(*at, label, len) == 0;
    *at += len;
    return same;
}

static bool take_hex(const char **at, size_t len, char *out)
{
    const struct text text = {*at, len};
    memcpy(out, text.at, len);
    out[len] = '\0';
    *at += len;
    return is_hex(text);
}

static bool read_end(struct text line, struct chain_link *link)
{
    if (line.len <= LEN_ALL) return false;
    const char *at = line.at + line.len - LEN_ALL;
    return take_label(&at, LABEL_STREAM) && take_hex(&at, AUDIT_STREAM_LEN, link->stream) && take_label(&at, LABEL_PREV) &&
           take_hex(&at, AUDIT_HASH_HEX, link->prev) && take_label(&at, LABEL_HASH) &&
           take_hex(&at, AUDIT_HASH_HEX, link->hash) && take_label(&at, LABEL_END);
}

static bool read_sequence(struct text line, uint64_t *sequence)
{
    struct text metadata, digits;
    if (!json_member_span(line, "metadata", &metadata) || !json_member_span(metadata, "sequence", &digits)) return false;
    if (digits.len == 0 || digits.len > 15 || digits.at[0] == '0') return false;
    *sequence = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9') return false;
        *sequence = *sequence * 10 + (uint64_t)(digits.at[i] - '0');
    }
    return true;
}

/* The end that was read from the back is the one that a reader of JSON finds: unmapped.apisec.stream, at that very place. */
static bool end_is_in_place(struct text line, struct text *ours)
{
    struct text unmapped, stream;
    if (!json_member_span(line, "unmapped", &unmapped) || !json_member_span(unmapped, "apisec", ours)) return false;
    if (!json_member_span(*ours, "stream", &stream)) return false;
    return stream.at == line.at + line.len - LEN_ALL + LEN_STREAM - 1;
}

static void read_continues(struct text ours, struct chain_link *link)
{
    struct text continues, hash;
    if (!json_member_span(ours, "continues", &continues) || !json_member_span(continues, "hash", &hash)) return;
    if (hash.len != AUDIT_HASH_HEX + 2 || !is_hex((struct text){hash.at + 1, AUDIT_HASH_HEX})) return;
    memcpy(link->continues, hash.at + 1, AUDIT_HASH_HEX);
    link->continues[AUDIT_HASH_HEX] = '\0';
}

apisec_status chain_read(struct text line, struct chain_link *link, apisec_error *err)
{
    char hash[AUDIT_HASH_HEX + 1];
    struct text ours;
    *link = (struct chain_link){.sequence = 0};
    if (line.len == 0) return fail(err, APISEC_E_AUDIT, "the line is empty");
    if (line.len > AUDIT_MAX_RECORD) return fail(err, APISEC_E_AUDIT, "the line is longer than a record may be");
    if (!read_end(line, link)) return fail(err, APISEC_E_AUDIT, "the line does not end as a record does");

    const apisec_status status = hash_hex((struct text){line.at, line.len - LEN_UNHASHED}, hash);
    if (status != APISEC_OK) return fail(err, status, "the line cannot be hashed");
    if (memcmp(hash, link->hash, AUDIT_HASH_HEX) != 0) return fail(err, APISEC_E_AUDIT, "the line was changed: its hash differs");

    const apisec_status scanned = apisec_json_scan(line.at, line.len, &audit_record_limits, NULL, NULL);
    if (scanned == APISEC_E_SYSTEM || scanned == APISEC_E_MEMORY) return fail(err, scanned, "the line cannot be read as JSON");
    if (scanned != APISEC_OK) return fail(err, APISEC_E_AUDIT, "the line is not strict JSON (%s)", apisec_status_name(scanned));
    if (!read_sequence(line, &link->sequence)) return fail(err, APISEC_E_AUDIT, "the record has no sequence");
    if (!end_is_in_place(line, &ours)) return fail(err, APISEC_E_AUDIT, "the record's end is not where it belongs");
    read_continues(ours, link);
    return succeed(err);
}

/* ---- the checker ---- */

struct apisec_chain {
    uint64_t num_records;
    struct chain_link last;                /* of num_records > 0 */
    char continues[AUDIT_HASH_HEX + 1];    /* what the first record names, or "" */
    apisec_error error;                    /* sticky */
};

apisec_chain *apisec_chain_new(void)
{
    return calloc(1, sizeof(apisec_chain));
}

static apisec_status broken(apisec_error *err, const struct chain_link *link, const char *what)
{
    return fail(err, APISEC_E_AUDIT, "(sequence %llu of stream %s) %s", (unsigned long long)link->sequence, link->stream, what);
}

static apisec_status check_first(const struct chain_link *link, apisec_error *err)
{
    if (link->sequence != 1) return broken(err, link, "the records before it are missing: a chain begins with sequence 1");
    if (strcmp(link->prev, CHAIN_GENESIS) != 0) return broken(err, link, "the records before it are missing: it continues a chain");
    return succeed(err);
}

static apisec_status check_same_stream(const struct chain_link *last, const struct chain_link *link, apisec_error *err)
{
    if (strcmp(link->hash, last->hash) == 0) return broken(err, link, "it is the record before once more");
    if (link->sequence <= last->sequence) return broken(err, link, "it is out of order, or was inserted");
    if (link->sequence > last->sequence + 1) return broken(err, link, "one or more records before it are missing");
    if (strcmp(link->prev, last->hash) != 0) return broken(err, link, "it does not follow the record before it");
    return succeed(err);
}

static apisec_status check_new_stream(const struct chain_link *last, const struct chain_link *link, apisec_error *err)
{
    if (link->sequence != 1) return broken(err, link, "its stream does not begin here: records are missing, or it was moved");
    if (strcmp(link->prev, last->hash) == 0) return succeed(err);
    if (strcmp(link->prev, CHAIN_GENESIS) != 0) return broken(err, link, "one or more records before it are missing or were moved");
    if (strcmp(link->continues, last->hash) == 0) return succeed(err);
    return broken(err, link, "a chain of its own begins here");
}

static apisec_status check_link(const apisec_chain *chain, const struct chain_link *link, apisec_error *err)
{
    if (chain->num_records == 0) return check_first(link, err);
    if (strcmp(link->stream, chain->last.stream) == 0) return check_same_stream(&chain->last, link, err);
    return check_new_stream(&chain->last, link, err);
}

apisec_status apisec_chain_next(apisec_chain *chain, const char *line, size_t len, apisec_error *err)
{
    struct chain_link link;
    apisec_error inner;
    if (!chain) return fail(err, APISEC_E_MISUSE, "no chain");
    if (!line && len > 0) return fail(err, APISEC_E_ARGUMENT, "the line is NULL with a length");
    if (chain->error.status != APISEC_OK) return fail(err, chain->error.status, "%s", chain->error.text);

    apisec_status status = chain_read((struct text){line, len}, &link, &inner);
    if (status == APISEC_OK) status = check_link(chain, &link, &inner);
    if (status != APISEC_OK) {
        fail(&chain->error, status, "record %llu: %s", (unsigned long long)chain->num_records + 1, inner.text);
        return fail(err, status, "%s", chain->error.text);
    }
    if (chain->num_records == 0) memcpy(chain->continues, link.continues, sizeof chain->continues);
    chain->last = link;
    chain->num_records++;
    return succeed(err);
}

uint64_t apisec_chain_num_records(const apisec_chain *chain)
{
    return chain ? chain->num_records : 0;
}

const char *apisec_chain_head(const apisec_chain *chain)
{
    return chain && chain->num_records > 0 ? chain->last.hash : NULL;
}

const char *apisec_chain_continues(const apisec_chain *chain)
{
    return chain && chain->continues[0] ? chain->continues : NULL;
}

void apisec_chain_free(apisec_chain *chain)
{
    free(chain);
}
