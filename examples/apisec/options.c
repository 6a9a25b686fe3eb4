/* SPDX-License-Identifier: Apache-2.0
 *
 * options.c: reads a command's options from its table and prints its help from the same table.
 *
 * getopt_long is not used: it takes any unique beginning of a name. --client-secret would be --client-secret-file, and a secret
 * typed there would be taken for a file's name and printed in an error. Here names are exact and values are never printed.
 */
#include "tool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool takes_value(const struct option *option)
{
    return option->flag == NULL;
}

static void print_help(const struct command *command, const struct option *options, size_t num_options)
{
    const char *const space = command->synopsis[0] != '\0' ? " " : "";
    printf("Usage: apisec %s%s%s\n\n%s\n", command->name, space, command->synopsis, command->about);
    if (num_options > 0) printf("\nOptions:\n");
    for (size_t i = 0; i < num_options; i++) {
        char left[48];
        const char *argument = options[i].argument ? options[i].argument : "";
        snprintf(left, sizeof left, "--%s %s", options[i].name, argument);
        printf("  %-28s %s%s\n", left, options[i].help, options[i].list ? "; may be repeated" : "");
    }
}

static const struct option *find_option(const struct option *options, size_t num_options, const char *name, size_t len)
{
    for (size_t i = 0; i < num_options; i++) {
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0) return &options[i];
    }
    return NULL;
}

/* read_number takes decimal digits only: no sign, no white space, no other base. */
static bool read_number(const struct option *option, const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > 18 || strspn(text, "0123456789") != len) return false;

    int64_t value = (int64_t)strtoll(text, NULL, 10);
    if (value < option->min || value > option->max) return false;
    *option->number = (struct number){.value = value, .given = true};
    return true;
}

/* set_option stores one value. false: the sentence about it is printed. */
static bool set_option(const struct command *command, const struct option *option, const char *value)
{
    bool repeated = (option->text && *option->text) || (option->number && option->number->given);
    if (repeated) {
        usage_fail(command, "--%s is given twice", option->name);
        return false;
    }
    if (option->flag) *option->flag = true;
    if (option->text) *option->text = value;
    if (option->number && !read_number(option, value)) {
        usage_fail(command, "--%s wants a whole number from %" PRId64 " to %" PRId64, option->name, option->min, option->max);
        return false;
    }
    if (option->list && option->list->num == LIST_MAX) {
        usage_fail(command, "--%s is given more than %d times", option->name, LIST_MAX);
        return false;
    }
    if (option->list) option->list->at[option->list->num++] = value;
    return true;
}

/* refuse_unknown repeats a word only where it looks like a misspelt option: no other can be known to be no secret. */
static void refuse_unknown(const struct command *command, const char *name, size_t len, int number)
{
    bool is_name = len > 0 && len < 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz-") >= len;
    if (is_name) usage_fail(command, "--%.*s is not an option of this command", (int)len, name);
    else usage_fail(command, "argument %d is not an option of this command", number);
}

/* read_one reads the option at argv[*i] and moves *i to its last word. */
static bool read_one(const struct command *command, const struct option *options, size_t num_options, int argc, char **argv,
                     int *i)
{
    const char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const struct option *option = argv[*i][1] == '-' ? find_option(options, num_options, name, len) : NULL;
    if (option == NULL) {
        refuse_unknown(command, name, len, *i + 1);
        return false;
    }
    if (!takes_value(option) && value != NULL) {
        usage_fail(command, "--%s takes no value", option->name);
        return false;
    }
    if (takes_value(option) && value == NULL) {
        if (*i + 1 >= argc) {
            usage_fail(command, "--%s wants a value: %s", option->name, option->argument);
            return false;
        }
        value = argv[++*i];
    }
    return set_option(command, option, value);
}

bool options_read(const struct command *command, const struct option *options, size_t num_options, int argc, char **argv,
                  struct operands *operands, int *exit_status)
{
    *operands = (struct operands){.at = argv, .num = 0};
    bool options_ended = false;
    for (int i = 0; i < argc; i++) {
        bool is_option = !options_ended && argv[i][0] == '-' && argv[i][1] != '\0';
        if (!is_option) {
            argv[operands->num++] = argv[i]; /* never ahead of i */
            continue;
        }
        if (strcmp(argv[i], "--") == 0) {
            options_ended = true;
            continue;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(command, options, num_options);
            *exit_status = fflush(stdout) == 0 ? EXIT_ALLOWED : EXIT_FAILED;
            return false;
        }
        if (!read_one(command, options, num_options, argc, argv, &i)) {
            *exit_status = EXIT_FAILED;
            return false;
        }
    }
    return true;
}
