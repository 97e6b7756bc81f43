// SPDX-License-Identifier: GPL-2.0-only
/* Writing classes and cases; see classes.h. LPM tries take no batches before Linux 5.13: one by one. */
#include "kernel/classes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/load.h"
#include "util/cleanup.h"

int classes_open(const struct paths *paths, struct classes *ret)
{
	ret->peers = pin_open(paths, "pg_peers");
	ret->cases = pin_open(paths, "pg_cases");
	ret->ifaces = pin_open(paths, "pg_ifaces");
	return ret->peers < 0    ? ret->peers
	       : ret->cases < 0  ? ret->cases
	       : ret->ifaces < 0 ? ret->ifaces
				 : 0;
}

void classes_close(struct classes *c)
{
	cleanup_close(&c->peers);
	cleanup_close(&c->cases);
	cleanup_close(&c->ifaces);
}

static int write_side(int fd, const struct class_table *classes, uint32_t table_side)
{
	for (size_t i = 0; i < classes->count; i++) {
		const struct class_prefix *from = &classes->list[i];
		struct pg_peer_key key = {
			.prefixlen = PG_PEER_PREFIX + from->prefix.length,
			.table_side_be = htonl(table_side),
		};

		memcpy(key.address, from->prefix.address, sizeof(key.address));
		if (bpf_map_update_elem(fd, &key, &from->class, BPF_ANY))
			return -errno;
	}
	return 0;
}

int classes_write(const struct classes *c, const struct compiled *compiled, uint32_t table)
{
	int r = write_side(c->peers, &compiled->remote, table * 2);

	return r ? r : write_side(c->peers, &compiled->local, table * 2 + 1);
}

/* Delete the keys of @fd for which @goes says so; deleting the key last seen restarts the walk, so collect first. */
static void drop_keys(int fd, size_t key_size, bool (*goes)(const void *key, void *data),
		      void *data)
{
	_cleanup_free_ char *gone = NULL;
	char key[64], next[64];
	size_t count = 0, room = 0;
	void *from = NULL;

	while (!bpf_map_get_next_key(fd, from, next)) {
		memcpy(key, next, key_size);
		from = key;
		if (!goes(key, data))
			continue;
		if (count == room) {
			char *grown = realloc(gone, (room = room ? room * 2 : 64) * key_size);

			if (!grown)
				break;
			gone = grown;
		}
		memcpy(gone + count++ * key_size, key, key_size);
	}
	for (size_t i = 0; i < count; i++)
		(void)bpf_map_delete_elem(fd, gone + i * key_size);
}

struct unused {
	bool (*is)(void *data, uint32_t number);
	void *data;
};

static bool peer_unused(const void *key, void *data)
{
	struct unused *u = data;

	return u->is(u->data, ntohl(((const struct pg_peer_key *)key)->table_side_be) / 2);
}

static bool iface_unused(const void *key, void *data)
{
	struct unused *u = data;

	return u->is(u->data, ((const struct pg_iface_key *)key)->table);
}

void classes_drop(const struct classes *c, bool (*unused)(void *data, uint32_t table), void *data)
{
	struct unused u = { unused, data };

	drop_keys(c->peers, sizeof(struct pg_peer_key), peer_unused, &u);
	drop_keys(c->ifaces, sizeof(struct pg_iface_key), iface_unused, &u);
}

struct named_devices {
	uint32_t table;
	const uint32_t *indexes;
	size_t count;
};

static bool device_is_not_named(const void *key, void *data)
{
	const struct pg_iface_key *k = key;
	const struct named_devices *n = data;

	if (k->table != n->table)
		return false;
	for (size_t i = 0; i < n->count; i++)
		if (n->indexes[i] == k->ifindex)
			return false;
	return true;
}

int classes_write_devices(const struct classes *c, const struct compiled *compiled, uint32_t table,
			  state_device_fn device, void *data)
{
	_cleanup_free_ uint32_t *indexes = calloc(compiled->interface_count + 1, sizeof(*indexes));
	struct named_devices named = { table, indexes, compiled->interface_count };
	struct pg_iface_key key = { .table = table };

	if (!indexes)
		return -ENOMEM;
	for (size_t i = 0; i < compiled->interface_count; i++) {
		uint32_t class = i + 2;

		key.ifindex = indexes[i] = device(data, compiled->interfaces[i]);
		if (key.ifindex && bpf_map_update_elem(c->ifaces, &key, &class, BPF_ANY))
			return -errno;
	}
	drop_keys(c->ifaces, sizeof(key), device_is_not_named, &named);
	return 0;
}

int cases_write(const struct classes *c, uint32_t group_number, const struct group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct case_entry *from = &group->cases[i];
		struct pg_case_key key = {
			.group = group_number,
			.remote = from->remote,
			.local = from->local,
			.interface = from->interface,
		};

		if (bpf_map_update_elem(c->cases, &key, &from->answer, BPF_ANY))
			return -errno;
	}
	return 0;
}

static bool case_unused(const void *key, void *data)
{
	struct unused *u = data;

	return u->is(u->data, ((const struct pg_case_key *)key)->group);
}

void cases_drop(const struct classes *c, bool (*unused)(void *data, uint32_t group), void *data)
{
	struct unused u = { unused, data };

	drop_keys(c->cases, sizeof(struct pg_case_key), case_unused, &u);
}
