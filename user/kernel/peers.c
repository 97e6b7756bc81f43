// SPDX-License-Identifier: GPL-2.0-only
/* Writing pg_peers; see peers.h. */
#include "kernel/peers.h"

#include <errno.h>

#include <bpf/bpf.h>

#include "kernel/checksum.h"
#include "kernel/map.h"
#include "kernel/memory.h"
#include "policy/peer_lines.h"
#include "util/cleanup.h"

static int fill(int map, const struct peer_lines *lines)
{
	_cleanup_free_ uint32_t *keys = calloc(lines->count, sizeof(*keys));
	uint32_t count = (uint32_t)lines->count;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		keys[i] = i;
	return bpf_map_update_batch(map, keys, lines->list, &count, NULL) ? -errno : 0;
}

/* A map that programs only read, and that nobody can write any more. */
static int make_map(const struct peer_lines *lines, int *ret_fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = PG_PEER_FLAGS);
	_cleanup_close_ int fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "pg_peer_lines", sizeof(uint32_t),
			       sizeof(*lines->list), (uint32_t)lines->count, &options);
	int r = fd < 0 ? -errno : fill(fd, lines);

	if (!r && bpf_map_freeze(fd))
		r = -errno;
	if (!r)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int peers_write(int peers, const struct compiled *compiled, uint32_t table, struct pg_sums *sums)
{
	_cleanup_peer_lines_ struct peer_lines lines = { 0 };
	const uint32_t place = table % PG_SLOTS;
	_cleanup_close_ int map = -1;
	int r;

	if (!compiled->remote.count && !compiled->local.count)
		return 0;
	r = peer_lines_make(&compiled->remote, &compiled->local, table, &lines);
	r = r ?: make_map(&lines, &map);
	r = r ?: map_put(peers, place, map);
	if (r)
		return r;
	sums->peer_tables[place] = table;
	sums->peers = peers_sum(peers);
	return 0;
}

void peers_drop(int peers, bool (*unused)(void *data, uint32_t table), void *data,
		struct pg_sums *sums)
{
	for (uint32_t place = 0; place < PG_SLOTS; place++) {
		if (!sums->peer_tables[place] || !unused(data, sums->peer_tables[place]))
			continue;
		(void)bpf_map_delete_elem(peers, &place); /* failing to costs memory only */
		sums->peer_tables[place] = 0;
	}
	sums->peers = peers_sum(peers);
}

uint64_t peers_sum(int peers)
{
	uint64_t sum = 0;

	for (uint32_t place = 0, id; place < PG_SLOTS; place++)
		if (!bpf_map_lookup_elem(peers, &place, &id))
			sum += checksum_entry(&place, sizeof(place), &id, sizeof(id));
	return sum;
}

uint64_t peers_bytes(int peers)
{
	uint64_t bytes = 0;

	for (uint32_t place = 0, id; place < PG_SLOTS; place++) {
		_cleanup_close_ int fd =
			bpf_map_lookup_elem(peers, &place, &id) ? -1 : bpf_map_get_fd_by_id(id);

		bytes += fd < 0 ? 0 : map_memory_bytes(fd);
	}
	return bytes;
}
