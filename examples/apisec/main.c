/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c: the command-line tool: finds the command that was asked for and runs it. Each command is a file of its own.
 */
#include "tool.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_inspect, &command_verify, &command_exchange, &command_json, &command_audit_verify, &command_keygen, &command_sign,
    &command_decrypt, &command_encrypt, &command_dpop, &command_hash, &command_lint, &command_check, &command_replay,
};
#define NUM_COMMANDS (sizeof commands / sizeof commands[0])

/* What fails before a command is found. */
static const struct command whole_tool = {.name = NULL, .failure = FAILURE_OBJECT};

static void print_help(FILE *out)
{
    fputs("Usage: apisec COMMAND [options] [arguments]\n"
          "\n"
          "Tries what libapisec does: verifies tokens, exchanges them, checks JSON and audit logs, tries a guard's document.\n"
          "\n"
          "Commands:\n", out);
    for (size_t i = 0; i < NUM_COMMANDS; i++) fprintf(out, "  %-14s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n"
          "apisec COMMAND --help says more; apisec --version names the library.\n"
          "\n"
          "Standard output gets exactly one JSON object (sign, encrypt, dpop: the token; decrypt: the plaintext), standard\n"
          "error gets sentences.\n"
          "Exit status: 0 allowed or done, 1 denied, 2 usage, configuration or a remote failure. With 2 the object\n"
          "is {\"error\":...,\"status\":...}. Keys and client secrets are read from files (\"-\" is standard input), never\n"
          "from the command line. Options are written in full: --name VALUE or --name=VALUE; \"--\" ends them.\n", out);
}

/* match_command says how many words of argv name the command: 0 for another one. */
static int match_command(const struct command *command, int argc, char **argv)
{
    const char *space = strchr(command->name, ' ');
    if (space == NULL) return strcmp(argv[0], command->name) == 0 ? 1 : 0;

    size_t first = (size_t)(space - command->name);
    if (argc < 2 || strlen(argv[0]) != first || memcmp(argv[0], command->name, first) != 0) return 0;
    return strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

static bool asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int print_checked(int exit_status)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? exit_status : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    /* A reader that went away is an error of writing, which is reported, not a silent end. */
    (void)signal(SIGPIPE, SIG_IGN);

    if (argc < 2) return fail(&whole_tool, APISEC_E_ARGUMENT, "a command is needed; apisec --help lists them");
    for (size_t i = 0; i < NUM_COMMANDS; i++) {
        int words = match_command(commands[i], argc - 1, argv + 1);
        if (words > 0) return commands[i]->run(commands[i], argc - 1 - words, argv + 1 + words);
    }
    if (asks_help(argv[1]) || (argc == 3 && strcmp(argv[1], "audit") == 0 && asks_help(argv[2]))) {
        print_help(stdout);
        return print_checked(EXIT_ALLOWED);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("apisec %s\n", apisec_version());
        return print_checked(EXIT_ALLOWED);
    }
    return fail(&whole_tool, APISEC_E_ARGUMENT, "there is no such command; apisec --help lists them");
}
