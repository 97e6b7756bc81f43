/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An output as a value: where events go, in which shape, and which of them. What a policy's `outputs:`
 * describes and sinks are made of.
 */
#ifndef PORTGUARD_OUTPUT_H
#define PORTGUARD_OUTPUT_H

#include "events/filter.h"
#include "events/format.h"

#define OUTPUT_BUFFER (1u << 20)	/* bytes that may wait, where `buffer:` is left out */
#define OUTPUT_KEEP 10			/* rotated files, where `keep:` is left out */

enum output_kind { OUTPUT_FILE, OUTPUT_UNIX, OUTPUT_UDP, OUTPUT_TCP, OUTPUT_JOURNALD, OUTPUT_STDOUT };

struct output {
	enum output_kind kind;
	char *name;			/* what `status` calls it: the path, the URL, journald, stdout; no two alike */
	char *text;			/* the whole of it, as a policy file would say it; equal outputs, equal text */
	char *path;			/* file, unix; else NULL */
	uint8_t ip[16];			/* udp, tcp; IPv4 as ::ffff:a.b.c.d */
	uint16_t port;
	const struct format *format;	/* NULL: journald, which has fields */
	uint64_t rotate_bytes;		/* file; 0: not by size */
	uint32_t rotate_s;		/* file; 0: not by age */
	uint32_t keep;			/* file: rotated ones */
	uint64_t buffer_bytes;
	uint32_t max;			/* lines of verdicts a second; 0: as many as there are */
	struct event_filter filter;
};

void output_free(struct output *o);	/* and zeroes it */
int output_copy(const struct output *from, struct output *to);	/* 0 or -ENOMEM */

/* output_name() - Set the name from kind, path, address. output_describe() - Set the text. 0 or -ENOMEM. */
int output_name(struct output *o);
int output_describe(struct output *o);

/* {file: @path}: of `run --event-log`. 0 or -ENOMEM. */
int output_event_log(const char *path, struct output *ret);

/* {journald: true, max: 20/s}: where `outputs:` is left out. 0 or -ENOMEM. */
int output_default(struct output *ret);

/* Names of the kinds of events, of formats and so on are those of event.h; of protocols, by FILTER_ bits. */
extern const char *const output_protos[];

#endif
