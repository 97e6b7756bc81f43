/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A writer of pcapng files (draft-ietf-opsawg-pcapng): a section, its interfaces as they come, and packets
 * with a comment. In the machine's own byte order, as the format allows.
 */
#ifndef PORTGUARD_PCAPNG_H
#define PORTGUARD_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>

#include "util/json.h"

/* www.tcpdump.org/linktypes.html */
#define PCAPNG_ETHERNET 1
#define PCAPNG_RAW 101		/* begins with an IPv4 or IPv6 header */

/* epb_verdict: who said what became of the packet. */
enum pcapng_verdict { PCAPNG_NO_VERDICT = -1, PCAPNG_VERDICT_TC = 1, PCAPNG_VERDICT_XDP = 2 };

struct pcapng_packet {
	uint32_t interface;	/* the first is 0 */
	uint64_t time_ns;	/* since 1970 */
	uint32_t length;	/* of the packet */
	uint32_t captured;	/* of it, at @bytes */
	const void *bytes;
	const char *comment;	/* UTF-8 */
	bool leaves;		/* or it came in */
	enum pcapng_verdict by;
	uint64_t verdict;	/* as that one counts: TC_ACT_SHOT, XDP_DROP … */
};

/* Each appends a block to @out, whose error sticks. */
void pcapng_section(struct json *out, const char *application);
void pcapng_interface(struct json *out, const char *name, uint16_t link, uint32_t snaplen);
void pcapng_packet(struct json *out, const struct pcapng_packet *p);

#endif
