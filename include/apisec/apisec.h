/* SPDX-License-Identifier: Apache-2.0
 *
 * apisec.h: all of libapisec. Each pillar's header is its manual; status.h has the rules that hold everywhere.
 */
#ifndef APISEC_APISEC_H
#define APISEC_APISEC_H

#include <apisec/status.h>

#include <apisec/access.h>
#include <apisec/audit.h>
#include <apisec/call.h>
#include <apisec/client.h>
#include <apisec/decision.h>
#include <apisec/dpop.h>
#include <apisec/encryption.h>
#include <apisec/guard.h>
#include <apisec/http.h>
#include <apisec/json.h>
#include <apisec/limits.h>
#include <apisec/op.h>
#include <apisec/replay.h>
#include <apisec/rules.h>
#include <apisec/signer.h>
#include <apisec/store.h>
#include <apisec/token.h>
#include <apisec/trust.h>
#include <apisec/verifier.h>

#endif
