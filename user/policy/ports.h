/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PORTS[/PROTO]: `80`, `http`, `80,443,8000-8100/tcp`, `any`, as text and as values.
 */
#ifndef PORTGUARD_PORTS_H
#define PORTGUARD_PORTS_H

#include "policy/policy.h"
#include "util/json.h"

struct port_list {
	struct port_range *list;
	size_t count;
};

/* What one word says: a list for each choice of protocols, by the bits RULE_TCP | RULE_UDP (0 is unused). */
struct port_choice {
	struct port_list by_protos[4];
	bool any;
};

/**
 * ports_parse() - Parse PORTS[/PROTO].
 * @ret:    sorted as struct rule wants it; a port of several services is in the list of all their protocols.
 * @ret_at: byte offset of the mistake in @text.
 * Return: 0, -EINVAL with words in @err (exit 65), -ENOMEM.
 */
int ports_parse(const char *text, size_t length, const struct policy_world *world,
		struct port_choice *ret, size_t *ret_at, struct pg_error *err);
void port_choice_free(struct port_choice *c);
#define _cleanup_port_choice_ __attribute__((cleanup(port_choice_free)))

/* The same as text, numbers only; NULL: -ENOMEM. */
char *ports_print(const struct port_range *ports, size_t count, bool any, unsigned protos);
void ports_write(struct json *out, const struct port_range *ports, size_t count, bool any, unsigned protos);

#endif
