/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as a request: what is answered is one of a few things, and is known as soon as it can be: what
 * follows an answer that was due does not change it.
 */
#include "fuzz/world.h"
#include "metrics/http.h"

#define BYTES_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 0, 200, 400, 404, 405, 431 };
	_cleanup_json_ struct json answer = JSON_INIT, page = JSON_INIT;
	int whole = http_request((const char *)data, size);
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		known |= whole == statuses[i];
	must(known && (whole != 431) >= (size < HTTP_REQUEST_MAX));
	for (size_t length = 0; length < size && size <= BYTES_MAX; length++) {
		int status = http_request((const char *)data, length);

		must(!status || status == whole);
	}
	if (!whole)
		return 0;
	json_append(&page, "a 1\n", 4);
	http_answer(&answer, whole, &page);
	must(!json_error(&answer) && !strncmp(answer.text, "HTTP/1.1 ", 9));
	return 0;
}
