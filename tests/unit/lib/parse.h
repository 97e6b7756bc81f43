/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Readers of the formats, written from their texts and not from our writers: JSON (RFC 8259), syslog
 * (RFC 5424), CEF and LEEF 2.0. They take what these allow and nothing else.
 */
#ifndef TESTS_PARSE_H
#define TESTS_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#define PARSED_FIELDS 128

struct parsed_field {
	char *name; /* of JSON the path, `local.port`, `event.type.0` */
	char *value; /* without the format's escapes */
	char type; /* of JSON: s(tring) n(umber) b(oolean) 0 (null); else s */
};

struct parsed {
	size_t count;
	struct parsed_field fields[PARSED_FIELDS];
};

/* Each wants an empty @out and one line without its end; false: that is no such line, or a name comes twice. */
bool parse_json(const char *line, struct parsed *out);
/* PRI TIMESTAMP HOSTNAME APP-NAME PROCID MSGID, SD-ID and its parameters if there are any, and MSG without its mark. */
bool parse_syslog(const char *line, struct parsed *out);
/* Of a MSG: its header as VERSION VENDOR PRODUCT PRODUCT-VERSION ID NAME SEVERITY, then the extension. */
bool parse_cef(const char *message, struct parsed *out);
/* VERSION VENDOR PRODUCT PRODUCT-VERSION ID DELIMITER, then the attributes. */
bool parse_leef(const char *message, struct parsed *out);

/* NULL: there is none. */
const struct parsed_field *parsed_find(const struct parsed *p, const char *name);
void parsed_free(struct parsed *p);
#define _cleanup_parsed_ __attribute__((cleanup(parsed_free)))

#endif
