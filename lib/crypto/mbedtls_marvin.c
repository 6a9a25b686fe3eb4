/* SPDX-License-Identifier: Apache-2.0
 *
 * mbedtls_marvin.c: whether this mbedTLS may decrypt with RSA. Before 2.28.7, and in 3.x before 3.5.2, the time that it takes tells
 * of the result (CVE-2024-23170, known as Marvin): who can send many tokens learns what one of them holds. A build with
 * RSA_DECRYPT=old says that it knows; it should only ever see tokens that nobody else can time.
 */
#include "crypto/mbedtls.h"

bool mbed_is_marvin(unsigned version)
{
    return version < 0x021c0700 || (version >= 0x03000000 && version < 0x03050200);
}

#ifdef APISEC_RSA_DECRYPT_OLD
apisec_status crypto_oaep_ready(apisec_error *err)
{
    return succeed(err);
}
#else
apisec_status crypto_oaep_ready(apisec_error *err)
{
    const unsigned version = mbedtls_version_get_number();
    if (!mbed_is_marvin(version)) return succeed(err);
    return fail(err, APISEC_E_UNSUPPORTED,
                "mbedTLS %u.%u.%u leaks the result of RSA decryption through time (CVE-2024-23170, fixed in 2.28.7 and 3.5.2): use "
                "ECDH-ES, or build with RSA_DECRYPT=old",
                version >> 24, version >> 16 & 0xff, version >> 8 & 0xff);
}
#endif
