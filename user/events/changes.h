/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes that wait for their event: commands make them, and the agent alone numbers and tells events. So a
 * command notes in a file what it is about to do, and the agent, this one or the next, takes it over. The file is
 * frames (encode.h), written and emptied under the commands' lock.
 *
 * A note is written before its change is put in force, and holds in `seq` a word that putting it in force
 * changes (state_stamp()), and in `pid` who wrote it. Of a command that was killed in between a note is left
 * whose word still stands, or that was written again by the next: that change was never made. So none is told
 * that was not made, and none is made that is not told.
 *
 * The agent tells, then empties the file. If it is killed in between, history is the witness of what was told.
 */
#ifndef PORTGUARD_CHANGES_H
#define PORTGUARD_CHANGES_H

#include "events/event.h"
#include "util/json.h"

#define CHANGES_BYTES (256 * 1024)	/* some thousand notes; of more the older half goes, and is counted */

/**
 * changes_note() - Write a change down, behind those that are there.
 * @dir: exists.
 * @e:   end_us: when; seq and pid: see above; action, actor, before, after, text.
 * @ret_at: where it is, for changes_drop().
 * Return: 0 or -errno; then nothing was written.
 */
int changes_note(const char *dir, const struct event *e, uint64_t *ret_at);
/* The note at @at, and those behind it, are taken back. */
void changes_drop(const char *dir, uint64_t at);

struct changes {
	struct event *list;	/* in the order in which they were made */
	size_t count;
	uint64_t lost;		/* notes that are gone: too many, or not to be read */
	struct json bytes;	/* what the events point into */
};

/* Whether any wait; without a lock. */
bool changes_wait(const char *dir);
/*
 * All that wait. @stamp: the word as it stands, whose notes were not made. @ask_history: those that history in @dir
 * has are left out. 0 or -errno.
 */
int changes_read(const char *dir, uint64_t stamp, bool ask_history, struct changes *ret);
/* They have been told. 0 or -errno. */
int changes_clear(const char *dir);
void changes_free(struct changes *c);
#define _cleanup_changes_ __attribute__((cleanup(changes_free)))

#endif
