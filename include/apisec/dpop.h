/* SPDX-License-Identifier: Apache-2.0
 *
 * dpop.h: a client's side of DPoP (RFC 9449): the proof that goes along with a request, that whoever sends the token has its key.
 *
 *     Authorization: DPoP <token>
 *     DPoP: <proof>
 *
 * A service's side is set up in trust.h. A token bound to the key is obtained with apisec_client_set_dpop (client.h).
 * Threads: any.
 */
#ifndef APISEC_DPOP_H
#define APISEC_DPOP_H

#include <apisec/signer.h>
#include <apisec/status.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* apisec_dpop_proof makes a proof for one request, to be used once and within half a minute of now (seconds). url: absolute,
 * https or http; its query and fragment are left out. access_token: the one that is sent with the request; NULL for a request to
 * the token endpoint. nonce: the last DPoP-Nonce of this server, NULL for none yet: a 401 with error use_dpop_nonce, a 400 from a
 * token endpoint, brings one, and the request is made once more with it. APISEC_E_KEY_UNFIT: the key is a shared secret (HS).
 * APISEC_E_ARGUMENT: a method, URL or nonce that is none, a time before 1970. End *proof with apisec_text_free. */
apisec_status apisec_dpop_proof(const apisec_signer *signer, const char *method, const char *url, const char *access_token,
                                const char *nonce, int64_t now, char **proof, apisec_error *err);
/* apisec_dpop_thumbprint gives the key's RFC 7638 thumbprint, which a token bound to it has as `cnf.jkt`; room for 43
 * characters and a NUL is needed.
 * APISEC_E_KEY_UNFIT: the key is a shared secret. */
apisec_status apisec_dpop_thumbprint(const apisec_signer *signer, char *thumbprint, apisec_error *err);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
