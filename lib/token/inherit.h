/* SPDX-License-Identifier: Apache-2.0
 *
 * inherit.h (private, a part of token.h): a verifier that stands in another one's place, and what goes along with one.
 */
#ifndef TOKEN_INHERIT_H
#define TOKEN_INHERIT_H

#include "base/base.h"

#include <apisec/verifier.h>

/* verifier_inherit takes over, before anybody uses the verifier, denials and the memory of proofs, which both share from then on, a
 * random key of nonces, and the fetched keys of issuers that are the same. MEMORY, CRYPTO. */
apisec_status verifier_inherit(apisec_verifier *verifier, const apisec_verifier *old, apisec_error *err);

/* verifier_own: the verifier ends this after all else of its own: its transport, where that is not the caller's to keep. */
struct verifier_belonging {
    void (*end)(struct verifier_belonging *belonging);
};
void verifier_own(apisec_verifier *verifier, struct verifier_belonging *belonging);

#endif
