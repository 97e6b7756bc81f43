// SPDX-License-Identifier: GPL-2.0-only
/*
 * What nftables' own command takes where one of portguard's stands beside it: `nft add element`, into a set of
 * as many ports as portguard has rules. A network namespace for each set, so that no command finds another's,
 * and no chain: no packet asks them.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/commands.h"
#include "bench/network.h"
#include "bench/receive.h"

#define SET WORLD_DIR "/elements.nft"

static void write_set(unsigned rules)
{
	FILE *f = fopen(SET, "we");

	if (!f)
		die(SET ": %s", strerror(errno));
	(void)fprintf(f, "table inet bench {\n");
	guard_write_set(f, rules);
	(void)fprintf(f, "}\n");
	if (fclose(f))
		die(SET ": %s", strerror(errno));
}

int elements_open(unsigned rules, const char **ret_missing)
{
	int host = namespace_open(), namespace;

	if (unshare(CLONE_NEWNET))
		die("namespaces: %s", strerror(errno));
	namespace = namespace_open();
	write_set(rules);
	if (!succeeds((char *[]){ "nft", "-f", SET, NULL }, STDERR_FILENO))
		*ret_missing = "no nftables here";
	namespace_enter(host);
	(void)close(host);
	return namespace;
}

static struct cost change(const char *verb)
{
	return command((char *[]){ "nft", (char *)verb, "element", "inet", "bench", "open",
				   "{ 81 }", NULL },
		       -1);
}

struct cost elements_add(int namespace)
{
	int host = namespace_open();
	struct cost cost;

	namespace_enter(namespace);
	cost = change("add");
	(void)change("delete");
	namespace_enter(host);
	(void)close(host);
	return cost;
}
