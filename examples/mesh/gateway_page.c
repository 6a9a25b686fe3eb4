/* SPDX-License-Identifier: Apache-2.0
 *
 * gateway_page.c: what a person sees: her accounts, and how each service decided; or who refused, and why.
 *
 * Explanations are for operators; this page shows them because showing decisions is what the demo is for.
 */
#include "gateway.h"
#include "page.h"

#include <string.h>

#define KICKER "libapisec demo bank"

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static void put_link(struct page *page, const char *customer, const char *id, const char *label, bool first)
{
    page_html(page, first ? "<a class=\"button main\" id=\"" : "<a class=\"button\" id=\"");
    page_text(page, id);
    page_html(page, "\" href=\"/customers/");
    page_text(page, customer);
    page_html(page, "/accounts\">");
    page_text(page, label);
    page_html(page, "</a>");
}

/* put_menu: the user's own accounts, those of somebody else to try, and the way out. */
static void put_menu(struct page *page, const struct session *session)
{
    bool is_alice = strcmp(session->customer, "1001") == 0;
    page_html(page, "<nav>");
    put_link(page, session->customer, "own", "My accounts", true);
    put_link(page, is_alice ? "1002" : "1001", "other", is_alice ? "Try bob's accounts" : "Try alice's accounts", false);
    page_html(page, "<form method=\"post\" action=\"/logout\">");
    page_hidden(page, "form_secret", session->form_secret);
    page_html(page, "<button id=\"logout\">Log out ");
    page_text(page, session->user);
    page_html(page, "</button></form></nav>");
}

void page_welcome(const struct gateway *gateway, const struct session *session, struct web_reply *reply)
{
    struct page page;
    (void)gateway;
    page_begin(&page, KICKER, session ? "Welcome back" : "Four services, and none trusts the gateway");
    if (session) {
        put_menu(&page, session);
    } else {
        page_html(&page, "<p>You log in at the authorization server; this gateway never sees your password. Each service behind it "
                         "verifies for itself, with libapisec, on whose behalf it is called, and whether that user may.</p>"
                         "<ol class=\"path\"><li><span>you</span></li><li><span>gateway</span></li><li><span>accounts</span></li>"
                         "<li><span>ledger</span></li></ol>"
                         "<nav><a class=\"button main\" id=\"login\" href=\"/login\">Log in</a></nav>"
                         "<p class=\"soft\">Demo users: <code>alice</code> / <code>wonderland</code>, <code>bob</code> / "
                         "<code>builder</code>.</p>");
    }
    page_end(&page, reply, 200, NULL);
}

static void put_accounts(struct page *page, const cJSON *body)
{
    const cJSON *entry;
    page_html(page, "<section class=\"card\"><table id=\"accounts\"><tr><th>Account</th><th class=\"amount\">Balance</th></tr>");
    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(body, "balances"))
    {
        page_html(page, "<tr>");
        page_element(page, "td", NULL, text_of(entry, "account"));
        page_html(page, "<td class=\"amount\">");
        page_text(page, text_of(entry, "balance"));
        page_html(page, " ");
        page_text(page, text_of(entry, "currency"));
        page_html(page, "</td></tr>");
    }
    page_html(page, "</table></section>");
}

static void put_stop(struct page *page, const char *name, const char *class_name)
{
    page_html(page, "<li>");
    page_element(page, "span", class_name, name);
    page_html(page, "</li>");
}

/* put_path draws how far the request came. */
static void put_path(struct page *page, const struct session *session, const cJSON *decisions)
{
    static const char *const services[] = {"accounts", "ledger"};
    const cJSON *decision = decisions ? decisions->child : NULL;
    page_html(page, "<ol class=\"path\" id=\"path\">");
    put_stop(page, session->user, NULL);
    put_stop(page, "gateway", NULL);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        bool reached = decision && strcmp(text_of(decision, "service"), services[i]) == 0;
        bool allowed = reached && strcmp(text_of(decision, "verdict"), "allowed") == 0;
        put_stop(page, services[i], allowed ? "allowed" : reached ? "denied" : "unreached");
        if (reached) decision = decision->next;
    }
    page_html(page, "</ol>");
}

void page_accounts(const struct session *session, const struct web_request *request, int status, const cJSON *body,
                   struct web_reply *reply)
{
    struct page page;
    char title[128], number[32];
    bool allowed = status == 200;
    const cJSON *decisions = cJSON_GetObjectItemCaseSensitive(body, "decisions");
    snprintf(title, sizeof title, allowed ? "Accounts of %s" : "Refused: not for %s", session->user);
    snprintf(number, sizeof number, "HTTP %d", status);
    page_begin(&page, KICKER, title);
    put_menu(&page, session);
    if (allowed) {
        put_accounts(&page, body);
    } else {
        page_html(&page, "<section class=\"card denied\" id=\"refused\">");
        page_element(&page, "p", "reason", number);
        page_html(&page, decisions ? "<p>The gateway passed the request on. The service behind it looked at who you are, and "
                                     "refused.</p></section>"
                                   : "<p>The request went no further than the gateway.</p></section>");
    }
    page_html(&page, "<h2>How this was decided</h2><p class=\"soft\">The gateway found your opaque login good and swapped it for a "
                     "token that only <b>accounts</b> accepts. Each service behind it verified its own token and checked, in this "
                     "order:</p>");
    put_path(&page, session, decisions);
    if (cJSON_GetArraySize(decisions) > 0) page_decisions(&page, decisions);
    else page_html(&page, "<p>No service behind the gateway was reached: nobody there said yes.</p>");
    page_html(&page, "<p class=\"soft\">The same trace is in the audit log of each service: <code id=\"trace\">");
    page_text(&page, request->trace);
    page_html(&page, "</code></p>");
    page_end(&page, reply, status, NULL);
}

void page_problem(const char *title, const char *problem, int status, struct web_reply *reply)
{
    struct page page;
    page_begin(&page, KICKER, title);
    page_html(&page, "<section class=\"card denied\" id=\"refused\">");
    page_element(&page, "p", "reason", problem);
    page_html(&page, "</section><nav><a class=\"button\" href=\"/\">Back</a></nav>");
    page_end(&page, reply, status, NULL);
}
