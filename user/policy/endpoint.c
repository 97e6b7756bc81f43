// SPDX-License-Identifier: GPL-2.0-only
/*
 * Endpoints as text. Only this machine may ask: whoever else is to, asks a proxy that knows TLS and users.
 * So an address is a loopback one, and written out: what a name means is for others to change.
 */
#include "policy/endpoint.h"

#include <errno.h>
#include <string.h>

#include "policy/paths.h"
#include "policy/show.h"
#include "policy/units.h"
#include "util/address.h"

#define WANT "want " ENDPOINT_EXAMPLE " or http://127.0.0.1:PORT"

static int mistake(const char *text, size_t length, const char *why, struct pg_error *err)
{
	return pg_fail(err, -EINVAL, PG_EXIT_POLICY, "'%s': %s", SHOW(text, length), why);
}

static int parse_path(const char *text, size_t length, struct endpoint *ret, struct pg_error *err)
{
	const char *path = text + strlen("unix://"), *why;
	size_t path_length = length - strlen("unix://");

	why = path_mistake(path, path_length);
	if (!why && path_length == 1)
		why = "want the path of a socket";
	if (!why && path_length >= sizeof(ret->path))
		why = "the path of a socket has at most 107 bytes";
	if (why)
		return mistake(text, length, why, err);
	memcpy(ret->path, path, path_length);
	return 0;
}

/* The part before the port, [::1] or 127.0.0.1; at least a byte longer than that. */
static int parse_host(const char *host, size_t length, uint8_t ret[16])
{
	char text[ADDRESS_TEXT];
	bool brackets = length > 2 && host[0] == '[' && host[length - 1] == ']';

	if (brackets) {
		host++;
		length -= 2;
	}
	if (length >= sizeof(text))
		return -EINVAL;
	memcpy(text, host, length);
	text[length] = '\0';
	return brackets == !strchr(text, ':') ? -EINVAL : address_parse(text, ret);
}

static int parse_url(const char *text, size_t length, struct endpoint *ret, struct pg_error *err)
{
	const char *host = text + strlen("http://"), *end = text + length, *colon;
	uint32_t port;

	if (end - host > 8 && !memcmp(end - 8, "/metrics", 8))
		end -= 8;
	colon = memrchr(host, ':', (size_t)(end - host));
	if (!colon || (end > host && end[-1] == ']'))
		return mistake(text, length, "its port is missing: " WANT, err);
	if (parse_host(host, (size_t)(colon - host), ret->address))
		return mistake(text, length, "want an address before the port, 127.0.0.1 or [::1]",
			       err);
	if (!address_is_loopback(ret->address))
		return mistake(text, length,
			       "others than this machine must not ask: want 127.0.0.1 or [::1], "
			       "and a proxy before it",
			       err);
	if (number_parse(colon + 1, (size_t)(end - colon - 1), 1, 65535, &port, NULL))
		return mistake(text, length, "want a port, 1-65535, and at most /metrics behind it",
			       err);
	ret->port = (uint16_t)port;
	return 0;
}

static bool begins(const char *text, size_t length, const char *with)
{
	return length >= strlen(with) && !memcmp(text, with, strlen(with));
}

int endpoint_parse(const char *text, size_t length, struct endpoint *ret, struct pg_error *err)
{
	struct endpoint e = { .path = "" };
	int r;

	if (begins(text, length, "unix://"))
		r = parse_path(text, length, &e, err);
	else if (begins(text, length, "http://"))
		r = parse_url(text, length, &e, err);
	else
		r = mistake(text, length, WANT, err);
	if (!r)
		*ret = e;
	return r;
}
