// SPDX-License-Identifier: GPL-2.0-only
/* The writer of json.h. */
#include "util/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/escape.h"

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
	if (length == 1) /* most are: commas, quotes, escapes */
		j->text[j->length] = *bytes;
	else if (length)
		memcpy(j->text + j->length, bytes, length);
	j->length += length;
	j->text[j->length] = '\0';
}

void json_append_text(struct json *j, const char *text)
{
	json_append(j, text, strlen(text));
}

void json_append_u64(struct json *j, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	json_append(j, digits + at, sizeof(digits) - at);
}

void json_append_format(struct json *j, const char *format, ...)
{
	va_list ap;
	int length;

	va_start(ap, format);
	length = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (!reserve(j, (size_t)length))
		return;
	va_start(ap, format);
	(void)vsnprintf(j->text + j->length, (size_t)length + 1, format, ap);
	va_end(ap);
	j->length += (size_t)length;
}

char *json_take(struct json *j)
{
	char *text = NULL;

	if (reserve(j, 0)) {
		j->text[j->length] = '\0';
		text = realloc(j->text, j->length + 1);
		text = text ? text : j->text; /* it only became smaller */
		j->text = NULL;
	}
	json_free(j);
	return text;
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
	size_t length = strlen(name);
	char *at;

	if (!reserve(j, length + 4))
		return;
	at = j->text + j->length;
	if (j->comma)
		*at++ = ',';
	*at++ = '"';
	memcpy(at, name, length);
	memcpy(at + length, "\":", 3);
	j->length = (size_t)(at - j->text) + length + 2;
	j->comma = false;
}

static void put_escape(struct json *j, uint32_t character)
{
	bool itself = character == '"' || character == '\\';
	char c = (char)character;

	json_append(j, itself ? "\\" : "\\u", itself ? 1 : 2);
	if (itself)
		json_append(j, &c, 1);
	else
		escape_digits(j, character, 4);
}

void json_bytes(struct json *j, const char *text, size_t length)
{
	static const struct escape how = { .special = { '"', '\\' }, .put = put_escape };

	separate(j);
	json_append(j, "\"", 1);
	escape_bytes(j, &how, text, length);
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
	separate(j);
	json_append_u64(j, number);
}

void json_i64(struct json *j, int64_t number)
{
	separate(j);
	if (number < 0)
		json_append(j, "-", 1);
	json_append_u64(j, number < 0 ? -(uint64_t)number : (uint64_t)number);
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
	json_append_text(j, text);
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
