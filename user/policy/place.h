/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a process belongs, by the path of its cgroup as /proc/PID/cgroup prints it: the unit of the
 * system manager, and the container. Pure, and nothing is believed that a user could have named: the
 * way leads from the enforcement root down, a name at a time, by the law that the BPF programs follow too
 * (portguard/place.h).
 */
#ifndef PORTGUARD_POLICY_PLACE_H
#define PORTGUARD_POLICY_PLACE_H

#define PLACE_UNIT 256		/* unit names have at most 255 bytes, systemd.unit(5) */
#define PLACE_ID 65		/* 64 hexadecimal digits; shorter ones from 12 on are taken */

struct place {
	char unit[PLACE_UNIT];		/* empty: none */
	char container_id[PLACE_ID];	/* empty: none */
};

/**
 * place_of_cgroup() - What events and commands print as unit and container.id.
 * @root: path of the enforcement root; what is recognised begins below it. NULL: "/".
 * @path: NULL or empty: no place. Of a cgroup that is not below @root the names count from "/" on.
 */
void place_of_cgroup(const char *root, const char *path, struct place *ret);

#endif
