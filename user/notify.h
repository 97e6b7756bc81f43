/* SPDX-License-Identifier: GPL-2.0-only */
/* sd_notify(3)'s protocol: one datagram to $NOTIFY_SOCKET. */
#ifndef PORTGUARD_NOTIFY_H
#define PORTGUARD_NOTIFY_H

/* READY=1; nothing happens where nobody asked to be told. */
void notify_ready(void);

#endif
