/* SPDX-License-Identifier: Apache-2.0
 *
 * page.c: how pages are written: see page.h. Whatever comes from outside goes through page_text.
 */
#include "page.h"

#include <stdlib.h>
#include <string.h>

void page_html(struct page *page, const char *html)
{
    if (page->out) (void)fputs(html, page->out);
}

void page_text(struct page *page, const char *text)
{
    static const struct {
        char byte;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (; page->out && text && *text; text++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
            if (entities[i].byte == *text) entity = entities[i].entity;
        if (entity) (void)fputs(entity, page->out);
        else (void)fputc(*text, page->out);
    }
}

void page_element(struct page *page, const char *tag, const char *class_name, const char *text)
{
    page_html(page, "<");
    page_html(page, tag);
    if (class_name) {
        page_html(page, " class=\"");
        page_text(page, class_name);
        page_html(page, "\"");
    }
    page_html(page, ">");
    page_text(page, text);
    page_html(page, "</");
    page_html(page, tag);
    page_html(page, ">");
}

void page_hidden(struct page *page, const char *name, const char *value)
{
    page_html(page, "<input type=\"hidden\" name=\"");
    page_text(page, name);
    page_html(page, "\" value=\"");
    page_text(page, value);
    page_html(page, "\">");
}

void page_begin(struct page *page, const char *kicker, const char *title)
{
    *page = (struct page){0};
    page->out = open_memstream(&page->text, &page->len);
    page_html(page, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    page_element(page, "title", NULL, title);
    page_html(page, "<link rel=\"stylesheet\" href=\"/style.css\"></head><body><main>");
    page_element(page, "p", "kicker", kicker);
    page_element(page, "h1", NULL, title);
}

void page_end(struct page *page, struct web_reply *reply, int status, const char *form_target)
{
    char policy[512];
    page_html(page, "</main></body></html>\n");
    snprintf(policy, sizeof policy,
             "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'%s%s",
             form_target ? " " : "", form_target ? form_target : "");
    web_add_header(reply, "Content-Security-Policy", policy);
    web_add_header(reply, "Referrer-Policy", "no-referrer");
    web_add_header(reply, "X-Frame-Options", "DENY");
    reply->content_type = "text/html; charset=utf-8";
    reply->status = status;
    if (page->out == NULL || fclose(page->out) != 0) reply->status = 500;
    else reply->body = page->text, reply->len = page->len;
}

/* ---- decisions ---- */

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static void put_pair(struct page *page, const char *name, const char *value)
{
    if (value[0] == '\0') return;
    page_html(page, "<div>");
    page_element(page, "dt", NULL, name);
    page_element(page, "dd", NULL, value);
    page_html(page, "</div>");
}

static void put_actors(struct page *page, const cJSON *decision)
{
    char chain[256] = "";
    const cJSON *actor;
    size_t used = 0;
    cJSON_ArrayForEach(actor, cJSON_GetObjectItemCaseSensitive(decision, "act"))
    {
        if (!cJSON_IsString(actor) || used >= sizeof chain) continue;
        used += (size_t)snprintf(chain + used, sizeof chain - used, "%s%s", used ? " for " : "", actor->valuestring);
    }
    put_pair(page, "acting for the user", chain);
}

/* meaning says in plain words what a check of the library is about. */
static const char *meaning(const char *id)
{
    static const struct {
        const char *id, *text;
    } meanings[] = {
        {"rule", "the rule for this path and method:"},
        {"peers", "called with the certificate of"},
        {"networks", "from the network"},
        {"credential", "one token, in the Authorization header"},
        {"form", "a well-formed signed token, strict JSON"},
        {"issuer", "from an authorization server that is trusted"},
        {"type", "an access token, nothing else"},
        {"algorithm", "signed the way that was agreed"},
        {"audience", "meant for this service"},
        {"key", "a key of that issuer, fit for it"},
        {"signature", "nothing was changed"},
        {"expiry", "not expired"},
        {"not_before", "valid already"},
        {"issued_at", "not from the future"},
        {"lifetime", "not valid for too long"},
        {"claims", "says all that it must"},
        {"decryption", "encrypted to this service"},
        {"status", "not revoked"},
        {"binding", "not bound to somebody else's key"},
        {"actors", "acting for the user:"},
        {"acr", "logged in strongly enough:"},
        {"max_age", "logged in recently enough, in seconds:"},
        {"scopes", "allows"},
        {"roles", "the user is"},
        {"claim", "says of the user what the path does:"},
        {"body", "a body of the agreed form"},
    };
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (strcmp(meanings[i].id, id) == 0) return meanings[i].text;
    return "";
}

/* put_standard: "RFC 7519 section 4.1.1" as "RFC 7519 §4.1.1". */
static void put_standard(struct page *page, const char *standard)
{
    static const char section[] = " section ";
    const char *at = strstr(standard, section);
    char document[64];
    page_html(page, "<td class=\"standard\">");
    if (at && (size_t)(at - standard) < sizeof document) {
        memcpy(document, standard, (size_t)(at - standard));
        document[at - standard] = '\0';
        page_text(page, document);
        page_html(page, " &sect;");
        standard = at + strlen(section);
    }
    page_text(page, standard);
    page_html(page, "</td></tr>");
}

static void put_check(struct page *page, const cJSON *check, const char *reason)
{
    bool passed = strcmp(text_of(check, "verdict"), "pass") == 0;
    const char *means = meaning(text_of(check, "id")), *detail = text_of(check, "detail");
    page_html(page, passed ? "<tr class=\"pass\"><td>&#10003;</td>" : "<tr class=\"fail\"><td>&#10007;</td>");
    page_element(page, "td", "check", text_of(check, "id"));
    page_html(page, "<td>");
    page_text(page, passed || detail[0] ? means : reason);
    if (means[0] && detail[0]) page_html(page, " ");
    page_text(page, detail);
    page_html(page, "</td>");
    put_standard(page, text_of(check, "standard"));
}

static void put_decision(struct page *page, const cJSON *decision)
{
    bool allowed = strcmp(text_of(decision, "verdict"), "allowed") == 0;
    const cJSON *check;
    page_html(page, allowed ? "<section class=\"card allowed\"><h3>" : "<section class=\"card denied\"><h3>");
    page_text(page, text_of(decision, "service"));
    page_element(page, "span", "badge", text_of(decision, "verdict"));
    page_html(page, "</h3>");
    if (!allowed) page_element(page, "p", "reason", text_of(decision, "reason"));
    page_html(page, "<dl>");
    put_pair(page, "user", text_of(decision, "user"));
    put_actors(page, decision);
    put_pair(page, "client", text_of(decision, "client"));
    put_pair(page, "scope", text_of(decision, "scope"));
    if (!allowed) put_pair(page, "status", text_of(decision, "status"));
    page_html(page, "</dl><table class=\"checks\">");
    cJSON_ArrayForEach(check, cJSON_GetObjectItemCaseSensitive(decision, "checks"))
    {
        put_check(page, check, text_of(decision, "reason"));
    }
    page_html(page, "</table></section>");
}

void page_decisions(struct page *page, const cJSON *decisions)
{
    const cJSON *decision;
    page_html(page, "<div class=\"cards\">");
    cJSON_ArrayForEach(decision, decisions)
    {
        put_decision(page, decision);
    }
    page_html(page, "</div>");
}

/* ---- the look ---- */

static const char style[] =
    ":root{--ink:#1b2330;--soft:#5b6675;--line:#dde3ea;--paper:#fff;--ground:#f3f5f8;--good:#18794e;--bad:#b42318;"
    "--accent:#2f4b8f}*{box-sizing:border-box}"
    "body{margin:0;background:var(--ground);color:var(--ink);"
    "font:16px/1.5 system-ui,'Segoe UI',Roboto,'Liberation Sans',sans-serif}"
    "main{max-width:76rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}"
    ".kicker{margin:0;color:var(--accent);font-size:.8rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase}"
    "h1{margin:.1rem 0 1rem;font-size:1.9rem;line-height:1.25}h2{margin:2.2rem 0 .3rem;font-size:1.2rem}"
    "h3{display:flex;justify-content:space-between;align-items:center;margin:0 0 .6rem;font-size:1.05rem}"
    "p{margin:.4rem 0;max-width:46rem}.soft{color:var(--soft)}code{font:.88em ui-monospace,'DejaVu Sans Mono',monospace}"
    ".card{background:var(--paper);border:1px solid var(--line);border-top:3px solid var(--accent);border-radius:8px;"
    "padding:1.1rem 1.25rem;margin:1rem 0;box-shadow:0 1px 3px #1b233012}.card.allowed{border-top-color:var(--good)}"
    ".card.denied{border-top-color:var(--bad)}"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(26rem,1fr));gap:1rem;align-items:start}"
    ".cards .card{margin:0}"
    ".badge{font-size:.75rem;font-weight:600;padding:.1rem .6rem;border-radius:1rem;background:#e3f4eb;color:var(--good)}"
    ".denied .badge{background:#fde8e6;color:var(--bad)}.reason{color:var(--bad);font-weight:600}"
    "dl{display:flex;flex-wrap:wrap;gap:.2rem 1.6rem;margin:0 0 .7rem}dt{color:var(--soft);font-size:.75rem}"
    "dd{margin:0;font-weight:600}table{width:100%;border-collapse:collapse}"
    "td,th{padding:.35rem .5rem;border-top:1px solid var(--line);text-align:left;vertical-align:top}"
    "th{color:var(--soft);font-size:.75rem;font-weight:600;border-top:0}"
    "td.amount,th.amount{text-align:right;font-variant-numeric:tabular-nums}.checks{font-size:.85rem}"
    ".checks td:first-child{width:1.4rem;font-weight:700}.pass td:first-child{color:var(--good)}.fail td{color:var(--bad)}"
    ".check{font-weight:600;white-space:nowrap}.standard{width:1%;color:var(--soft);text-align:right;white-space:nowrap}"
    ".fail .standard{color:var(--bad)}"
    "ol.path{display:flex;flex-wrap:wrap;list-style:none;gap:.5rem 0;margin:.8rem 0;padding:0}"
    "ol.path li{display:flex;align-items:center}ol.path li+li::before{content:'\\2192';color:var(--soft);padding:0 .6rem}"
    "ol.path span{background:var(--paper);border:1px solid var(--line);border-radius:6px;padding:.2rem .7rem;"
    "font-size:.9rem}nav{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;margin:1.2rem 0}"
    "nav form{margin-left:auto}"
    "a.button,button{display:inline-block;border:1px solid var(--line);border-radius:6px;background:var(--paper);"
    "color:var(--ink);padding:.45rem 1rem;font:inherit;font-size:.95rem;text-decoration:none;cursor:pointer}"
    "a.main,button.main{background:var(--accent);border-color:var(--accent);color:#fff}"
    "a.button:focus-visible,button:focus-visible,input:focus-visible{outline:3px solid #9db5ea;outline-offset:1px}"
    "form.login{max-width:24rem}label{display:block;margin:.7rem 0 .2rem;font-size:.85rem;color:var(--soft)}"
    "input{width:100%;padding:.5rem .7rem;border:1px solid var(--line);border-radius:6px;font:inherit}"
    "form.login button{margin-top:1.1rem}"
    "h2+p{margin-bottom:1rem}.path .denied{border-color:var(--bad);color:var(--bad);font-weight:600}"
    ".path .allowed{border-color:var(--good);color:var(--good);font-weight:600}.path .unreached{opacity:.45}"
    ".narrow{max-width:28rem}"
    ".warning{border-left:4px solid #d99a1c;background:#fdf6e3;padding:.6rem 1rem;border-radius:0 6px 6px 0;"
    "font-size:.9rem}";

void page_style(struct web_reply *reply)
{
    reply->status = 200;
    reply->content_type = "text/css; charset=utf-8";
    reply->body = strdup(style);
    reply->len = reply->body ? strlen(style) : 0;
}
