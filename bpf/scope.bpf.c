// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * scopes: a new cgroup has its scopes before mkdir() returns, so before a process can be in it: those of
 * its parent, and in front of them what the policy says of its own name and path, for both policies that
 * the kernel holds. The entry goes when the kernel releases the cgroup, not at rmdir(): sockets may outlive it.
 *
 * Matching is a matter of numbers (place.h, glob.h), so that the verifier follows each function once.
 */
#include "lib/owner.h"
#include "portguard/place.h"

#define NAME_MAX 256
#define SCOPES_AT_ONCE 64
#define STEPS_AT_ONCE 64
#define STEPS_MOST 64 /* times STEPS_AT_ONCE: a pattern that wants more matches nothing */
#define SERVICE_LETTERS 8 /* .service */
#define SOCKET_LETTERS 7 /* .socket */

/* Of the cgroup that this CPU is about. */
struct pg_path {
	char text[PG_GLOB_MAX];
	char name[NAME_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pg_path);
} pg_path SEC(".maps");

/* Two numbers of 32 bits: where a text or pattern begins and ends. */
#define RANGE(at, end) ((__u64)(end) << 32 | (__u32)(at))

static __always_inline struct pg_path *path_in_hand(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pg_path, &zero);
}

static __always_inline struct pg_bytes text_of(const struct pg_path *path, __u64 range)
{
	return (struct pg_bytes){ path->text, range, range >> 32, PG_GLOB_MAX - 1 };
}

GLOBAL __u64 pg_glob_next(__u64 state, __u32 slot, __u64 pattern, __u64 text)
{
	struct pg_path *path = path_in_hand();
	struct pg_texts *texts;
	struct pg_bytes p, t;

	slot &= 1;
	texts = in_parts(&pg_texts, slot, 1);
	if (!path || !texts)
		return PG_GLOB_NO_MATCH;
	p = (struct pg_bytes){ texts->bytes, pattern, pattern >> 32, PG_TEXTS - 1 };
	t = text_of(path, text);
	return pg_glob_step(state, &p, &t);
}

GLOBAL __u64 pg_glob_some(__u64 state, __u32 slot, __u64 pattern, __u64 text)
{
	int i;

	for (i = 0; i < STEPS_AT_ONCE && !(state & PG_GLOB_DONE); i++)
		state = pg_glob_next(state, slot, pattern, text);
	return state;
}

GLOBAL __u32 pg_globs(__u32 slot, __u64 pattern, __u64 text)
{
	__u64 state = PG_GLOB_BEGIN;
	int i;

	for (i = 0; i < STEPS_MOST && !(state & PG_GLOB_DONE); i++)
		state = pg_glob_some(state, slot, pattern, text);
	return state & PG_GLOB_MATCH ? 1 : 0;
}

/* Whether bytes @at to @end of the path are a container's id. */
GLOBAL __u32 pg_id_from(__u32 at, __u32 end)
{
	struct pg_path *path = path_in_hand();
	struct pg_bytes bytes;

	if (!path)
		return 0;
	bytes = text_of(path, RANGE(at, end));
	return pg_is_id(&bytes, at, end);
}

/* What the name that is @text of the path says, below a cgroup of @place; NAMED_…. */
#define NAMED_PLACE(n) ((n) & 0xff)
#define NAMED_UNIT(n) ((n) >> 8 & 1)
#define NAMED_CONTAINER(n) ((n) >> 9 & 1)
#define NAMED_UNIT_AT(n) ((n) >> 16 & 0xfff)
#define NAMED_ID_AT(n) ((n) >> 32 & 0xfff)
#define NAMED_ID_END(n) ((n) >> 48 & 0xfff)
GLOBAL __u64 pg_read_name(__u32 place, __u64 text)
{
	struct pg_path *path = path_in_hand();
	struct pg_bytes name;
	struct pg_named n;

	if (!path)
		return 0;
	name = text_of(path, text);
	n = pg_name(place, &name);
	return n.place | (__u64)n.unit << 8 | (__u64)n.container << 9 |
	       (__u64)(n.unit_at & 0xfff) << 16 | (__u64)(n.id_at & 0xfff) << 32 |
	       (__u64)(n.id_end & 0xfff) << 48;
}

static __always_inline bool is_socket_unit(__u64 text)
{
	struct pg_path *path = path_in_hand();
	struct pg_bytes name;

	if (!path)
		return false;
	name = text_of(path, text);
	return PG_ENDS(&name, ".socket");
}

GLOBAL __u32 pg_scope_matches(__u32 slot, __u32 number, __u64 text)
{
	struct pg_scope *scope = scope_at(slot, number);
	__u32 at, end;

	if (!scope)
		return 0;
	at = scope->pattern;
	end = at + scope->pattern_length;
	if (pg_globs(slot, RANGE(at, end), text))
		return 1;
	if (!scope->with_socket || !is_socket_unit(text))
		return 0;
	return pg_globs(slot, RANGE(at, end - SERVICE_LETTERS),
			RANGE((__u32)text, (text >> 32) - SOCKET_LETTERS));
}

/* Of several that match the one of more weight, then of the lower number, is the greater candidate. */
#define CANDIDATE(weight, number) ((__u32)(weight) << 16 | (0xffff - (number)))
#define CANDIDATE_NUMBER(c) ((c) ? 0xffff - ((c) & 0xffff) : 0)

/* Whichever is better: @best, or scope @number, if that is of the kind and names this text. @kind: as below. */
GLOBAL __u32 pg_better(__u32 kind, __u32 number, __u64 text, __u32 best)
{
	struct pg_scope *scope = scope_at(kind & 1, number);
	__u32 candidate;

	if (!scope || scope->selector != kind >> 1)
		return best;
	candidate = CANDIDATE(scope->weight, number);
	return candidate > best && pg_scope_matches(kind & 1, number, text) ? candidate : best;
}

/* The best of SCOPES_AT_ONCE from @first on, or @best. @kind: enum pg_selector, << 1 | the slot. */
GLOBAL __u32 pg_best_of(__u32 kind, __u32 first, __u64 text, __u32 best)
{
	__u32 i;

	for (i = 0; i < SCOPES_AT_ONCE; i++)
		best = pg_better(kind, first + i, text, best);
	return best;
}

/* The scope of a kind that names this text, or 0. */
GLOBAL __u32 pg_best_scope(__u32 kind, __u64 text)
{
	struct pg_control *ctl = control();
	__u32 i, best = 0;

	if (!ctl)
		return 0;
	for (i = 0; i < PG_MAX_SCOPES / SCOPES_AT_ONCE; i++) {
		if (i * SCOPES_AT_ONCE >= ctl->slots[kind & 1].scopes)
			break;
		best = pg_best_of(kind, i * SCOPES_AT_ONCE, text, best);
	}
	return CANDIDATE_NUMBER(best);
}

static __always_inline void put_inner_cgroup(__u16 scopes[PG_OWNERS], __u16 number)
{
	int i;

	if (!number || scopes[PG_OWNER_CGROUP] == number)
		return;
	UNROLLED for (i = PG_OWNER_NETNS - 1; i > PG_OWNER_CGROUP; i--)
		scopes[i] = scopes[i - 1];
	scopes[PG_OWNER_CGROUP] = number;
}

static __always_inline void put_scopes(__u16 scopes[PG_OWNERS], __u32 slot, __u64 named, __u32 end)
{
	__u32 number = 0;

	if (NAMED_CONTAINER(named))
		number = pg_best_scope(PG_SELECT_CONTAINER << 1 | slot,
				       RANGE(NAMED_ID_AT(named), NAMED_ID_END(named)));
	if (number)
		scopes[PG_OWNER_CONTAINER] = number;
	number = 0;
	if (NAMED_UNIT(named))
		number = pg_best_scope(PG_SELECT_UNIT << 1 | slot, RANGE(NAMED_UNIT_AT(named), end));
	if (number)
		scopes[PG_OWNER_UNIT] = number;
	put_inner_cgroup(scopes, pg_best_scope(PG_SELECT_CGROUP << 1 | slot, RANGE(0, end)));
}

static __always_inline __u64 id_of(struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, kn, id);
}

/* The new cgroup's path and name; its own name alone is too long for a path: its parent's scopes are its. */
static __always_inline void name_cgroup(struct pg_cgroup *entry, struct cgroup *cgroup,
					const char *text)
{
	struct pg_path *path = path_in_hand();
	__u8 place = entry->place;
	long length, own;
	__u64 named;

	entry->place = PG_PLACE_NONE;
	if (!path)
		return;
	length = bpf_probe_read_kernel_str(path->text, sizeof(path->text), text);
	own = bpf_probe_read_kernel_str(path->name, sizeof(path->name),
					BPF_CORE_READ(cgroup, kn, name));
	if (own <= 1 || length <= own || length >= PG_GLOB_MAX) /* both with their NUL */
		return;
	named = pg_read_name(place, RANGE(length - own, length - 1));
	entry->place = NAMED_PLACE(named);
	put_scopes(entry->scope[0], 0, named, length - 1);
	put_scopes(entry->scope[1], 1, named, length - 1);
}

static __always_inline bool says_nothing(const struct pg_cgroup *entry)
{
	const __u64 *words = (const __u64 *)entry;

	return !(words[0] | words[1] | words[2] | words[3] | entry->place);
}

/* @ctx: struct cgroup *, its path. Of cgroup v1 there are more hierarchies, with ids of their own. */
SEC("raw_tp/cgroup_mkdir")
int pg_mkdir(__u64 *ctx)
{
	struct cgroup *cgroup = (void *)ctx[0];
	struct pg_control *ctl = control();
	struct pg_cgroup entry = {}, *parent;
	__u64 id;

	if (!ctl || !(ctl->slots[0].scopes | ctl->slots[1].scopes) ||
	    BPF_CORE_READ(cgroup, root, hierarchy_id) || !is_guarded(ctl, cgroup))
		return 0;
	id = id_of(BPF_CORE_READ(cgroup, self.parent, cgroup));
	parent = bpf_map_lookup_elem(&pg_cgroups, &id);
	if (parent)
		entry = *parent;
	name_cgroup(&entry, cgroup, (const char *)ctx[1]);
	id = id_of(cgroup);
	if (!says_nothing(&entry))
		(void)bpf_map_update_elem(&pg_cgroups, &id, &entry, BPF_ANY); /* full: the host answers for it */
	return 0;
}

SEC("raw_tp/cgroup_release")
int pg_release(__u64 *ctx)
{
	struct cgroup *cgroup = (void *)ctx[0];
	__u64 id;

	if (BPF_CORE_READ(cgroup, root, hierarchy_id))
		return 0;
	id = id_of(cgroup);
	(void)bpf_map_delete_elem(&pg_cgroups, &id);
	return 0;
}
