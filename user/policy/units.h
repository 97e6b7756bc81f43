/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The small values of a policy file - durations, rates, numbers, IP protocols - as text and as values.
 * All numbers are plain ASCII decimal, without sign or leading zero.
 */
#ifndef PORTGUARD_UNITS_H
#define PORTGUARD_UNITS_H

#include "policy/policy.h"

#define RATE_TEXT 48
#define RATE_MAX 1000000u
#define DURATION_TEXT 16

/* Each: 0, or -EINVAL with words in @err (exit 65). */
int number_parse(const char *text, size_t length, uint32_t least, uint32_t most, uint32_t *ret,
		 struct pg_error *err);
/* 30s, 2m, 12h, 5d: seconds, 1 … @most. */
int duration_parse(const char *text, size_t length, uint32_t most, uint32_t *ret, struct pg_error *err);
/* 65536, 512K, 64M, 2G: bytes, by 1024. */
int size_parse(const char *text, size_t length, uint64_t least, uint64_t most, uint64_t *ret,
	       struct pg_error *err);
/* As duration_parse() reads it, in the largest unit that is exact. Return: @text of DURATION_TEXT. */
char *duration_print(uint32_t seconds, char *text);
/* 10/s or 100/m alone; the burst is the number. */
int rate_word_parse(const char *text, size_t length, struct pg_bucket_config *ret, struct pg_error *err);
/* 10/s, 100/m [burst N]. Left out, the burst is the number of the rate. Its words are those of `icmp: {echo}`. */
int rate_parse(const char *text, size_t length, struct pg_bucket_config *ret, struct pg_error *err);
/* As rate_parse() reads it, to the thousandth of a token a second. Return: @text of RATE_TEXT. */
char *rate_print(const struct pg_bucket_config *rate, char *text);
/* vrrp, gre … or 0-255; those with keys of their own (tcp, udp, icmp …) are mistakes. */
int protocol_parse(const char *text, size_t length, uint8_t *ret, struct pg_error *err);
/* NULL: it has no name here. */
const char *protocol_name(uint8_t protocol);

#endif
