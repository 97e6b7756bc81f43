// SPDX-License-Identifier: GPL-2.0-only
/* The samples of event_sample.h. */
#include "unit/lib/event_sample.h"

#include <ftw.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/lib/stream_world.h"

#define TIME_US 1764000000000001ULL

struct event sample_bind(uint64_t seq)
{
	struct event e = {
		.kind = EVENT_VERDICT,
		.seq = seq,
		.start_us = TIME_US,
		.end_us = TIME_US,
		.verdict = PG_DENY,
		.mode = PG_MODE_ENFORCE,
		.hook = PG_HOOK_BIND,
		.reason = PG_REASON_NO_RULE,
		.proto = IPPROTO_TCP,
		.family = 4,
		.local = { .known = true, .ip_known = true, .port_known = true, .port = 7070 },
		.process_known = true,
		.pid = 42,
		.ppid = 1,
		.uid = 1000,
		.comm = "server",
		.exe = "/usr/bin/server",
		.cmdline = "server -d",
		.cgroup = "/system.slice/x.service",
		.scope = "host",
		.count = 1,
	};

	world_address(e.local.ip, "0.0.0.0");
	e.severity = event_severity(&e);
	return e;
}

struct event sample_inbound(uint64_t seq)
{
	struct event e = {
		.kind = EVENT_VERDICT,
		.seq = seq,
		.start_us = TIME_US,
		.end_us = TIME_US,
		.verdict = PG_DENY,
		.mode = PG_MODE_ENFORCE,
		.hook = PG_HOOK_INBOUND,
		.reason = PG_REASON_NO_RULE,
		.proto = IPPROTO_TCP,
		.family = 4,
		.local = { .known = true, .ip_known = true, .port_known = true, .port = 23 },
		.remote = { .known = true, .ip_known = true, .port_known = true, .port = 40000 },
		.interface = "eth0",
		.scope = "host",
		.count = 1,
	};

	world_address(e.local.ip, "192.0.2.1");
	world_address(e.remote.ip, "192.0.2.7");
	e.severity = event_severity(&e);
	return e;
}

struct event_source sample_source(void)
{
	return (struct event_source){
		.boot_id = "0f5e2c3a-1111-4222-8333-444455556666",
		.host_name = "box",
		.host_id = "abcdef",
		.instance = "default",
		.version = "1.2.3",
		.number = 32473,
	};
}

void sample_dir(char path[64])
{
	(void)snprintf(path, 64, "/tmp/pg-unit-XXXXXX");
	if (!mkdtemp(path))
		abort();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void sample_dir_remove(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

char *sample_read(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 22);
	size_t n = f ? fread(text, 1, (1 << 22) - 1, f) : 0;

	text[n] = '\0';
	if (f)
		(void)fclose(f);
	return text;
}
