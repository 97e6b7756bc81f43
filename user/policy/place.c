// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places of cgroups; see place.h. The containers' names are those that the runtimes give: Docker and
 * Podman, containerd and CRI-O below Kubernetes, each with systemd's cgroup driver (a scope) or without
 * (plain directories).
 */
#include "policy/place.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "util/cleanup.h"

#define SHORTEST_ID 12

/* A component of the path: not terminated. */
struct name {
	const char *text;
	size_t length;
};

static bool is(struct name n, const char *word)
{
	return n.length == strlen(word) && !memcmp(n.text, word, n.length);
}

static bool begins(struct name n, const char *word)
{
	return n.length >= strlen(word) && !memcmp(n.text, word, strlen(word));
}

static bool ends(struct name n, const char *word)
{
	size_t length = strlen(word);

	return n.length > length && !memcmp(n.text + n.length - length, word, length);
}

static bool is_id(struct name n)
{
	if (n.length < SHORTEST_ID || n.length >= PLACE_ID)
		return false;
	for (size_t i = 0; i < n.length; i++)
		if (!strchr("0123456789abcdef", n.text[i]))
			return false;
	return true;
}

/* systemd escapes by `_` what the kernel would take for a file of its own (cg_escape()). */
static struct name unescape(struct name n)
{
	if (n.length > 1 && n.text[0] == '_') {
		n.text++;
		n.length--;
	}
	return n;
}

static bool is_unit(struct name n)
{
	if (n.length >= PLACE_UNIT ||
	    (!ends(n, ".service") && !ends(n, ".socket") && !ends(n, ".scope")))
		return false;
	for (size_t i = 0; i < n.length; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			    ":-_.\\@",
			    n.text[i]))
			return false;
	return true;
}

/* `docker-ID.scope`: its ID. Conmon's scopes (libpod-conmon-ID) are beside the container, not in it. */
static bool scope_id(struct name n, struct name *ret)
{
	static const char *const prefixes[] = { "docker-", "libpod-", "cri-containerd-", "crio-" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t skip = strlen(prefixes[i]);
		struct name id = { n.text + skip, n.length - skip };

		if (!begins(n, prefixes[i]))
			continue;
		if (ends(id, ".scope"))
			id.length -= strlen(".scope");
		*ret = id;
		return is_id(id);
	}
	return false;
}

/* A plain directory that is a container: by what lies above it. */
static bool is_plain_container(struct name n, struct name parent, bool in_pod)
{
	return is_id(n) && (is(parent, "docker") || in_pod);
}

static struct name next_name(const char **at)
{
	struct name n;

	*at += strspn(*at, "/");
	n = (struct name){ *at, strcspn(*at, "/") };
	*at += n.length;
	return n;
}

static void set(char *to, struct name n)
{
	memcpy(to, n.text, n.length);
	to[n.length] = '\0';
}

void place_of_cgroup(const char *path, struct place *ret)
{
	struct name parent = { "", 0 }, n, id;
	bool kubernetes = false, in_pod = false;

	*ret = (struct place){ .unit = "" };
	path = path ? path : "";
	for (n = next_name(&path); n.length; parent = n, n = next_name(&path)) {
		if (scope_id(n, &id)) {
			set(ret->container_id, id);
			if (is_unit(n))
				set(ret->unit, n);
			return;
		}
		if (is_plain_container(n, parent, in_pod)) {
			set(ret->container_id, n);
			return;
		}
		if (is_unit(unescape(n))) {
			set(ret->unit, unescape(n));
			return;
		}
		kubernetes = kubernetes || begins(n, "kubepods");
		in_pod = kubernetes && (begins(n, "pod") || ends(n, ".slice"));
	}
}
