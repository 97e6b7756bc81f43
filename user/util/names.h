/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of what abi.h lists, by its numbers. */
#ifndef PORTGUARD_NAMES_H
#define PORTGUARD_NAMES_H

#include "portguard/abi.h"

extern const char *const hook_names[PG_HOOK_COUNT];
extern const char *const reason_names[PG_REASON_COUNT];
extern const char *const verdict_names[PG_VERDICT_COUNT];
extern const char *const mode_names[PG_MODE_COUNT];

#endif
