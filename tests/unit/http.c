// SPDX-License-Identifier: GPL-2.0-only
/* What is answered to which request, whole, in parts, or no request at all. */
#include "metrics/http.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ask_bytes(const char *bytes, size_t length)
{
	char *text = malloc(length ? length : 1); /* none behind it */
	int status;

	memcpy(text, bytes, length);
	status = http_request(text, length);
	free(text);
	return status;
}

static void expect(const char *request, int status)
{
	int got = ask_bytes(request, strlen(request));

	cr_expect_eq(got, status, "%d to: %s", got, request);
}

#define END " HTTP/1.1\r\nHost: a\r\n\r\n"

Test(http, what_a_scraper_asks)
{
	expect("GET /metrics HTTP/1.1\r\nHost: localhost:9642\r\nUser-Agent: Prometheus/2.42.0\r\n"
	       "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\nAccept-Encoding: gzip\r\n"
	       "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n", 200);
	expect("GET /metrics?name[]=a" END, 200);
	expect("GET /metrics? HTTP/1.0\r\n\r\n", 200);
	expect("GET /metrics HTTP/1.0\n\n", 200);
	expect("GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 200);
	expect("GET /metrics HTTP/1.1\r\nHost: \xff\x01\r\n\r\n", 200);
}

Test(http, others_pages_and_methods)
{
	expect("GET /" END, 404);
	expect("GET /metricsx" END, 404);
	expect("GET /metrics/" END, 404);
	expect("GET //metrics" END, 404);
	expect("GET /a?/metrics" END, 404);
	expect("POST / HTTP/1.1\r\n\r\n", 404);
	expect("POST /metrics" END, 405);
	expect("HEAD /metrics" END, 405);
	expect("GETS /metrics" END, 405);
}

Test(http, what_is_no_request)
{
	expect("GET /metrics\r\n\r\n", 400);
	expect("GET  /metrics HTTP/1.1\r\n\r\n", 400);
	expect("GET /metrics  HTTP/1.1\r\n\r\n", 400);
	expect("GET /metrics HTTP/1.1 \r\n\r\n", 400);
	expect("GET /metrics HTTP/2.0\r\n\r\n", 400);
	expect("GET /metrics HTTP/1.11\r\n\r\n", 400);
	expect("GET http://a/metrics" END, 400);
	expect("GET  HTTP/1.1\r\n\r\n", 400);
	expect("GET /me\ttrics HTTP/1.1\r\n", 400);
	expect("GET /metrics\r HTTP/1.1\r\n", 400);
	expect("get /metrics" END, 400);
	expect("\r\n\r\n", 400);
	expect("\n\n", 400);
	expect(" ", 400);
	expect("\x16\x03\x01\x02", 400);
	expect("\xff", 400);
	cr_expect_eq(ask_bytes("GET /\0", 6), 400);
}

Test(http, in_parts_it_is_asked_when_all_has_come)
{
	static const char whole[] = "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";

	for (size_t length = 0; length < strlen(whole); length++)
		cr_expect_eq(ask_bytes(whole, length), 0, "after %zu bytes", length);
	cr_expect_eq(ask_bytes(whole, strlen(whole)), 200);
}

Test(http, without_an_end_it_is_too_large)
{
	static char request[HTTP_REQUEST_MAX + 1] = "GET /metrics HTTP/1.1\r\n";

	memset(request + strlen(request), 'a', HTTP_REQUEST_MAX - strlen(request));
	cr_expect_eq(ask_bytes(request, HTTP_REQUEST_MAX - 1), 0);
	cr_expect_eq(ask_bytes(request, HTTP_REQUEST_MAX), 431);
	memset(request, 'A', HTTP_REQUEST_MAX);
	cr_expect_eq(ask_bytes(request, HTTP_REQUEST_MAX), 431);
}

static void expect_answer(int status, const char *first, const char *header)
{
	struct json page = JSON_INIT, out = JSON_INIT;
	char length[64];
	char *body;

	json_append(&page, "a 1\n", 4);
	http_answer(&out, status, status == 200 ? &page : NULL);
	cr_assert_eq(strncmp(out.text, first, strlen(first)), 0, "%s", out.text);
	cr_assert_not_null(strstr(out.text, header), "%s", out.text);
	body = strstr(out.text, "\r\n\r\n");
	cr_assert_not_null(body);
	(void)snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\nConnection: close\r\n", strlen(body + 4));
	cr_assert_not_null(strstr(out.text, length), "%s", out.text);
	if (status == 200)
		cr_assert_str_eq(body + 4, "a 1\n");
	json_free(&page);
	json_free(&out);
}

Test(http, answers_say_what_they_are_and_how_long)
{
	expect_answer(200, "HTTP/1.1 200 OK\r\n", "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	expect_answer(400, "HTTP/1.1 400 Bad Request\r\n", "");
	expect_answer(404, "HTTP/1.1 404 Not Found\r\n", "");
	expect_answer(405, "HTTP/1.1 405 Method Not Allowed\r\n", "\r\nAllow: GET\r\n");
	expect_answer(431, "HTTP/1.1 431 ", "");
	expect_answer(503, "HTTP/1.1 503 ", "");
}
