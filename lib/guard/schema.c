/* SPDX-License-Identifier: Apache-2.0
 *
 * schema.c: the document's JSON Schema, schema.json beside this file, as the library carries it along. The build makes schema.inc
 * of it: its bytes as numbers.
 */
#include "guard/guard.h"

static const char schema[] = {
#include "guard/schema.inc"
    0};

const char *apisec_guard_schema(void)
{
    return schema;
}
