// SPDX-License-Identifier: GPL-2.0-only
#include "util/names.h"

#define X(id, name, help) [PG_HOOK_##id] = name,
const char *const hook_names[PG_HOOK_COUNT] = { PG_HOOKS(X) };
#undef X
#define X(id, name, help) [PG_REASON_##id] = name,
const char *const reason_names[PG_REASON_COUNT] = { PG_REASONS(X) };
#undef X
const char *const verdict_names[PG_VERDICT_COUNT] = { "none", "allow", "deny", "audit" };
const char *const mode_names[PG_MODE_COUNT] = { "enforce", "audit", "off" };
