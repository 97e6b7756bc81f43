// SPDX-License-Identifier: GPL-2.0-only
/* Taking over from another build; see upgrade.h. The directory beside the pins is INSTANCE_next. */
#include "kernel/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/attach.h"
#include "kernel/cgroup.h"
#include "kernel/edit.h"
#include "kernel/exe.h"
#include "kernel/guard.h"
#include "kernel/held.h"
#include "kernel/image_map.h"
#include "kernel/load.h"
#include "kernel/map.h"
#include "kernel/sums.h"
#include "kernel/unread.h"
#include "util/cleanup.h"

/* The part of pg_control and of pg_meta that no version changes. */
#define HEAD_BYTES offsetof(struct pg_control, slots)
#define META_HEAD_BYTES offsetof(struct pg_meta, build)

struct takeover {
	const struct paths *paths;
	struct paths next;
	struct holdings
		old; /* as long as it is open, so are the links that are replaced by new ones */
	const struct pg_control *control; /* the old one, as far as it is known */
	long control_size;
	const struct pg_meta *meta;
	long meta_size;
	struct policy policy;
	bool same_tables;
	struct guard guard; /* the new state; no lock of its own */
};

static void beside(const struct paths *paths, const char *what, struct paths *ret)
{
	*ret = *paths;
	(void)snprintf(ret->pins, sizeof(ret->pins), "%s/portguard/%s_%s", paths->bpffs,
		       paths->instance, what);
}

static void takeover_close(struct takeover *t)
{
	held_close(&t->old);
	map_release((void *)t->control, t->control ? (size_t)t->control_size : 0);
	map_release((void *)t->meta, t->meta ? (size_t)t->meta_size : 0);
	policy_free(&t->policy);
	state_close(&t->guard.state);
}

void upgrade_tidy(const struct paths *paths)
{
	struct paths left;

	beside(paths, "former", &left);
	if (access(paths->pins, F_OK) && errno == ENOENT)
		(void)rename(left.pins, paths->pins); /* there is none, as a rule */
	else
		(void)pins_remove(&left);
	beside(paths, "next", &left);
	(void)pins_remove(&left);
}

int upgrade_refuse_layout(const struct paths *paths, uint32_t layout, struct pg_error *err)
{
	bool newer = layout > PG_ABI_VERSION;

	(void)pg_fail(err, -EPROTO, PG_EXIT_UNAVAILABLE,
		      "instance %s was started by %s version (layout %u, this one has %u)",
		      paths->instance, newer ? "a newer" : "an older", layout, PG_ABI_VERSION);
	return pg_help(
		err, -EPROTO,
		newer ? "use that version; to go back to this one: portguard down, then "
			"portguard run"
		      : "portguard run, or up, takes it over: nothing is unguarded meanwhile");
}

/* --- what is there ------------------------------------------------------------------------------ */

static int read_old(struct takeover *t, struct pg_error *err)
{
	t->control_size = map_pinned(t->paths, "pg_control", false, (void **)&t->control);
	t->meta_size = map_pinned(t->paths, "pg_meta", false, (void **)&t->meta);
	if (t->control_size < (long)HEAD_BYTES || t->meta_size < (long)META_HEAD_BYTES)
		return pg_fail(err, -EPROTO, PG_EXIT_UNAVAILABLE,
			       "instance %s: its pins are not those of a portguard",
			       t->paths->instance);
	return 0;
}

static bool is_this_build(const struct takeover *t)
{
	return t->control->abi == PG_ABI_VERSION && t->meta_size >= (long)sizeof(*t->meta) &&
	       t->meta->build == object_build();
}

/* It holds the programs that would be replaced, and puts them back. */
static int refuse_agent(const struct paths *paths, struct pg_error *err)
{
	int pid = agent_pid(paths);

	if (pid <= 0 || pid == getpid())
		return 0;
	(void)pg_fail(err, -EBUSY, PG_EXIT_BUSY,
		      "instance %s: an agent of another build is running: pid %d", paths->instance,
		      pid);
	return pg_help(err, -EBUSY,
		       "end it first, which leaves all guarded: systemctl restart portguard");
}

/* Whose tables are made anew; a trial does not outlast that: the former policy comes back. */
static uint32_t lasting_slot(const struct takeover *t)
{
	uint32_t slot = t->control->slot;

	return slot & PG_SLOT_TRIED ? !(slot & 1) : slot & 1;
}

static int read_policy(struct takeover *t, struct pg_error *err)
{
	struct pg_error why = PG_ERROR_INIT;
	int r = image_map_read(t->paths, lasting_slot(t), &t->policy, &why);

	if (!r)
		return 0;
	(void)pg_fail(err, -EPROTO, PG_EXIT_UNAVAILABLE,
		      "upgrade: the policy that layout %u has in force cannot be read: %.200s",
		      t->control->abi, why.text);
	return pg_help(err, -EPROTO,
		       "it stays in force; to begin anew: portguard down, then portguard run");
}

/* --- the tables --------------------------------------------------------------------------------- */

static int open_next(struct takeover *t, struct pg_error *err)
{
	t->guard.paths = &t->next;
	return state_open(&t->next, true, &t->guard.state, err);
}

/* A slot's size in the layouts from before. 0: not known. */
static size_t slot_bytes(const struct takeover *t)
{
	const size_t third = sizeof(struct pg_slot) -
			     sizeof(t->control->slots[0].bits[PG_PORT_SCOPES]);

	if (t->control_size >= (long)sizeof(*t->control))
		return sizeof(struct pg_slot);
	switch (t->control->abi) {
	case 1: /* nothing stood behind `used` */
		return (t->control_size - HEAD_BYTES - sizeof(t->control->used)) / PG_SLOTS;
	case 2:
		return third - 8;
	case 3:
		return third;
	}
	return 0;
}

static uint64_t generation(const struct takeover *t)
{
	size_t at = HEAD_BYTES + lasting_slot(t) * slot_bytes(t);
	uint64_t n;

	if (!slot_bytes(t) || at + sizeof(n) > (size_t)t->control_size)
		return 0;
	memcpy(&n, (const char *)t->control + at, sizeof(n)); /* a slot begins with it */
	return n;
}

/*
 * What goes on, goes on: the ages of pg_seen and where its keys lie, the changes counted. Which ports
 * are in use is not known in this layout: all of them, until the stamps have gone round.
 */
static int carry_control(struct takeover *t, struct pg_error *err)
{
	struct pg_control *c = t->guard.state.control;
	uint64_t id;
	int r = cgroup_identity(t->meta->cgroup_dir, &id, &c->cgroup_level);

	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "cgroup %s: %s", t->meta->cgroup_dir,
			       strerror(-r));
	memcpy(c, t->control, HEAD_BYTES);
	c->abi = 0;
	c->slot = 0;
	c->cgroup_id = id;
	if (!c->used_now)
		c->used_now = 1;
	memset(c->used, c->used_now, sizeof(c->used));
	c->slots[0].generation = generation(t);
	memcpy(t->guard.state.meta, t->meta, META_HEAD_BYTES);
	t->guard.state.meta->next_table = t->guard.state.meta->next_group = 0;
	t->guard.state.meta->in_step = 0;
	return 0;
}

static int write_tables(struct takeover *t, struct pg_error *err)
{
	const struct change change = { .to = &t->policy,
				       .anew = true,
				       .devices = devices_list,
				       .exes = &exe_own_world };
	struct state *s = &t->guard.state;
	int r = carry_control(t, err);

	r = r ? r : state_change(s, &change, err);
	if (r)
		return r;
	sums_seal_devices(s);
	__atomic_store_n(&s->control->abi, PG_ABI_VERSION, __ATOMIC_SEQ_CST);
	return 0;
}

static int pin_same(const char *name, void *data)
{
	struct takeover *t = data;
	_cleanup_close_ int fd = pin_open(t->paths, name);

	return fd < 0 ? fd : pin_make(&t->next, name, fd);
}

/* Programs and maps of this build, complete but for links, beside those that are pinned. */
static int prepare(struct takeover *t, struct pg_error *err)
{
	enum load_maps which =
		t->control->abi == PG_ABI_VERSION ? LOAD_ALL_MAPS : LOAD_LASTING_MAPS;
	_cleanup_close_ int control = -1;
	bool same;
	int r = make_directories(t->next.pins);

	r = r ? r : load_programs_over(&t->next, &t->policy, t->paths, which, &same, &control, err);
	t->same_tables = !r && which == LOAD_ALL_MAPS && same;
	if (!r && which == LOAD_ALL_MAPS && !same) { /* a layout that was changed without a word */
		(void)close(TAKE_FD(control));
		(void)pins_remove(&t->next);
		r = make_directories(t->next.pins);
		r = r ? r
		      : load_programs_over(&t->next, &t->policy, t->paths, LOAD_LASTING_MAPS, &same,
					   &control, err);
	}
	if (r)
		return r;
	r = pin_make(&t->next, "pg_control", control);
	if (!r && t->same_tables)
		r = pins_each(t->paths, "pg_image", pin_same, t);
	if (!r && t->same_tables)
		r = pins_each(t->paths, "pg_part_", pin_same, t);
	r = r ? r : open_next(t, err);
	return r || t->same_tables ? r : write_tables(t, err);
}

/* --- links and filters -------------------------------------------------------------------------- */

/* The name of the program that a link runs; one that is not pinned (a start was killed) tells itself. */
static int program_name(const struct holdings *h, uint32_t id, char *to, size_t size)
{
	struct bpf_prog_info info = { 0 };
	__u32 length = sizeof(info);
	_cleanup_close_ int fd = -1;

	for (size_t i = 0; i < h->count; i++)
		if (h->list[i].kind == HELD_PROGRAM && h->list[i].id == id) {
			(void)snprintf(to, size, "%s", h->list[i].name);
			return 0;
		}
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length))
		return -errno;
	(void)snprintf(to, size, "%s", info.name);
	return 0;
}

/*
 * One link runs the new program. Links that the kernel does not update (functions', tracepoints') get no
 * pin: the new build attaches its own beside them, and then they end with us.
 */
static int move_link(struct takeover *t, const struct held *link)
{
	_cleanup_close_ int program = -1;
	char name[64];

	if (program_name(&t->old, link->program, name, sizeof(name)))
		return 0;
	program = pin_open(&t->next, name);
	if (program < 0 || bpf_link_update(link->fd, program, NULL))
		return 0;
	return pin_make(&t->next, link->name, link->fd);
}

/* Outbound before inbound: what one lets out, the other lets back in. */
static int move_links(struct takeover *t)
{
	static const char *const order[] = { "link_out_", "link_" };
	int r = 0;

	for (size_t pass = 0; pass < ARRAY_SIZE(order); pass++)
		for (size_t i = 0; !r && i < t->old.count; i++) {
			const struct held *h = &t->old.list[i];
			bool out = !strncmp(h->name, order[0], strlen(order[0]));

			if (h->kind == HELD_LINK && out == !pass)
				r = move_link(t, h);
		}
	return r;
}

/* Filters are found by their handles, whoever of us made them: by @to they run its programs. */
static int move_filters(const struct paths *to)
{
	_cleanup_devices_ struct devices all = { 0 };
	int r = devices_read(&all);

	for (unsigned in = 0; in < 2; in++)
		for (size_t i = 0; !r && i < all.count; i++)
			if (attached_filter(to, all.list[i].index, in))
				r = attach_filter_again(to, &all.list[i], in);
	return r;
}

static void move_back(struct takeover *t)
{
	for (size_t i = 0; i < t->old.count; i++)
		if (t->old.list[i].kind == HELD_LINK)
			(void)held_link_restore(&t->old, &t->old.list[i]);
	(void)move_filters(t->paths);
}

/* --- the exchange ------------------------------------------------------------------------------- */

/* At once from Linux 5.16; before it bpffs has no exchange, and upgrade_tidy() knows the moment between. */
static int exchange(const struct takeover *t)
{
	struct paths former;

	if (!renameat2(AT_FDCWD, t->next.pins, AT_FDCWD, t->paths->pins, RENAME_EXCHANGE))
		return 0;
	if (errno != EINVAL)
		return -errno;
	beside(t->paths, "former", &former);
	if (rename(t->paths->pins, former.pins) || rename(t->next.pins, t->paths->pins))
		return -errno;
	return 0;
}

/* What had no link to hand over is attached anew, before the old one ends with takeover_close(). */
static int attach_rest(struct takeover *t, struct pg_error *err)
{
	t->guard.paths = t->paths;
	t->guard.state.paths = t->paths;
	t->guard.policy = t->policy; /* borrowed */
	t->guard.state.meta->build = object_build();
	t->guard.state.meta->sums.serial++;
	return guard_sync_hooks(&t->guard, err);
}

/* What the former programs counted, to the last packet; from then on nobody but programs writes there. */
static int carry_accounts(struct takeover *t)
{
	uint32_t cpus = t->control->cpus;
	int r;

	wait_for_programs();
	r = counts_carry(t->paths, &t->next, cpus);
	r = r ? r : unread_carry(t->paths, &t->next, cpus);
	load_freeze(&t->next);
	return r;
}

/* The former policy was compiled anew, and will be in force: the event of that. */
static void note_end_of_trial(const struct takeover *t)
{
	const struct guard_told told = {
		.action = "rollback",
		.text = "another version took over: the policy before the trial is in force again",
	};
	/* Of whatever layout: no more is read than what each begins with. */
	const struct guard old = { .paths = t->paths,
				   .state.control = (struct pg_control *)t->control };

	if (!t->same_tables && t->control->slot & PG_SLOT_TRIED)
		(void)guard_note(&old, &told, NULL);
}

static int replace(struct takeover *t, struct pg_error *err)
{
	int r = move_links(t);

	r = r ? r : move_filters(&t->next);
	r = r ? r : carry_accounts(t);
	if (!r)
		note_end_of_trial(t);
	r = r ? r : exchange(t);
	if (!r)
		return attach_rest(t, err);
	move_back(t);
	return r;
}

static int check_netns(const struct takeover *t, struct pg_error *err)
{
	uint64_t cookie;
	uint32_t inum;

	if (netns_identity(&cookie, &inum) || inum == t->control->netns_inum)
		return 0;
	return pg_fail(err, -EXDEV, PG_EXIT_UNAVAILABLE,
		       "this is not the network namespace that instance %s guards",
		       t->paths->instance);
}

static int take_over(struct takeover *t, struct pg_error *err)
{
	int r = refuse_agent(t->paths, err);

	r = r ? r : check_netns(t, err);
	r = r ? r : read_policy(t, err);
	r = r ? r : held_open(t->paths, &t->old);
	r = r ? r : prepare(t, err);
	r = r ? r : replace(t, err);
	if (r && !err->text[0])
		(void)pg_fail(err, r, PG_EXIT_UNAVAILABLE, "upgrade: %s", strerror(-r));
	return r;
}

int upgrade(const struct paths *paths, struct pg_error *err)
{
	_cleanup_(takeover_close) struct takeover t = { .paths = paths };
	int fd = -1, r;

	upgrade_tidy(paths);
	fd = pin_open(paths, "pg_control");
	if (fd < 0)
		return 0; /* nothing runs */
	(void)close(fd);
	beside(paths, "next", &t.next);
	r = read_old(&t, err);
	if (r)
		return r;
	if (!t.control->abi || is_this_build(&t))
		return 0; /* a start that was cut short is for start.c */
	if (t.control->abi > PG_ABI_VERSION)
		return upgrade_refuse_layout(paths, t.control->abi, err);
	r = take_over(&t, err);
	upgrade_tidy(paths);
	return r;
}
