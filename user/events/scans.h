/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources that try one port after the other. The kernel says which they are and, CPU by CPU, which
 * ports they tried in this epoch (by the low bits of the port, and how often these were all set);
 * here that becomes one source, and how many ports are new.
 */
#ifndef PORTGUARD_SCANS_H
#define PORTGUARD_SCANS_H

#include <stdbool.h>
#include <stdint.h>

#include "portguard/abi.h"

#define SCAN_WORDS (PG_SEEN_PORT_BITS / 64)

struct scan_key {
	uint8_t hook, verdict, family, pad[5];
	uint8_t remote[16];
};

uint64_t scan_key_hash(const struct scan_key *key, uint64_t seed);

struct scan {
	struct scan_key key;
	uint64_t round;		/* of scans_begin() in which the kernel last said so; 0: a free place */
	uint64_t known[SCAN_WORDS], now[SCAN_WORDS];
	uint32_t known_rounds, now_rounds;
	uint32_t new_ports;	/* that no line has told */
	uint8_t proto;		/* IPPROTO_*, 0: not known or several */
	bool proto_known;
};

struct scans;

int scans_new(struct scans **ret);
void scans_free(struct scans *s);	/* NULL is fine */

/* A drain begins: what is not noted again in it is over. */
void scans_begin(struct scans *s);
/* A CPU's slot of a source that is scanning. NULL: no room to remember it. */
struct scan *scans_note(struct scans *s, const struct scan_key *key, const struct pg_seen *slot);
/* All slots of this drain have been noted: tell new ports from known. True if a scan began. */
bool scans_end(struct scans *s);
/* Whether that source was scanning at the last drain. */
struct scan *scans_find(struct scans *s, const struct scan_key *key);
/* A packet of the scan had this protocol. */
void scan_has_proto(struct scan *scan, uint8_t proto);

#endif
