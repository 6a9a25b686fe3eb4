/* SPDX-License-Identifier: Apache-2.0
 *
 * present.c: how a token came: bare, or with a call whose parts may prove that it is the caller's. A verification that blocks
 * borrows them from the call; an operation outlives its call and keeps a copy.
 */
#include "token/token.h"

struct presented present_bare(struct text token)
{
    return (struct presented){.source = TOKEN_BARE, .token = token};
}

/* copy_text keeps what is absent absent, and what is empty empty. */
static bool copy_text(struct arena *arena, struct text from, struct text *to)
{
    *to = (struct text){NULL, 0};
    if (from.at == NULL) return true;
    const char *copy = arena_text(arena, from);
    if (copy == NULL) return false;
    *to = (struct text){copy, from.len};
    return true;
}

bool present_copy(const struct presented *from, struct arena *arena, struct presented *to)
{
    struct text token = from->token;
    if (token.len > JOSE_MAX_TOKEN + 1) token.len = JOSE_MAX_TOKEN + 1;
    *to = *from;
    return copy_text(arena, token, &to->token) && copy_text(arena, from->proof, &to->proof) &&
           copy_text(arena, from->method, &to->method) && copy_text(arena, from->path, &to->path) &&
           copy_text(arena, from->peer_certificate, &to->peer_certificate);
}
