// SPDX-License-Identifier: GPL-2.0-only
/*
 * The writer of json.h. Runs of plain ASCII, which is nearly everything, are copied whole; only
 * what is left is decoded character by character.
 */
#include "util/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

void json_free(struct json *j)
{
	free(j->text);
	*j = (struct json)JSON_INIT;
}

void json_reset(struct json *j)
{
	j->length = 0;
	j->error = 0;
	j->comma = false;
}

int json_error(const struct json *j)
{
	return j->error;
}

/* Room for @more bytes and the NUL. */
static bool reserve(struct json *j, size_t more)
{
	size_t capacity = j->capacity ? j->capacity : 512;
	char *text;

	if (j->error)
		return false;
	if (j->length + more < j->capacity)
		return true;
	while (capacity <= j->length + more)
		capacity *= 2;
	text = realloc(j->text, capacity);
	if (!text) {
		j->error = -ENOMEM;
		return false;
	}
	j->text = text;
	j->capacity = capacity;
	return true;
}

void json_append(struct json *j, const char *bytes, size_t length)
{
	if (!reserve(j, length))
		return;
	if (length)
		memcpy(j->text + j->length, bytes, length);
	j->length += length;
	j->text[j->length] = '\0';
}

static void append_text(struct json *j, const char *text)
{
	json_append(j, text, strlen(text));
}

/* Before a value: the comma that separates it from the one before. */
static void separate(struct json *j)
{
	if (j->comma)
		json_append(j, ",", 1);
	j->comma = true;
}

static void open_with(struct json *j, const char *bracket)
{
	separate(j);
	json_append(j, bracket, 1);
	j->comma = false;
}

static void close_with(struct json *j, const char *bracket)
{
	json_append(j, bracket, 1);
	j->comma = true;
}

void json_object(struct json *j)
{
	open_with(j, "{");
}

void json_object_end(struct json *j)
{
	close_with(j, "}");
}

void json_array(struct json *j)
{
	open_with(j, "[");
}

void json_array_end(struct json *j)
{
	close_with(j, "]");
}

void json_key(struct json *j, const char *name)
{
	separate(j);
	json_append(j, "\"", 1);
	append_text(j, name);
	json_append(j, "\":", 2);
	j->comma = false;
}

static bool is_plain(char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* One character that is not plain; returns the bytes it took. */
static size_t append_escaped(struct json *j, const char *text, size_t length)
{
	size_t used;
	uint32_t character = utf8_next(text, length, &used);
	char escape[8];

	if (character == '"' || character == '\\') {
		json_append(j, "\\", 1);
		json_append(j, text, 1);
	} else if (utf8_is_control(character)) {
		/* always fits */
		(void)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)character);
		json_append(j, escape, 6);
	} else if (character == UTF8_REPLACEMENT) {
		json_append(j, "\xef\xbf\xbd", 3);
	} else {
		json_append(j, text, used);
	}
	return used;
}

void json_bytes(struct json *j, const char *text, size_t length)
{
	separate(j);
	json_append(j, "\"", 1);
	for (size_t i = 0; i < length;) {
		size_t run = i;

		while (run < length && is_plain(text[run]))
			run++;
		json_append(j, text + i, run - i);
		i = run;
		if (i < length)
			i += append_escaped(j, text + i, length - i);
	}
	json_append(j, "\"", 1);
}

void json_string(struct json *j, const char *text)
{
	if (text)
		json_bytes(j, text, strlen(text));
	else
		json_null(j);
}

void json_u64(struct json *j, uint64_t number)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRIu64, number); /* at most 20 digits */
	json_raw(j, digits);
}

void json_i64(struct json *j, int64_t number)
{
	char digits[24];

	/* at most 19 digits and a sign */
	(void)snprintf(digits, sizeof(digits), "%" PRId64, number);
	json_raw(j, digits);
}

void json_bool(struct json *j, bool value)
{
	json_raw(j, value ? "true" : "false");
}

void json_null(struct json *j)
{
	json_raw(j, "null");
}

void json_raw(struct json *j, const char *text)
{
	separate(j);
	append_text(j, text);
}

void json_member_string(struct json *j, const char *name, const char *text)
{
	json_key(j, name);
	json_string(j, text);
}

void json_member_u64(struct json *j, const char *name, uint64_t number)
{
	json_key(j, name);
	json_u64(j, number);
}

void json_member_bool(struct json *j, const char *name, bool value)
{
	json_key(j, name);
	json_bool(j, value);
}

void json_member_null(struct json *j, const char *name)
{
	json_key(j, name);
	json_null(j);
}
