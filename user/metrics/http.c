// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/http.h"

#include <stdio.h>
#include <string.h>

#define PLAIN_TEXT "Content-Type: text/plain; charset=utf-8"

/* Of the first line: printable ASCII, words with single blanks between. */
struct words {
	const char *method, *target, *version;
	size_t method_length, target_length, version_length;
};

static bool is(const char *text, size_t length, const char *word)
{
	return length == strlen(word) && !memcmp(text, word, length);
}

/* Whether this can be the beginning of a request's first line. */
static bool is_plain(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return !length || (text[0] >= 'A' && text[0] <= 'Z');
}

static bool split(const char *line, size_t length, struct words *ret)
{
	const char *end = line + length, *first = memchr(line, ' ', length), *second;

	if (!first)
		return false;
	second = memchr(first + 1, ' ', (size_t)(end - first - 1));
	if (!second)
		return false;
	*ret = (struct words){
		.method = line,
		.method_length = (size_t)(first - line),
		.target = first + 1,
		.target_length = (size_t)(second - first - 1),
		.version = second + 1,
		.version_length = (size_t)(end - second - 1),
	};
	return true;
}

/* A query is what some scrapers always send. */
static bool is_metrics(const char *target, size_t length)
{
	const char *query = memchr(target, '?', length);

	return is(target, query ? (size_t)(query - target) : length, "/metrics");
}

static int answer_line(const char *line, size_t length)
{
	struct words w;

	if (!is_plain(line, length) || !split(line, length, &w) || !w.target_length ||
	    (!is(w.version, w.version_length, "HTTP/1.1") &&
	     !is(w.version, w.version_length, "HTTP/1.0")))
		return 400;
	if (w.target[0] != '/')
		return 400;
	if (!is_metrics(w.target, w.target_length))
		return 404;
	return is(w.method, w.method_length, "GET") ? 200 : 405;
}

/* Lines end with CRLF, or with LF alone, as when people type. */
static size_t without_cr(const char *line, size_t length)
{
	return length && line[length - 1] == '\r' ? length - 1 : length;
}

int http_request(const char *text, size_t length)
{
	const char *end = memchr(text, '\n', length);
	size_t first = without_cr(text, end ? (size_t)(end - text) : length);

	if (!is_plain(text, first))
		return 400; /* TLS, say: nothing that comes now can mend it */
	for (const char *line = end; line; line = end) { /* up to an empty one */
		line++;
		end = memchr(line, '\n', length - (size_t)(line - text));
		if (end && !without_cr(line, (size_t)(end - line)))
			return answer_line(text, first);
	}
	return length >= HTTP_REQUEST_MAX ? 431 : 0;
}

static const struct answer {
	int status;
	const char *reason, *header, *body; /* of a 200 the body is the page */
} answers[] = {
	{ 200, "OK", "Content-Type: text/plain; version=0.0.4; charset=utf-8", NULL },
	{ 400, "Bad Request", PLAIN_TEXT, "want: GET /metrics HTTP/1.1\n" },
	{ 404, "Not Found", PLAIN_TEXT, "want: /metrics\n" },
	{ 405, "Method Not Allowed", PLAIN_TEXT "\r\nAllow: GET", "want: GET\n" },
	{ 431, "Request Header Fields Too Large", PLAIN_TEXT, "want fewer headers\n" },
	{ 503, "Service Unavailable", PLAIN_TEXT, "the figures cannot be read now\n" },
};

void http_answer(struct json *out, int status, const struct json *page)
{
	const struct answer *a = answers;
	char head[256];
	size_t length;

	while (a->status != status)
		a++;
	length = a->body ? strlen(a->body) : page->length;
	(void)snprintf(head, sizeof(head),
		       "HTTP/1.1 %d %s\r\n%s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		       a->status, a->reason, a->header, length);
	json_append(out, head, strlen(head));
	json_append(out, a->body ? a->body : page->text, length);
}
