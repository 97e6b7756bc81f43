// SPDX-License-Identifier: GPL-2.0-only
/*
 * every_event: prints the events of tests/unit/lib/every_event.h, each once in every format, in the order of
 * `portguard events --format`'s table. What tests/e2e/formats.sh holds against the schemas.
 */
#include <stdio.h>

#include "events/format.h"
#include "unit/lib/every_event.h"

static void print(void *data, const struct event *e)
{
	static const struct event_source source = {
		.boot_id = "0f5e2c3a-1111-4222-8333-444455556666",
		.host_name = "box",
		.host_id = "abcdef",
		.instance = "default",
		.version = "1.2.3",
		.number = 32473,
	};
	struct json *out = data;
	const struct format *f;

	json_reset(out);
	for (size_t i = 0; (f = format_at(i)); i++)
		f->write(out, &source, e);
	(void)fwrite(out->text, 1, out->length, stdout); /* main() looks */
}

int main(void)
{
	_cleanup_json_ struct json out = JSON_INIT;

	every_null(false, print, &out);
	for (size_t i = 0; every_hostile(i); i++)
		every_name(every_hostile(i), print, &out);
	return fflush(stdout) || ferror(stdout) || json_error(&out);
}
