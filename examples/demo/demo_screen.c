/* SPDX-License-Identifier: Apache-2.0
 *
 * demo_screen.c: how the story looks: at most 100 columns, colours only where somebody sees them, and what was not as told.
 */
#include "demo.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS 100
#define INDENT 5
#define NAME_WIDTH 18

static int num_failed;

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
    static int number;
    printf("\n%s%2d  %s%s\n", BOLD, ++number, text, PLAIN);
}

void screen_item(size_t number, const char *text)
{
    printf("\n%*s%s%zu. %s%s\n", INDENT, "", BOLD, number, text, PLAIN);
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

void screen_verdict(bool good, const char *status, int32_t http_status, const char *reason)
{
    char text[512];
    snprintf(text, sizeof text, "%s%s%s", status, reason[0] ? ": " : "", reason);
    printf("%*s%s%-*d%s", INDENT, "", good ? GREEN : RED, NAME_WIDTH, http_status, PLAIN);
    print_wrapped(text, INDENT + NAME_WIDTH);
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
