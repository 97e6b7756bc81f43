/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking the programs as loaded: a test run of pg_ask. */
#ifndef PORTGUARD_ASK_H
#define PORTGUARD_ASK_H

#include "kernel/paths.h"
#include "portguard/abi.h"

/* Fills in ask->decision and the clocks. 0 or -errno. */
int ask_kernel(const struct paths *paths, struct pg_ask *ask);

/* The same for who has many questions: the program once, as a descriptor (or -errno) … */
int ask_open(const struct paths *paths);
/* … and it for each. */
int ask_put(int fd, struct pg_ask *ask);

#endif
