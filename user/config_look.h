/* SPDX-License-Identifier: GPL-2.0-only */
/* What this machine says of the files and users that rules name: struct boundary_world's looks. */
#ifndef PORTGUARD_CONFIG_LOOK_H
#define PORTGUARD_CONFIG_LOOK_H

#include "policy/boundary.h"

void config_look(void *data, const char *path, struct boundary_file *ret);
bool config_logs_in(void *data, uint32_t uid);

#endif
