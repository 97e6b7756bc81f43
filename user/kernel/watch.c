// SPDX-License-Identifier: GPL-2.0-only
/*
 * The watch; see watch.h. First a look under the shared lock, which costs a few dozen system calls.
 * Only if something is wrong the lock is made exclusive, and all is looked at again and put right.
 */
#include "kernel/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "kernel/findings.h"
#include "kernel/guard.h"
#include "kernel/load.h"
#include "kernel/lock.h"
#include "kernel/filters.h"
#include "kernel/tables.h"
#include "util/cleanup.h"

#define WHOLE_CHECKS 10 /* a look at all devices, every so many checks */
#define BUSY_CHECKS 40 /* somebody who holds the lock longer is told of */
#define RETRY_NS 60000000000

struct watch {
	struct watch_config config;
	struct holdings held;
	struct filters filters;
	struct tables tables;
	struct findings findings;
	uint32_t serial; /* of pg_sums, when links and filters were looked up */
	unsigned busy;
	uint32_t cgroups_serial; /* of pg_sums, when cgroups were looked at */
	uint64_t tables_retry_ns; /* a table that is full takes a part of each try */
	bool unattached; /* a hook, as told last */
};

/* --- pins --------------------------------------------------------------------------------------- */

static bool pins_are_wrong(struct watch *w)
{
	for (size_t i = 0; i < w->held.count; i++)
		if (held_pin_state(w->config.paths, &w->held.list[i]) != PIN_THERE)
			return true;
	return false;
}

struct pins_found {
	const char *first;
	size_t count;
	int error;
};

/* Many at once (a directory) are one finding. */
static void tell_pins(struct watch *w, const struct pins_found *f, const char *what)
{
	char text[256];

	if (!f->count)
		return;
	if (f->count == 1)
		(void)snprintf(text, sizeof(text), "pin %s was %s", f->first, what);
	else
		(void)snprintf(text, sizeof(text), "%zu pins were %s (%s and others)", f->count,
			       what, f->first);
	findings_add(&w->findings, text, "pinned again", f->error, NULL);
}

static void repair_pins(struct watch *w)
{
	struct pins_found gone = { 0 }, replaced = { 0 };

	for (size_t i = 0; i < w->held.count; i++) {
		struct held *h = &w->held.list[i];
		enum pin_state state = held_pin_state(w->config.paths, h);
		struct pins_found *f = state == PIN_GONE ? &gone : &replaced;
		int r;

		if (state == PIN_THERE)
			continue;
		r = held_pin_again(w->config.paths, h);
		if (!f->count++)
			f->first = h->name;
		f->error = f->error ? f->error : r;
	}
	tell_pins(w, &gone, "removed");
	tell_pins(w, &replaced, "replaced by another object");
}

/* --- links -------------------------------------------------------------------------------------- */

static bool link_is_wrong(const struct watch *w, const struct held *h)
{
	uint32_t program;

	return h->kind == HELD_LINK &&
	       (held_link_state(h, &program) != LINK_WHOLE || !held_link_is_ours(&w->held, h));
}

static bool links_are_wrong(const struct watch *w)
{
	for (size_t i = 0; i < w->held.count; i++)
		if (link_is_wrong(w, &w->held.list[i]))
			return true;
	return false;
}

static void restore_program(struct watch *w, const struct held *link, uint32_t program)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "link %s was made to run another program (id %u)",
		       link->name, program);
	findings_add(&w->findings, text, "its own put back", held_link_restore(&w->held, link),
		     NULL);
}

static void attach_links(struct watch *w, const struct held *lost, size_t count)
{
	struct pg_error err = PG_ERROR_INIT;
	int r = tables_sync(&w->tables, &err);

	watch_follow(w);
	for (size_t i = 0; i < count; i++) {
		const struct held *again = held_find(&w->held, lost[i].name);
		char text[256];

		(void)snprintf(text, sizeof(text), "link %s %s", lost[i].name,
			       held_link_is_ours(&w->held, &lost[i])
				       ? "was detached"
				       : "ran a program that is not portguard's");
		/* Another's failure is no word about this one. */
		if (again && again->id != lost[i].id && !link_is_wrong(w, again))
			findings_add(&w->findings, text, "attached again", 0, NULL);
		else
			findings_add(&w->findings, text, "", r ? r : -ENOLINK, &err);
	}
}

static void repair_links(struct watch *w)
{
	_cleanup_free_ struct held *lost = calloc(w->held.count + 1, sizeof(*lost));
	size_t count = 0;

	if (!lost)
		return; /* the next check finds it again */
	for (size_t i = 0; i < w->held.count; i++) {
		const struct held *h = &w->held.list[i];
		uint32_t program;

		if (!link_is_wrong(w, h))
			continue;
		if (held_link_is_ours(&w->held, h) &&
		    held_link_state(h, &program) == LINK_OTHER_PROGRAM)
			restore_program(w, h, program);
		else
			lost[count++] = *h;
	}
	/* One that ran another program when this agent began: nobody knows its own, so it goes. */
	for (size_t i = 0; i < count; i++)
		if (!held_link_is_ours(&w->held, &lost[i]))
			pin_drop(w->config.paths, lost[i].name);
	if (count)
		attach_links(w, lost, count);
}

/* --- filters and tables ------------------------------------------------------------------------- */

static void repair_filters(struct watch *w)
{
	for (size_t i = 0; i < w->filters.count; i++) {
		struct filter *f = &w->filters.list[i];
		enum filter_state state = filter_state(w->config.paths, f);
		char text[256];

		if (state == FILTER_WHOLE)
			continue;
		(void)snprintf(text, sizeof(text), "the filter of %s (%s) was %s", f->device,
			       f->in ? "ingress" : "egress",
			       state == FILTER_GONE ? "removed" : "replaced by another program");
		findings_add(&w->findings, text, "attached again",
			     filter_restore(w->config.paths, f), NULL);
	}
}

static void repair_tables(struct watch *w, unsigned wrong)
{
	struct pg_error err = PG_ERROR_INIT;
	char words[512], text[640];
	int r = tables_repair(&w->tables, wrong, &err);

	tables_words(wrong, words, sizeof(words));
	(void)snprintf(text, sizeof(text), "tables of the policy were changed by somebody else: %s",
		       words);
	w->tables_retry_ns = r ? boot_now_ns() + RETRY_NS : 0;
	findings_add(&w->findings, text, "written again", r, &err);
}

/*
 * The programs give a new cgroup its scopes: it may have been on its way. One that was made while a policy
 * was put in force may lack them, which is nobody's doing; what comes about later is somebody's.
 */
static void repair_cgroups(struct watch *w)
{
	bool after_change = w->cgroups_serial != w->serial;
	unsigned wrong = tables_check_cgroups(&w->tables);

	w->cgroups_serial = w->serial;
	if (wrong && after_change)
		(void)tables_repair(&w->tables, wrong, NULL); /* else it is found again */
	else if (wrong)
		repair_tables(w, wrong);
}

/*
 * What no held link or filter tells: a guarded device on which nothing was attached, such as one that
 * has come this moment. Nobody tampered; only where it cannot be mended there is something to tell.
 */
static void repair_whole(struct watch *w)
{
	struct pg_error err = PG_ERROR_INIT;
	char text[1024];

	if (!tables_sync(&w->tables, &err))
		return;
	w->unattached = true;
	(void)snprintf(
		text, sizeof(text),
		"a hook is not attached where it should be; it could not be attached: %.400s",
		err.text);
	findings_stays(&w->findings, text, WHOLE_CHECKS);
}

/* --- a check ------------------------------------------------------------------------------------ */

/* After others have worked under the lock: what they made is held from now on. */
void watch_follow(struct watch *w)
{
	if (w->serial == w->config.state->meta->sums.serial)
		return;
	w->serial = w->config.state->meta->sums.serial;
	(void)held_follow(w->config.paths, &w->held); /* what is not held is not watched yet */
	tables_follow(&w->tables);
	w->filters.known = false;
}

struct look {
	bool pins, links, filters, whole, cgroups;
	unsigned tables;
};

static bool is_whole(struct watch *w)
{
	const struct guard g = {
		.paths = w->config.paths,
		.state = *w->config.state,
		.policy = w->tables.policy,
	};

	if (w->findings.checks % WHOLE_CHECKS || !w->tables.policy_known)
		return true;
	if (!guard_is_whole(&g))
		return false;
	if (TAKE(w->unattached, false))
		findings_over(&w->findings, "it is over: every hook is attached");
	return true;
}

static bool cgroups_are_wrong(struct watch *w)
{
	if (w->findings.checks % WHOLE_CHECKS)
		return false;
	if (tables_check_cgroups(&w->tables))
		return true;
	w->cgroups_serial = w->serial;
	return false;
}

/* What is wrong; tables first, since they bring the policy that tells which devices are guarded. */
static bool look(struct watch *w, struct look *ret)
{
	*ret = (struct look){ .tables = tables_check(&w->tables, &w->held) };
	if (!w->filters.known && w->tables.policy_known)
		filters_find(w->config.paths, &w->tables.policy, &w->filters);
	ret->pins = pins_are_wrong(w);
	ret->links = links_are_wrong(w);
	for (size_t i = 0; i < w->filters.count; i++)
		ret->filters |= filter_state(w->config.paths, &w->filters.list[i]) != FILTER_WHOLE;
	ret->whole = is_whole(w);
	ret->cgroups = cgroups_are_wrong(w);
	return ret->pins || ret->links || ret->filters || !ret->whole || ret->tables ||
	       ret->cgroups;
}

static void repair(struct watch *w, const struct look *l)
{
	if (l->pins)
		repair_pins(w); /* first: the others open what is pinned */
	if (l->pins && pins_are_wrong(w))
		return;
	watch_follow(w);
	if (l->tables && boot_now_ns() >= w->tables_retry_ns)
		repair_tables(w, l->tables);
	watch_follow(w);
	if (l->links)
		repair_links(w);
	if (l->filters)
		repair_filters(w);
	if (!l->whole && !l->links && !l->filters)
		repair_whole(w);
	watch_follow(w);
	if (l->cgroups)
		repair_cgroups(w);
	watch_follow(w);
}

/* `down` says so before it takes anything away; without that word a pin is put back. */
static bool has_ended(const struct watch *w)
{
	int fd = -1;

	if (w->config.state->control->abi)
		return false;
	fd = pin_open(w->config.paths, "pg_control");
	if (fd >= 0)
		(void)close(fd);
	return fd == -ENOENT;
}

static void lock_is_busy(struct watch *w)
{
	if (++w->busy >= BUSY_CHECKS)
		findings_stays(&w->findings,
			       "another process holds portguard's lock for long: tampering is not "
			       "looked for",
			       1);
}

bool watch_check(struct watch *w)
{
	_cleanup_close_ int lock = -1;
	struct look l;

	w->findings.checks++;
	if (lock_take(w->config.paths, "lock", false, 0, &lock)) {
		lock_is_busy(w);
		return !has_ended(w);
	}
	if (TAKE(w->busy, 0) >= BUSY_CHECKS)
		findings_over(&w->findings,
			      "it is over: portguard's lock is free, and tampering is looked for");
	if (has_ended(w))
		return false;
	watch_follow(w);
	if (!look(w, &l)) {
		findings_none(&w->findings);
		return true;
	}
	if (flock(lock, LOCK_EX | LOCK_NB))
		return true; /* the next check finds it again */
	/* The kernel gives the shared lock up before it gives the other: a command may have worked. */
	if (has_ended(w))
		return false;
	if (w->serial == w->config.state->meta->sums.serial)
		repair(w, &l);
	return true;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	held_close(&w->held);
	filters_free(&w->filters);
	tables_close(&w->tables);
	free(w);
}

static void cleanup_watch(struct watch **w)
{
	watch_free(*w);
}

int watch_open(const struct watch_config *config, struct watch **ret, struct pg_error *err)
{
	_cleanup_(cleanup_watch) struct watch *w = calloc(1, sizeof(*w));
	int r = w ? 0 : -ENOMEM;

	if (r)
		return r;
	w->config = *config;
	w->findings = (struct findings){
		.say = config->say,
		.data = config->data,
		.meta = config->state->meta,
	};
	tables_open(config->paths, config->state, &w->tables);
	w->tables.names = config->names;
	w->serial = config->state->meta->sums.serial;
	r = held_open(config->paths, &w->held);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "pins: %s: %s", config->paths->pins,
			       strerror(-r));
	*ret = TAKE_PTR(w);
	return 0;
}
