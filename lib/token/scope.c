/* SPDX-License-Identifier: Apache-2.0
 *
 * scope.c: scopes as RFC 6749 section 3.3 writes them: words of printable ASCII between single spaces, compared byte for byte.
 * There is no hierarchy: "orders" says nothing about "orders:write".
 */
#include "token/token.h"

/* scope-token = 1*( %x21 / %x23-5B / %x5D-7E ): no space, no quote, no backslash. */
bool scope_is_token(struct text scope)
{
    for (size_t i = 0; i < scope.len; i++) {
        const char c = scope.at[i];
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\') return false;
    }
    return scope.len > 0;
}

bool scope_list_is_valid(struct text list)
{
    struct text word;
    bool any = false;
    while (text_next_word(&list, &word)) {
        if (!scope_is_token(word)) return false;
        any = true;
    }
    return any;
}

bool scope_list_has(struct text list, struct text scope)
{
    struct text word;
    if (!scope_is_token(scope)) return false;
    while (text_next_word(&list, &word))
        if (text_equal(word, scope)) return true;
    return false;
}
