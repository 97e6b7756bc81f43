// SPDX-License-Identifier: GPL-2.0-only
/* Writing classes and cases; see classes.h. Those of addresses are peers.c's. */
#include "kernel/classes.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/checksum.h"
#include "kernel/load.h"
#include "kernel/map.h"
#include "kernel/peers.h"
#include "kernel/receivers.h"
#include "util/cleanup.h"

#define CASES_BATCH 512 /* no bucket of the hash holds more */
#define CASES_GROW 8 /* times; each waits for a grace period */

int classes_open(const struct paths *paths, struct classes *ret)
{
	ret->paths = paths;
	ret->case_maps = pin_open(paths, "pg_case_maps");
	ret->peers = pin_open(paths, "pg_peers");
	ret->cases = pin_open(paths, "pg_cases");
	ret->ifaces = pin_open(paths, "pg_ifaces");
	ret->callers = pin_open(paths, "pg_callers");
	return ret->peers < 0       ? ret->peers
	       : ret->cases < 0     ? ret->cases
	       : ret->ifaces < 0    ? ret->ifaces
	       : ret->callers < 0   ? ret->callers
	       : ret->case_maps < 0 ? ret->case_maps
				    : 0;
}

void classes_close(struct classes *c)
{
	cleanup_close(&c->peers);
	cleanup_close(&c->cases);
	cleanup_close(&c->ifaces);
	cleanup_close(&c->callers);
	cleanup_close(&c->case_maps);
}

struct summed {
	int fd;
	size_t key_size;
	__u64 *sum;
};

/* The entry's share, as it is now, leaves the sum of its map. */
static void take_away(const struct summed *map, const void *key)
{
	uint32_t value;

	if (!bpf_map_lookup_elem(map->fd, key, &value))
		*map->sum -= checksum_entry(key, map->key_size, &value, sizeof(value));
}

/* Numbers of tables and groups are new: only what a killed command left is there already. */
static int put(const struct summed *map, const void *key, const uint32_t *value)
{
	if (bpf_map_update_elem(map->fd, key, value, BPF_NOEXIST)) {
		if (errno != EEXIST)
			return -errno;
		take_away(map, key);
		if (bpf_map_update_elem(map->fd, key, value, BPF_ANY))
			return -errno;
	}
	*map->sum += checksum_entry(key, map->key_size, value, sizeof(*value));
	return 0;
}

static struct pg_caller_key exe_key(const struct exe_class *exe, uint32_t table)
{
	return (struct pg_caller_key){
		.table = table,
		.kind = PG_CALLER_EXE,
		.value = exe->identity.inode,
		.device = exe->identity.device,
	};
}

static int write_callers(const struct classes *c, const struct compiled *compiled, uint32_t table)
{
	const struct summed callers = { c->callers, sizeof(struct pg_caller_key),
					&c->sums->callers };
	int r = 0;

	for (size_t i = 0; !r && i < compiled->user_count; i++) {
		const struct pg_caller_key key = { .table = table,
						   .kind = PG_CALLER_USER,
						   .value = compiled->users[i] };
		const uint32_t class = i + 1;

		r = put(&callers, &key, &class);
	}
	for (size_t i = 0; !r && i < compiled->exe_count; i++) {
		const struct pg_caller_key key = exe_key(&compiled->exes[i], table);

		r = put(&callers, &key, &compiled->exes[i].class);
	}
	return r;
}

int classes_write(const struct classes *c, const struct compiled *compiled, uint32_t table)
{
	int r = peers_write(c->peers, compiled, table, c->sums);

	return r ? r : write_callers(c, compiled, table);
}

static size_t count_exes(const struct classes *c, uint32_t table)
{
	struct pg_caller_key key;
	const void *from = NULL;
	size_t count = 0;

	for (; !bpf_map_get_next_key(c->callers, from, &key); from = &key)
		count += key.table == table && key.kind == PG_CALLER_EXE;
	return count;
}

bool classes_have_exes(const struct classes *c, const struct compiled *compiled, uint32_t table)
{
	for (size_t i = 0; i < compiled->exe_count; i++) {
		const struct pg_caller_key key = exe_key(&compiled->exes[i], table);
		uint32_t class;

		if (bpf_map_lookup_elem(c->callers, &key, &class) ||
		    class != compiled->exes[i].class)
			return false;
	}
	return count_exes(c, table) == compiled->exe_count;
}

/* Deleting the key last seen restarts the walk, so collect first. */
void keys_drop(int fd, size_t key_size, bool (*goes)(const void *key, void *data), void *data)
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
	struct summed map;
};

static bool caller_unused(const void *key, void *data)
{
	struct unused *u = data;
	bool unused = u->is(u->data, ((const struct pg_caller_key *)key)->table);

	if (unused)
		take_away(&u->map, key);
	return unused;
}

static bool iface_unused(const void *key, void *data)
{
	struct unused *u = data;

	return u->is(u->data, ((const struct pg_iface_key *)key)->table);
}

void classes_drop(const struct classes *c, bool (*unused)(void *data, uint32_t table), void *data)
{
	struct unused u = { unused,
			    data,
			    { c->callers, sizeof(struct pg_caller_key), &c->sums->callers } };

	peers_drop(c->peers, unused, data, c->sums);
	keys_drop(c->ifaces, sizeof(struct pg_iface_key), iface_unused, &u);
	keys_drop(c->callers, sizeof(struct pg_caller_key), caller_unused, &u);
}

struct kept {
	uint32_t table;
	const struct receivers *receivers;
};

static bool receiver_is_gone(const void *key, void *data)
{
	const struct pg_iface_key *k = key;
	const struct kept *kept = data;

	return k->table == kept->table && !receivers_hold(kept->receivers, k->ifindex, k->vlan);
}

/* Ids of which no rule speaks may stay unknown where the map is full: that is the strict reading. */
static int write_receiver(int fd, uint32_t table, const struct receiver *from)
{
	const struct pg_iface_key key = { table, from->ifindex, from->vlan };

	if (!bpf_map_update_elem(fd, &key, &from->class, BPF_ANY))
		return 0;
	return errno == E2BIG && from->vlan && !from->class ? 0 : -errno;
}

int classes_write_devices(const struct classes *c, const struct compiled *compiled, uint32_t table,
			  const struct devices *devices)
{
	_cleanup_receivers_ struct receivers receivers = { 0 };
	struct kept kept = { table, &receivers };
	int r = compiled->interface_count ? receivers_find(devices, compiled->interfaces,
							   compiled->interface_count, &receivers)
					  : 0;

	for (size_t i = 0; !r && i < receivers.count; i++)
		r = write_receiver(c->ifaces, table, &receivers.list[i]);
	if (!r)
		keys_drop(c->ifaces, sizeof(struct pg_iface_key), receiver_is_gone, &kept);
	return r;
}

/* --- cases -------------------------------------------------------------------------------------- */

int cases_mend(const struct classes *c)
{
	return map_holds(c->case_maps, 0, c->cases) ? map_put(c->case_maps, 0, c->cases) : 0;
}

static int copy_cases(int from, int to)
{
	struct pg_case_key keys[CASES_BATCH];
	uint32_t answers[CASES_BATCH], count, at;
	int r = 0;

	for (bool begun = false; !r; begun = true) {
		count = CASES_BATCH;
		if (bpf_map_lookup_batch(from, begun ? &at : NULL, &at, keys, answers, &count,
					 NULL))
			r = -errno;
		if ((!r || r == -ENOENT) && count &&
		    bpf_map_update_batch(to, keys, answers, &count, NULL))
			return -errno;
	}
	return r == -ENOENT ? 0 : r;
}

/*
 * A larger hash in the place of one that is full: programs see the one or the other, with the same cases. Its
 * pin comes last: what was cut short before is mended by cases_mend().
 */
static int cases_grow(struct classes *c)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info), most;
	_cleanup_close_ int fd = -1;
	int r;

	if (bpf_obj_get_info_by_fd(c->cases, &info, &size))
		return -errno;
	if (info.max_entries >= PG_CASES)
		return -E2BIG;
	most = info.max_entries * CASES_GROW < PG_CASES ? info.max_entries * CASES_GROW : PG_CASES;
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "pg_cases", info.key_size, info.value_size, most,
			    &options);
	r = fd < 0 ? -errno : copy_cases(c->cases, fd);
	r = r ? r : map_put(c->case_maps, 0, fd);
	r = r ? r : pin_replace(c->paths, "pg_cases", fd);
	if (r)
		return r;
	(void)close(c->cases);
	c->cases = TAKE_FD(fd);
	return 0;
}

int case_write(struct classes *c, uint32_t group_number, const struct case_entry *from,
	       uint32_t answer)
{
	struct summed cases = { c->cases, sizeof(struct pg_case_key), &c->sums->cases };
	const struct pg_case_key key = {
		.group = group_number,
		.remote = from->remote,
		.local = from->local,
		.interface = from->interface,
		.user = from->user,
		.exe = from->exe,
	};
	int r = put(&cases, &key, &answer);

	if (r != -E2BIG)
		return r;
	r = cases_grow(c);
	cases.fd = c->cases;
	return r ? r : put(&cases, &key, &answer);
}

int cases_each(const struct classes *c, void (*fn)(void *data, uint32_t answer), void *data)
{
	struct pg_case_key keys[CASES_BATCH];
	uint32_t answers[CASES_BATCH], count, at, r = 0;
	bool begun = false;

	while (!r) {
		count = CASES_BATCH;
		if (bpf_map_lookup_batch(c->cases, begun ? &at : NULL, &at, keys, answers, &count,
					 NULL))
			r = errno;
		if (r && r != ENOENT)
			return -(int)r;
		begun = true;
		for (uint32_t i = 0; i < count; i++)
			fn(data, answers[i]);
	}
	return 0;
}

static bool case_unused(const void *key, void *data)
{
	struct unused *u = data;
	bool unused = u->is(u->data, ((const struct pg_case_key *)key)->group);

	if (unused)
		take_away(&u->map, key);
	return unused;
}

void cases_drop(const struct classes *c, bool (*unused)(void *data, uint32_t group), void *data)
{
	struct unused u = { unused,
			    data,
			    { c->cases, sizeof(struct pg_case_key), &c->sums->cases } };

	keys_drop(c->cases, sizeof(struct pg_case_key), case_unused, &u);
}
