/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent hears of devices that come, go or change, and has the guard attached to them at once. */
#ifndef PORTGUARD_AGENT_DEVICES_H
#define PORTGUARD_AGENT_DEVICES_H

#include "agent_events.h"

struct agent_devices {
	const struct paths *paths;
	struct agent_events *events; /* outlives it */
	void (*say)(void *data, const char *action, const char *text);
	void *data;
	int fd; /* readable when there is news of links or routes */
	bool changed; /* they want a look */
	char error[256]; /* as said last */
};

/* @d: paths, events, say and data set. 0 or -errno. */
int agent_devices_open(struct agent_devices *d);
void agent_devices_close(struct agent_devices *d);
/* When fd is readable. Return: whether to sync, at once, so that a device is never up unguarded for long. */
bool agent_devices_news(struct agent_devices *d);
/* Attach and detach as the policy says; what fails is said once, and tried again in a second. */
void agent_devices_sync(struct agent_devices *d);

#endif
