/* SPDX-License-Identifier: Apache-2.0
 *
 * crowd.h: many requests at once, for any event loop: they arrive all together, before anything is known of the issuer; some are
 * given up while the issuer's keys are being fetched, and some while a token for the next service is; and each of the others must
 * come out as its line in the list says.
 */
#ifndef LOOP_CROWD_H
#define LOOP_CROWD_H

#include "driver.h"

struct crowd;

/* crowd_new reads the program's arguments and files:
 *
 *     PROGRAM [-f] DOCUMENT LIST CA_FILE [NUMBER]
 *
 * DOCUMENT is the guard's. LIST has a kind of request a line; NUMBER of them (a thousand) are made of it, round by round:
 *
 *     METHOD TARGET TOKEN_FILE STATUS [EXCHANGE]       TOKEN_FILE: or -, for none; STATUS: how it is decided
 *
 * In each fourth round all that have a token are given up early, with -f the very first request too, which fetches the keys that
 * all others wait for; a third of the exchanges are given up later. NULL: it has said what is wrong. */
struct crowd *crowd_new(int argc, char **argv);
const char *crowd_ca_file(const struct crowd *crowd);
/* crowd_arrive begins all requests. false: out of memory. */
bool crowd_arrive(struct crowd *crowd, struct driver *driver);
/* crowd_look is to be called after each turn of the loop: some hang up then. */
void crowd_look(struct crowd *crowd);
/* crowd_end is called when the loop is no more. It prints one JSON object of counts, frees the crowd, and returns the exit status:
 * 0 if everything came out as the list says. NULL: 2. */
int crowd_end(struct crowd *crowd);

#endif
