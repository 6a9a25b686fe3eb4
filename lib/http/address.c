/* SPDX-License-Identifier: Apache-2.0
 *
 * address.c: which addresses may be connected to, judged after name resolution: a name that resolves to a loopback, private or
 * metadata address must not become a way into the host's own network. What is not known to be global unicast is refused.
 * Sources: IANA special-purpose address registries (RFC 6890), and the clouds' metadata services. Called by curl.c.
 */
#include "http/http.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static const char metadata[] = "metadata";
static const char loopback[] = "loopback";
static const char private_use[] = "private";
static const char link_local[] = "link-local";
static const char multicast[] = "multicast";
static const char unspecified[] = "unspecified";
static const char reserved[] = "reserved";

/* The first range that an address is in says what it is. */
struct range4 {
    unsigned char prefix[4];
    unsigned bits;
    const char *is;
};

static const struct range4 ranges4[] = {
    {{169, 254, 169, 254}, 32, metadata},   /* nearly all clouds */
    {{169, 254, 170, 2}, 32, metadata},     /* credentials of Amazon's containers */
    {{100, 100, 100, 200}, 32, metadata},   /* Alibaba */
    {{168, 63, 129, 16}, 32, metadata},     /* Azure; a public number, reachable only from inside */
    {{192, 0, 0, 192}, 32, metadata},       /* Oracle */
    {{0, 0, 0, 0}, 8, unspecified},         /* "this network": Linux connects 0.0.0.0 to itself */
    {{10, 0, 0, 0}, 8, private_use},        /* RFC 1918 */
    {{100, 64, 0, 0}, 10, private_use},     /* RFC 6598, shared with the carrier */
    {{127, 0, 0, 0}, 8, loopback},
    {{169, 254, 0, 0}, 16, link_local},
    {{172, 16, 0, 0}, 12, private_use},     /* RFC 1918 */
    {{192, 0, 0, 0}, 24, reserved},         /* protocol assignments */
    {{192, 0, 2, 0}, 24, reserved},         /* documentation */
    {{192, 88, 99, 0}, 24, reserved},       /* 6to4 relays, withdrawn */
    {{192, 168, 0, 0}, 16, private_use},    /* RFC 1918 */
    {{198, 18, 0, 0}, 15, reserved},        /* benchmarks */
    {{198, 51, 100, 0}, 24, reserved},      /* documentation */
    {{203, 0, 113, 0}, 24, reserved},       /* documentation */
    {{224, 0, 0, 0}, 4, multicast},
    {{240, 0, 0, 0}, 4, reserved},          /* and the broadcast address */
};

/* What carries an IPv4 address inside, and at which byte; flip: its bits are inverted. */
struct range6 {
    unsigned char prefix[16];
    unsigned bits;
    const char *is;       /* NULL: judged by the IPv4 address at */
    size_t at;
    unsigned char flip;
};

static const struct range6 ranges6[] = {
    {{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128, metadata, 0, 0}, /* Amazon, fd00:ec2::254 */
    {{0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128, metadata, 0, 0}, /* Google, fd20:ce::254 */
    {{0xfd, 0x00, 0x00, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0xa9, 0xfe, 0xa9, 0xfe}, 128, metadata, 0, 0}, /* Oracle */
    {{0}, 128, unspecified, 0, 0},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, loopback, 0, 0},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, NULL, 12, 0},           /* IPv4-mapped */
    {{0, 0x64, 0xff, 0x9b}, 96, NULL, 12, 0},                                /* NAT64, RFC 6052 */
    {{0x20, 0x02}, 16, NULL, 2, 0},                                          /* 6to4 */
    {{0x20, 0x01, 0, 0}, 32, NULL, 12, 0xff},                                /* Teredo: the client's address, inverted */
    {{0x20, 0x01}, 23, reserved, 0, 0},                                      /* protocol assignments, ORCHID, benchmarks */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, reserved, 0, 0},                          /* documentation */
    {{0x3f, 0xff}, 20, reserved, 0, 0},                                      /* documentation */
    {{0xfc}, 7, private_use, 0, 0},                                          /* RFC 4193 */
    {{0xfe, 0x80}, 10, link_local, 0, 0},
    {{0xff}, 8, multicast, 0, 0},
};

static bool is_within(const unsigned char *address, const unsigned char *prefix, unsigned bits)
{
    const size_t whole = bits / 8;
    if (memcmp(address, prefix, whole) != 0) return false;
    if (bits % 8 == 0) return true;
    const unsigned mask = (0xff00u >> (bits % 8)) & 0xffu;
    return (address[whole] & mask) == (prefix[whole] & mask);
}

static const char *classify4(const unsigned char address[4])
{
    for (size_t i = 0; i < sizeof ranges4 / sizeof ranges4[0]; i++)
        if (is_within(address, ranges4[i].prefix, ranges4[i].bits)) return ranges4[i].is;
    return NULL;
}

static const char *classify6(const unsigned char address[16])
{
    static const unsigned char global_unicast[16] = {0x20};
    for (size_t i = 0; i < sizeof ranges6 / sizeof ranges6[0]; i++) {
        const struct range6 *range = &ranges6[i];
        if (!is_within(address, range->prefix, range->bits)) continue;
        if (range->is != NULL) return range->is;
        unsigned char inside[4];
        for (size_t j = 0; j < sizeof inside; j++) inside[j] = (unsigned char)(address[range->at + j] ^ range->flip);
        return classify4(inside);
    }
    return is_within(address, global_unicast, 3) ? NULL : reserved;
}

const char *address_check(const struct sockaddr *address, size_t len, bool loopback_allowed, bool private_allowed)
{
    static const char unknown[] = "unknown family";
    const char *is = unknown;
    if (address == NULL || len < sizeof address->sa_family + offsetof(struct sockaddr, sa_family)) return unknown;
    if (address->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        unsigned char bytes[4];
        memcpy(bytes, &in.sin_addr, sizeof bytes);
        is = classify4(bytes);
    } else if (address->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in;
        memcpy(&in, address, sizeof in);
        is = classify6(in.sin6_addr.s6_addr);
    }
    if (is == loopback && loopback_allowed) return NULL;
    if (is == private_use && private_allowed) return NULL;
    return is;
}
