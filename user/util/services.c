// SPDX-License-Identifier: GPL-2.0-only
/* /etc/services, a line each: "name port/protocol alias...", `#` begins a comment; see services.h. */
#include "util/services.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"

#define PORTS 65536

static int take_line(struct services *s, char *line)
{
	char *save = NULL, *name, *entry, *slash;
	unsigned long port, place;

	line[strcspn(line, "#")] = '\0';
	name = strtok_r(line, " \t\n", &save);
	entry = name ? strtok_r(NULL, " \t\n", &save) : NULL;
	port = entry ? strtoul(entry, &slash, 10) : PORTS;
	if (port >= PORTS || (strcmp(slash, "/tcp") && strcmp(slash, "/udp")))
		return 0;
	place = port + (slash[1] == 'u' ? PORTS : 0);
	if (!s->names[place])
		s->names[place] = strdup(name);
	return s->names[place] ? 0 : -ENOMEM;
}

int services_read(const char *path, struct services *ret)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	_cleanup_services_ struct services s = { NULL };
	size_t room = 0;
	int r = 0;

	*ret = s;
	if (!f)
		return 0;
	s.names = calloc(2 * PORTS, sizeof(*s.names)); /* of which few pages are ever touched */
	if (!s.names)
		return -ENOMEM;
	while (!r && getline(&line, &room, f) > 0)
		r = take_line(&s, line);
	if (r)
		return r;
	ret->names = TAKE_PTR(s.names);
	return 0;
}

const char *services_name(const struct services *s, bool udp, uint16_t port)
{
	return s->names ? s->names[port + (udp ? PORTS : 0)] : NULL;
}

void services_free(struct services *s)
{
	for (size_t i = 0; s->names && i < 2 * PORTS; i++)
		free(s->names[i]);
	free(s->names);
	s->names = NULL;
}
