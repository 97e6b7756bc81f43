/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of HTTP/1.1 (RFC 9112) as a scraper needs: one request, GET /metrics, one answer, and that is
 * the end of the connection. Headers are passed over: none of them changes the answer.
 */
#ifndef PORTGUARD_METRICS_HTTP_H
#define PORTGUARD_METRICS_HTTP_H

#include "util/json.h"

#define HTTP_REQUEST_MAX 8192	/* bytes */

/*
 * What to answer to what has come so far: 0: nothing yet, more is to come; else 200, 400 (this is no
 * request), 404, 405, or 431 (HTTP_REQUEST_MAX bytes, and no end).
 */
int http_request(const char *text, size_t length);
/* The whole answer; @page is the body of a 200, others have one of their own: 503, too. */
void http_answer(struct json *out, int status, const struct json *page);

#endif
