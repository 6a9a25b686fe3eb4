/* SPDX-License-Identifier: Apache-2.0
 *
 * output.c: what a command prints: one JSON object on standard output, sentences on standard error, and nothing that a terminal
 * would obey. On a terminal the object is laid out over lines, otherwise it is one line.
 */
#include "tool.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SENTENCE_MAX 600

void answer_begin(struct answer *answer)
{
    *answer = (struct answer){.object = cJSON_CreateObject()};
    answer->broken = answer->object == NULL;
}

static void note(struct answer *answer, const void *added)
{
    if (added == NULL) answer->broken = true;
}

void answer_text(struct answer *answer, const char *name, const char *text)
{
    if (text) note(answer, cJSON_AddStringToObject(answer->object, name, text));
}

void answer_raw(struct answer *answer, const char *name, const char *json, size_t len)
{
    char *text = malloc(len + 1);
    if (text) {
        memcpy(text, json, len);
        text[len] = '\0';
        cJSON_Minify(text); /* a token may be laid out over lines; the answer is one */
        note(answer, cJSON_AddRawToObject(answer->object, name, text));
    }
    note(answer, text);
    free(text);
}

void answer_number(struct answer *answer, const char *name, int64_t number)
{
    note(answer, cJSON_AddNumberToObject(answer->object, name, (double)number));
}

void answer_flag(struct answer *answer, const char *name, bool value)
{
    note(answer, cJSON_AddBoolToObject(answer->object, name, value));
}

cJSON *answer_list(struct answer *answer, const char *name)
{
    cJSON *list = cJSON_AddArrayToObject(answer->object, name);
    note(answer, list);
    return list;
}

struct answer answer_add(struct answer *answer, cJSON *list)
{
    struct answer added;
    answer_begin(&added);
    if (!cJSON_AddItemToArray(list, added.object)) {
        cJSON_Delete(added.object);
        added = (struct answer){.broken = true};
    }
    if (added.broken) answer->broken = true;
    return added;
}

void answer_drop(struct answer *answer)
{
    cJSON_Delete(answer->object);
    *answer = (struct answer){0};
}

/* unseen_character returns the length of a character that a terminal or a reader could be fooled by, and its code: DEL, the C1
 * controls, line separators, and marks that turn the direction of writing. 0 for any other. */
static size_t unseen_character(const unsigned char *at, unsigned *code)
{
    if (at[0] == 0x7f) {
        *code = 0x7f;
        return 1;
    }
    if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) {
        *code = at[1];
        return 2;
    }
    if (at[0] != 0xe2 || (at[1] != 0x80 && at[1] != 0x81) || (at[2] & 0xc0) != 0x80) return 0;
    *code = 0x2000u + ((at[1] & 0x3fu) << 6) + (at[2] & 0x3fu);
    bool mark = *code == 0x200e || *code == 0x200f;
    bool unseen = (*code >= 0x2028 && *code <= 0x202e) || (*code >= 0x2066 && *code <= 0x2069);
    return mark || unseen ? 3 : 0;
}

/* print_escaped prints JSON. Such characters stand only inside its strings, where an escape means the same. */
static void print_escaped(const char *json)
{
    const unsigned char *at = (const unsigned char *)json;
    while (*at) {
        unsigned code = 0;
        size_t len = unseen_character(at, &code);
        if (len > 0) printf("\\u%04x", code);
        else putchar(*at);
        at += len > 0 ? len : 1;
    }
    putchar('\n');
}

/* flushed: all that was printed has left. false: it has said that it has not. */
static bool flushed(const struct command *command)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return true;
    say(command, "cannot write to standard output");
    return false;
}

int answer_print(const struct command *command, struct answer *answer, int exit_status)
{
    char *text = NULL;
    if (!answer->broken) text = isatty(STDOUT_FILENO) ? cJSON_Print(answer->object) : cJSON_PrintUnformatted(answer->object);
    answer_drop(answer);
    if (text == NULL) {
        say(command, "out of memory");
        return EXIT_FAILED;
    }
    print_escaped(text);
    explicit_bzero(text, strlen(text)); /* keygen and exchange print secrets */
    cJSON_free(text);
    return flushed(command) ? exit_status : EXIT_FAILED;
}

int output_bytes(const struct command *command, const char *bytes, size_t len)
{
    (void)fwrite(bytes, 1, len, stdout); /* what went wrong is seen when it is flushed */
    return flushed(command) ? EXIT_ALLOWED : EXIT_FAILED;
}

int output_line(const struct command *command, const char *line)
{
    (void)puts(line);
    return flushed(command) ? EXIT_ALLOWED : EXIT_FAILED;
}

int exit_of(apisec_status status)
{
    if (status == APISEC_OK) return EXIT_ALLOWED;
    return status <= -200 && status > -400 ? EXIT_DENIED : EXIT_FAILED;
}

void output_clean(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e) *text = '?';
    }
}

void say(const struct command *command, const char *sentence)
{
    char text[SENTENCE_MAX];
    snprintf(text, sizeof text, "%s", sentence);
    output_clean(text);
    if (command && command->name) fprintf(stderr, "apisec %s: %s\n", command->name, text);
    else fprintf(stderr, "apisec: %s\n", text);
}

int fail(const struct command *command, apisec_status status, const char *sentence)
{
    say(command, sentence);
    if (command->failure == FAILURE_SILENT) return EXIT_FAILED;

    char text[SENTENCE_MAX];
    snprintf(text, sizeof text, "%s", sentence);
    output_clean(text);
    struct answer answer;
    answer_begin(&answer);
    if (command->failure == FAILURE_VERDICT) answer_text(&answer, "verdict", "denied");
    answer_text(&answer, "error", text);
    answer_text(&answer, "status", apisec_status_name(status));
    return answer_print(command, &answer, EXIT_FAILED);
}

int failf(const struct command *command, apisec_status status, const char *format, ...)
{
    char sentence[SENTENCE_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return fail(command, status, sentence);
}

int usage_fail(const struct command *command, const char *format, ...)
{
    char sentence[SENTENCE_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return failf(command, APISEC_E_ARGUMENT, "%s; apisec %s --help says how", sentence, command->name);
}
