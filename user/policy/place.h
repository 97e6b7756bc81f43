/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a process belongs, by the path of its cgroup as /proc/PID/cgroup prints it: the unit of the
 * system manager, and the container. Pure, and nothing is believed that a user could have named:
 *
 *   /system.slice/nginx.service                        unit nginx.service
 *   /system.slice/docker-ID.scope                      unit docker-ID.scope, container ID
 *   /docker/ID                                         container ID
 *   /user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service     unit user@1000.service
 *
 * The way leads from the root through slices and plain cgroups to the first name that is a unit or a
 * container; below that, names are its own (or its user's) to choose, and claim nothing.
 */
#ifndef PORTGUARD_PLACE_H
#define PORTGUARD_PLACE_H

#define PLACE_UNIT 256		/* unit names have at most 255 bytes, systemd.unit(5) */
#define PLACE_ID 65		/* 64 hexadecimal digits; shorter ones from 12 on are taken */

struct place {
	char unit[PLACE_UNIT];		/* empty: none */
	char container_id[PLACE_ID];	/* empty: none */
};

/* @path: NULL or empty: no place. What events and commands print as unit and container.id. */
void place_of_cgroup(const char *path, struct place *ret);

#endif
