// SPDX-License-Identifier: GPL-2.0-only
/*
 * Durations, rates, numbers and IP protocols. The protocols' names are those of IANA's "Protocol
 * Numbers" that hosts and routers meet, since /etc/protocols is not always there.
 */
#include "policy/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/show.h"
#include "util/cleanup.h"
#include "util/size.h"

#define MISTAKE -EINVAL, PG_EXIT_POLICY

static const struct {
	uint8_t number;
	const char *name;
	const char *answer; /* why it is not to be had, or NULL */
} protocols[] = {
	{ 0, "hopopt", "it is an extension header, not a protocol" },
	{ 1, "icmp", "icmp: rules it" },
	{ 2, "igmp", NULL },
	{ 4, "ipip", NULL },
	{ 6, "tcp", "rules allow its ports" },
	{ 8, "egp", NULL },
	{ 9, "igp", NULL },
	{ 17, "udp", "rules allow its ports" },
	{ 33, "dccp", NULL },
	{ 41, "6in4", NULL },
	{ 43, "ipv6-route", "it is an extension header, not a protocol" },
	{ 44, "ipv6-frag", "it is an extension header, not a protocol" },
	{ 46, "rsvp", NULL },
	{ 47, "gre", NULL },
	{ 50, "esp", NULL },
	{ 51, "ah", NULL },
	{ 58, "icmpv6", "icmp: rules it" },
	{ 59, "ipv6-nonxt", "it is an extension header, not a protocol" },
	{ 60, "ipv6-opts", "it is an extension header, not a protocol" },
	{ 88, "eigrp", NULL },
	{ 89, "ospf", NULL },
	{ 94, "ipip-nos", NULL },
	{ 97, "etherip", NULL },
	{ 98, "encap", NULL },
	{ 103, "pim", NULL },
	{ 108, "ipcomp", NULL },
	{ 112, "vrrp", NULL },
	{ 115, "l2tp", NULL },
	{ 124, "isis", NULL },
	{ 132, "sctp", NULL },
	{ 133, "fc", NULL },
	{ 136, "udplite", "it goes with udp: rules allow its ports" },
	{ 137, "mpls", NULL },
	{ 143, "ethernet", NULL },
};

static const struct {
	const char *name, *ours;
} aliases[] = {
	{ "ipv6", "6in4" },        { "sit", "6in4" },      { "ipv6-icmp", "icmpv6" },
	{ "icmp6", "icmpv6" },     { "ospfigp", "ospf" },  { "carp", "vrrp" },
	{ "ipencap", "ipip" },     { "ipsec-esp", "esp" }, { "ipsec-ah", "ah" },
	{ "udp-lite", "udplite" },
};

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && !strncasecmp(text, word, length);
}

/* Digits only, no leading zero; above @most: false. */
static bool decimal(const char *text, size_t length, uint32_t most, uint32_t *ret)
{
	uint64_t number = 0;

	if (!length || (length > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text[i] - '0');
		if (number > most)
			return false;
	}
	*ret = (uint32_t)number;
	return true;
}

int number_parse(const char *text, size_t length, uint32_t least, uint32_t most, uint32_t *ret,
		 struct pg_error *err)
{
	uint32_t number;

	if (!decimal(text, length, most, &number) || number < least)
		return pg_fail(err, MISTAKE, "'%s': want a number %u-%u", SHOW(text, length), least,
			       most);
	*ret = number;
	return 0;
}

static const char units[] = "smhd";
static const uint32_t seconds[] = { 1, 60, 3600, 86400 };

int duration_parse(const char *text, size_t length, uint32_t most, uint32_t *ret,
		   struct pg_error *err)
{
	const char *unit = length ? memchr(units, text[length - 1], strlen(units)) : NULL;
	uint32_t number;

	if (!unit || !decimal(text, length - 1, UINT32_MAX, &number))
		return pg_fail(err, MISTAKE, "'%s': want a duration such as 30s, 2m, 12h or 5d",
			       SHOW(text, length));
	if (!number || number > most / seconds[unit - units])
		return pg_fail(err, MISTAKE, "'%s': want a duration from 1s to %ud",
			       SHOW(text, length), most / 86400);
	*ret = number * seconds[unit - units];
	return 0;
}

char *duration_print(uint32_t number, char *text)
{
	size_t unit = strlen(units) - 1;

	while (unit && number % seconds[unit])
		unit--;
	(void)snprintf(text, DURATION_TEXT, "%u%c", number / seconds[unit], units[unit]);
	return text;
}

int size_parse(const char *text, size_t length, uint64_t least, uint64_t most, uint64_t *ret,
	       struct pg_error *err)
{
	static const char letters[] = "KMG";
	const char *unit = length ? memchr(letters, text[length - 1], strlen(letters)) : NULL;
	char lowest[SIZE_TEXT], highest[SIZE_TEXT];
	uint64_t bytes;
	uint32_t number;

	if (!decimal(text, length - (unit != NULL), UINT32_MAX, &number))
		return pg_fail(err, MISTAKE, "'%s': want a size such as 64M, 512K or 2G",
			       SHOW(text, length));
	bytes = (uint64_t)number << (unit ? 10 * (unit - letters + 1) : 0);
	if (bytes < least || bytes > most)
		return pg_fail(err, MISTAKE, "'%s': want a size from %s to %s", SHOW(text, length),
			       size_print(least, lowest), size_print(most, highest));
	*ret = bytes;
	return 0;
}

static int wrong_rate_word(const char *text, size_t length, struct pg_error *err)
{
	const char *slash = length ? memchr(text, '/', length) : NULL, *word = SHOW(text, length);
	uint32_t number;

	if (!slash && decimal(text, length, RATE_MAX, &number))
		return pg_fail(err, MISTAKE, "rate '%s': want %s/s or %s/m", word, word, word);
	if (!slash)
		return pg_fail(err, MISTAKE,
			       "rate '%s': want so many a second or a minute, such as 20/s or 100/m, "
			       "in front",
			       word);
	if (!decimal(text, (size_t)(slash - text), RATE_MAX, &number) || !number)
		return pg_fail(err, MISTAKE, "rate '%s': want 1-%u before the /, in plain decimal",
			       word, RATE_MAX);
	return pg_fail(err, MISTAKE, "rate '%s': want /s or /m, such as %u/s", word, number);
}

int rate_word_parse(const char *text, size_t length, struct pg_bucket_config *ret,
		    struct pg_error *err)
{
	uint32_t number;

	if (length < 3 || text[length - 2] != '/' ||
	    (text[length - 1] != 's' && text[length - 1] != 'm') ||
	    !decimal(text, length - 2, RATE_MAX, &number) || !number)
		return wrong_rate_word(text, length, err);
	ret->burst = number;
	ret->per_second_x1000 =
		text[length - 1] == 's' ? number * 1000 : (number * 1000 + 30) / 60;
	return 0;
}

static int wrong_rate(const char *text, size_t length, struct pg_error *err)
{
	if (memmem(text, length, "per source", strlen("per source")))
		return pg_fail(err, MISTAKE, "'%s': 'per source' is not supported in this version",
			       SHOW(text, length));
	return pg_fail(err, MISTAKE,
		       "'%s': want allow, deny or a rate such as 10/s or 100/m [burst N], at most %u/s",
		       SHOW(text, length), RATE_MAX);
}

int rate_parse(const char *text, size_t length, struct pg_bucket_config *ret, struct pg_error *err)
{
	static const char burst_word[] = " burst ";
	const char *blank = length ? memchr(text, ' ', length) : NULL;
	size_t word = blank ? (size_t)(blank - text) : length, skip = word + strlen(burst_word);
	struct pg_bucket_config rate;

	if (rate_word_parse(text, word, &rate, NULL))
		return wrong_rate(text, length, err);
	if (blank && (length <= skip || memcmp(blank, burst_word, strlen(burst_word)) ||
		      !decimal(text + skip, length - skip, RATE_MAX, &rate.burst) || !rate.burst))
		return wrong_rate(text, length, err);
	*ret = rate;
	return 0;
}

char *rate_print(const struct pg_bucket_config *rate, char *text)
{
	uint32_t number = rate->per_second_x1000 / 1000;
	char unit = 's';

	if (rate->per_second_x1000 % 1000) {
		number = (uint32_t)((rate->per_second_x1000 * 60ull + 500) / 1000);
		unit = 'm';
	}
	if (rate->burst == number)
		(void)snprintf(text, RATE_TEXT, "%u/%c", number, unit);
	else
		(void)snprintf(text, RATE_TEXT, "%u/%c burst %u", number, unit, rate->burst);
	return text;
}

static int unknown_protocol(const char *text, size_t length, struct pg_error *err)
{
	const char *names[ARRAY_SIZE(protocols) + 1] = { NULL }, *meant;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (!protocols[i].answer)
			names[count++] = protocols[i].name;
	meant = nearest_word(text, length, names);
	if (meant)
		return pg_fail(err, MISTAKE, "IP protocol '%s': did you mean '%s'?",
			       SHOW(text, length), meant);
	return pg_fail(err, MISTAKE,
		       "IP protocol '%s': want a name such as vrrp, gre, esp, or its number 0-255",
		       SHOW(text, length));
}

int protocol_parse(const char *text, size_t length, uint8_t *ret, struct pg_error *err)
{
	const char *word = text;
	size_t word_length = length;
	uint32_t number = 0;
	bool numeric = decimal(text, length, 255, &number);

	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (!is_word(text, length, aliases[i].name))
			continue;
		word = aliases[i].ours;
		word_length = strlen(word);
	}
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (numeric ? protocols[i].number != number
			    : !is_word(word, word_length, protocols[i].name))
			continue;
		if (protocols[i].answer)
			return pg_fail(err, MISTAKE, "IP protocol '%s': %s", SHOW(text, length),
				       protocols[i].answer);
		*ret = protocols[i].number;
		return 0;
	}
	if (!numeric)
		return unknown_protocol(text, length, err);
	*ret = (uint8_t)number;
	return 0;
}

const char *protocol_name(uint8_t protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	return NULL;
}
