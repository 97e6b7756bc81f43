/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes as text. */
#ifndef PORTGUARD_SIZE_H
#define PORTGUARD_SIZE_H

#include <stdint.h>

#define SIZE_TEXT 24

/* 64M, 512K, 1500: in the largest unit (of 1024) that is exact. Return: @text of SIZE_TEXT. */
char *size_print(uint64_t bytes, char *text);

#endif
