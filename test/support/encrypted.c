/* SPDX-License-Identifier: Apache-2.0
 *
 * encrypted.c: the keys and tokens of RFC 7516 and RFC 7518, as they stand there without their line breaks.
 */
#include "support/encrypted.h"

#include "base/base.h"

#include <apisec/encryption.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char encrypted_a1_key[] =
    "{\"kty\":\"RSA\",\"n\":\"oahUIoWw0K0usKNuOR6H4wkf4oBUXHTxRvgb48E-BVvxkeDNjbC4he8rUWcJoZmds2h7M70imEVhRU5djINXtqllXI4DF"
    "qcI1DgjT9LewND8MW2Krf3Spsk_ZkoFnilakGygTwpZ3uesH-PFABNIUYpOiN15dsQRkgr0vEhxN92i2asbOenSZeyaxziK72UwxrrKoExv6kc5twXTq4h"
    "-QChLOln0_mtUZwfsRaMStPs6mS6XrgxnxbWhojf663tuEQueGC-FCMfra36C9knDFGzKsNa7LZK2djYgyD3JR_MB_4NUJW_TqOQtwHYbxevoJArm-L5St"
    "owjzGy-_bq6Gw\",\"e\":\"AQAB\",\"d\":\"kLdtIj6GbDks_ApCSTYQtelcNttlKiOyPzMrXHeI-yk1F7-kpDxY4-WY5NWV5KntaEeXS1j82E375xx"
    "hWMHXyvjYecPT9fpwR_M9gV8n9Hrh2anTpTD93Dt62ypW3yDsJzBnTnrYu1iwWRgBKrEYY46qAZIrA2xAwnm2X7uGR1hghkqDp0Vqj3kbSCz1XyfCs6_Le"
    "hBwtxHIyh8Ripy40p24moOAbgxVw3rxT_vlt3UVe4WO3JkJOzlpUf-KTVI2Ptgm-dARxTEtE-id-4OJr0h-K-VFs3VSndVTIznSxfyrj8ILL6MG_Uv8YAu"
    "7VILSB3lOW085-4qE3DzgrTjgyQ\",\"p\":\"1r52Xk46c-LsfB5P442p7atdPUrxQSy4mti_tZI3Mgf2EuFVbUoDBvaRQ-SWxkbkmoEzL7JXroSBjSrK"
    "3YIQgYdMgyAEPTPjXv_hI2_1eTSPVZfzL0lffNn03IXqWF5MDFuoUYE0hzb2vhrlN_rKrbfDIwUbTrjjgieRbwC6Cl0\",\"q\":\"wLb35x7hmQWZsWJm"
    "B_vle87ihgZ19S8lBEROLIsZG4ayZVe9Hi9gDVCOBmUDdaDYVTSNx_8Fyw1YYa9XGrGnDew00J28cRUoeBB_jKI1oma0Orv1T9aXIWxKwd4gvxFImOWr3Q"
    "RL9KEBRzk2RatUBnmDZJTIAfwTs0g68UZHvtc\",\"dp\":\"ZK-YwE7diUh0qR1tR7w8WHtolDx3MZ_OTowiFvgfeQ3SiresXjm9gZ5KLhMXvo-uz-KUJ"
    "WDxS5pFQ_M0evdo1dKiRTjVw_x4NyqyXPM5nULPkcpU827rnpZzAJKpdhWAgqrXGKAECQH0Xt4taznjnd_zVpAmZZq60WPMBMfKcuE\",\"dq\":\"Dq0g"
    "fgJ1DdFGXiLvQEZnuKEN0UUmsJBxkjydc3j4ZYdBiMRAy86x0vHCjywcMlYYg4yoC4YZa9hNVcsjqA3FeiL19rk8g6Qn29Tt0cj8qqyFpz9vNDBUfCAiJV"
    "eESOjJDZPYHdHY8v1b-o-Z2X5tvLx-TCekf7oxyeKDUqKWjis\",\"qi\":\"VIMpMYbPf47dT1w_zDUXfPimsSegnMOA1zTaX7aGk_8urY6R8-ZW1FxU7"
    "AlWAyLWybqq6t16VFd7hQd0y6flUK4SlOydB61gwanOsXGOAOv82cHq0E3eL4HrtZkUuKvnPrMnsUUFlfUdybVzxyjz9JF_XyaY14ardLSjf4L_FNY\"}";

const char encrypted_a1_token[] =
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3"
    "mx_etLbbWSrFr05kLzcSr4qKAq7YN7e9jwQRb23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIK"
    "LaVmqgfwX7XWRxv2322i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv0je81860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6vFWXRcZ_ZT2La"
    "wVCWTIy3brGPi6UklfCpIMfIjf7iGdXKHzg.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiS"
    "diwkIr3ajwQzaBtQD_A.XFBoMYUZodetZdvTiFvSkQ";

const char encrypted_a2_key[] =
    "{\"kty\":\"RSA\",\"n\":\"sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBi"
    "geC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75I"
    "DrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaD"
    "WFLN-aEAw3vRw\",\"e\":\"AQAB\",\"d\":\"VFCWOqXr8nvZNyaaJLXdnNPXZKRaWCjkU5Q2egQQpTBMwhprMzWzpR8Sxq1OPThh_J6MUD8Z35wky9b"
    "8eEO0pwNS8xlh1lOFRRBoNqDIKVOku0aZb-rynq8cxjDTLZQ6Fz7jSjR1Klop-YKaUHc9GsEofQqYruPhzSA-QgajZGPbE_0ZaVDJHfyd7UUBUKunFMScb"
    "flYAAOYJqVIVwaYR5zWEEceUjNnTNo_CVSj-VvXLO5VZfCUAVLgW4dpf1SrtZjSt34YLsRarSb127reG_DUwg9Ch-KyvjT1SkHgUWRVGcyly7uvVGRSDws"
    "XypdrNinPA4jlhoNdizK2zF2CWQ\",\"p\":\"9gY2w6I6S6L0juEKsbeDAwpd9WMfgqFoeA9vEyEUuk4kLwBKcoe1x4HG68ik918hdDSE9vDQSccA3xXH"
    "OAFOPJ8R9EeIAbTi1VwBYnbTp87X-xcPWlEPkrdoUKW60tgs1aNd_Nnc9LEVVPMS390zbFxt8TN_biaBgelNgbC95sM\",\"q\":\"uKlCKvKv_ZJMVcdI"
    "s5vVSU_6cPtYI1ljWytExV_skstvRSNi9r66jdd9-yBhVfuG4shsp2j7rGnIio901RBeHo6TPKWVVykPu1iYhQXw1jIABfw-MVsN-3bQ76WLdt2SDxsHs7"
    "q7zPyUyHXmps7ycZ5c72wGkUwNOjYelmkiNS0\",\"dp\":\"w0kZbV63cVRvVX6yk3C8cMxo2qCM4Y8nsq1lmMSYhG4EcL6FWbX5h9yuvngs4iLEFk6eA"
    "LoUS4vIWEwcL4txw9LsWH_zKI-hwoReoP77cOdSL4AVcraHawlkpyd2TWjE5evgbhWtOxnZee3cXJBkAi64Ik6jZxbvk-RR3pEhnCs\",\"dq\":\"o_8V"
    "14SezckO6CNLKs_btPdFiO9_kC1DsuUTd2LAfIIVeMZ7jn1Gus_Ff7B7IVx3p5KuBGOVF8L-qifLb6nQnLysgHDh132NDioZkhH7mI7hPG-PYE_odApKdn"
    "qECHWw0J-F0JWnUd6D2B_1TvF9mXA2Qx-iGYn8OVV1Bsmp6qU\",\"qi\":\"eNho5yRBEBxhGBtQRww9QirZsB66TrfFReG_CcteI1aCneT0ELGhYlRlC"
    "tUkTRclIfuEPmNsNDPbLoLqqCVznFbvdB7x-Tl-m0l_eFTj2KiqwGqE9PZB9nNTwMVvH3VRRSLWACvPnSiwP8N5Usy-WRXS-V7TbpxIhvepTfE0NNo\"}";

const char encrypted_a2_token[] =
    "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.UGhIOguC7IuEvf_NPVaXsGMoLOmwvc1GyqlIKOK1nN94nHPoltGRhWhw7Zx0-kFm1N"
    "Jn8LE9XShH59_i8J0PH5ZZyNfGy2xGdULU7sHNF6Gp2vPLgNZ__deLKxGHZ7PcHALUzoOegEI-8E66jX2E4zyJKx-YxzZIItRzC5hlRirb6Y5Cl_p-ko3Y"
    "vkkysZIFNPccxRU7qve1WYPxqbb2Yw8kZqa2rMWI5ng8OtvzlV7elprCbuPhcCdZ6XDP0_F8rkXds2vE4X-ncOIM8hAYHHi29NX0mcKiRaD0-D-ljQTP-c"
    "FPgwCp6X-nZZd9OHBv-B3oWh2TbqmScqXMR4gp_A.AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.9hH0vgRfYg"
    "PnAHOd8stkvw";

const char encrypted_a3_key[] =
    "{\"kty\":\"oct\",\"k\":\"GawgguFyGrWKav7AX4VKUg\"}";

const char encrypted_a3_token[] =
    "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.AxY8DCtDaGl"
    "sbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ";

const char encrypted_alice[] =
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\",\"y\":\"SLW_xSffzlPWrHEVI30DHM"
    "_4egVwt3NQqeUD7nMFpps\",\"d\":\"0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo\"}";

const char encrypted_bob[] =
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\",\"y\":\"e8lnCO-AlStT-NJVX-crhB"
    "7QRYhiix03illJOVAOyck\",\"d\":\"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw\"}";

static void stop(const char *what)
{
    fprintf(stderr, "encrypted: %s\n", what);
    exit(2);
}

static unsigned digit(char hex)
{
    static const char digits[] = "0123456789abcdef";
    const char *const at = hex ? strchr(digits, hex) : NULL;
    if (!at) stop("not a hexadecimal number");
    return (unsigned)(at - digits);
}

size_t encrypted_hex(const char *hex, unsigned char *out)
{
    size_t len = 0;
    for (; *hex; hex++) {
        if (*hex == ' ') continue;
        out[len++] = (unsigned char)(digit(hex[0]) << 4 | digit(hex[1]));
        hex++;
    }
    return len;
}

/* ---- tokens ---- */

/* known_rsa puts alg and a kid in front of the members of A.1's key; the public half ends where the private members begin. */
static char *known_rsa(const char *alg, bool is_public)
{
    const char *const members = encrypted_a1_key + 1, *const d = strstr(members, ",\"d\":");
    const size_t size = sizeof encrypted_a1_key + 100;
    char *const jwk = malloc(size);
    if (!jwk || !d) stop("no RSA key");
    snprintf(jwk, size, "{\"kid\":\"known-rsa\",\"use\":\"enc\",\"alg\":\"%s\",%.*s%s", alg,
             is_public ? (int)(d - members) : (int)strlen(members), members, is_public ? "}" : "");
    return jwk;
}

char *encrypted_new(const char *alg, const char *enc, const char *plaintext, char **private_jwk)
{
    apisec_error err;
    char *public_jwk = NULL, *token = NULL;
    const char *const key_alg = strcmp(alg, "dir") == 0 ? enc : alg;
    if (strncmp(alg, "RSA", 3) == 0) {
        *private_jwk = known_rsa(alg, false);
        public_jwk = known_rsa(alg, true);
    } else if (apisec_encryption_key_new(key_alg, private_jwk, &public_jwk, &err) != APISEC_OK) {
        stop(err.text);
    }
    const char *const jwk = public_jwk ? public_jwk : *private_jwk;
    if (apisec_encrypt(jwk, strlen(jwk), alg, enc, "JWT", plaintext, strlen(plaintext), &token, &err) != APISEC_OK) stop(err.text);
    apisec_text_free(public_jwk);
    return token;
}

static struct text find_part(const char *token, size_t part)
{
    for (size_t i = 0; i < part; i++) {
        token = strchr(token, '.');
        if (!token) stop("not so many parts");
        token++;
    }
    return (struct text){token, strcspn(token, ".")};
}

char *encrypted_part(const char *token, size_t part, const char *by)
{
    const struct text old = find_part(token, part);
    const size_t room = strlen(token) + strlen(by) + 1;
    char *const copy = malloc(room);
    if (!copy) stop("no memory");
    snprintf(copy, room, "%.*s%s%s", (int)(old.at - token), token, by, old.at + old.len);
    return copy;
}

char *encrypted_bytes(const char *token, size_t part, const void *bytes, size_t len)
{
    char *const encoded = malloc(base64url_encoded_len(len) + 1);
    if (!encoded) stop("no memory");
    base64url_encode(bytes, len, encoded);
    char *const copy = encrypted_part(token, part, encoded);
    free(encoded);
    return copy;
}

size_t encrypted_decode(const char *token, size_t part, unsigned char *out)
{
    const struct text encoded = find_part(token, part);
    size_t len = 0;
    if (base64url_decode(encoded.at, encoded.len, out, &len) != APISEC_OK) stop("not base64url");
    return len;
}

char *encrypted_flip(const char *token, size_t part, size_t byte)
{
    unsigned char *const bytes = malloc(strlen(token));
    if (!bytes) stop("no memory");
    const size_t len = encrypted_decode(token, part, bytes);
    if (byte == SIZE_MAX) byte = len - 1;
    if (byte >= len) stop("not so many bytes");
    bytes[byte] ^= 1;
    char *const copy = encrypted_bytes(token, part, bytes, len);
    free(bytes);
    return copy;
}
