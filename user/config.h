/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the policy from files: the one that is named, and those of policy.d beside it. */
#ifndef PORTGUARD_CONFIG_H
#define PORTGUARD_CONFIG_H

#include "config_watch.h"
#include "policy/boundary.h"

/* What the pure policy code asks of this machine; @directory: where files that a policy names are sought. */
void config_world(struct policy_world *world, const char *directory);

/* 0; -EINVAL (65, every mistake in @err); -ENOENT and others (66). */
int config_load(const char *path, struct policy *ret, struct pg_error *err);
/* The same for who wants to hear of rules that are no boundary. */
int config_load_warned(const char *path, const struct boundary_world *boundary, struct policy *ret,
		       struct pg_error *err);
/* The same for who watches: @watch learns what was read. */
int config_load_watched(struct config_watch *watch, struct policy *ret, struct pg_error *err);

/* From the root, as other commands may run elsewhere; links stay, since Kubernetes swaps them. */
int config_absolute(const char *path, char *to, size_t size);

#define CONFIG_LOCAL "90-local.yaml"
/* It, in policy.d beside @path: the one file that portguard itself writes. */
int config_local_path(const char *path, char *to, size_t size);

#endif
