/* SPDX-License-Identifier: Apache-2.0
 *
 * check.c: the checks of a verification by name, and the section of the standard that each one enforces: what explanations and
 * audit records call them. The order of enum check is the order in which they are made.
 */
#include "token/token.h"

struct named_check {
    const char *id;
    const char *standard;
    struct text passed;
};

/* Nearly all checks of nearly all tokens pass, and each is listed: what is said of it then is put together by the compiler. */
#define PASSED(id, standard) "{\"id\":\"" id "\",\"verdict\":\"pass\",\"standard\":\"" standard "\"}"
#define CHECK(id, standard) {id, standard, {PASSED(id, standard), sizeof PASSED(id, standard) - 1}}

static const struct named_check checks[NUM_CHECKS] = {
    [CHECK_CREDENTIAL] = CHECK("credential", "RFC 6750 section 2"),
    [CHECK_FORM] = CHECK("form", "RFC 7515 section 7.1"),
    [CHECK_INTROSPECTION] = CHECK("introspection", "RFC 7662 section 2.2"),
    [CHECK_DECRYPTION] = CHECK("decryption", "RFC 7516 section 5.2"),
    [CHECK_ISSUER] = CHECK("issuer", "RFC 7519 section 4.1.1"),
    [CHECK_TYPE] = CHECK("type", "RFC 8725 section 3.11"),
    [CHECK_ALGORITHM] = CHECK("algorithm", "RFC 8725 section 3.1"),
    [CHECK_AUDIENCE] = CHECK("audience", "RFC 7519 section 4.1.3"),
    [CHECK_KEY] = CHECK("key", "RFC 7515 section 4.1.4"),
    [CHECK_SIGNATURE] = CHECK("signature", "RFC 7515 section 5.2"),
    [CHECK_EXPIRY] = CHECK("expiry", "RFC 7519 section 4.1.4"),
    [CHECK_NOT_BEFORE] = CHECK("not_before", "RFC 7519 section 4.1.5"),
    [CHECK_ISSUED_AT] = CHECK("issued_at", "RFC 7519 section 4.1.6"),
    [CHECK_LIFETIME] = CHECK("lifetime", "RFC 6750 section 5.3"),
    [CHECK_CLAIMS] = CHECK("claims", "RFC 9068 section 2.2"),
    [CHECK_BINDING] = CHECK("binding", "RFC 7800 section 3"),
    [CHECK_REVOCATION] = CHECK("revocation", "RFC 7009 section 2"),
    [CHECK_STATUS] = CHECK("status", "draft-ietf-oauth-status-list section 8.3"),
    [CHECK_REPLAY] = CHECK("replay", "RFC 9449 section 11.1"),
};

static bool is_check(enum check check)
{
    return (size_t)check < NUM_CHECKS;
}

const char *check_id(enum check check)
{
    return is_check(check) ? checks[check].id : "unknown";
}

const char *check_standard(enum check check)
{
    return is_check(check) ? checks[check].standard : "unknown";
}

struct text check_passed(enum check check)
{
    return is_check(check) ? checks[check].passed : text_of(NULL);
}

bool trail_passed(const struct trail *trail, enum check check)
{
    return is_check(check) && check < trail->at && (trail->absent >> check & 1) == 0;
}

void trail_applies(struct trail *trail, enum check check)
{
    trail->absent &= ~(UINT32_C(1) << check);
    trail->at = check;
}

void trail_skip(struct trail *trail, enum check check)
{
    trail->absent |= UINT32_C(1) << check;
}

struct trail trail_begin(enum check first)
{
    const uint32_t rare = UINT32_C(1) << CHECK_INTROSPECTION | UINT32_C(1) << CHECK_DECRYPTION | UINT32_C(1) << CHECK_REVOCATION |
                          UINT32_C(1) << CHECK_STATUS | UINT32_C(1) << CHECK_REPLAY;
    return (struct trail){first, rare};
}
