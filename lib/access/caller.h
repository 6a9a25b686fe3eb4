/* SPDX-License-Identifier: Apache-2.0
 *
 * caller.h (of lib/access, a part of rules.h): service-level trust, beside the user's: from where a call comes, and from which
 * service.
 *
 *   network.c   addresses, networks, and whose address it is behind proxies
 *   peer.c      the services that a client certificate may stand for
 *   service.c   the credential of a service          service_read.c  as it is configured
 *   service_secret.c  hashes of secrets
 */
#ifndef ACCESS_CALLER_H
#define ACCESS_CALLER_H

#include "access/access.h"
#include "access/texts.h"

/* ---- network.c ---- */

#define ADDRESS_MAX 46            /* of an IPv6 address and its NUL */
struct address {
    unsigned char bytes[16];
    size_t len;                   /* 4 or 16; 0: it is not known, and in no network */
};
/* address_read: an address without brackets, port and zone; an IPv4-mapped one is its IPv4 address. Anything else has len 0. */
struct address address_read(struct text text);
void address_write(const struct address *address, char out[ADDRESS_MAX]); /* "": not known */

struct prefix {
    struct address address;
    unsigned bits;
};
struct network {
    struct prefix *prefixes;
    size_t num_prefixes;
};
bool network_holds(const struct network *network, const struct address *address);

struct networks {                 /* as a rule names them */
    struct texts names;
    const struct network **at;
};
bool networks_hold(const struct networks *networks, const struct address *address);

struct client_address {
    struct address address;
    bool is_forwarded;            /* it is not the socket's peer */
    bool is_unknown;              /* of a record that does not say: see recall.h */
};
/* client_find: the socket's peer, or behind trusted proxies whom the last of them asks for. Where all that is said are proxies it
 * is the farthest of them. */
void client_find(const apisec_call *call, const struct networks *proxies, struct client_address *client);

/* networks_read reads "networks" and "trusted_proxies"; networks_named a list of names. CONFIG, MEMORY. */
apisec_status networks_read(const struct shape *top, apisec_rules *rules, apisec_error *err);
apisec_status networks_named(const struct shape *at, apisec_rules *rules, struct networks *networks, apisec_error *err);

/* ---- peer.c ---- */

struct peer_name {
    bool is_uri;                  /* otherwise a DNS name */
    struct text text;
};
struct peer_names {               /* those of the call's certificate */
    struct peer_name *names;
    size_t num;
    bool has_one_uri;
};
/* peer_find reads a certificate; *names is NULL where there is none. false: no memory. */
bool peer_find(struct text certificate, struct arena *arena, struct peer_names **names);

struct peer {
    struct texts uris, dns, thumbprints;
};
struct peers {                    /* as a rule names them */
    struct texts names;
    const struct peer **at;
};
/* peers_have: the certificate is one of them. sha256: base64url, "" where there is none. */
bool peers_have(const struct peers *peers, const struct peer_names *names, const char *sha256);

/* peers_read reads "peers"; peers_named a list of names. CONFIG, MEMORY. */
apisec_status peers_read(const struct shape *top, apisec_rules *rules, apisec_error *err);
apisec_status peers_named(const struct shape *at, apisec_rules *rules, struct peers *peers, apisec_error *err);

/* ---- service_secret.c ---- */

struct secret_hash {
    uint32_t iterations;
    unsigned char salt[64];
    size_t salt_len;
    unsigned char key[CRYPTO_PBKDF2_LEN];
};
/* secret_hash_read: NULL, or what is wrong with the text. */
const char *secret_hash_read(struct text text, struct secret_hash *hash);
/* secret_hash_check takes as long as the hash was made for, and compares in constant time. PEER: it is another secret. CRYPTO,
 * MEMORY. */
apisec_status secret_hash_check(const struct secret_hash *hash, struct text secret);

/* ---- service.c ---- */

struct service_login {
    const char *name;
    struct secret_hash hash;
};
struct service_memory;            /* of secrets that were verified; guarded */
struct services {
    const char *header;           /* NULL: none are configured */
    bool is_authorization;
    struct service_login *at;
    size_t num;
    struct secret_hash nobody;    /* for names that nobody has: as slow as the slowest */
    struct service_memory *memory;
};
struct service_memory *service_memory_new(size_t num_services); /* NULL: no memory, or no randomness */
void service_memory_free(struct service_memory *memory);
/* services_inherit takes over which secrets are known to be right, of names whose hash is the same, before anybody uses the new
 * ones. */
void services_inherit(struct services *services, const struct services *older);
/* service_find verifies the value of the header. PEER: there is no such service, it is another secret, or not a Basic credential.
 * REQUEST: it holds two. BUSY: too many are being verified just now. CRYPTO, MEMORY. */
apisec_status service_find(const struct services *services, struct text value, const struct service_login **verified);
apisec_status service_verify(const struct services *services, struct text name, struct text secret,
                             const struct service_login **verified);

/* services_read reads "services"; services_named a list of names. CONFIG, MEMORY. */
apisec_status services_read(const struct shape *top, apisec_rules *rules, apisec_error *err);
apisec_status services_named(const struct shape *at, apisec_rules *rules, struct texts *names, apisec_error *err);

#endif
