// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/ask.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/load.h"
#include "util/cleanup.h"

#define HEADER 14 /* Ethernet's, which a test run wants before the question */

int ask_open(const struct paths *paths)
{
	return pin_open(paths, "pg_ask");
}

int ask_put(int fd, struct pg_ask *ask)
{
	char in[HEADER + sizeof(*ask)] = { 0 }, out[sizeof(in)];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = sizeof(in),
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	memcpy(in + HEADER, ask, sizeof(*ask));
	if (bpf_prog_test_run_opts(fd, &run))
		return -errno;
	if (run.retval || run.data_size_out != sizeof(out))
		return -EPROTO;
	memcpy(ask, out + HEADER, sizeof(*ask));
	return 0;
}

int ask_kernel(const struct paths *paths, struct pg_ask *ask)
{
	_cleanup_close_ int fd = ask_open(paths);

	return fd < 0 ? fd : ask_put(fd, ask);
}
