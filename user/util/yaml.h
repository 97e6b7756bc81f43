/* SPDX-License-Identifier: GPL-2.0-only */
/* Text as YAML. */
#ifndef PORTGUARD_YAML_H
#define PORTGUARD_YAML_H

#include <stdio.h>

/* UTF-8 in double quotes, so that nothing in it means anything to YAML. */
void yaml_quote(FILE *out, const char *text);

#endif
