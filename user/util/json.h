/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small JSON writer into a buffer that grows. Commas are its business, nesting the caller's. What
 * it writes is one line of printable text whatever the strings hold: quotes, backslashes, C0, DEL,
 * C1, U+2028 and U+2029 are escaped, and what is not UTF-8 becomes U+FFFD.
 *
 * Errors stick: after one, writing does nothing, and json_error() tells at the end.
 */
#ifndef PORTGUARD_JSON_H
#define PORTGUARD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	char *text;		/* NUL-terminated once something was written; NULL before */
	size_t length;
	size_t capacity;
	int error;		/* -ENOMEM sticks */
	bool comma;		/* the next value of this object or array wants one before it */
};

#define JSON_INIT { .text = NULL }

void json_free(struct json *j);		/* and makes it fit for use again */
#define _cleanup_json_ __attribute__((cleanup(json_free)))
/* Empties the buffer, keeps its memory, forgets an error. */
void json_reset(struct json *j);
/* 0, or -ENOMEM if the text is not whole. */
int json_error(const struct json *j);

void json_object(struct json *j);
void json_object_end(struct json *j);
void json_array(struct json *j);
void json_array_end(struct json *j);
/* The name of the next value; a plain word of ours, which needs no escape. */
void json_key(struct json *j, const char *name);

void json_string(struct json *j, const char *text);		/* NULL: null */
void json_bytes(struct json *j, const char *text, size_t length);
void json_u64(struct json *j, uint64_t number);
void json_i64(struct json *j, int64_t number);
void json_bool(struct json *j, bool value);
void json_null(struct json *j);
/* A value that is JSON already. */
void json_raw(struct json *j, const char *text);

/* Name and value in one. */
void json_member_string(struct json *j, const char *name, const char *text);
void json_member_u64(struct json *j, const char *name, uint64_t number);
void json_member_bool(struct json *j, const char *name, bool value);
void json_member_null(struct json *j, const char *name);

/* Bytes as they are, no comma: line ends, and the text formats, which share the buffer. */
void json_append(struct json *j, const char *bytes, size_t length);
void json_append_text(struct json *j, const char *text);
void json_append_u64(struct json *j, uint64_t number);
__attribute__((format(printf, 2, 3))) void json_append_format(struct json *j, const char *format, ...);
/* The text, malloc'ed, to whoever calls; NULL if it is not whole. The buffer is fit for use again. */
char *json_take(struct json *j);

#endif
