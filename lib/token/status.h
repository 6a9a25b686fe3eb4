/* SPDX-License-Identifier: Apache-2.0
 *
 * status.h (private): status lists, draft-ietf-oauth-status-list: what one says (status_list.c), and the lists of an issuer over
 * time (status_store.c). What the rest of the folder needs of them is in token.h.
 */
#ifndef TOKEN_STATUS_H
#define TOKEN_STATUS_H

#include "token/token.h"

/* ---- status_list.c: one Status List Token, draft-ietf-oauth-status-list sections 4 and 5.1 ---- */

#define STATUS_MAX_TOKEN (1024 * 1024)  /* bytes of the compact JWT */
#define STATUS_MAX_LIST (1024 * 1024)   /* inflated: 8,388,608 entries of one bit */

struct status_list {
    int64_t issued_at;
    int64_t expires_at;          /* leeway included; INT64_MAX: it does not expire */
    int64_t ttl;                 /* 0: not said */
    uint32_t bits;               /* 1, 2, 4 or 8 of each entry */
    size_t len;
    unsigned char bytes[];
};
struct status_expected {
    struct text uri;             /* of the token that refers to it */
    const char *issuer;
    int64_t leeway, now;         /* in seconds */
};
/* status_list_read: the payload's signature and `typ` have been checked. RESPONSE: it breaks a rule, or is not the expected one
 * now. MEMORY. The list is to be freed with free. */
apisec_status status_list_read(struct text payload, const struct status_expected *expected, struct status_list **list,
                               apisec_error *err);
bool status_list_has(const struct status_list *list, int64_t index);
uint32_t status_list_at(const struct status_list *list, int64_t index); /* only of an index that it has */

/* ---- status_store.c: the lists of one issuer over time ---- */

#define STATUS_MAX_LISTS 256
#define STATUS_MAX_BYTES (16 * 1024 * 1024)

enum status_state {
    STATUS_READY,                /* value is the token's status */
    STATUS_FETCH,                /* the caller is the one to fetch now; then it lands, fails, abandons or says unsent */
    STATUS_WAIT,                 /* ask again by again_ms */
    STATUS_NEW,                  /* the store does not know the URI: ask again with allowed, if it is */
    STATUS_EXHAUSTED             /* error says why there is no answer */
};
struct status_query {
    struct text uri;
    int64_t index;
    int64_t now_ms;
    bool offline;                /* the caller neither fetches nor waits */
    bool allowed;                /* the issuer may use this URI */
};
struct status_reply {
    enum status_state state;
    uint32_t value;
    uint64_t ticket;             /* with FETCH */
    int64_t again_ms;
    apisec_error error;          /* CLAIM: the list has no such index. NO_TRANSPORT. BUSY. MEMORY. Else why the last fetch failed */
};
void status_lists_get(struct status_lists *lists, const struct status_query *query, struct status_reply *reply);
/* A ticket that is no longer the list's own changes nothing. status_lists_land takes list over; max_age as in struct op_answer. */
void status_lists_land(struct status_lists *lists, uint64_t ticket, struct status_list *list, int64_t max_age, int64_t now_ms);
void status_lists_fail(struct status_lists *lists, uint64_t ticket, const apisec_error *why, int64_t now_ms);
void status_lists_abandon(struct status_lists *lists, uint64_t ticket);
void status_lists_unsent(struct status_lists *lists, uint64_t ticket);

#endif
