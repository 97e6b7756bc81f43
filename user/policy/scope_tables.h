/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of ports: the host's, each scope's, and what all scopes allow together to come in. */
#ifndef PORTGUARD_SCOPE_TABLES_H
#define PORTGUARD_SCOPE_TABLES_H

#include "policy/sweep.h"

/* Fills ports and scopes of what is compiled. Return: 0, -ENOMEM, -E2BIG with words. */
int compile_tables(struct compiler *c);

#endif
