/* SPDX-License-Identifier: Apache-2.0
 *
 * status.h: what the functions of libapisec answer, and the rules that hold for all of them.
 *
 * - 0 is yes; anything else is a negative status. A status is never a truth value: test it with == APISEC_OK.
 * - Outputs are set first, to NULL or to a denial; they are only something else when the status is APISEC_OK.
 *   (The decision of decision.h is the exception that is always there: it is a denial then.)
 * - Handles are opaque: <thing>_new makes one, <thing>_free ends it; freeing NULL does nothing.
 * - Builders (trust, call, client, exchange, event, HTTP options) accept NULL handles and keep their first error; the one check is
 *   at the end.
 * - Bytes from the wire are pointer + length and may hold anything. Text of the programmer is NUL-terminated and copied.
 * - A returned pointer is borrowed and lives as long as its handle; an out-parameter is owned by the caller.
 * - *_at and "now" are seconds since 1970-01-01T00:00Z; *_ms are milliseconds, of a duration or since the same moment.
 * - Each handle's header says in one line which threads may use it.
 */
#ifndef APISEC_STATUS_H
#define APISEC_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* apisec_status is APISEC_OK or one of the codes below. Their numbers never change.
 * The hundreds say whose fault it is: -1xx the programmer, -2xx the credential, -3xx the permission, -4xx another server,
 * -5xx this process, -6xx too much at once. The number that begins each comment is the HTTP status to reply with, which
 * apisec_status_http knows too. */
typedef int32_t apisec_status;

enum {
    APISEC_OK = 0,

    APISEC_E_ARGUMENT = -101,          /* 500  an argument that no caller should pass */
    APISEC_E_MISUSE = -102,            /* 500  right arguments, wrong moment: NULL token, unfinished operation, second commit */
    APISEC_E_CONFIG = -103,            /* 500  the set-up lacks something or contradicts itself */
    APISEC_E_UNSUPPORTED = -104,       /* 500  not in this build */
    APISEC_E_NO_TRANSPORT = -105,      /* 500  the network was needed and no transport was given */

    APISEC_E_NO_CREDENTIAL = -201,     /* 401  the request carries no token */
    APISEC_E_REQUEST = -202,           /* 400  the credential is sent as no client should: twice, in two forms, with bad bytes */
    APISEC_E_MALFORMED = -203,         /* 401  not a token: parts, base64url, JSON */
    APISEC_E_ALGORITHM = -204,         /* 401  `alg` is not one of those pinned for the issuer */
    APISEC_E_KEY_UNKNOWN = -205,       /* 401  no key of the issuer has this `kid` */
    APISEC_E_KEY_UNFIT = -206,         /* 401  the key's type, use, operations or size do not fit */
    APISEC_E_SIGNATURE = -207,         /* 401 */
    APISEC_E_DECRYPTION = -208,        /* 401 */
    APISEC_E_TYPE = -209,              /* 401  `typ` is of another kind of token */
    APISEC_E_ISSUER = -210,            /* 401 */
    APISEC_E_AUDIENCE = -211,          /* 401 */
    APISEC_E_EXPIRED = -212,           /* 401 */
    APISEC_E_NOT_YET_VALID = -213,     /* 401  `nbf` or `iat` lies ahead */
    APISEC_E_CLAIM = -214,             /* 401  a required claim is missing, or a claim has the wrong type */
    APISEC_E_LIFETIME = -215,          /* 401  valid for longer than this issuer's tokens may be, or older than a rule takes */
    APISEC_E_INACTIVE = -216,          /* 401  introspection says so */
    APISEC_E_REVOKED = -217,           /* 401 */
    APISEC_E_BINDING = -218,           /* 401  `cnf` is not met, or a bound token came without its proof */
    APISEC_E_PROOF = -219,             /* 401  the DPoP proof is wrong */
    APISEC_E_REPLAY = -220,            /* 401  the DPoP proof was seen before */
    APISEC_E_NONCE = -221,             /* 401  a DPoP nonce is demanded */
    APISEC_E_STEP_UP = -222,           /* 401  a stronger or fresher login is demanded */
    APISEC_E_TOO_LARGE = -223,         /* 401 */

    APISEC_E_SCOPE = -301,             /* 403 */
    APISEC_E_ROLE = -302,              /* 403 */
    APISEC_E_CONDITION = -303,         /* 403  a claim rule is not met */
    APISEC_E_CLIENT = -304,            /* 403 */
    APISEC_E_ACTOR = -305,             /* 403 */
    APISEC_E_PEER = -306,              /* 403  service certificate or network */
    APISEC_E_NO_RULE = -307,           /* 403 */
    APISEC_E_DENIED = -308,            /* 403  by the service itself */
    APISEC_E_BODY = -309,              /* 400  the request's body breaks its limits */

    APISEC_E_UNREACHABLE = -401,       /* 503 */
    APISEC_E_TIMEOUT = -402,           /* 504 */
    APISEC_E_TLS = -403,               /* 502 */
    APISEC_E_ADDRESS = -404,           /* 502  the server's address is one that is refused */
    APISEC_E_RESPONSE = -405,          /* 502  the server's answer is not what the standard says */
    APISEC_E_KEYS_UNAVAILABLE = -406,  /* 503  the issuer's keys cannot be had; not the token's fault */
    APISEC_E_BREAKER = -407,           /* 503  not tried: it failed too often just now */
    APISEC_E_INVALID_REQUEST = -411,   /* 502  -411 to -417: OAuth errors of a token endpoint, RFC 6749 section 5.2, RFC 8693 */
    APISEC_E_INVALID_CLIENT = -412,    /* 502 */
    APISEC_E_INVALID_GRANT = -413,     /* 502 */
    APISEC_E_UNAUTHORIZED_CLIENT = -414,/* 502 */
    APISEC_E_UNSUPPORTED_GRANT = -415, /* 502 */
    APISEC_E_INVALID_SCOPE = -416,     /* 502 */
    APISEC_E_INVALID_TARGET = -417,    /* 502 */
    APISEC_E_OAUTH_OTHER = -418,       /* 502  an OAuth error that is none of these */
    APISEC_E_SCOPE_WIDENED = -419,     /* 502  more was granted than was asked for */
    APISEC_E_NOT_DELEGATED = -420,     /* 502  an actor was sent, and the answer does not name it */

    APISEC_E_MEMORY = -501,            /* 500 */
    APISEC_E_CRYPTO = -502,            /* 500 */
    APISEC_E_AUDIT = -503,             /* 503  the record could not be written, so nothing is allowed; or a chain is broken */
    APISEC_E_STORE = -504,             /* 503  the replay store is full or away */
    APISEC_E_SYSTEM = -505,            /* 500 */

    APISEC_E_RATE = -601,              /* 429 */
    APISEC_E_BUSY = -602               /* 503 */
};

/* apisec_error takes the sentence that goes with a status. The caller owns it; NULL is accepted wherever one is taken.
 * It stays 256 bytes for ever. The text is for an operator: printable ASCII, always NUL-terminated, empty on success, and
 * never holds bytes of a token, key or secret. */
typedef struct apisec_error {
    apisec_status status;
    char text[252];
} apisec_error;

/* apisec_status_name returns the stable name, as "APISEC_E_EXPIRED"; "APISEC_E_UNKNOWN" for a number that is none. */
const char *apisec_status_name(apisec_status status);

/* apisec_status_http returns the HTTP status code to reply with: 200 for APISEC_OK, 500 for a number that is none. */
int32_t apisec_status_http(apisec_status status);

/* apisec_status_oauth_error returns the error code of the challenge (RFC 6750 section 3.1, RFC 9449, RFC 9470), or NULL. */
const char *apisec_status_oauth_error(apisec_status status);

/* apisec_version returns the version of the library that is running, as "0.1.0". */
const char *apisec_version(void);

/* apisec_text_free ends a text that an out-parameter gave. The bytes are wiped first. NULL does nothing. */
void apisec_text_free(char *text);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
