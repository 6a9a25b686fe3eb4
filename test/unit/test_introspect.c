/* SPDX-License-Identifier: Apache-2.0
 *
 * test_introspect.c: who asks, who follows, who is too many; what becomes of answers, failures, and leaders that go away or get
 * stuck; clocks that are set back; a fork in the middle; many threads.
 */
#include "support/unit.h"
#include "support/reference.h"
#include "token/introspect.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START REFERENCE_START

static apisec_verifier *verifier;
static struct introspector *in;

static int begin(void **state)
{
    (void)state;
    verifier = reference_verifier(&(struct reference){.cache_s = 0}, NULL);
    in = verifier->issuers[0].introspector;
    return 0;
}

static int end(void **state)
{
    (void)state;
    apisec_verifier_free(verifier);
    return 0;
}

struct asked {
    enum asking asking;
    struct report *report;
    struct question *question;
};

static struct token_tag tag_of(const char *token)
{
    struct token_tag tag;
    introspector_tag(in, text_of(token), &tag);
    return tag;
}

static struct asked ask(const char *token, int64_t now_ms)
{
    bool no_memory;
    struct asked asked;
    const struct token_tag tag = tag_of(token);
    asked.asking = introspector_ask(in, &tag, now_ms, &asked.report, &asked.question, &no_memory);
    assert_false(no_memory);
    assert_true((asked.report != NULL) == (asked.asking == ASKING_KNOWN));
    assert_true((asked.question != NULL) == (asked.asking == ASKING_LEAD || asked.asking == ASKING_FOLLOW));
    return asked;
}

static void drop(struct asked *asked)
{
    report_free(asked->report);
    question_free(asked->question);
}

static enum asking ask_and_drop(const char *token, int64_t now_ms)
{
    struct asked asked = ask(token, now_ms);
    if (asked.asking == ASKING_LEAD) question_abandon(in, asked.question);
    drop(&asked);
    return asked.asking;
}

/* answer ends a question with a report; claims NULL: inactive. */
static void answer(struct asked *leader, const char *claims, int64_t keep_until_ms, int64_t now_ms)
{
    struct report *report = report_new(text_of(claims), 0);
    question_answer(in, leader->question, report, keep_until_ms, now_ms);
    report_free(report);
    drop(leader);
}

static enum question_state look(const struct asked *follower, const char *claims)
{
    struct report *report = NULL;
    apisec_error why = {APISEC_OK, ""};
    const enum question_state state = question_look(in, follower->question, &report, &why);
    assert_true((report != NULL) == (state == QUESTION_ANSWERED));
    if (report != NULL && claims != NULL) assert_string_equal(report->claims, claims);
    if (state == QUESTION_FAILED) assert_int_equal(why.status, APISEC_E_UNREACHABLE);
    report_free(report);
    return state;
}

static void an_answer_is_for_all_who_asked(void **state)
{
    (void)state;
    struct asked leader = ask("token", START);
    struct asked follower = ask("token", START + 1), late;
    struct asked other = ask("token2", START + 1); /* the twin: another token has a leader of its own */
    assert_int_equal(leader.asking, ASKING_LEAD);
    assert_int_equal(follower.asking, ASKING_FOLLOW);
    assert_int_equal(other.asking, ASKING_LEAD);
    assert_int_equal(look(&follower, NULL), QUESTION_OPEN);
    answer(&leader, "{}", START + 1000, START + 2);
    assert_int_equal(look(&follower, "{}"), QUESTION_ANSWERED);
    late = ask("token", START + 3);
    assert_int_equal(late.asking, ASKING_KNOWN);
    assert_string_equal(late.report->claims, "{}");
    drop(&late);
    assert_int_equal(ask_and_drop("token", START + 999), ASKING_KNOWN);
    assert_int_equal(ask_and_drop("token", START + 1000), ASKING_LEAD);
    question_abandon(in, other.question);
    drop(&other);
    drop(&follower);
}

static void an_answer_that_is_not_to_be_kept(void **state)
{
    (void)state;
    struct asked leader = ask("token", START), follower = ask("token", START);
    answer(&leader, "{}", START, START);
    assert_int_equal(look(&follower, "{}"), QUESTION_ANSWERED); /* who waited for it has it */
    assert_int_equal(ask_and_drop("token", START), ASKING_LEAD);
    drop(&follower);
}

static void inactive_is_kept_apart(void **state)
{
    (void)state;
    struct asked leader = ask("good", START);
    answer(&leader, "{}", START + 60000, START);
    for (int i = 0; i < 3 * REPORTS_MAX; i++) {
        char token[32];
        snprintf(token, sizeof token, "random%d", i);
        leader = ask(token, START);
        assert_int_equal(leader.asking, ASKING_LEAD);
        answer(&leader, NULL, START + 60000, START);
        struct asked known = ask(token, START);
        assert_int_equal(known.asking, ASKING_KNOWN);
        assert_false(known.report->active);
        drop(&known);
    }
    assert_int_equal(ask_and_drop("good", START), ASKING_KNOWN);
}

static void a_failure_is_for_those_who_waited_and_never_kept(void **state)
{
    (void)state;
    apisec_error why = {APISEC_E_UNREACHABLE, "away"};
    struct asked leader = ask("token", START), follower = ask("token", START);
    question_fail(in, leader.question, &why);
    drop(&leader);
    assert_int_equal(look(&follower, NULL), QUESTION_FAILED);
    assert_int_equal(ask_and_drop("token", START), ASKING_LEAD);
    drop(&follower);
}

static void who_goes_away_is_followed_by_another(void **state)
{
    (void)state;
    struct asked leader = ask("token", START), one = ask("token", START), two = ask("token", START);
    question_abandon(in, leader.question);
    drop(&leader);
    assert_int_equal(look(&one, NULL), QUESTION_ABANDONED);
    assert_int_equal(look(&two, NULL), QUESTION_ABANDONED);
    drop(&one);
    drop(&two);
    one = ask("token", START);
    two = ask("token", START);
    assert_int_equal(one.asking, ASKING_LEAD);
    assert_int_equal(two.asking, ASKING_FOLLOW); /* one of them, not both */
    answer(&one, "{}", START, START);
    drop(&two);
}

static void sixteen_and_no_more(void **state)
{
    (void)state;
    struct asked leaders[INTROSPECT_MAX_ASKING], follower;
    for (int i = 0; i < INTROSPECT_MAX_ASKING; i++) {
        const char token[2] = {(char)('a' + i), '\0'};
        leaders[i] = ask(token, START);
        assert_int_equal(leaders[i].asking, ASKING_LEAD);
    }
    assert_int_equal(ask_and_drop("one more", START), ASKING_BUSY);
    follower = ask("a", START); /* who follows takes no place */
    assert_int_equal(follower.asking, ASKING_FOLLOW);
    drop(&follower);
    answer(&leaders[3], NULL, START + 10000, START);
    assert_int_equal(ask_and_drop("d", START), ASKING_KNOWN); /* what is kept takes none either */
    assert_int_equal(ask_and_drop("one more", START), ASKING_LEAD);
    for (int i = 0; i < INTROSPECT_MAX_ASKING; i++) {
        if (i == 3) continue;
        question_abandon(in, leaders[i].question);
        drop(&leaders[i]);
    }
}

static void who_is_stuck_is_taken_over_from(void **state)
{
    (void)state;
    struct asked stuck = ask("token", START), follower = ask("token", START);
    assert_int_equal(ask_and_drop("token", START + 9999), ASKING_FOLLOW);
    struct asked next = ask("token", START + 10000);
    assert_int_equal(next.asking, ASKING_LEAD);
    assert_int_equal(look(&follower, NULL), QUESTION_ABANDONED);
    answer(&next, NULL, START + 20000, START + 10001);
    answer(&stuck, "{}", START + 300000, START + 10002); /* late, and long overtaken: not kept, told to nobody */
    assert_int_equal(look(&follower, NULL), QUESTION_ABANDONED);
    struct asked known = ask("token", START + 10003);
    assert_int_equal(known.asking, ASKING_KNOWN);
    assert_false(known.report->active);
    drop(&known);
    assert_int_equal(ask_and_drop("token", START + 20000), ASKING_LEAD);
    drop(&follower);
}

static void a_late_answer_that_nobody_took_over_is_not_kept(void **state)
{
    (void)state;
    struct asked late = ask("token", START);
    answer(&late, "{}", START + 300000, START + 10000);
    assert_int_equal(ask_and_drop("token", START + 10001), ASKING_LEAD);
    late = ask("token", START); /* the twin */
    answer(&late, "{}", START + 300000, START + 9000);
    assert_int_equal(ask_and_drop("token", START + 10001), ASKING_KNOWN);
}

static void a_clock_that_is_set_back_keeps_nothing_longer(void **state)
{
    (void)state;
    static const struct {
        int64_t back_ms;
        enum asking expected;
        const char *why;
    } rows[] = {
        {0, ASKING_KNOWN, "the twin"},
        {5000, ASKING_KNOWN, "threads look at the clock before they wait for the lock"},
        {5001, ASKING_LEAD, "the clock was set back"},
        {3600000, ASKING_LEAD, "by an hour"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char token[8];
        snprintf(token, sizeof token, "t%zu", i);
        struct asked leader = ask(token, START + 7200000);
        answer(&leader, "{}", START + 7200000 + 10000, START + 7200000);
        const enum asking asking = ask_and_drop(token, START + 7200000 - rows[i].back_ms);
        if (asking != rows[i].expected) fail_msg("row %zu: %s", i, rows[i].why);
        (void)ask_and_drop(token, START + 7200000); /* and when it is that time again */
        if (rows[i].expected == ASKING_LEAD) assert_int_equal(ask_and_drop(token, START + 7200000), ASKING_LEAD);
    }
}

static void a_question_of_before_the_clock_was_set_back_is_not_followed(void **state)
{
    (void)state;
    struct asked before = ask("token", START + 3600000);
    assert_int_equal(ask_and_drop("token", START + 3600000 - 5000), ASKING_FOLLOW); /* the twin */
    assert_int_equal(ask_and_drop("token", START), ASKING_LEAD);
    answer(&before, "{}", START + 3610000, START);
    assert_int_equal(ask_and_drop("token", START), ASKING_LEAD);
}

static void tags_are_of_one_introspector(void **state)
{
    (void)state;
    struct token_tag one, two, again;
    apisec_verifier *other = reference_verifier(&(struct reference){.cache_s = 0}, NULL);
    introspector_tag(in, text_of("token"), &one);
    introspector_tag(in, text_of("token"), &again);
    introspector_tag(other->issuers[0].introspector, text_of("token"), &two);
    assert_memory_equal(&one, &again, sizeof one);
    assert_memory_not_equal(&one, &two, sizeof one);
    apisec_verifier_free(other);
}

/* In the child nothing is known of what the parent kept or asked: another thread may have been changing it at the fork. */
static void a_child_begins_anew(void **state)
{
    (void)state;
    struct asked kept = ask("kept", START), open = ask("open", START);
    answer(&kept, "{}", START + 10000, START);
    const pid_t child = fork();
    if (child == 0) _exit(ask_and_drop("kept", START) == ASKING_LEAD && ask_and_drop("open", START) == ASKING_LEAD ? 0 : 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(ask_and_drop("kept", START), ASKING_KNOWN); /* the parent goes on as if nothing had been */
    assert_int_equal(ask_and_drop("open", START), ASKING_FOLLOW);
    question_abandon(in, open.question);
    drop(&open);
}

/* Many threads, few tokens: whoever leads answers, abandons or fails; whoever follows looks until it is over. */
static void *crowd(void *context)
{
    unsigned int seed = *(unsigned int *)context;
    for (int i = 0; i < 20000; i++) {
        const char token[2] = {(char)('a' + rand_r(&seed) % 20), '\0'};
        struct asked asked = ask(token, START + i);
        apisec_error why = {APISEC_E_UNREACHABLE, "away"};
        if (asked.asking == ASKING_FOLLOW) {
            for (int turn = 0; turn < 3 && look(&asked, token) == QUESTION_OPEN; turn++) sched_yield();
        } else if (asked.asking == ASKING_LEAD && i % 3 == 0) {
            question_abandon(in, asked.question);
        } else if (asked.asking == ASKING_LEAD && i % 3 == 1) {
            question_fail(in, asked.question, &why);
        } else if (asked.asking == ASKING_LEAD) {
            answer(&asked, token, START + i + 5, START + i);
            continue;
        }
        if (asked.report != NULL && strcmp(asked.report->claims, token) != 0) return "another token's answer";
        drop(&asked);
    }
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    unsigned int seeds[4] = {1, 2, 3, 4};
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, crowd, &seeds[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        if (wrong != NULL) fail_msg("%s", (const char *)wrong);
    }
    for (size_t i = 0; i < INTROSPECT_MAX_ASKING; i++) assert_null(in->asking[i]);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_is_for_all_who_asked),
        TEST(an_answer_that_is_not_to_be_kept),
        TEST(inactive_is_kept_apart),
        TEST(a_failure_is_for_those_who_waited_and_never_kept),
        TEST(who_goes_away_is_followed_by_another),
        TEST(sixteen_and_no_more),
        TEST(who_is_stuck_is_taken_over_from),
        TEST(a_late_answer_that_nobody_took_over_is_not_kept),
        TEST(a_clock_that_is_set_back_keeps_nothing_longer),
        TEST(a_question_of_before_the_clock_was_set_back_is_not_followed),
        TEST(tags_are_of_one_introspector),
        TEST(a_child_begins_anew),
        TEST(many_threads),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forge_end();
    return failed;
}
