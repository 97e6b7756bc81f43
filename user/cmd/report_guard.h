/* SPDX-License-Identifier: GPL-2.0-only */
/* How the guard is while a report is made. */
#ifndef PORTGUARD_CMD_REPORT_GUARD_H
#define PORTGUARD_CMD_REPORT_GUARD_H

#include "kernel/paths.h"
#include "report/report.h"

/* That it is not up, or that we may not ask, is part of the answer. 0 or -ENOMEM. */
int report_guard_find(const struct paths *paths, struct report_guard *ret);

#endif
