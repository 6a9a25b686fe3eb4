/* SPDX-License-Identifier: Apache-2.0
 *
 * story_replay.c: a change of rules before it is deployed: the gateway's document is changed, and the tool judges this run's calls
 * again by it, from the gateway's own log (apisec replay).
 */
#include "story.h"
#include "web.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_OUTPUT 1000000
#define SHOWN 3

/* write_changed makes of what the rule "accounts" tries a part of what it demands. */
static bool write_changed(const struct stage *stage, const char *path)
{
    char *text = web_read_file(stage->path[GATEWAY], "guard.json");
    cJSON *document = text ? cJSON_Parse(text) : NULL, *rule;
    bool changed = false, written = false;
    cJSON_ArrayForEach(rule, cJSON_GetObjectItemCaseSensitive(document, "rules"))
    {
        cJSON *tried = cJSON_DetachItemFromObjectCaseSensitive(rule, "shadow");
        cJSON *requirement = cJSON_DetachItemFromObjectCaseSensitive(tried, "bound");
        cJSON_Delete(tried);
        if (requirement) changed = cJSON_AddItemToObject(cJSON_GetObjectItemCaseSensitive(rule, "require"), "bound", requirement);
    }
    free(text);
    text = cJSON_Print(document);
    const int fd = text ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (file) written = fputs(text, file) >= 0;
    if (file) written = fclose(file) == 0 && written;
    cJSON_free(text);
    cJSON_Delete(document);
    return changed && written;
}

/* ask_tool gives what a program has printed, to be freed, and its exit status. */
static char *ask_tool(char *const argv[], int *exit_status)
{
    int output[2] = {-1, -1}, status = 0;
    size_t len = 0;
    char *text = calloc(1, MAX_OUTPUT + 1);
    if (text == NULL || pipe(output) != 0) return text;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        if (dup2(output[1], STDOUT_FILENO) >= 0 && freopen("/dev/null", "w", stderr)) execv(argv[0], argv);
        _exit(127);
    }
    (void)close(output[1]);
    for (ssize_t got = 1; got > 0 && len < MAX_OUTPUT; len += got > 0 ? (size_t)got : 0)
        got = read(output[0], text + len, MAX_OUTPUT - len);
    (void)close(output[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    *exit_status = pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
    return text;
}

static int number_of(const cJSON *answer, const char *name)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(answer, name);
    return cJSON_IsNumber(number) ? number->valueint : -1;
}

static const char *text_at(const cJSON *object, const char *first, const char *second)
{
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(object, first);
    const char *text = cJSON_GetStringValue(second ? cJSON_GetObjectItemCaseSensitive(at, second) : at);
    return text ? text : "?";
}

static void tell_differences(const cJSON *answer)
{
    const cJSON *difference;
    int num = 0;
    cJSON_ArrayForEach(difference, cJSON_GetObjectItemCaseSensitive(answer, "differences"))
    {
        const bool expected = strcmp(text_at(difference, "was", "verdict"), "allowed") == 0 &&
                              strcmp(text_at(difference, "would_be", "status_code"), "APISEC_E_BINDING") == 0;
        expect(expected, "only bearer tokens are no longer let in");
        if (num++ >= SHOWN) continue;
        screen_pair(text_at(difference, "was", "verdict"), "%s: would be %s, %s", text_at(difference, "operation", NULL),
                    text_at(difference, "would_be", "verdict"), text_at(difference, "would_be", "status_code"));
    }
    if (num > SHOWN) screen_pair("", "and %d more of the same", num - SHOWN);
    expect(num > 0 && num == number_of(answer, "differ"), "there are verdicts that differ");
}

void story_replay(const struct story *story)
{
    char tool[600], changed[600], log[600];
    int exit_status = 127;
    snprintf(tool, sizeof tool, "%s/apisec", story->stage.binaries);
    snprintf(changed, sizeof changed, "%s/gateway-changed.json", story->stage.folder);
    trail_path(&story->stage, GATEWAY, log, sizeof log);
    char *const argv[] = {tool, "replay", changed, log, NULL};
    screen_step("What would the stricter rule have done today? The gateway's log is judged again");
    if (!expect(write_changed(&story->stage, changed), "the document is changed")) return;
    char *text = ask_tool(argv, &exit_status);
    cJSON *answer = text ? cJSON_Parse(text) : NULL;
    screen_pair("apisec replay", "gateway-changed.json gateway/audit.jsonl: %d decisions, %d the same, %d differ",
                number_of(answer, "records"), number_of(answer, "same"), number_of(answer, "differ"));
    tell_differences(answer);
    expect(exit_status == 1 && number_of(answer, "undecidable") == 0, "the log says all that is needed");
    cJSON_Delete(answer);
    free(text);
}
