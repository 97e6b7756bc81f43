/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an agent holds by descriptors: every pinned program, map and link. As long as it does, a pin
 * that is removed can be made again and nothing in it is lost, and a link tells by itself whether it
 * is attached, and what it runs.
 */
#ifndef PORTGUARD_HELD_H
#define PORTGUARD_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/paths.h"

enum held_kind { HELD_MAP, HELD_PROGRAM, HELD_LINK };

struct held {
	char name[64];
	enum held_kind kind;
	int fd;
	ino_t inode;
	uint32_t id;
	uint32_t program;	/* of a link: the id of what it shall run */
	bool kept;		/* while held_follow() looks */
};

struct holdings {
	struct held *list;
	size_t count;
};

/* Hold all that is pinned. 0 or -errno. */
int held_open(const struct paths *paths, struct holdings *ret);
void held_close(struct holdings *h);
/*
 * After commands have worked: links come and go, the image of a policy may lie in a new map, and programs for
 * devices may have come. Others never change rightly, and stay as they are.
 */
int held_follow(const struct paths *paths, struct holdings *h);
struct held *held_find(const struct holdings *h, const char *name);

/* Where a pin stands. */
enum pin_state { PIN_THERE, PIN_GONE, PIN_REPLACED };
enum pin_state held_pin_state(const struct paths *paths, struct held *of);
/* Pin it again, in the place of whatever is there. 0 or -errno. */
int held_pin_again(const struct paths *paths, const struct held *of);

/* How a link is. */
enum link_state { LINK_WHOLE, LINK_DETACHED, LINK_OTHER_PROGRAM };
/* @ret_program: the id of what it runs. A link of a device that is gone counts as whole. */
enum link_state held_link_state(const struct held *link, uint32_t *ret_program);
/* The program that a link of this name shall run is one of ours; else false. */
bool held_link_is_ours(const struct holdings *h, const struct held *link);
/* Give a link its own program back. 0 or -errno. */
int held_link_restore(const struct holdings *h, const struct held *link);

#endif
