/* SPDX-License-Identifier: Apache-2.0
 *
 * screen.h: how the story is printed: at most 100 columns; colours only on a terminal and without NO_COLOR.
 */
#ifndef MESH_SCREEN_H
#define MESH_SCREEN_H

#include <stdbool.h>

void screen_title(const char *text);
void screen_step(const char *text);
/* screen_item begins one of several things within a step. */
void screen_item(const char *text);
void screen_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* screen_pair prints a name and a value; a long value goes on below itself. */
void screen_pair(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* screen_verdict prints what a request came to: the HTTP status, and status and reason. */
void screen_verdict(bool good, const char *status, int http_status, const char *reason);
/* screen_row prints one row of the trail's table; six cells. */
void screen_row(const char *const cells[6], bool good);
/* expect holds the run against the story: what is not met is printed, and the demo ends with failure. Returns met. */
bool expect(bool met, const char *what);
int expect_num_failed(void);

#endif
