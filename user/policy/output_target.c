// SPDX-License-Identifier: GPL-2.0-only
/* Where an output goes: a path, a socket's path, an address and port, or one of the places that have no other name. */
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "policy/output_words.h"
#include "policy/paths.h"
#include "policy/show.h"
#include "policy/units.h"
#include "util/address.h"
#include "util/cleanup.h"

static bool good_path(struct reader *r, const struct node *n, const char *what, const char *path)
{
	const char *why = path_mistake(path, strlen(path));

	if (!why && !strcmp(path, "/"))
		why = "that is a directory";
	if (why)
		MISTAKE(r, n, "%s '%s': %s", what, SHOW(n->text, n->length), why);
	return !why;
}

static void keep_path(struct reader *r, struct output *o, const char *path)
{
	o->path = strdup(path);
	if (!o->path)
		r->mistakes.no_memory = true;
}

static bool read_file_target(struct reader *r, const struct node *n, struct output *o)
{
	o->kind = OUTPUT_FILE;
	if (!want_scalar(r, n, "file", "a path such as /var/log/portguard/events.jsonl") ||
	    !good_path(r, n, "file", n->text))
		return false;
	keep_path(r, o, n->text);
	return true;
}

static bool read_unix(struct reader *r, const struct node *n, const char *path, struct output *o)
{
	o->kind = OUTPUT_UNIX;
	if (!good_path(r, n, "syslog", path))
		return false;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		MISTAKE(r, n, "syslog '%s': a socket's path has at most 107 bytes",
			SHOW(n->text, n->length));
		return false;
	}
	keep_path(r, o, path);
	return true;
}

/* ADDRESS:PORT, [ADDRESS]:PORT; a name is none, since the agent asks no name server. */
static bool read_inet(struct reader *r, const struct node *n, const char *text, struct output *o)
{
	const char *scheme = o->kind == OUTPUT_UDP ? "udp" : "tcp";
	const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : "";
	_cleanup_free_ char *address = strndup(text, colon ? (size_t)(colon - text) : strlen(text));
	size_t length = address ? strlen(address) : 0;
	bool bracketed = length > 1 && address[0] == '[' && address[length - 1] == ']';
	uint32_t number = 0;

	if (!address) {
		r->mistakes.no_memory = true;
		return false;
	}
	if (bracketed)
		address[length - 1] = '\0';
	if (address_parse(address + bracketed, o->ip) || (!bracketed && strchr(address, ':'))) {
		MISTAKE(r, n,
			"syslog '%s': want an address, %s://192.0.2.9:%s or %s://[2001:db8::9]:%s; "
			"the agent "
			"asks no name server: names are for portguard-export",
			SHOW(n->text, n->length), scheme, o->kind == OUTPUT_UDP ? "514" : "601",
			scheme, o->kind == OUTPUT_UDP ? "514" : "601");
		return false;
	}
	if (number_parse(port, strlen(port), 1, UINT16_MAX, &number, NULL)) {
		MISTAKE(r, n,
			"syslog '%s': want a port 1-65535 behind the address, as in "
			"%s://192.0.2.9:%s",
			SHOW(n->text, n->length), scheme, o->kind == OUTPUT_UDP ? "514" : "601");
		return false;
	}
	o->port = (uint16_t)number;
	return true;
}

static bool read_syslog_target(struct reader *r, const struct node *n, struct output *o)
{
	static const char unix_scheme[] = "unix://", udp[] = "udp://", tcp[] = "tcp://",
			  tls[] = "tls://";

	if (!want_scalar(r, n, "syslog",
			 "unix:///dev/log, udp://ADDRESS:PORT or tcp://ADDRESS:PORT"))
		return false;
	if (!strncmp(n->text, unix_scheme, strlen(unix_scheme)))
		return read_unix(r, n, n->text + strlen(unix_scheme), o);
	o->kind = !strncmp(n->text, udp, strlen(udp)) ? OUTPUT_UDP : OUTPUT_TCP;
	if (o->kind == OUTPUT_UDP || !strncmp(n->text, tcp, strlen(tcp)))
		return read_inet(r, n, n->text + strlen(udp), o);
	if (!strncmp(n->text, tls, strlen(tls)))
		MISTAKE(r, n,
			"syslog '%s': there is no TLS in the agent: portguard-export sends by "
			"tls://",
			SHOW(n->text, n->length));
	else
		MISTAKE(r, n,
			"syslog '%s': want unix:///dev/log, udp://ADDRESS:PORT or "
			"tcp://ADDRESS:PORT",
			SHOW(n->text, n->length));
	return false;
}

static bool read_true(struct reader *r, const struct node *n, const char *what)
{
	static const char *const words[] = { "true", NULL };

	return want_choice(r, n, what, words) == 0;
}

bool read_target(struct reader *r, enum output_key key, const struct node *n, struct output *o)
{
	switch (key) {
	case KEY_FILE:
		return read_file_target(r, n, o);
	case KEY_SYSLOG:
		return read_syslog_target(r, n, o);
	case KEY_JOURNALD:
		o->kind = OUTPUT_JOURNALD;
		return read_true(r, n, "journald");
	case KEY_STDOUT:
		o->kind = OUTPUT_STDOUT;
		return read_true(r, n, "stdout");
	case KEY_KAFKA:
		MISTAKE(r, key_of(n),
			"there is no Kafka in the agent: portguard-export sends to it");
		return false;
	default:
		return false;
	}
}
