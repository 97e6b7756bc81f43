/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guard: the one face of the kernel side that commands and the agent use. The kernel is the state;
 * a struct guard is a look at it, with the commands' lock held as long as it is open.
 */
#ifndef PORTGUARD_GUARD_H
#define PORTGUARD_GUARD_H

#include "events/event.h"
#include "kernel/attach.h"
#include "kernel/hooks.h"
#include "kernel/paths.h"
#include "kernel/state.h"
#include "policy/policy.h"

struct guard {
	const struct paths *paths;
	struct state state;
	struct policy policy;	/* in force */
	int lock_fd;
	bool fresh;		/* guard_begin() began it anew */
	bool left_out;		/* programs that no device here wants: guard_sync_devices() does not ask for them */
	bool settled;		/* a trial had run out: the former policy is in force again */
	uint64_t noted_at;	/* where the last change was noted: guard_note_drop() */
};

/* What the event of a change says. */
struct guard_told {
	const char *action;		/* the command's word */
	const struct event_actor *actor;	/* NULL: this process */
	const char *before, *after;	/* or NULL */
	const char *text;		/* a sentence */
	uint64_t at_ns;			/* CLOCK_BOOTTIME; 0: now */
	bool compare;			/* before and after are lines that went and came; the text tells how many */
};

extern const struct event_actor guard_nobody;

enum guard_access {
	GUARD_READ,
	GUARD_WRITE,		/* -EBUSY (75) while a policy is on trial */
	GUARD_WRITE_NOW,	/* -EBUSY at once if the lock is held; a trial may be pending */
	GUARD_WRITE_TRIAL,	/* a trial may be pending */
};

/*
 * Open for writing settles a trial that has run out: g->settled.
 * 0; -ENOENT (69: none runs), -EBUSY (75: another command holds the lock), …
 */
int guard_open(const struct paths *paths, enum guard_access access, struct guard *ret, struct pg_error *err);
void guard_close(struct guard *g);
#define _cleanup_guard_ __attribute__((cleanup(guard_close)))

struct guard_start {
	struct policy *policy;		/* of the files; -i and --cgroup are applied to it here */
	const char *config;		/* its path, or NULL */
	const char *const *interfaces;	/* -i, replacing the file's */
	size_t interface_count;
	const char *cgroup;		/* --cgroup, or NULL */
	const char *action;		/* run or up */
	bool force;			/* even if somebody is locked out */
	bool wait_for_devices;		/* a named interface that is absent is no error */
	bool leave_out;			/* programs that no device here wants: load_later() is to follow */
	const char *degraded;		/* why, or NULL; then who would be locked out is let in instead */
};

/* Load, attach and pin, or adopt what runs and bring it to the policy. *ret is open for writing. */
int guard_begin(const struct paths *paths, const struct guard_start *start, struct guard *ret, struct pg_error *err);

struct guard_change {
	uint64_t try_ns;	/* only for so long, unless guard_end_trial() confirms it */
	bool force;		/* even if somebody is locked out */
	bool new_generation;	/* apply, not allow */
	bool wait_for_devices;
	bool dry_run;
	const struct guard_told *told;	/* NULL: nobody is told */
};

/* Put the contents of *next in force (taken over on success, zeroed). *ret_changed: it was another one. */
int guard_change(struct guard *g, struct policy *next, const struct guard_change *how, bool *ret_changed,
		 struct pg_error *err);
/* Under the lock: a trial that has run out is over, g->settled; g->policy is not touched. */
void guard_settle_trial(struct guard *g);
/* -EBUSY (75) while one is pending. */
int guard_check_no_trial(const struct guard *g, struct pg_error *err);
/* A trial that is pending ends: with the policy that was tried, or with the former one. It is told. */
int guard_end_trial(struct guard *g, bool confirmed, struct pg_error *err);

/* The same, and nobody is told. */
int guard_switch_trial(struct guard *g, bool confirmed, struct pg_error *err);

/*
 * Note a change for the agent to tell (events/changes.h), just before it is made. A disk that is full loses the
 * event, not the change. @next: of told->compare, else NULL. Return: where it is, GUARD_NOWHERE if it is not.
 */
uint64_t guard_note(const struct guard *g, const struct guard_told *told, const struct policy *next);
/* The rules of the policy in force that have run out by now, and that the next change drops; where the first is. */
uint64_t guard_note_ended(const struct guard *g);
/* The change was not made after all, or undone: what was noted from @at on is taken back. */
void guard_note_drop(struct guard *g, uint64_t at);
#define GUARD_NOWHERE UINT64_MAX

/* A rule that was added by hand, and whose time is over. */
bool guard_has_ended(const struct rule *rule, uint64_t now_ns);
/* Drop runtime rules that have run out. Return: whether there was one. */
bool guard_drop_ended(struct policy *p);
/* Policy of the files -> policy to run: runtime rules (unless @exact), -i and --cgroup as they are. */
int guard_merge(const struct guard *g, struct policy *file, bool exact, struct pg_error *err);

/* This is the network namespace that the instance guards; else -EXDEV (69). */
int guard_check_netns(const struct guard *g, struct pg_error *err);
/* What the policy in force needs, and while one is on trial either of them. */
struct hooks_wanted guard_hooks(const struct state *s);
/* Attach every hook of sockets that the policy needs. */
int guard_sync_hooks(struct guard *g, struct pg_error *err);
/* The same before @next is put in force. */
int guard_prepare_hooks(struct guard *g, const struct policy *next, struct pg_error *err);
/* Attach what the policy guards and detach what it does not. */
int guard_sync_devices(struct guard *g, bool wait, struct pg_error *err);

/* The same policy again, after files that `by exe` names were replaced. */
int guard_resolve_exes(struct guard *g, struct pg_error *err);

/* Every hook that the policy wants is attached. */
bool guard_is_whole(const struct guard *g);
/* After a start that failed later on: as if it had not been. */
void guard_undo(const struct paths *paths);
/* Detach everything and remove what is pinned. 0, or -ENOENT if nothing ran. */
int guard_end(const struct paths *paths, struct pg_error *err);

#endif
