/* SPDX-License-Identifier: GPL-2.0-only */
/* Netlink, as little as is needed: send a request, walk the answers, walk attributes. */
#ifndef PORTGUARD_NL_H
#define PORTGUARD_NL_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/* One answer; a negative return ends the walk and is handed on. */
typedef int (*nl_answer_fn)(const struct nlmsghdr *message, void *data);

/**
 * nl_dump() - Send one request and walk all answers.
 * @protocol: NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_NETFILTER.
 * @request:  whole message; its flags and sequence number are filled in (a dump if @dump, else one answer).
 * Return: 0 or -errno, the kernel's own errors included.
 */
int nl_dump(int protocol, struct nlmsghdr *request, int dump, nl_answer_fn answer, void *data);

/* The attribute @type among those from @from (of @length bytes), or NULL; never one that is cut short. */
const struct nlattr *nl_find(const void *from, size_t length, uint16_t type);
static inline const void *nl_data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}
static inline size_t nl_size(const struct nlattr *a)
{
	return a->nla_len - NLA_HDRLEN;
}
/* The attribute's number if it has exactly that size, else 0. */
uint32_t nl_u32(const struct nlattr *a);
uint8_t nl_u8(const struct nlattr *a);
uint64_t nl_u64(const struct nlattr *a);

#endif
