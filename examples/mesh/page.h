/* SPDX-License-Identifier: Apache-2.0
 *
 * page.h: the web pages of the mesh: one look, every text escaped, a strict Content-Security-Policy, no script and nothing from
 * elsewhere.
 */
#ifndef MESH_PAGE_H
#define MESH_PAGE_H

#include "web.h"

struct page {
    FILE *out;      /* for literal HTML only; NULL when out of memory */
    char *text;
    size_t len;
};

/* page_begin opens a page; kicker is the small line above the title. page_html writes literal HTML, page_text any text, escaped. */
void page_begin(struct page *page, const char *kicker, const char *title);
void page_html(struct page *page, const char *html);
void page_text(struct page *page, const char *text);
/* page_element writes <tag class="class">text</tag>, the text escaped; class may be NULL. */
void page_element(struct page *page, const char *tag, const char *class_name, const char *text);
/* page_hidden writes a hidden field of a form. */
void page_hidden(struct page *page, const char *name, const char *value);
/* page_decisions explains who decided what: each service's checks, from the explanation of its decision (decision.h). */
void page_decisions(struct page *page, const cJSON *decisions);
/* page_end closes the page and makes it the reply. form_target is one more origin that forms may lead to, or NULL. */
void page_end(struct page *page, struct web_reply *reply, int status, const char *form_target);
/* page_style replies with the style sheet. */
void page_style(struct web_reply *reply);

#endif
