/* SPDX-License-Identifier: Apache-2.0
 *
 * stage_files.h: what the services find in their folders when they start; called by stage.c only.
 */
#ifndef MESH_STAGE_FILES_H
#define MESH_STAGE_FILES_H

#include "stage.h"

/* stage_make_files: keys, secrets, certificates and configurations. The addresses are known. false: problem says why. */
bool stage_make_files(struct stage *stage);

#endif
