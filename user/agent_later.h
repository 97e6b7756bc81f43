/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs for devices that the start has left out, since no device wanted them: they are there when one does, and
 * held like all else. Where they cannot be loaded that is told; who works on devices tries again.
 */
#ifndef PORTGUARD_AGENT_LATER_H
#define PORTGUARD_AGENT_LATER_H

#include "agent_events.h"
#include "kernel/watch.h"

void agent_later_load(const struct paths *paths, struct state *s, struct watch *w, struct agent_events *e);

#endif
