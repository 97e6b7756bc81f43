// SPDX-License-Identifier: GPL-2.0-only
/* Seeding; see seed.h. conntrack over nfnetlink: what is not there (no module) is not an error. */
#include "kernel/seed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <bpf/bpf.h>

#include "kernel/ask.h"
#include "kernel/load.h"
#include "kernel/nl.h"
#include "kernel/sockets.h"
#include "util/address.h"
#include "util/cleanup.h"

#define ALL_BUT_LISTEN_AND_CLOSE (0xfff & ~(1u << SOCKET_LISTEN) & ~(1u << SOCKET_CLOSE))

struct seeding {
	struct state *state;
	int flows;
	uint32_t now; /* jiffies, low half */
	bool tcp_only;
};

static void stamp(struct state *s, enum pg_used table, uint16_t port)
{
	struct pg_control *c = s->control;

	__atomic_store_n(&c->used[table][port % PG_USED_BYTES], c->used_now, __ATOMIC_RELAXED);
}

static int seed_tcp(const struct socket_entry *e, void *data)
{
	stamp(data, PG_USED_TCP, e->local_port);
	return 0;
}

int seed_ports(struct state *s)
{
	return sockets_each(IPPROTO_TCP, ALL_BUT_LISTEN_AND_CLOSE, seed_tcp, s);
}

static int add_flow(struct seeding *to, const struct pg_flow_key *key, uint32_t state)
{
	struct pg_flow flow = { .seen = to->now, .state = state };

	stamp(to->state, key->proto == PG_TCP ? PG_USED_TCP : PG_USED_UDP, key->local_port);
	if (bpf_map_update_elem(to->flows, key, &flow, BPF_NOEXIST) && errno != EEXIST)
		return -errno;
	return 0;
}

static int seed_udp(const struct socket_entry *e, void *data)
{
	struct pg_flow_key key = {
		.remote_port = e->remote_port,
		.local_port = e->local_port,
		.proto = PG_UDP,
	};

	if (!e->remote_port)
		return 0;
	memcpy(key.remote, e->remote, sizeof(key.remote));
	memcpy(key.local, e->local, sizeof(key.local));
	return add_flow(data, &key, PG_FLOW_UDP_STREAM);
}

static const struct nlattr *inside(const struct nlattr *a, uint16_t type)
{
	return a ? nl_find(nl_data(a), nl_size(a), type) : NULL;
}

static int copy_address(uint8_t to[16], const struct nlattr *ip, uint16_t v4, uint16_t v6)
{
	const struct nlattr *a = inside(ip, v4);

	if (a && nl_size(a) == 4) {
		address_from_v4(to, nl_data(a));
		return 0;
	}
	a = inside(ip, v6);
	if (!a || nl_size(a) != 16)
		return -1;
	memcpy(to, nl_data(a), 16);
	return 0;
}

static uint16_t port_of(const struct nlattr *a)
{
	uint16_t be = 0;

	if (a && nl_size(a) == sizeof(be))
		memcpy(&be, nl_data(a), sizeof(be));
	return ntohs(be);
}

/* A direction of a conntrack entry, as its packets arrive here: the source is the remote end. */
static int tuple_key(const struct nlattr *tuple, struct pg_flow_key *key)
{
	const struct nlattr *ip = inside(tuple, CTA_TUPLE_IP),
			    *proto = inside(tuple, CTA_TUPLE_PROTO);
	uint8_t number = nl_u8(inside(proto, CTA_PROTO_NUM));

	if (number != IPPROTO_TCP && number != IPPROTO_UDP)
		return -1;
	key->proto = number == IPPROTO_TCP ? PG_TCP : PG_UDP;
	key->remote_port = port_of(inside(proto, CTA_PROTO_SRC_PORT));
	key->local_port = port_of(inside(proto, CTA_PROTO_DST_PORT));
	return copy_address(key->remote, ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC) ||
	       copy_address(key->local, ip, CTA_IP_V4_DST, CTA_IP_V6_DST);
}

/* TCP: established. An entry of a closed connection would let its remote end open a new one. */
static bool is_alive(const char *attributes, size_t length, const struct pg_flow_key *key)
{
	const struct nlattr *tcp =
		inside(nl_find(attributes, length, CTA_PROTOINFO), CTA_PROTOINFO_TCP);

	return key->proto != PG_TCP ||
	       nl_u8(inside(tcp, CTA_PROTOINFO_TCP_STATE)) == TCP_CONNTRACK_ESTABLISHED;
}

/*
 * Both directions of what has been answered: one of them is what arrives from outside, and the other
 * is a key that no packet has. An entry that nobody answered may be an attacker's one packet.
 */
static int seed_tracked(const struct nlmsghdr *m, void *data)
{
	size_t skip = NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct seeding *to = data;
	const char *attributes = (const char *)NLMSG_DATA(m) + skip;
	size_t length;
	int r = 0;

	if (m->nlmsg_len < NLMSG_LENGTH(skip))
		return 0;
	length = m->nlmsg_len - NLMSG_LENGTH(skip);
	if (!(ntohl(nl_u32(nl_find(attributes, length, CTA_STATUS))) & IPS_SEEN_REPLY))
		return 0;
	for (uint16_t type = CTA_TUPLE_ORIG; !r && type <= CTA_TUPLE_REPLY; type++) {
		struct pg_flow_key key = { 0 };

		if (!tuple_key(nl_find(attributes, length, type), &key) &&
		    !(to->tcp_only && key.proto != PG_TCP) && is_alive(attributes, length, &key))
			r = add_flow(to, &key,
				     key.proto == PG_TCP ? PG_FLOW_TCP : PG_FLOW_UDP_STREAM);
	}
	return r;
}

/* A word to conntrack, and its answers. */
static int ask_conntrack(uint16_t what, bool dump, nl_answer_fn answer, void *data)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} request = {
		.h = { .nlmsg_len = sizeof(request),
		       .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | what },
		.g = { .nfgen_family = AF_UNSPEC },
	};

	return nl_dump(NETLINK_NETFILTER, &request.h, dump, answer, data);
}

/* It is marked as one of many and nothing follows it, so the walk is ended here. */
static int note_empty(const struct nlmsghdr *m, void *data)
{
	size_t skip = NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const struct nlattr *entries;

	if (m->nlmsg_len < NLMSG_LENGTH(skip))
		return -EPROTO;
	entries = nl_find((const char *)NLMSG_DATA(m) + skip, m->nlmsg_len - NLMSG_LENGTH(skip),
			  CTA_STATS_GLOBAL_ENTRIES);
	*(bool *)data = entries && !nl_u32(entries);
	return -ECANCELED;
}

/* The table is all namespaces' and takes milliseconds to walk; how many are this one's conntrack knows. */
static int seed_conntrack(struct seeding *to)
{
	bool empty = false;
	int r;

	(void)ask_conntrack(IPCTNL_MSG_CT_GET_STATS, false, note_empty, &empty);
	r = empty ? 0 : ask_conntrack(IPCTNL_MSG_CT_GET, true, seed_tracked, to);
	return r == -ENOMEM || r == -E2BIG ? r : 0;
}

static int seed(struct state *s, bool tcp_only)
{
	struct seeding to = {
		.state = s,
		.flows = pin_open(s->paths, "pg_flows"),
		.tcp_only = tcp_only,
	};
	_cleanup_close_ int flows = to.flows;
	struct pg_ask ask = { 0 };
	int r;

	if (flows < 0)
		return flows;
	r = ask_kernel(s->paths, &ask);
	if (r)
		return r;
	to.now = ask.jiffies;
	r = seed_ports(s);
	if (!r && !tcp_only)
		r = sockets_each(IPPROTO_UDP, 1u << SOCKET_ESTABLISHED, seed_udp, &to);
	return r ? r : seed_conntrack(&to);
}

int seed_flows(struct state *s)
{
	return seed(s, false);
}

int seed_open(struct state *s)
{
	return seed(s, true);
}

typedef void (*flow_fn)(struct state *s, const struct pg_flow_key *key, void *data);

#define FLOWS_AT_ONCE 1024

/* Some flows of the table, as the kernel hands them out. */
struct some_flows {
	struct pg_flow_key keys[FLOWS_AT_ONCE];
	struct pg_flow flows[FLOWS_AT_ONCE];
};

/* Call @fn for each flow that is alive. A table that changes meanwhile may show one twice, or not. */
static int each_flow(struct state *s, flow_fn fn, void *data)
{
	_cleanup_free_ struct some_flows *some = malloc(sizeof(*some));
	_cleanup_close_ int fd = pin_open(s->paths, "pg_flows");
	const struct pg_slot *slot = state_in_force(s);
	struct pg_ask ask = { 0 };
	struct pg_flow_key place; /* the kernel's: it fits into a key */
	bool more = true;
	int r = !some ? -ENOMEM : fd < 0 ? fd : ask_kernel(s->paths, &ask);

	for (void *from = NULL; !r && more; from = &place) {
		__u32 count = FLOWS_AT_ONCE;

		more = !bpf_map_lookup_batch(fd, from, &place, some->keys, some->flows, &count, NULL);
		if (!more && errno != ENOENT) /* that is the end, with the last ones */
			return -errno;
		for (__u32 i = 0; i < count; i++)
			if (some->flows[i].state < PG_FLOW_STATES &&
			    (uint32_t)ask.jiffies - some->flows[i].seen <=
				    slot->flow_ticks[some->flows[i].state])
				fn(s, &some->keys[i], data);
	}
	return r;
}

static void count_one(struct state *s, const struct pg_flow_key *key, void *data)
{
	(void)s;
	(void)key;
	++*(long *)data;
}

long flows_count(const struct state *s)
{
	long n = 0;
	int r = each_flow((struct state *)s, count_one, &n);

	return r ? r : n;
}

static void stamp_flow(struct state *s, const struct pg_flow_key *key, void *data)
{
	static const uint8_t any[16];

	(void)data;
	if (key->proto == PG_TCP)
		stamp(s, PG_USED_TCP, key->local_port);
	else
		stamp(s, memcmp(key->remote, any, 16) ? PG_USED_UDP : PG_USED_MULTICAST,
		      key->local_port);
}

int seed_rotate(struct state *s)
{
	struct pg_control *c = s->control;
	uint8_t next = c->used_now == 255 ? 1 : c->used_now + 1;
	int r;

	/* Both stamps count until all that lives bears the new one. */
	__atomic_store_n(&c->used_before, c->used_now, __ATOMIC_SEQ_CST);
	__atomic_store_n(&c->used_now, next, __ATOMIC_SEQ_CST);
	r = seed_ports(s);
	r = r ? r : each_flow(s, stamp_flow, NULL);
	return r;
}
