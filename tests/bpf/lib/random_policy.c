// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/lib/random_policy.h"

#include "unit/policy_help.h"

#define PICK(list) list[pick(random, ARRAY_SIZE(list))]
#define RULES_MAX 12

static const char *const peer_words[] = {
	"192.0.2.7",   "192.0.2.0/24", "192.0.0.0/16", "0.0.0.0/0", "::/0",        "2001:db8::/32",
	"2001:db8::7", "fe80::/10",    "@one",         "@two",      "128.0.0.0/1",
};
static const char *const addresses4[] = {
	"192.0.2.7", "192.0.2.8", "192.0.9.9", "10.0.0.1", "200.1.1.1", "224.0.0.251", "0.0.0.0",
};
static const char *const addresses6[] = {
	"2001:db8::7", "2001:db8::8", "::1", "fe80::1", "ff02::fb", "::",
};
static const char *const device_words[] = { "eth0", "eth1", "wlan9" };
static const uint16_t essential_ports[] = { 68, 546, 5353 };

static int port_words(char *to, size_t size, uint32_t *random, unsigned first_port)
{
	static const char *const protos[] = { "", "/tcp", "/udp" };
	unsigned least = first_port ? first_port : 1;
	unsigned first = least + pick(random, RANDOM_PORTS - least);
	unsigned last = first + pick(random, RANDOM_PORTS - first);

	switch (pick(random, 8)) {
	case 0:
		return snprintf(to, size, "%u-%u%s", first, last > first ? last : first + 1,
				PICK(protos));
	case 1:
		return snprintf(to, size, "%u,%u-%u%s", last, last + 1, last + 3, PICK(protos));
	case 2:
		return snprintf(to, size, "%u/udp", PICK(essential_ports));
	case 3:
		return first_port ? snprintf(to, size, "%u-65535", first)
				  : snprintf(to, size, "any%s", PICK(protos));
	default:
		return snprintf(to, size, "%u%s", first, PICK(protos));
	}
}

static void random_rule(struct policy *p, uint32_t *random, unsigned first_port)
{
	static const char *const directions[] = { "", "", "in ", "in ", "bind ", "out ", "out " };
	const char *direction = PICK(directions);
	bool out = *direction == 'o', in = !out && *direction != 'b';
	char text[200];
	int used = snprintf(text, sizeof(text), "%s %s", pick(random, 3) ? "allow" : "deny",
			    direction);

	used += port_words(text + used, sizeof(text) - (size_t)used, random, first_port);
	if (in && pick(random, 2))
		used += snprintf(text + used, sizeof(text) - (size_t)used, " from %s",
				 PICK(peer_words));
	if (out && pick(random, 3))
		used += snprintf(text + used, sizeof(text) - (size_t)used, " to %s",
				 PICK(peer_words));
	if (!out && !pick(random, 3))
		used += snprintf(text + used, sizeof(text) - (size_t)used, " at %s",
				 PICK(peer_words));
	if (in && !pick(random, 4))
		(void)snprintf(text + used, sizeof(text) - (size_t)used, " on %s",
			       PICK(device_words));
	(void)add_rules(p, text);
}

static void random_set(struct policy *p, const char *name, uint32_t *random)
{
	struct set set = { .name = strdup(name), .count = 1 + pick(random, 3) };

	set.prefixes = calloc(set.count, sizeof(*set.prefixes));
	for (size_t i = 0; i < set.count; i++) {
		const char *word = "@";

		while (*word == '@')
			word = PICK(peer_words);
		cr_assert_eq(prefix_parse(word, strlen(word), &set.prefixes[i], NULL), 0);
	}
	cr_assert_eq(policy_add_set(p, &set), 0);
}

void random_policy(struct policy *ret, uint32_t *random)
{
	uint32_t count = pick(random, RULES_MAX);

	cr_assert_eq(policy_init(ret), 0);
	ret->essentials = pick(random, 4);
	ret->defaults[PG_BIND] = pick(random, 3) ? PG_DENY : PG_ALLOW;
	ret->defaults[PG_IN] = pick(random, 3) ? PG_DENY : PG_ALLOW;
	ret->defaults[PG_OUT] = pick(random, 3) ? PG_ALLOW : PG_DENY;
	random_set(ret, "one", random);
	random_set(ret, "two", random);
	for (uint32_t i = 0; i < count; i++)
		random_rule(ret, random, 0);
}

/* Another value of a set: its addresses change places among the classes. */
static void change_set(struct policy *p, uint32_t *random)
{
	struct set *set = &p->sets[pick(random, (uint32_t)p->set_count)];
	const char *word = "@";

	while (*word == '@')
		word = PICK(peer_words);
	cr_assert_eq(prefix_parse(word, strlen(word), &set->prefixes[0], NULL), 0);
	set->count = 1;
}

void random_change(struct policy *p, uint32_t *random, unsigned first_port)
{
	uint32_t what = pick(random, 12);

	if (first_port && what > 9)
		what = 0; /* these would change the answers of all ports */
	if (what == 9) {
		p->echo = pick(random, 2) ? PG_ALLOW : PG_DENY;
	} else if (what == 10) {
		p->defaults[pick(random, PG_DIRECTION_COUNT)] =
			pick(random, 2) ? PG_ALLOW : PG_DENY;
		p->essentials = pick(random, 4);
	} else if (what == 11) {
		change_set(p, random);
	} else if (p->rule_count > RULES_MAX || (p->rule_count && what < 4)) {
		size_t at = pick(random, (uint32_t)p->rule_count);

		if (!first_port || p->rules[at].ports[0].first >= first_port)
			policy_remove_rule(p, at);
	} else {
		random_rule(p, random, first_port);
	}
}

struct pg_question random_question(uint32_t *random, const char **ret_device)
{
	struct pg_question q = {
		.direction = (uint8_t)pick(random, PG_DIRECTION_COUNT),
		.proto = (uint8_t)pick(random, 2),
		.family = pick(random, 2) ? 4 : 6,
		.port = (uint16_t)pick(random, RANDOM_PORTS + 5),
		.remote_port = pick(random, 2) ? 67 : 547,
		.uid = pick(random, 2) * 1000,
		.vlan = !pick(random, 6),
	};

	if (!pick(random, 5))
		q.port = PICK(essential_ports);
	if (!pick(random, 20))
		q.port = (uint16_t)pick(random, 65536);
	address_of(q.family == 4 ? PICK(addresses4) : PICK(addresses6), q.remote);
	address_of(q.family == 4 ? PICK(addresses4) : PICK(addresses6), q.local);
	*ret_device = PICK(device_words);
	q.ifindex = device_of(NULL, *ret_device);
	if (!q.ifindex) /* not there: packets come by one that no rule names */
		q.ifindex = 77;
	return q;
}
