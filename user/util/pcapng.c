// SPDX-License-Identifier: GPL-2.0-only
/* pcapng blocks; see pcapng.h. Sections 4.1 to 4.3 of the draft have their layouts. */
#include "util/pcapng.h"

#include <string.h>

#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET 6
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LENGTH_UNKNOWN (~0ULL)

enum option {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	SECTION_APPLICATION = 4,
	INTERFACE_NAME = 2,
	INTERFACE_RESOLUTION = 9,
	PACKET_FLAGS = 2,
	PACKET_VERDICT = 7,
};

#define RESOLUTION_NS 9 /* a power of ten */
#define FLAG_INBOUND 1u
#define FLAG_OUTBOUND 2u

static void put(struct json *out, const void *bytes, size_t length)
{
	json_append(out, bytes, length);
}

static void put_u16(struct json *out, uint16_t number)
{
	put(out, &number, sizeof(number));
}

static void put_u32(struct json *out, uint32_t number)
{
	put(out, &number, sizeof(number));
}

/* Everything ends on a multiple of four bytes. */
static void put_padded(struct json *out, const void *bytes, size_t length)
{
	static const char zeros[3];

	put(out, bytes, length);
	put(out, zeros, -length & 3);
}

static void put_option(struct json *out, enum option code, const void *bytes, size_t length)
{
	if (length > UINT16_MAX)
		length = UINT16_MAX;
	put_u16(out, code);
	put_u16(out, (uint16_t)length);
	put_padded(out, bytes, length);
}

static void put_text(struct json *out, enum option code, const char *text)
{
	put_option(out, code, text, strlen(text));
}

/* Return: where the block begins, whose length is not known yet. */
static size_t begin_block(struct json *out, uint32_t type)
{
	size_t at = out->length;

	put_u32(out, type);
	put_u32(out, 0);
	return at;
}

static void end_block(struct json *out, size_t at)
{
	uint32_t length;

	put_u16(out, OPTION_END);
	put_u16(out, 0);
	length = (uint32_t)(out->length - at + 4);
	put_u32(out, length);
	if (!json_error(out))
		memcpy(out->text + at + 4, &length, sizeof(length));
}

void pcapng_section(struct json *out, const char *application)
{
	const uint64_t length = LENGTH_UNKNOWN;
	size_t at = begin_block(out, BLOCK_SECTION);

	put_u32(out, BYTE_ORDER_MAGIC);
	put_u16(out, 1); /* version 1.0 */
	put_u16(out, 0);
	put(out, &length, sizeof(length));
	put_text(out, SECTION_APPLICATION, application);
	end_block(out, at);
}

void pcapng_interface(struct json *out, const char *name, uint16_t link, uint32_t snaplen)
{
	const uint8_t resolution = RESOLUTION_NS;
	size_t at = begin_block(out, BLOCK_INTERFACE);

	put_u16(out, link);
	put_u16(out, 0);
	put_u32(out, snaplen);
	put_text(out, INTERFACE_NAME, name);
	put_option(out, INTERFACE_RESOLUTION, &resolution, sizeof(resolution));
	end_block(out, at);
}

static void put_verdict(struct json *out, const struct pcapng_packet *p)
{
	uint8_t verdict[1 + sizeof(p->verdict)] = { (uint8_t)p->by };

	memcpy(verdict + 1, &p->verdict, sizeof(p->verdict));
	put_option(out, PACKET_VERDICT, verdict, sizeof(verdict));
}

void pcapng_packet(struct json *out, const struct pcapng_packet *p)
{
	const uint32_t flags = p->leaves ? FLAG_OUTBOUND : FLAG_INBOUND;
	size_t at = begin_block(out, BLOCK_PACKET);

	put_u32(out, p->interface);
	put_u32(out, (uint32_t)(p->time_ns >> 32));
	put_u32(out, (uint32_t)p->time_ns);
	put_u32(out, p->captured);
	put_u32(out, p->length);
	put_padded(out, p->bytes, p->captured);
	put_option(out, PACKET_FLAGS, &flags, sizeof(flags));
	if (p->by != PCAPNG_NO_VERDICT)
		put_verdict(out, p);
	put_text(out, OPTION_COMMENT, p->comment);
	end_block(out, at);
}
