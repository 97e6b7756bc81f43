// SPDX-License-Identifier: GPL-2.0-only
/*
 * What formats spell alike: times, numbers, addresses, ids, what kind of event it is.
 */
#include "events/format.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define TIME_LAST_US 253402300799999999ULL /* 9999: years have four digits in RFC 3339 */

static char *put_digits(char *at, uint64_t number, int digits, char after)
{
	for (int i = digits; i--; number /= 10)
		at[i] = (char)('0' + number % 10);
	at[digits] = after;
	return at + digits + 1;
}

/* The Gregorian date of a day since 1970: in years from March on the leap day is the last of all. */
static char *put_date(char *at, uint64_t day)
{
	uint64_t since = day + 719468; /* since March 1st of the year 0 */
	uint64_t era = since / 146097, of_era = since % 146097;
	uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	uint64_t month = (5 * of_year + 2) / 153; /* since March; 153 days are five months */

	at = put_digits(at, year + era * 400 + (month >= 10), 4, '-');
	at = put_digits(at, month < 10 ? month + 3 : month - 9, 2, '-');
	return put_digits(at, of_year - (153 * month + 2) / 5 + 1, 2, 'T');
}

void format_time(uint64_t us, char out[FORMAT_TIME_SIZE])
{
	uint64_t second;

	if (us > TIME_LAST_US)
		us = TIME_LAST_US;
	second = us / 1000000 % 86400;
	out = put_date(out, us / 1000000 / 86400);
	out = put_digits(out, second / 3600, 2, ':');
	out = put_digits(out, second / 60 % 60, 2, ':');
	out = put_digits(out, second % 60, 2, '.');
	out = put_digits(out, us % 1000000, 6, 'Z');
	*out = '\0';
}

static char *put_text(char *at, const char *text)
{
	size_t length = strlen(text);

	memcpy(at, text, length + 1);
	return at + length;
}

static char *put_number(char *at, uint64_t number)
{
	int digits = 1;

	for (uint64_t left = number; left >= 10; left /= 10)
		digits++;
	return put_digits(at, number, digits, '\0') - 1;
}

void format_number(uint64_t number, char out[FORMAT_NUMBER_SIZE])
{
	(void)put_number(out, number);
}

void format_id(const struct event_source *source, uint64_t seq, char out[FORMAT_ID_SIZE])
{
	out = put_text(out, source->boot_id);
	*out++ = '-';
	out = put_text(out, source->instance);
	*out++ = '-';
	(void)put_number(out, seq);
}

void format_ip(const uint8_t ip[16], char out[FORMAT_IP_SIZE])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(ip, mapped, sizeof(mapped))) {
		(void)inet_ntop(AF_INET6, ip, out, FORMAT_IP_SIZE); /* large enough: cannot fail */
		return;
	}
	for (int i = 12; i < 16; i++) {
		out = put_number(out, ip[i]);
		*out++ = '.';
	}
	out[-1] = '\0';
}

void format_signature(const struct event *e, char out[FORMAT_SIGNATURE_SIZE])
{
	if (e->kind == EVENT_VERDICT)
		(void)snprintf(out, FORMAT_SIGNATURE_SIZE, "%s:%s", event_hook_name(e->hook),
			       event_reason_name(e->reason));
	else
		(void)snprintf(out, FORMAT_SIGNATURE_SIZE, "%s:%s", event_kind_name(e->kind),
			       e->action ? e->action : "?");
}

const char *format_transport(uint8_t proto, char number[4])
{
	return proto == IPPROTO_ICMPV6 ? "ipv6-icmp" : event_proto_name(proto, number);
}

void format_member(struct json *out, const char *name, const char *text)
{
	if (text)
		json_member_string(out, name, text);
}

void format_message(struct json *out, const struct event *e)
{
	_cleanup_json_ struct json sentence = JSON_INIT;

	format_sentence(&sentence, e);
	if (json_error(&sentence))
		out->error = json_error(&sentence);
	else
		json_member_string(out, "message", sentence.text);
}
