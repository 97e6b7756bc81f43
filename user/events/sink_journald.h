/* SPDX-License-Identifier: GPL-2.0-only */
/* journald's native protocol: fields, one a line, or with their length before them. */
#ifndef PORTGUARD_SINK_JOURNALD_H
#define PORTGUARD_SINK_JOURNALD_H

#include "events/event.h"
#include "util/json.h"

#define JOURNALD_SOCKET "/run/systemd/journal/socket"

void journald_fields(struct json *out, const struct event_source *source, const struct event *e);

#endif
