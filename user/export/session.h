/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TLS session by GnuTLS over a socket that does not block. It counts the bytes that the socket took, and
 * says in words what went wrong.
 */
#ifndef PORTGUARD_SESSION_H
#define PORTGUARD_SESSION_H

#include <gnutls/gnutls.h>
#include <stdint.h>

#include "util/error.h"

struct session {
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t tls;	/* NULL: closed */
	int fd;			/* the caller's */
	bool begun;		/* a record, which the socket had no room for */
	uint64_t sent;		/* bytes that the socket took */
	int error;		/* the socket's last one */
};

int session_init(struct session *s);	/* 0 or -ENOMEM */
void session_free(struct session *s);
/* Certificates (PEM) of who may vouch for the other side. */
int session_trust(struct session *s, const char *ca, struct pg_error *err);
/* Our own certificate and its key. */
int session_show(struct session *s, const char *cert, const char *key, struct pg_error *err);

/* Begin one with @host, who has to prove that name, over @fd. */
int session_open(struct session *s, const char *host, int fd, struct pg_error *err);
void session_close(struct session *s);
/* 1 when it is done, 0 when the socket is to be waited for. */
int session_shake_hands(struct session *s, struct pg_error *err);
bool session_wants_to_write(const struct session *s);	/* that is what the handshake waits for */
/* A record of @bytes: how many were taken, 0 when the socket is full; then the same bytes come again. */
int session_write(struct session *s, const char *bytes, size_t length, struct pg_error *err);
/* Read what TLS has to say; what else the other side says is dropped. -ECONNRESET at its end, too. */
int session_read(struct session *s, struct pg_error *err);
/* Say that nothing more comes, in both protocols. */
int session_end(struct session *s);

#endif
