// SPDX-License-Identifier: GPL-2.0-only
/* The readers of parse.h. Each moves *@at on, and says false where the text is not what it wants. */
#include "unit/lib/parse.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

void parsed_free(struct parsed *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->fields[i].name);
		free(p->fields[i].value);
	}
	p->count = 0;
}

const struct parsed_field *parsed_find(const struct parsed *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->fields[i].name, name))
			return &p->fields[i];
	return NULL;
}

/* Takes @value over. */
static bool add(struct parsed *p, const char *name, char *value, char type)
{
	if (!value || p->count == PARSED_FIELDS || parsed_find(p, name)) {
		free(value);
		return false;
	}
	p->fields[p->count++] = (struct parsed_field){ strdup(name), value, type };
	return true;
}

static bool take(const char **at, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(*at, text, length))
		return false;
	*at += length;
	return true;
}

/* --- JSON --------------------------------------------------------------------------------------- */

#define PATH_MAX_LENGTH 128

static bool parse_value(const char **at, struct parsed *p, char path[PATH_MAX_LENGTH]);

static char *put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* What stands behind a backslash. */
static bool unescape(const char **at, char **to)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *letter = **at ? strchr(letters, **at) : NULL;
	char digits[5] = "";
	unsigned c;

	if (letter) {
		*(*to)++ = meant[letter - letters];
		*at += 1;
		return true;
	}
	if (!take(at, "u") || strspn(strncpy(digits, *at, 4), "0123456789abcdef") != 4)
		return false;
	c = (unsigned)strtoul(digits, NULL, 16);
	*at += 4;
	*to = put_utf8(*to, c);
	return c && (c < 0xd800 || c >= 0xe000);
}

static char *parse_string(const char **at)
{
	_cleanup_free_ char *text = malloc(strlen(*at) + 1);
	char *to = text;

	if (!take(at, "\""))
		return NULL;
	while (**at != '"') {
		if ((unsigned char)**at < 0x20)
			return NULL;
		if (take(at, "\\")) {
			if (!unescape(at, &to))
				return NULL;
		} else {
			*to++ = *(*at)++;
		}
	}
	*at += 1;
	*to = '\0';
	return TAKE_PTR(text);
}

static bool parse_member(const char **at, struct parsed *p, char path[PATH_MAX_LENGTH],
			 const char *name)
{
	size_t length = strlen(path);
	bool good;

	if (length + strlen(name) + 2 > PATH_MAX_LENGTH)
		return false;
	(void)sprintf(path + length, "%s%s", length ? "." : "", name);
	good = parse_value(at, p, path);
	path[length] = '\0';
	return good;
}

static bool parse_object(const char **at, struct parsed *p, char path[PATH_MAX_LENGTH])
{
	if (take(at, "}"))
		return true;
	do {
		_cleanup_free_ char *name = parse_string(at);

		if (!name || !take(at, ":") || !parse_member(at, p, path, name))
			return false;
	} while (take(at, ","));
	return take(at, "}");
}

static bool parse_array(const char **at, struct parsed *p, char path[PATH_MAX_LENGTH])
{
	char name[12];

	if (take(at, "]"))
		return true;
	for (unsigned i = 0; !i || take(at, ","); i++) {
		(void)snprintf(name, sizeof(name), "%u", i);
		if (!parse_member(at, p, path, name))
			return false;
	}
	return take(at, "]");
}

static bool parse_value(const char **at, struct parsed *p, char path[PATH_MAX_LENGTH])
{
	size_t digits;

	if (take(at, "{"))
		return parse_object(at, p, path);
	if (take(at, "["))
		return parse_array(at, p, path);
	if (**at == '"')
		return add(p, path, parse_string(at), 's');
	if (take(at, "null"))
		return add(p, path, strdup(""), '0');
	if (take(at, "true"))
		return add(p, path, strdup("true"), 'b');
	if (take(at, "false"))
		return add(p, path, strdup("false"), 'b');
	digits = strspn(*at, "0123456789");
	if (!digits || (**at == '0' && digits > 1))
		return false;
	*at += digits;
	return add(p, path, strndup(*at - digits, digits), 'n');
}

bool parse_json(const char *line, struct parsed *out)
{
	char path[PATH_MAX_LENGTH] = "";

	return parse_value(&line, out, path) && !*line;
}

/* --- RFC 5424 ----------------------------------------------------------------------------------- */

/* 1*@max PRINTUSASCII but @without; then the text of @end. */
static char *parse_word(const char **at, size_t max, const char *without, const char *end)
{
	size_t length = 0;
	const char *word = *at;

	while (word[length] > ' ' && word[length] < 0x7f && !strchr(without, word[length]))
		length++;
	*at += length;
	return length && length <= max && take(at, end) ? strndup(word, length) : NULL;
}

/* PARAM-VALUE: `"`, `\` and `]` stand behind a backslash, and a backslash before nothing else. */
static char *parse_param(const char **at)
{
	_cleanup_free_ char *text = malloc(strlen(*at) + 1);
	char *to = text;

	while (**at && **at != '"') {
		if (**at == ']')
			return NULL;
		if (take(at, "\\") && (!**at || !strchr("\"\\]", **at)))
			return NULL;
		*to++ = *(*at)++;
	}
	*to = '\0';
	return take(at, "\"") ? TAKE_PTR(text) : NULL;
}

static bool parse_structured_data(const char **at, struct parsed *out)
{
	if (take(at, "- "))
		return true;
	if (!take(at, "[") || !add(out, "SD-ID", parse_word(at, 32, "=]\"", ""), 's'))
		return false;
	while (take(at, " ")) {
		_cleanup_free_ char *name = parse_word(at, 32, "=]\"", "=\"");

		if (!name || !add(out, name, parse_param(at), 's'))
			return false;
	}
	return take(at, "] ");
}

/* MSG: UTF-8 behind its mark, or US-ASCII without one. */
static bool parse_message(const char *at, struct parsed *out)
{
	bool marked = take(&at, "\xef\xbb\xbf"), ascii = true;

	for (const char *c = at; *c; c++)
		ascii &= (unsigned char)*c < 0x80;
	return marked != ascii && add(out, "MSG", strdup(at), 's');
}

static bool is_priority(const char *text)
{
	return text && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 3 &&
	       atoi(text) <= 191;
}

bool parse_syslog(const char *line, struct parsed *out)
{
	const struct parsed_field *pri, *time;
	const char *at = line;

	if (!take(&at, "<") || !add(out, "PRI", parse_word(&at, 3, "> ", ">1 "), 's') ||
	    !add(out, "TIMESTAMP", parse_word(&at, 32, "", " "), 's') ||
	    !add(out, "HOSTNAME", parse_word(&at, 255, "", " "), 's') ||
	    !add(out, "APP-NAME", parse_word(&at, 48, "", " "), 's') ||
	    !add(out, "PROCID", parse_word(&at, 128, "", " "), 's') ||
	    !add(out, "MSGID", parse_word(&at, 32, "", " "), 's'))
		return false;
	pri = parsed_find(out, "PRI");
	time = parsed_find(out, "TIMESTAMP");
	/* 2026-11-23T20:05:09.000001Z: of the fraction at most six digits */
	return is_priority(pri->value) && strlen(time->value) == 27 && time->value[10] == 'T' &&
	       time->value[26] == 'Z' && parse_structured_data(&at, out) && parse_message(at, out);
}

/* --- CEF and LEEF ------------------------------------------------------------------------------- */

/* Up to a bar; @escapes: behind a backslash stands a bar or another one. */
static char *parse_header(const char **at, bool escapes)
{
	_cleanup_free_ char *text = malloc(strlen(*at) + 1);
	char *to = text;

	while (**at && **at != '|') {
		if (escapes && take(at, "\\") && **at != '|' && **at != '\\')
			return NULL;
		*to++ = *(*at)++;
	}
	*to = '\0';
	return take(at, "|") ? TAKE_PTR(text) : NULL;
}

static size_t key_length(const char *at)
{
	size_t length = 0;

	while (isalnum((unsigned char)at[length]) || at[length] == '_')
		length++;
	return length && at[length] == '=' ? length : 0;
}

/* Up to the blank before the next key, or to the end. */
static char *parse_extension_value(const char **at)
{
	_cleanup_free_ char *text = malloc(strlen(*at) + 1);
	char *to = text;

	while (**at && !(**at == ' ' && key_length(*at + 1))) {
		if (**at == '=')
			return NULL;
		if (take(at, "\\")) {
			const char *letter = **at ? strchr("\\=nr", **at) : NULL;

			if (!letter)
				return NULL;
			*to++ = *letter == 'n' ? '\n' : *letter == 'r' ? '\r' : *letter;
			*at += 1;
		} else {
			*to++ = *(*at)++;
		}
	}
	*to = '\0';
	return TAKE_PTR(text);
}

bool parse_cef(const char *message, struct parsed *out)
{
	static const char *const names[] = { "VERSION", "VENDOR", "PRODUCT", "PRODUCT-VERSION",
					     "ID",      "NAME",   "SEVERITY" };

	if (!take(&message, "CEF:"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!add(out, names[i], parse_header(&message, true), 's'))
			return false;
	do {
		size_t length = key_length(message);
		_cleanup_free_ char *key = strndup(message, length);

		if (!length)
			return false;
		message += length + 1;
		if (!add(out, key, parse_extension_value(&message), 's'))
			return false;
	} while (take(&message, " "));
	return !*message;
}

bool parse_leef(const char *message, struct parsed *out)
{
	static const char *const names[] = { "VERSION",         "VENDOR", "PRODUCT",
					     "PRODUCT-VERSION", "ID",     "DELIMITER" };
	const struct parsed_field *delimiter;

	if (!take(&message, "LEEF:"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!add(out, names[i], parse_header(&message, false), 's'))
			return false;
	delimiter = parsed_find(out, "DELIMITER");
	if (strlen(delimiter->value) != 1)
		return false;
	do {
		size_t length = key_length(message), value;
		_cleanup_free_ char *key = strndup(message, length);

		if (!length)
			return false;
		message += length + 1;
		value = strcspn(message, delimiter->value);
		if (!add(out, key, strndup(message, value), 's'))
			return false;
		message += value;
	} while (take(&message, delimiter->value));
	return !*message;
}
