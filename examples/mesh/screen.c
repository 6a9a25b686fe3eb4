/* SPDX-License-Identifier: Apache-2.0
 *
 * screen.c: how the story looks: at most 100 columns, colours only where somebody sees them, and what was not as told.
 */
#include "screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS 100
#define INDENT 5
#define NAME_WIDTH 20

static int num_failed, num_steps, num_items;

static const char *colour(const char *code)
{
    const char *refused = getenv("NO_COLOR");
    if (!isatty(STDOUT_FILENO) || (refused && refused[0])) return "";
    return code;
}
#define BOLD colour("\033[1m")
#define GREEN colour("\033[32m")
#define RED colour("\033[31m")
#define DIM colour("\033[2m")
#define PLAIN colour("\033[0m")

/* print_wrapped prints words from a column on, and goes on below that column when a line is full. */
static void print_wrapped(const char *text, size_t column)
{
    size_t at = column;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (at > column && at + 1 + word > COLUMNS) {
            printf("\n%*s", (int)column, "");
            at = column;
        }
        if (at > column) putchar(' ');
        printf("%.*s", (int)word, text);
        at += word + (at > column ? 1 : 0);
        text += word + strspn(text + word, " ");
    }
    putchar('\n');
}

void screen_title(const char *text)
{
    printf("\n%s%s%s\n", BOLD, text, PLAIN);
}

void screen_step(const char *text)
{
    printf("\n%s%2d  %s%s\n", BOLD, ++num_steps, text, PLAIN);
    num_items = 0;
}

void screen_item(const char *text)
{
    char number[24];
    snprintf(number, sizeof number, "%d.%d", num_steps, ++num_items);
    printf("\n%*s%s%-5s %s%s\n", INDENT, "", BOLD, number, text, PLAIN);
}

void screen_say(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("%*s", INDENT, "");
    print_wrapped(text, INDENT);
}

void screen_pair(const char *name, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("%*s%s%-*s%s", INDENT, "", DIM, NAME_WIDTH, name, PLAIN);
    print_wrapped(text, INDENT + NAME_WIDTH);
}

void screen_verdict(bool good, const char *status, int http_status, const char *reason)
{
    char text[512];
    snprintf(text, sizeof text, "%s%s%s", status, reason[0] ? ": " : "", reason);
    printf("%*s%s%-*d%s", INDENT, "", good ? GREEN : RED, NAME_WIDTH, http_status, PLAIN);
    print_wrapped(text, INDENT + NAME_WIDTH);
}

void screen_row(const char *const cells[6], bool good)
{
    static const int widths[6] = {8, 10, 36, 8, 10, 0};
    printf("%*s", INDENT, "");
    for (int i = 0; i < 5; i++) printf("%-*.*s ", widths[i], widths[i], cells[i]);
    printf("%s%s%s\n", good ? GREEN : RED, cells[5], PLAIN);
}

bool expect(bool met, const char *what)
{
    if (met) return true;
    num_failed++;
    printf("%*s%sNOT AS TOLD: %s%s\n", INDENT, "", RED, what, PLAIN);
    return false;
}

int expect_num_failed(void)
{
    return num_failed;
}
