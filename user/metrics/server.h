/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serves a page to whoever asks on one socket of this machine, in the agent's loop: nothing here blocks,
 * and nobody who asks can hold up more than himself. What a client may take is bounded: one request of
 * 8 KiB, a few reads, five seconds. Where all places are taken, who came first goes: a client that has
 * asked is served at once, so that only those who do not ask are found there.
 */
#ifndef PORTGUARD_METRICS_SERVER_H
#define PORTGUARD_METRICS_SERVER_H

#include "policy/endpoint.h"
#include "util/json.h"

#define SERVER_CLIENTS 16
#define SERVER_SECONDS 5	/* for a request and its answer */
#define SERVER_WELCOMES 1000	/* a second; others wait before the door */

struct server;

/* The page as it is now, or NULL: 503. The server's until it asks again. */
typedef const struct json *(*server_page_fn)(void *data);

/* 0 or -errno. */
int server_open(server_page_fn page, void *data, struct server **ret);
void server_free(struct server *s);	/* NULL is fine */

/*
 * Listen there from now on, and nowhere else; NULL: nowhere. Who is being served is cut off. A socket's
 * path is for all who can enter its directory; one that nobody listens at any more is replaced.
 * 0 or -errno.
 */
int server_listen(struct server *s, const struct endpoint *at);

/* Readable when something is to be done: server_dispatch() does it. It is the same all the time. */
int server_fd(const struct server *s);
void server_dispatch(struct server *s);
/* Once a second: who has had his time is cut off. */
void server_tick(struct server *s);

#endif
