// SPDX-License-Identifier: GPL-2.0-only
/* Hooks of the enforcement root; see hooks.h. */
#include "kernel/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "kernel/links.h"
#include "kernel/load.h"
#include "util/cleanup.h"
#include "util/names.h"

/* Of Linux 6.0; Debian 12's headers have it, older ones do not. */
#define LSM_CGROUP ((enum bpf_attach_type)43)

struct cgroup_hook {
	enum pg_hook hook;
	const char *link, *program;
	enum bpf_attach_type type;
	bool where_out_is_restricted;
};

static const struct cgroup_hook hooks[] = {
	{ PG_HOOK_BIND, "link_bind4", "pg_bind4", BPF_CGROUP_INET4_BIND, false },
	{ PG_HOOK_BIND, "link_bind6", "pg_bind6", BPF_CGROUP_INET6_BIND, false },
	{ PG_HOOK_SOCKET, "link_socket", "pg_socket", BPF_CGROUP_INET_SOCK_CREATE, false },
	{ PG_HOOK_SOCKET, "link_setsockopt", "pg_setsockopt", BPF_CGROUP_SETSOCKOPT, true },
	{ PG_HOOK_CONNECT, "link_connect4", "pg_connect4", BPF_CGROUP_INET4_CONNECT, false },
	{ PG_HOOK_CONNECT, "link_connect6", "pg_connect6", BPF_CGROUP_INET6_CONNECT, false },
	{ PG_HOOK_SEND, "link_send4", "pg_send4", BPF_CGROUP_UDP4_SENDMSG, false },
	{ PG_HOOK_SEND, "link_send6", "pg_send6", BPF_CGROUP_UDP6_SENDMSG, false },
	{ PG_HOOK_DELIVER, "link_deliver", "pg_deliver", BPF_CGROUP_INET_INGRESS, false },
};

/* Ways to `listen`, the best first; which of them this kernel takes is known by what was loaded. */
static const struct {
	const char *via, *program;
	enum bpf_attach_type type;
} listen_ways[] = {
	{ "lsm_cgroup", "pg_listen_lsm", LSM_CGROUP },
	{ "fmod_ret", "pg_listen_fmod", BPF_MODIFY_RETURN },
	{ "sockops", "pg_listen_ops", BPF_CGROUP_SOCK_OPS },
};

static const struct {
	const char *link, *program, *name;
} tracepoints[] = {
	{ "link_mkdir", "pg_mkdir", "cgroup_mkdir" },
	{ "link_release", "pg_release", "cgroup_release" },
};

static bool is_attached(const struct paths *paths, const char *link)
{
	uint32_t type;

	return link_target(paths, link, &type, NULL) > 0;
}

/* By which way `listen` is attached, or NULL. */
static const char *listen_via(const struct paths *paths)
{
	uint32_t type, attach;

	if (link_target(paths, "link_listen", &type, &attach) <= 0)
		return NULL;
	if (type == BPF_LINK_TYPE_TRACING)
		return "fmod_ret";
	return attach == BPF_CGROUP_SOCK_OPS ? "sockops" : "lsm_cgroup";
}

static int attach_listen(const struct paths *paths, int cgroup)
{
	int r = -ENOENT;

	if (listen_via(paths))
		return 0;
	for (size_t i = 0; r && i < ARRAY_SIZE(listen_ways); i++)
		r = link_make(paths, "link_listen", listen_ways[i].program,
			      listen_ways[i].type == BPF_MODIFY_RETURN ? 0 : cgroup,
			      listen_ways[i].type, 0);
	return r;
}

static int attach_one(const struct paths *paths, const struct cgroup_hook *h, int cgroup,
		      bool out_restricted)
{
	if (h->where_out_is_restricted && !out_restricted) {
		link_drop(paths, h->link);
		return 0;
	}
	return is_attached(paths, h->link) ?
		       0 :
		       link_make(paths, h->link, h->program, cgroup, h->type, 0);
}

static int attach_failed(int r, enum pg_hook hook, const char *cgroup_dir, struct pg_error *err)
{
	(void)pg_fail(err, r, PG_EXIT_UNAVAILABLE, "%s: cgroup %s: %s", hook_names[hook], cgroup_dir,
		      r == -EBADF ? "is not of cgroup v2" : strerror(-r));
	return pg_help(err, r, "another program may hold the hook for itself: bpftool cgroup tree");
}

bool hooks_scopes_attached(const struct paths *paths)
{
	bool attached = true;

	for (size_t i = 0; i < ARRAY_SIZE(tracepoints); i++)
		attached &= is_attached(paths, tracepoints[i].link);
	return attached;
}

int hooks_attach_scopes(const struct paths *paths, bool *ret_fresh, struct pg_error *err)
{
	int r = 0;

	*ret_fresh = false;
	for (size_t i = 0; !r && i < ARRAY_SIZE(tracepoints); i++) {
		if (is_attached(paths, tracepoints[i].link))
			continue;
		*ret_fresh = true;
		r = link_make_tracepoint(paths, tracepoints[i].link, tracepoints[i].program,
					 tracepoints[i].name);
		if (r)
			(void)pg_fail(err, r, PG_EXIT_UNAVAILABLE, "scopes: tracepoint %s: %s",
				      tracepoints[i].name, strerror(-r));
	}
	return r;
}

static int sync_scopes(const struct paths *paths, bool wanted, struct pg_error *err)
{
	bool fresh;

	if (wanted)
		return hooks_attach_scopes(paths, &fresh, err);
	for (size_t i = 0; i < ARRAY_SIZE(tracepoints); i++)
		link_drop(paths, tracepoints[i].link);
	return 0;
}

int hooks_attach(const struct paths *paths, const char *cgroup_dir, struct hooks_wanted wanted,
		 struct pg_error *err)
{
	_cleanup_close_ int cgroup = open(cgroup_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (cgroup < 0)
		return pg_fail(err, -errno, PG_EXIT_UNAVAILABLE, "cgroup %s: %s", cgroup_dir,
			       strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		r = attach_one(paths, &hooks[i], cgroup, wanted.out_restricted);
		if (r)
			return attach_failed(r, hooks[i].hook, cgroup_dir, err);
	}
	r = attach_listen(paths, cgroup);
	return r ? attach_failed(r, PG_HOOK_LISTEN, cgroup_dir, err)
		 : sync_scopes(paths, wanted.scopes, err);
}

bool hooks_attached(const struct paths *paths, struct hooks_wanted wanted)
{
	if (wanted.scopes && !hooks_scopes_attached(paths))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if ((wanted.out_restricted || !hooks[i].where_out_is_restricted) &&
		    !is_attached(paths, hooks[i].link))
			return false;
	return listen_via(paths) != NULL;
}

void hooks_each(const struct paths *paths, struct hooks_wanted wanted,
		void (*fn)(void *data, enum pg_hook hook, bool attached, const char *via),
		void *data)
{
	const char *via = listen_via(paths);

	for (enum pg_hook hook = 0; hook < PG_HOOK_COUNT; hook++) {
		bool attached = true, known = false;

		for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
			if (hooks[i].hook != hook ||
			    (hooks[i].where_out_is_restricted && !wanted.out_restricted))
				continue;
			known = true;
			attached &= is_attached(paths, hooks[i].link);
		}
		if (known)
			fn(data, hook, attached, "cgroup");
		else if (hook == PG_HOOK_LISTEN)
			fn(data, hook, via != NULL, via ? via : "sockops");
	}
}
