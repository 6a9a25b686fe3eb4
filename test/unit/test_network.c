/* SPDX-License-Identifier: Apache-2.0
 *
 * test_network.c: addresses and networks: what is no address is in none; networks to the bit; and whose address it is behind
 * proxies, whoever writes what into X-Forwarded-For.
 */
#include "support/unit.h"
#include "access/rules.h"
#include "support/guard.h"

#include <stdio.h>
#include <string.h>

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected; /* "": no address */
        const char *why;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", "IPv4"},
        {"2001:db8::1", "2001:db8::1", "IPv6"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", "another spelling of the same"},
        {"::ffff:192.0.2.1", "192.0.2.1", "IPv4-mapped"},
        {"::FFFF:c000:201", "192.0.2.1", "IPv4-mapped, in hex"},
        {"::192.0.2.1", "::192.0.2.1", "IPv4-compatible is another thing"},
        {"::1", "::1", "loopback is an address as any other"},
        {"0.0.0.0", "0.0.0.0", "the first"},
        {"255.255.255.255", "255.255.255.255", "the last"},
        {"", "", "nothing"},
        {"192.0.2.1:80", "", "a port"},
        {"[2001:db8::1]", "", "brackets"},
        {"[2001:db8::1]:443", "", "brackets and a port"},
        {"fe80::1%eth0", "", "a zone"},
        {"192.0.2", "", "three parts"},
        {"192.0.2.01", "", "a leading zero: octal for some"},
        {"192.0.2.256", "", "more than a byte"},
        {"0x7f.0.0.1", "", "hex"},
        {"3221225985", "", "a number"},
        {" 192.0.2.1", "", "a space"},
        {"192.0.2.1 ", "", "a space"},
        {"192.0.2.1/32", "", "a prefix"},
        {"1:2:3:4:5:6:7:8:9", "", "nine parts"},
        {"::1::", "", "left out in two places"},
        {"unknown", "", "RFC 7239 section 6.2 says so"},
        {"_hidden", "", "section 6.3"},
        {"example.com", "", "a name"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555", "", "too long"},
        {"192.0.2.1                                                                                                  ", "",
         "longer than any address"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char written[ADDRESS_MAX];
        const char *const copy = guarded_text(rows[i].text);
        const struct address address = address_read((struct text){copy, strlen(rows[i].text)});
        address_write(&address, written);
        if (strcmp(written, rows[i].expected) != 0) fail_msg("%s (%s): %s", rows[i].text, rows[i].why, written);
        guard_free(copy);
    }
    assert_int_equal(address_read((struct text){"192.0.2.1\0.2", 12}).len, 0);
    assert_int_equal(address_read((struct text){NULL, 0}).len, 0);
}

static apisec_rules *compile(const char *networks, apisec_error *err)
{
    struct buffer json = BUFFER_MAX(65536);
    apisec_rules *rules = NULL;
    buffer_text(&json, "{");
    buffer_text(&json, networks);
    buffer_text(&json, ",\"rules\":[{\"id\":\"a\",\"path\":\"/**\",\"require\":{\"networks\":[\"n\"]}}]}");
    apisec_rules_new(json.bytes, json.len, &rules, err);
    buffer_free(&json);
    return rules;
}

static void test_networks(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *address;
        bool holds;
    } rows[] = { /* each network's first and last address, and their neighbours */
        {"192.0.2.0/24", "192.0.2.0", true},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.0/24", "192.0.1.255", false},
        {"192.0.2.0/24", "::ffff:192.0.2.7", true},
        {"192.0.2.0/24", "::192.0.2.7", false},
        {"192.0.2.8/29", "192.0.2.15", true},
        {"192.0.2.8/29", "192.0.2.16", false},
        {"192.0.2.8/29", "192.0.2.7", false},
        {"192.0.2.1/32", "192.0.2.1", true},
        {"192.0.2.1/32", "192.0.2.0", false},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "192.0.2.1", false},
        {"::/0", "2001:db8::1", true},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"2001:db8::1/128", "2001:db8::1", true},
        {"2001:db8::1/128", "2001:db8::", false},
        {"0.0.0.0/0", "no address", false},
        {"::/0", "no address", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char json[128];
        apisec_error err = {0, ""};
        snprintf(json, sizeof json, "\"networks\":{\"n\":[\"198.51.100.0/24\",\"%s\"]}", rows[i].prefix);
        apisec_rules *rules = compile(json, &err);
        if (rules == NULL) fail_msg("%s: %s", rows[i].prefix, err.text);
        const struct network *network = table_get(&rules->networks, text_of("n"));
        const struct address address = address_read(text_of(rows[i].address));
        if (network_holds(network, &address) != rows[i].holds) fail_msg("%s in %s", rows[i].address, rows[i].prefix);
        apisec_rules_free(rules);
    }
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *wrong, *sentence, *right;
    } rows[] = {
        {"\"networks\":[]", "networks: an object is wanted, not an array", "\"networks\":{\"n\":[\"10.0.0.0/8\"]}"},
        {"\"networks\":{}", "rules[0].require.networks: there is no network n", "\"networks\":{\"n\":[\"10.0.0.0/8\"]}"},
        {"\"networks\":{\"n\":[]}", "networks.n: an empty list can never be met", "\"networks\":{\"n\":[\"10.0.0.0/8\"]}"},
        {"\"networks\":{\"n\":\"10.0.0.0/8\"}", "networks.n: an array is wanted, not a string",
         "\"networks\":{\"n\":[\"10.0.0.0/8\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0.1\"]}",
         "networks.n[0]: an address and the length of its prefix are wanted, as 192.0.2.0/24",
         "\"networks\":{\"n\":[\"10.0.0.1/32\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0/8\"]}", "networks.n[0]: not an IPv4 or IPv6 address",
         "\"networks\":{\"n\":[\"10.0.0.0/8\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0.0/33\"]}", "networks.n[0]: the prefix has a length of 0 to 32",
         "\"networks\":{\"n\":[\"10.0.0.0/32\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0.0/08\"]}", "networks.n[0]: the prefix has a length of 0 to 32",
         "\"networks\":{\"n\":[\"10.0.0.0/8\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0.0/+8\"]}", "networks.n[0]: the prefix has a length of 0 to 32",
         "\"networks\":{\"n\":[\"0.0.0.0/0\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0.0/8a\"]}", "networks.n[0]: the prefix has a length of 0 to 32",
         "\"networks\":{\"n\":[\"10.0.0.0/8\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0.0/1/\"]}", "networks.n[0]: the prefix has a length of 0 to 32",
         "\"networks\":{\"n\":[\"0.0.0.0/1\"]}"},
        {"\"networks\":{\"n\":[\"0.0.0.0/4294967296\"]}", "networks.n[0]: the prefix has a length of 0 to 32",
         "\"networks\":{\"n\":[\"0.0.0.0/0\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0.1/31\"]}", "networks.n[0]: bits behind the prefix are not 0",
         "\"networks\":{\"n\":[\"10.0.0.0/31\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0.0/\"]}", "networks.n[0]: the prefix has a length of 0 to 32",
         "\"networks\":{\"n\":[\"10.0.0.0/8\"]}"},
        {"\"networks\":{\"n\":[\"2001:db8::/129\"]}", "networks.n[0]: the prefix has a length of 0 to 128",
         "\"networks\":{\"n\":[\"2001:db8::/128\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0.1/8\"]}", "networks.n[0]: bits behind the prefix are not 0",
         "\"networks\":{\"n\":[\"10.0.0.0/8\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0.0/8\",\"2001:db8::/28\"]}", "networks.n[1]: bits behind the prefix are not 0",
         "\"networks\":{\"n\":[\"10.0.0.0/8\",\"2001:db0::/28\"]}"},
        {"\"networks\":{\"n\":[\"::ffff:10.0.0.0/104\"]}",
         "networks.n[0]: an IPv4 address is written as one: what comes as ::ffff:192.0.2.1 is taken for it",
         "\"networks\":{\"n\":[\"10.0.0.0/8\"]}"},
        {"\"networks\":{\"n\":[\"10.0.0.0/8\"]},\"trusted_proxies\":[\"m\"]", "trusted_proxies: there is no network m",
         "\"networks\":{\"n\":[\"10.0.0.0/8\"]},\"trusted_proxies\":[\"n\"]"},
        {"\"networks\":{\"n\":[\"10.0.0.0/8\"]},\"trusted_proxies\":[]", "trusted_proxies: an empty list can never be met",
         "\"networks\":{\"n\":[\"10.0.0.0/8\"]},\"trusted_proxies\":[\"n\"]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apisec_error err = {0, ""};
        assert_null(compile(rows[i].wrong, &err));
        assert_int_equal(err.status, APISEC_E_CONFIG);
        assert_string_equal(err.text, rows[i].sentence);
        apisec_rules *rules = compile(rows[i].right, &err);
        if (rules == NULL) fail_msg("%s: %s", rows[i].right, err.text);
        apisec_rules_free(rules);
    }
}

static void test_behind_proxies(void **state)
{
    (void)state;
    static const struct {
        const char *peer, *fields[3];
        const char *client; /* "": not known */
        bool is_forwarded;
        const char *why;
    } rows[] = {
        {"192.0.2.1", {NULL}, "192.0.2.1", false, "no proxy"},
        {"192.0.2.1", {"198.51.100.7"}, "192.0.2.1", false, "whoever is no proxy says what they like"},
        {"10.0.0.1", {"198.51.100.7"}, "198.51.100.7", true, "one proxy"},
        {"::ffff:10.0.0.1", {"198.51.100.7"}, "198.51.100.7", true, "the proxy's address as an IPv4-mapped one"},
        {"10.0.0.1", {"::ffff:198.51.100.7"}, "198.51.100.7", true, "the client's"},
        {"10.0.0.1", {"2001:db8::7"}, "2001:db8::7", true, "IPv6"},
        {"10.0.0.1", {"203.0.113.9, 198.51.100.7"}, "198.51.100.7", true, "what the client wrote before"},
        {"10.0.0.1", {"10.0.0.9, 198.51.100.7"}, "198.51.100.7", true, "the client pretends to be a proxy"},
        {"10.0.0.1", {"198.51.100.7\t, 10.0.0.2\t"}, "198.51.100.7", true, "white space behind"},
        {"10.0.0.1", {"198.51.100.7,10.0.0.2"}, "198.51.100.7", true, "two proxies"},
        {"10.0.0.1", {"203.0.113.9, 198.51.100.7 ,\t10.0.0.2"}, "198.51.100.7", true, "two proxies, and what the client wrote"},
        {"10.0.0.1", {"198.51.100.7", "10.0.0.2"}, "198.51.100.7", true, "split over two fields"},
        {"10.0.0.1", {"203.0.113.9", "198.51.100.7", "10.0.0.2"}, "198.51.100.7", true, "over three, the first is the client's"},
        {"10.0.0.1", {NULL}, "10.0.0.1", false, "the proxy asks for itself"},
        {"10.0.0.1", {"10.0.0.2"}, "10.0.0.2", true, "proxies only"},
        {"10.0.0.1", {"10.0.0.1"}, "10.0.0.1", false, "the proxy names itself"},
        {"10.0.0.1", {"198.51.100.7:1234"}, "", true, "a port"},
        {"10.0.0.1", {"[2001:db8::7]"}, "", true, "brackets"},
        {"10.0.0.1", {"unknown"}, "", true, "the proxy does not know"},
        {"10.0.0.1", {"198.51.100.7, unknown"}, "", true, "and what is before it is anybody's"},
        {"10.0.0.1", {""}, "", true, "an empty field"},
        {"10.0.0.1", {"198.51.100.7,"}, "", true, "an empty element"},
        {"10.0.0.1", {"198.51.100.7", ""}, "", true, "an empty last field"},
        {"", {"198.51.100.7"}, "", false, "the peer is not known"},
        {"10.0.0.1%eth0", {"198.51.100.7"}, "", false, "nor this one"},
    };
    apisec_error err;
    apisec_rules *rules = compile("\"networks\":{\"n\":[\"10.0.0.0/24\"]},\"trusted_proxies\":[\"n\"]", &err);
    assert_non_null(rules);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char written[ADDRESS_MAX];
        struct client_address client;
        apisec_call *call = apisec_call_new();
        apisec_call_set_peer_address(call, rows[i].peer);
        apisec_call_add_header(call, "Forwarded", 9, "for=203.0.113.1", 15);
        for (size_t k = 0; k < 3 && rows[i].fields[k] != NULL; k++)
            apisec_call_add_header(call, "x-forwarded-FOR", 15, rows[i].fields[k], strlen(rows[i].fields[k]));
        apisec_call_add_header(call, "X-Forwarded-For2", 16, "203.0.113.1", 11);
        client_find(call, &rules->trusted_proxies, &client);
        address_write(&client.address, written);
        if (strcmp(written, rows[i].client) != 0) fail_msg("%s: %s, not %s", rows[i].why, written, rows[i].client);
        if (client.is_forwarded != rows[i].is_forwarded) fail_msg("%s", rows[i].why);
        apisec_call_free(call);
    }
    struct client_address client;
    client_find(NULL, &rules->trusted_proxies, &client);
    assert_int_equal(client.address.len, 0);
    apisec_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_behind_proxies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
