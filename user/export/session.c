// SPDX-License-Identifier: GPL-2.0-only
#include "export/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "util/cleanup.h"
#include "util/file.h"

#define FILE_MOST (1024 * 1024)
#define RECORD_MAX 16384

int session_init(struct session *s)
{
	*s = (struct session){ .fd = -1 };
	return gnutls_certificate_allocate_credentials(&s->credentials) ? -ENOMEM : 0;
}

void session_free(struct session *s)
{
	session_close(s);
	if (s->credentials)
		gnutls_certificate_free_credentials(s->credentials);
	s->credentials = NULL;
}

/* --- certificates ------------------------------------------------------------------------------- */

static int read_pem(const char *path, char **ret, gnutls_datum_t *ret_datum, struct pg_error *err)
{
	size_t length;
	int r = file_read(path, FILE_MOST, ret, &length);

	if (r)
		return pg_fail(err, r, PG_EXIT_NO_FILE, "%s: %s", path, strerror(-r));
	*ret_datum = (gnutls_datum_t){ .data = (unsigned char *)*ret, .size = (unsigned)length };
	return 0;
}

int session_trust(struct session *s, const char *ca, struct pg_error *err)
{
	_cleanup_free_ char *text = NULL;
	gnutls_datum_t pem;
	int r = read_pem(ca, &text, &pem, err);

	if (r)
		return r;
	r = gnutls_certificate_set_x509_trust_mem(s->credentials, &pem, GNUTLS_X509_FMT_PEM);
	if (r > 0)
		return 0;
	return pg_fail(err, -EINVAL, PG_EXIT_NO_FILE, "%s: %s", ca,
		       r ? gnutls_strerror(r) : "there is no certificate in it");
}

int session_show(struct session *s, const char *cert_path, const char *key_path,
		 struct pg_error *err)
{
	_cleanup_free_ char *cert_text = NULL, *key_text = NULL;
	gnutls_datum_t cert = { 0 }, key = { 0 };
	int r;

	r = read_pem(cert_path, &cert_text, &cert, err);
	r = r ? r : read_pem(key_path, &key_text, &key, err);
	if (r)
		return r;
	r = gnutls_certificate_set_x509_key_mem(s->credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
	explicit_bzero(key_text, key.size);
	return r < 0 ? pg_fail(err, -EINVAL, PG_EXIT_NO_FILE, "%s, %s: %s", cert_path, key_path,
			       gnutls_strerror(r))
		     : 0;
}

/* --- the session -------------------------------------------------------------------------------- */

static ssize_t push(gnutls_transport_ptr_t data, const void *bytes, size_t length)
{
	struct session *s = data;
	ssize_t n = send(s->fd, bytes, length, MSG_NOSIGNAL);

	if (n < 0)
		gnutls_transport_set_errno(s->tls, s->error = errno);
	else
		s->sent += (uint64_t)n;
	return n;
}

static ssize_t pull(gnutls_transport_ptr_t data, void *bytes, size_t length)
{
	struct session *s = data;
	ssize_t n = recv(s->fd, bytes, length, 0);

	if (n < 0)
		gnutls_transport_set_errno(s->tls, s->error = errno);
	return n;
}

/* An address that is a host is in no SNI. */
static int name_the_receiver(struct session *s, const char *host)
{
	unsigned char address[16];
	bool is_address =
		inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;

	return is_address ? 0 : gnutls_server_name_set(s->tls, GNUTLS_NAME_DNS, host, strlen(host));
}

static int begin(struct session *s, const char *host)
{
	static const char old[] = "-VERS-TLS1.0:-VERS-TLS1.1";
	int r = gnutls_init(&s->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

	if (r)
		return r;
	r = gnutls_set_default_priority_append(s->tls, old, NULL, 0);
	if (!r)
		r = gnutls_credentials_set(s->tls, GNUTLS_CRD_CERTIFICATE, s->credentials);
	if (!r)
		r = name_the_receiver(s, host);
	gnutls_session_set_verify_cert(s->tls, host, 0);
	gnutls_transport_set_ptr(s->tls, s);
	gnutls_transport_set_push_function(s->tls, push);
	gnutls_transport_set_pull_function(s->tls, pull);
	return r;
}

int session_open(struct session *s, const char *host, int fd, struct pg_error *err)
{
	int r;

	s->fd = fd;
	s->begun = false;
	s->sent = 0;
	r = begin(s, host);
	return r ? pg_fail(err, -EPROTO, PG_EXIT_UNAVAILABLE, "TLS: %s", gnutls_strerror(r)) : 0;
}

void session_close(struct session *s)
{
	if (s->tls)
		gnutls_deinit(s->tls);
	s->tls = NULL;
	s->fd = -1;
}

static int lost(struct pg_error *err, const char *why)
{
	return pg_fail(err, -ECONNRESET, PG_EXIT_UNAVAILABLE, "%s", why);
}

/* It ends with a blank. */
static int distrust(unsigned status, struct pg_error *err)
{
	gnutls_datum_t why = { 0 };

	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &why, 0))
		return lost(err, "its certificate is not trusted");
	(void)pg_fail(err, -EPROTO, PG_EXIT_UNAVAILABLE, "its certificate: %.*s",
		      (int)strlen((char *)why.data) - 1, why.data);
	gnutls_free(why.data);
	return -EPROTO;
}

/* GnuTLS knows that a certificate or the socket is at fault, not what the fault is. */
static int lost_by(struct session *s, int error, struct pg_error *err)
{
	switch (error) {
	case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
		return distrust(gnutls_session_get_verify_cert_status(s->tls), err);
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		return pg_fail(err, -EPROTO, PG_EXIT_UNAVAILABLE, "it refuses us: %s",
			       gnutls_alert_get_name(gnutls_alert_get(s->tls)));
	case GNUTLS_E_PUSH_ERROR:
	case GNUTLS_E_PULL_ERROR:
		return lost(err, strerror(s->error));
	case GNUTLS_E_PREMATURE_TERMINATION:
		return lost(err, "the receiver has hung up");
	}
	return pg_fail(err, -EPROTO, PG_EXIT_UNAVAILABLE, "TLS: %s", gnutls_strerror(error));
}

int session_shake_hands(struct session *s, struct pg_error *err)
{
	int r = gnutls_handshake(s->tls);

	if (!r)
		return 1;
	return gnutls_error_is_fatal(r) ? lost_by(s, r, err) : 0;
}

bool session_wants_to_write(const struct session *s)
{
	return gnutls_record_get_direction(s->tls);
}

/* What GnuTLS has begun it wants to be asked for again without bytes. */
int session_write(struct session *s, const char *bytes, size_t length, struct pg_error *err)
{
	ssize_t n;

	do {
		n = s->begun ? gnutls_record_send(s->tls, NULL, 0)
			     : gnutls_record_send(s->tls, bytes,
						  length < RECORD_MAX ? length : RECORD_MAX);
		s->begun = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
	} while (n == GNUTLS_E_INTERRUPTED);
	if (n == GNUTLS_E_AGAIN)
		return 0;
	return n < 0 ? lost_by(s, (int)n, err) : (int)n;
}

int session_read(struct session *s, struct pg_error *err)
{
	char bytes[4096];
	ssize_t n;

	do
		n = gnutls_record_recv(s->tls, bytes, sizeof(bytes));
	while (n > 0 || n == GNUTLS_E_INTERRUPTED);
	if (n == GNUTLS_E_AGAIN)
		return 0;
	return lost_by(s, n ? (int)n : GNUTLS_E_PREMATURE_TERMINATION, err);
}

int session_end(struct session *s)
{
	return gnutls_bye(s->tls, GNUTLS_SHUT_WR) || shutdown(s->fd, SHUT_WR) ? -EPIPE : 0;
}
