/* SPDX-License-Identifier: GPL-2.0-only */
/* Events for tests to start from, and a directory of a test's own. */
#ifndef TESTS_EVENT_SAMPLE_H
#define TESTS_EVENT_SAMPLE_H

#include "events/event.h"

struct event sample_bind(uint64_t seq);		/* a refused bind to 7070/tcp, count 1 */
struct event sample_inbound(uint64_t seq);	/* a refused packet from 192.0.2.7 to 23/tcp, count 1 */
struct event_source sample_source(void);

/* A new empty directory; sample_dir_remove() takes it away with all that is in it. */
void sample_dir(char path[64]);
void sample_dir_remove(const char *path);
/* The whole of a file, NUL-terminated, malloc'ed; "" if there is none. */
char *sample_read(const char *path);

#endif
