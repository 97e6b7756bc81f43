// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is reported of the packet in hand, as a function of numbers: the verifier follows it once a program
 * (Linux 5.6). See lib/report.h.
 */
#include "lib/owner.h"
#include "lib/report.h"

GLOBAL int pg_report_packet(__u64 decided, __u32 mode, __u32 hook)
{
	union decided u = { .word = decided };
	struct packet *p = packet_in_hand();
	struct pg_control *ctl = control();

	return !ctl || !p || report_packet(ctl, mode, p, hook, &u.d);
}
