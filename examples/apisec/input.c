/* SPDX-License-Identifier: Apache-2.0
 *
 * input.c: reads tokens, secrets and documents from files and standard input: bytes as they are, bounded, wiped when freed.
 */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_TAKEN ((size_t)128 * 1024)
#define SECRET_MAX ((size_t)64 * 1024)

void bytes_free(struct bytes *bytes)
{
    if (bytes->at) explicit_bzero(bytes->at, bytes->len);
    free(bytes->at);
    *bytes = (struct bytes){0};
}

/* grow makes room for more and leaves no copy of the old bytes behind, as realloc would. */
static bool grow(struct bytes *bytes, size_t *capacity, size_t max)
{
    size_t wanted = *capacity > max / 2 ? max : *capacity * 2;
    char *at = malloc(wanted + 1);
    if (at == NULL) return false;
    memcpy(at, bytes->at, bytes->len);
    explicit_bzero(bytes->at, bytes->len);
    free(bytes->at);
    bytes->at = at;
    *capacity = wanted;
    return true;
}

/* read_stream reads up to max bytes. The stream is unbuffered: stdio keeps no copy of a secret. Returns 0 or an errno. */
static int read_stream(FILE *stream, size_t max, struct bytes *bytes)
{
    size_t capacity = max < 4096 ? max : 4096;
    *bytes = (struct bytes){.at = malloc(capacity + 1)};
    if (bytes->at == NULL) return ENOMEM;
    while (bytes->len < max) {
        if (bytes->len == capacity && !grow(bytes, &capacity, max)) return ENOMEM;
        errno = 0;
        size_t got = fread(bytes->at + bytes->len, 1, capacity - bytes->len, stream);
        bytes->len += got;
        if (ferror(stream)) return errno ? errno : EIO;
        if (got == 0) break;
    }
    bytes->at[bytes->len] = '\0';
    return 0;
}

/* read_path opens and reads; "-" is standard input. */
static int read_path(const char *path, size_t max, struct bytes *bytes)
{
    if (strcmp(path, "-") == 0) {
        (void)setvbuf(stdin, NULL, _IONBF, 0);
        return read_stream(stdin, max, bytes);
    }
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) return errno;
    (void)setvbuf(stream, NULL, _IONBF, 0);
    int error = read_stream(stream, max, bytes);
    (void)fclose(stream);
    return error;
}

static const char *shown_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

bool input_part(const struct command *command, const char *path, size_t max, struct bytes *bytes)
{
    *bytes = (struct bytes){0}; /* a file that cannot be opened leaves nothing to free */
    int error = read_path(path, max, bytes);
    if (error == 0) return true;
    failf(command, APISEC_E_SYSTEM, "cannot read %s: %s", shown_name(path), strerror(error));
    bytes_free(bytes);
    return false;
}

bool input_file(const struct command *command, const char *path, size_t max, struct bytes *bytes)
{
    if (!input_part(command, path, max + 1, bytes)) return false;
    if (bytes->len <= max) return true;
    failf(command, APISEC_E_CONFIG, "%s is larger than %zu bytes", shown_name(path), max);
    bytes_free(bytes);
    return false;
}

bool input_secret(const struct command *command, const char *path, struct bytes *bytes)
{
    if (!input_file(command, path, SECRET_MAX, bytes)) return false;
    if (bytes->len > 0 && bytes->at[bytes->len - 1] == '\n') bytes->at[--bytes->len] = '\0';
    if (bytes->len > 0) return true;

    failf(command, APISEC_E_CONFIG, "%s holds no secret: it is empty", shown_name(path));
    bytes_free(bytes);
    return false;
}

/* hint_at says of a token what its judge cannot know: how it came to be as it is. It is judged all the same. */
static void hint_at(const struct command *command, const struct bytes *token)
{
    const char last = token->len > 0 ? token->at[token->len - 1] : '\0';
    if (token->len == 0) say(command, "nothing came on standard input: there is no token");
    if (last == '\r') say(command, "the token ends with a carriage return, as lines end on Windows: only one newline is dropped");
    if (last == '\n') say(command, "the token ends with a newline: only one is dropped");
}

bool input_token(const struct command *command, const struct operands *operands, struct bytes *token)
{
    *token = (struct bytes){0};
    if (operands->num > 1) {
        usage_fail(command, "one token is wanted, and %zu arguments are left", operands->num);
        return false;
    }
    if (operands->num == 1) {
        token->len = strlen(operands->at[0]);
        token->at = malloc(token->len + 1);
        if (token->at) memcpy(token->at, operands->at[0], token->len + 1);
        if (token->at == NULL) fail(command, APISEC_E_MEMORY, "out of memory");
        return token->at != NULL;
    }
    if (!input_part(command, "-", TOKEN_TAKEN, token)) return false;
    if (token->len > 0 && token->at[token->len - 1] == '\n') token->at[--token->len] = '\0';
    hint_at(command, token);
    return true;
}
