/* SPDX-License-Identifier: Apache-2.0
 *
 * sent.c: what was sent to a server and must be in no sentence of ours: servers repeat it in their errors. It is looked for in the
 * server's words before a sentence is made of them, never in the sentence: a secret of one letter is in every one.
 */
#include "oauth/oauth.h"

#include <string.h>

#define REPEATED 8 /* so many bytes of a secret in a row are no accident */

static bool has_piece(struct text text, struct text piece)
{
    for (size_t i = 0; piece.len <= text.len && i <= text.len - piece.len; i++)
        if (memcmp(text.at + i, piece.at, piece.len) == 0) return true;
    return false;
}

static bool repeats(struct text words, struct text secret)
{
    const size_t len = secret.len < REPEATED ? secret.len : REPEATED;
    for (size_t i = 0; i <= secret.len - len; i++)
        if (has_piece(words, (struct text){secret.at + i, len})) return true;
    return false;
}

bool secret_is_in(struct text secret, struct text words)
{
    if (secret.len == 0 || words.len == 0) return false;
    struct buffer encoded = BUFFER_MAX(SIZE_MAX / 2);
    form_append_encoded(&encoded, secret);
    const bool is_in = encoded.status != APISEC_OK || repeats(words, secret) ||
                       repeats(words, (struct text){encoded.bytes, encoded.len});
    buffer_free(&encoded);
    return is_in;
}

bool sent_is_in(const struct sent *sent, struct text words)
{
    if (sent == NULL) return false;
    for (size_t i = 0; i < sizeof sent->tokens / sizeof sent->tokens[0]; i++)
        if (secret_is_in(sent->tokens[i], words)) return true;
    return sent->credential != NULL && auth_is_in(sent->credential, sent->assertion, words);
}

apisec_status fail_unsaid(apisec_error *err, apisec_status status)
{
    return fail(err, status, "the authorization server's words are left out: they repeat a secret that was sent to it");
}
