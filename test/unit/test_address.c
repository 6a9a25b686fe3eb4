/* SPDX-License-Identifier: Apache-2.0
 *
 * test_address.c: which addresses may be connected to: both ends of each range, and the neighbours that pass.
 */
#include "http/http.h"
#include "support/guard.h"
#include "support/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static size_t parse(const char *text, struct sockaddr_storage *storage)
{
    memset(storage, 0, sizeof *storage);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(443)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        memcpy(storage, &in, sizeof in);
        return sizeof in;
    }
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    memcpy(storage, &in6, sizeof in6);
    return sizeof in6;
}

static const char *judge(const char *text, bool loopback, bool private_networks)
{
    struct sockaddr_storage storage;
    const size_t len = parse(text, &storage);
    const char *copy = guarded(&storage, len);
    const char *is = address_check((const struct sockaddr *)(const void *)copy, len, loopback, private_networks);
    guard_free(copy);
    return is == NULL ? "" : is;
}

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *address, *is;
    } rows[] = {
        {"8.8.8.8", ""}, {"1.0.0.0", ""}, {"223.255.255.255", ""},
        {"0.0.0.0", "unspecified"}, {"0.255.255.255", "unspecified"},
        {"9.255.255.255", ""}, {"10.0.0.0", "private"}, {"10.255.255.255", "private"}, {"11.0.0.0", ""},
        {"100.63.255.255", ""}, {"100.64.0.0", "private"}, {"100.127.255.255", "private"}, {"100.128.0.0", ""},
        {"126.255.255.255", ""}, {"127.0.0.0", "loopback"}, {"127.0.0.1", "loopback"},
        {"127.255.255.255", "loopback"}, {"128.0.0.0", ""},
        {"169.253.255.255", ""}, {"169.254.0.0", "link-local"}, {"169.254.169.253", "link-local"},
        {"169.254.255.255", "link-local"},
        {"169.255.0.0", ""}, {"172.15.255.255", ""}, {"172.16.0.0", "private"}, {"172.31.255.255", "private"}, {"172.32.0.0", ""},
        {"191.255.255.255", ""}, {"192.0.0.0", "reserved"}, {"192.0.0.255", "reserved"}, {"192.0.1.0", ""},
        {"192.0.2.1", "reserved"},
        {"192.0.3.0", ""}, {"192.88.99.1", "reserved"}, {"192.88.100.1", ""},
        {"192.167.255.255", ""}, {"192.168.0.0", "private"}, {"192.168.255.255", "private"}, {"192.169.0.0", ""},
        {"198.17.255.255", ""}, {"198.18.0.0", "reserved"}, {"198.19.255.255", "reserved"}, {"198.20.0.0", ""},
        {"198.51.100.7", "reserved"}, {"203.0.113.7", "reserved"}, {"203.0.114.0", ""},
        {"224.0.0.0", "multicast"}, {"239.255.255.255", "multicast"}, {"240.0.0.0", "reserved"}, {"255.255.255.255", "reserved"},
        {"169.254.169.254", "metadata"}, {"169.254.170.2", "metadata"}, {"100.100.100.200", "metadata"},
        {"168.63.129.16", "metadata"},
        {"192.0.0.192", "metadata"}, {"168.63.129.17", ""}, {"100.100.100.201", "private"},

        {"2606:4700::1", ""}, {"2000::", ""}, {"3ffe::1", ""}, {"2a00:1450:4001::200e", ""},
        {"::", "unspecified"}, {"::1", "loopback"}, {"::2", "reserved"}, {"::7f00:1", "reserved"},
        {"fe80::1", "link-local"}, {"febf::1", "link-local"}, {"fec0::1", "reserved"},
        {"fbff::1", "reserved"}, {"fc00::1", "private"}, {"fdff::1", "private"}, {"fe00::1", "reserved"},
        {"ff00::", "multicast"}, {"ff02::1", "multicast"}, {"1fff::1", "reserved"}, {"4000::1", "reserved"},
        {"2001:db8::1", "reserved"}, {"2001:db9::1", ""}, {"3fff::1", "reserved"}, {"3fff:1000::", ""},
        {"2001:1ff::1", "reserved"}, {"2001:200::1", ""}, {"2001:2::1", "reserved"},
        {"fd00:ec2::254", "metadata"}, {"fd00:ec2::253", "private"}, {"fd20:ce::254", "metadata"},
        {"fd00:c1::a9fe:a9fe", "metadata"},

        {"::ffff:8.8.8.8", ""}, {"::ffff:127.0.0.1", "loopback"}, {"::ffff:10.0.0.1", "private"},
        {"::ffff:169.254.169.254", "metadata"},
        {"::fffe:8.8.8.8", "reserved"}, {"::ffff:0:8.8.8.8", "reserved"},
        {"64:ff9b::8.8.8.8", ""}, {"64:ff9b::127.0.0.1", "loopback"}, {"64:ff9b::a9fe:a9fe", "metadata"},
        {"64:ff9b:1::8.8.8.8", "reserved"},
        {"2002:808:808::1", ""}, {"2002:7f00:1::1", "loopback"}, {"2002:a9fe:a9fe::", "metadata"}, {"2002:c0a8:101::1", "private"},
        {"2001:0:4136:e378:8000:63bf:3fff:fdd2", "reserved"},  /* client 192.0.2.45 */
        {"2001::f7f7:f7f7", ""},                               /* client 8.8.8.8 */
        {"2001::80ff:fffe", "loopback"},                       /* client 127.0.0.1 */
        {"2001::5601:5601", "metadata"},                       /* client 169.254.169.254 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *is = judge(rows[i].address, false, false);
        if (strcmp(is, rows[i].is) != 0) fail_msg("%s is \"%s\"", rows[i].address, is);
    }
}

static void permissions_permit_what_they_name(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool loopback, private_networks, permitted;
    } rows[] = {
        {"127.0.0.1", true, false, true},        {"127.0.0.1", false, true, false},
        {"::1", true, false, true},              {"::1", false, true, false},
        {"::ffff:127.0.0.1", true, false, true}, {"::ffff:127.0.0.1", false, true, false},
        {"10.1.2.3", false, true, true},         {"10.1.2.3", true, false, false},
        {"100.64.0.1", false, true, true},       {"fd12::1", false, true, true},
        {"fd12::1", true, false, false},         {"169.254.0.1", true, true, false},
        {"fe80::1", true, true, false},          {"0.0.0.0", true, true, false},
        {"::", true, true, false},               {"224.0.0.1", true, true, false},
        {"169.254.169.254", true, true, false},  {"100.100.100.200", true, true, false},
        {"fd00:ec2::254", true, true, false},    {"::ffff:169.254.169.254", true, true, false},
        {"192.0.2.1", true, true, false},        {"8.8.8.8", true, true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((judge(rows[i].address, rows[i].loopback, rows[i].private_networks)[0] == '\0') != rows[i].permitted)
            fail_msg("row %zu: %s", i, rows[i].address);
}

static void what_is_no_internet_address(void **state)
{
    (void)state;
    struct sockaddr_storage storage;
    const struct sockaddr *address = (const struct sockaddr *)(const void *)&storage;
    size_t len = parse("8.8.8.8", &storage);
    assert_null(address_check(address, len, false, false));
    assert_string_equal(address_check(address, len - 1, false, false), "unknown family");
    assert_string_equal(address_check(address, 1, false, false), "unknown family");
    assert_string_equal(address_check(address, 0, false, false), "unknown family");
    assert_string_equal(address_check(NULL, len, false, false), "unknown family");
    len = parse("2606:4700::1", &storage);
    assert_null(address_check(address, len, false, false));
    assert_string_equal(address_check(address, sizeof(struct sockaddr_in), false, false), "unknown family");
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    memcpy(&storage, &local, sizeof local);
    assert_string_equal(address_check(address, sizeof local, true, true), "unknown family");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges),
        cmocka_unit_test(permissions_permit_what_they_name),
        cmocka_unit_test(what_is_no_internet_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
