/* SPDX-License-Identifier: Apache-2.0
 *
 * network.c: addresses and networks: which network an address is in, and whose address it is when proxies stand between. What is
 * not exactly one address is none, and none is in no network.
 */
#include "access/rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* ---- addresses ---- */

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static struct address parse(struct text text)
{
    char copy[INET6_ADDRSTRLEN];
    struct address address = {.len = 0};
    if (text.len == 0 || text.len >= sizeof copy || text_has_byte(text, '\0')) return address;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, address.bytes) == 1) address.len = 4;
    else if (inet_pton(AF_INET6, copy, address.bytes) == 1) address.len = 16;
    return address;
}

struct address address_read(struct text text)
{
    struct address address = parse(text);
    if (address.len != 16 || memcmp(address.bytes, mapped, sizeof mapped) != 0) return address;
    memmove(address.bytes, address.bytes + sizeof mapped, 4); /* RFC 4291 section 2.5.5.2 */
    address.len = 4;
    return address;
}

void address_write(const struct address *address, char out[ADDRESS_MAX])
{
    out[0] = '\0';
    if (address->len > 0 && inet_ntop(address->len == 4 ? AF_INET : AF_INET6, address->bytes, out, ADDRESS_MAX) == NULL)
        out[0] = '\0';
}

static bool same_address(const struct address *a, const struct address *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* ---- networks ---- */

static bool holds(const struct prefix *prefix, const struct address *address)
{
    const unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;
    if (address->len == 0 || prefix->address.len != address->len) return false;
    if (memcmp(prefix->address.bytes, address->bytes, whole) != 0) return false;
    return rest == 0 || (prefix->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

bool network_holds(const struct network *network, const struct address *address)
{
    for (size_t i = 0; i < network->num_prefixes; i++)
        if (holds(&network->prefixes[i], address)) return true;
    return false;
}

bool networks_hold(const struct networks *networks, const struct address *address)
{
    for (size_t i = 0; i < networks->names.num; i++)
        if (network_holds(networks->at[i], address)) return true;
    return false;
}

/* ---- who asks ---- */

/* The elements of X-Forwarded-For from the last one on. Several fields are one list, in their order (RFC 9110 section 5.3). */
struct elements {
    const apisec_call *call;
    size_t num_fields; /* that were not looked at yet */
    struct text rest;  /* of the field that is; at NULL: none is */
};

static bool next_element(struct elements *elements, struct text *element)
{
    while (elements->rest.at == NULL) {
        if (elements->num_fields == 0) return false;
        const struct call_header field = call_header_at(elements->call, --elements->num_fields);
        if (text_is_caseless(field.name, "X-Forwarded-For"))
            elements->rest = field.value.len > 0 ? field.value : (struct text){"", 0};
    }
    size_t start = elements->rest.len;
    while (start > 0 && elements->rest.at[start - 1] != ',') start--;
    *element = text_trim((struct text){elements->rest.at + start, elements->rest.len - start});
    if (start == 0) elements->rest.at = NULL;
    else elements->rest.len = start - 1;
    return true;
}

void client_find(const apisec_call *call, const struct networks *proxies, struct client_address *client)
{
    struct elements elements = {call, call_num_headers(call), {NULL, 0}};
    struct text element;
    const struct address peer = address_read(call_peer_address(call));
    client->address = peer;
    while (networks_hold(proxies, &client->address) && next_element(&elements, &element)) client->address = address_read(element);
    client->is_forwarded = !same_address(&client->address, &peer);
}

/* ---- as they are written ---- */

static bool read_bits(struct text text, unsigned max, unsigned *bits)
{
    *bits = 0;
    if (text.len == 0 || text.len > 3 || (text.len > 1 && text.at[0] == '0')) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return false;
        *bits = *bits * 10 + (unsigned)(text.at[i] - '0');
    }
    return *bits <= max;
}

static bool has_bits_behind(const struct prefix *prefix)
{
    for (unsigned bit = prefix->bits; bit < prefix->address.len * 8; bit++)
        if ((prefix->address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
    return false;
}

static apisec_status read_prefix(const struct shape *at, struct prefix *prefix, apisec_error *err)
{
    const char *text;
    const apisec_status status = shape_text(at, &text, err);
    if (status != APISEC_OK) return status;
    const char *const slash = strchr(text, '/');
    if (slash == NULL) return shape_fail(at, err, "an address and the length of its prefix are wanted, as 192.0.2.0/24");
    prefix->address = parse((struct text){text, (size_t)(slash - text)});
    if (prefix->address.len == 0) return shape_fail(at, err, "not an IPv4 or IPv6 address");
    if (prefix->address.len == 16 && memcmp(prefix->address.bytes, mapped, sizeof mapped) == 0)
        return shape_fail(at, err, "an IPv4 address is written as one: what comes as ::ffff:192.0.2.1 is taken for it");
    if (!read_bits(text_of(slash + 1), prefix->address.len == 4 ? 32 : 128, &prefix->bits))
        return shape_fail(at, err, "the prefix has a length of 0 to %d", prefix->address.len == 4 ? 32 : 128);
    if (has_bits_behind(prefix)) return shape_fail(at, err, "bits behind the prefix are not 0");
    return APISEC_OK;
}

static apisec_status read_network(const struct shape *at, struct arena *arena, struct network *network, apisec_error *err)
{
    size_t num;
    apisec_status status = texts_list(at, &num, err);
    if (status != APISEC_OK) return status;
    network->prefixes = arena_alloc(arena, num * sizeof *network->prefixes);
    if (network->prefixes == NULL) return fail_memory(err);
    for (struct shape element = shape_first(at); element.value != NULL && status == APISEC_OK; shape_next(&element))
        status = read_prefix(&element, &network->prefixes[network->num_prefixes++], err);
    return status;
}

apisec_status networks_read(const struct shape *top, apisec_rules *rules, apisec_error *err)
{
    const struct shape list = shape_member(top, "networks"), proxies = shape_member(top, "trusted_proxies");
    apisec_status status = list.value == NULL ? APISEC_OK : shape_kind(&list, JSON_OBJECT, err);
    for (struct shape at = shape_first(&list); at.value != NULL && status == APISEC_OK; shape_next(&at)) {
        struct network *const network = arena_alloc(&rules->arena, sizeof *network);
        const char *const name = arena_text(&rules->arena, text_of(at.name));
        if (network == NULL || name == NULL) return fail_memory(err);
        status = read_network(&at, &rules->arena, network, err);
        if (status == APISEC_OK && table_put(&rules->networks, text_of(name), network) != APISEC_OK) return fail_memory(err);
    }
    if (status != APISEC_OK || proxies.value == NULL) return status;
    return networks_named(&proxies, rules, &rules->trusted_proxies, err);
}

apisec_status networks_named(const struct shape *at, apisec_rules *rules, struct networks *networks, apisec_error *err)
{
    const apisec_status status = texts_read(at, &rules->arena, &networks->names, err);
    if (status != APISEC_OK) return status;
    networks->at = arena_alloc(&rules->arena, networks->names.num * sizeof *networks->at);
    if (networks->at == NULL) return fail_memory(err);
    for (size_t i = 0; i < networks->names.num; i++) {
        networks->at[i] = table_get(&rules->networks, text_of(networks->names.at[i]));
        if (networks->at[i] == NULL) return shape_fail(at, err, "there is no network %.60s", networks->names.at[i]);
    }
    return APISEC_OK;
}
