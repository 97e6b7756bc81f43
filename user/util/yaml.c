// SPDX-License-Identifier: GPL-2.0-only
#include "util/yaml.h"

#include <stdint.h>
#include <string.h>

#include "util/utf8.h"

void yaml_quote(FILE *out, const char *text)
{
	(void)fputc('"', out);
	for (size_t length = strlen(text), at = 0, used; at < length; at += used) {
		uint32_t c = utf8_next(text + at, length - at, &used);

		if (c == '"' || c == '\\')
			(void)fprintf(out, "\\%c", (int)c);
		else if (utf8_is_control(c) || c == 0xfeff || (c & 0xfffe) == 0xfffe)
			(void)fprintf(out, "\\U%08x", c); /* libyaml does not read these raw */
		else
			(void)fwrite(text + at, 1, used, out);
	}
	(void)fputc('"', out);
}
