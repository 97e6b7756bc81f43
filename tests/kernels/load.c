/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads each BPF program by itself on the kernel that runs, so that a verifier that says no names the
 * program. `ok load NAME`, `skip …` or `not ok load NAME: why`, a line each; where one fails, the verifier's
 * last lines go to stderr.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "kernel/casts.h"
#include "kernel/load.h"
#include "kernel/types.h"
#include "pg_bpf.skel.h"
#include "util/cleanup.h"

#define LOG_BYTES (1 << 20)
#define LOG_TAIL 600

static char verifier_log[LOG_BYTES];

static int silent(enum libbpf_print_level level, const char *format, va_list ap)
{
	(void)level;
	(void)format;
	(void)ap;
	return 0;
}

static const char *tail(const char *text)
{
	size_t length = strlen(text);

	return length > LOG_TAIL ? text + length - LOG_TAIL : text;
}

/* Load the program of that index, and no other. @cast: casts_probe()'s, or 0. */
static int load_one(int index, int cast, const char **ret_name)
{
	struct bpf_program *program;
	struct pg_bpf *skeleton;
	int i = 0, r;

	r = object_open(cast, NULL, &skeleton);
	if (r)
		return r;
	bpf_object__for_each_program(program, skeleton->obj) {
		(void)bpf_program__set_autoload(program, i == index);
		if (i++ != index)
			continue;
		*ret_name = strdup(bpf_program__name(program));
		(void)bpf_program__set_log_buf(program, verifier_log, sizeof(verifier_log));
	}
	r = i <= index ? -ENOENT : pg_bpf__load(skeleton);
	pg_bpf__destroy(skeleton);
	return r;
}

/* One of several ways, of which the kernel need not have each: `portguard run` goes without it. */
static bool is_optional(const char *name)
{
	return !strcmp(name, "pg_listen_lsm") || !strcmp(name, "pg_listen_fmod");
}

/* The kernel has such programs, and its verifier takes not this one: that is never optional. */
static bool is_refused(int r)
{
	return r == -EACCES || r == -E2BIG;
}

/* Load each of them. Return: whether one failed that must not. @way: behind its name. */
static bool load_each(int cast, const char *way)
{
	bool failed = false;

	for (int i = 0;; i++) {
		const char *name = NULL;
		int r;

		verifier_log[0] = '\0';
		r = load_one(i, cast, &name);
		if (r == -ENOENT && !name)
			return failed;
		if (r && name && is_optional(name) && !is_refused(r)) {
			printf("skip load %s%s: %s\n", name, way, strerror(-r));
		} else if (r) {
			printf("not ok load %s%s: %s\n", name ? name : "?", way, strerror(-r));
			fprintf(stderr, "%s\n", tail(verifier_log));
			failed = true;
		} else {
			printf("ok load %s%s\n", name, way);
		}
	}
}

int main(void)
{
	_cleanup_types_ struct types kernel = { .data = NULL };
	bool failed;
	int cast;

	(void)libbpf_set_print(silent);
	types_open(&kernel);
	cast = casts_probe(&kernel);
	failed = load_each(0, "");
	if (cast)
		failed |= load_each(cast, ", reading in place");
	else
		printf("skip load, reading in place: this kernel has no bpf_rdonly_cast()\n");
	return failed;
}
