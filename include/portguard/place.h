/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the name of a cgroup says, and may say: it depends on where it stands. From the enforcement root
 * the way leads through systemd's slices and the runtimes' own directories to the first name that is a
 * unit or a container; below that, and below any other directory, names are somebody else's to choose, and
 * claim nothing. One place for the BPF programs and user space.
 *
 *   /system.slice/nginx.service                        unit nginx.service
 *   /system.slice/docker-ID.scope                      unit docker-ID.scope, container ID
 *   /docker/ID, /libpod_parent/libpod-ID               container ID
 *   /kubepods/burstable/podUID/ID                      container ID
 *   /user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service     unit user@1000.service
 */
#ifndef PORTGUARD_PLACE_H
#define PORTGUARD_PLACE_H

#include "portguard/glob.h"

#define PG_ID_MIN 12		/* hexadecimal digits of a container's id */
#define PG_ID_MAX 64

/* Where a cgroup stands, for the names below it. */
enum pg_place {
	PG_PLACE_NONE,		/* they claim nothing */
	PG_PLACE_SLICE,		/* the enforcement root, and systemd's slices below it */
	PG_PLACE_DOCKER,	/* the runtime's directory, with the cgroupfs driver */
	PG_PLACE_KUBERNETES,	/* kubepods, and its classes of service */
	PG_PLACE_POD,
};

struct pg_named {
	__u8 place;		/* for what is below it */
	__u8 unit;		/* 1: a unit, of the name itself but for a '_' in front (cg_escape()) */
	__u8 container;		/* 1: a container */
	__u32 unit_at, id_at, id_end;	/* where in the text */
};

/* @word: a literal. Whether it stands at @at. */
#define PG_IS_AT(name, at, word) pg_is_at(name, at, word, sizeof(word) - 1)
static __always_inline int pg_is_at(const struct pg_bytes *name, __u32 at, const char *word, const __u32 length)
{
	__u32 i;
	__u8 differs = 0;

	if (at < name->at || at + length > name->end)
		return 0;
#pragma GCC unroll 16
	for (i = 0; i < length; i++)
		differs |= (__u8)name->bytes[(at + i) & name->mask] ^ (__u8)word[i];
	return !differs;
}

#define PG_ENDS(name, word) \
	((name)->end - (name)->at > sizeof(word) - 1 && \
	 PG_IS_AT(name, (name)->end - (__u32)(sizeof(word) - 1), word))
#define PG_IS(name, word) \
	((name)->end - (name)->at == sizeof(word) - 1 && PG_IS_AT(name, (name)->at, word))

static __always_inline int pg_is_id(const struct pg_bytes *name, __u32 at, __u32 end)
{
	__u32 i, length = end - at;

	if (at > end || length < PG_ID_MIN || length > PG_ID_MAX)
		return 0;
	for (i = 0; i < PG_ID_MAX && i < length; i++) {
		__u8 c = name->bytes[(at + i) & name->mask];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return 0;
	}
	return 1;
}

/* The verifier is to follow that loop once: a function of numbers of the program's (bpf/scope.bpf.c). */
#ifdef __bpf__
extern __u32 pg_id_from(__u32 at, __u32 end);
#define PG_IS_ID(name, at, end) pg_id_from(at, end)
#else
#define PG_IS_ID(name, at, end) pg_is_id(name, at, end)
#endif

/* Where the id begins in `docker-ID.scope` and its like; 0: it is none. Conmon's scopes are beside the container. */
static __always_inline __u32 pg_runtime_prefix(const struct pg_bytes *name)
{
	if (PG_IS_AT(name, name->at, "docker-") || PG_IS_AT(name, name->at, "libpod-"))
		return 7;
	if (PG_IS_AT(name, name->at, "cri-containerd-"))
		return 15;
	return PG_IS_AT(name, name->at, "crio-") ? 5 : 0;
}

static __always_inline int pg_is_unit(const struct pg_bytes *name)
{
	return PG_ENDS(name, ".service") || PG_ENDS(name, ".socket") || PG_ENDS(name, ".scope");
}

static __always_inline __u8 pg_place_below(__u8 place, const struct pg_bytes *name)
{
	if (place == PG_PLACE_SLICE && PG_IS(name, "docker"))
		return PG_PLACE_DOCKER;
	if (place == PG_PLACE_SLICE && PG_IS_AT(name, name->at, "kubepods"))
		return PG_PLACE_KUBERNETES;
	if (place == PG_PLACE_SLICE && (PG_ENDS(name, ".slice") || PG_IS(name, "libpod_parent")))
		return PG_PLACE_SLICE;
	if (place != PG_PLACE_KUBERNETES)
		return PG_PLACE_NONE;
	if (PG_ENDS(name, ".slice") || PG_IS(name, "burstable") || PG_IS(name, "besteffort"))
		return PG_PLACE_KUBERNETES;
	return PG_IS_AT(name, name->at, "pod") ? PG_PLACE_POD : PG_PLACE_NONE;
}

/**
 * pg_name() - What a cgroup's name says.
 * @place: enum pg_place of its parent.
 * @name:  the last name of its path.
 */
static __always_inline struct pg_named pg_name(__u8 place, const struct pg_bytes *name)
{
	struct pg_named n = { .place = PG_PLACE_NONE };
	__u32 prefix;

	if (place == PG_PLACE_NONE || name->at >= name->end)
		return n;
	n.unit_at = name->at + (name->bytes[name->at & name->mask] == '_');
	n.unit = place != PG_PLACE_DOCKER && place != PG_PLACE_POD && pg_is_unit(name);
	prefix = place == PG_PLACE_DOCKER ? 0 : pg_runtime_prefix(name);
	n.id_at = name->at + prefix;
	n.id_end = name->end - (prefix && PG_ENDS(name, ".scope") ? sizeof(".scope") - 1 : 0);
	if (prefix || place == PG_PLACE_DOCKER || place == PG_PLACE_POD)
		n.container = PG_IS_ID(name, n.id_at, n.id_end);
	if (!n.unit && !n.container)
		n.place = pg_place_below(place, name);
	return n;
}

#endif
