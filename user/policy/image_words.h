/* SPDX-License-Identifier: GPL-2.0-only */
/* What writing and reading of the image must agree on: its first and last line, and the words of enums. */
#ifndef PORTGUARD_IMAGE_WORDS_H
#define PORTGUARD_IMAGE_WORDS_H

#define IMAGE_KIND "portguard-image"
#define IMAGE_FIRST_LINE IMAGE_KIND " 1"
#define IMAGE_LAST_LINE "end"
#define IMAGE_REJECT "reject"	/* default in; others are image_verdicts */

/* Indexed by their enums, NULL at the end. */
extern const char *const image_modes[];
extern const char *const image_verdicts[];
extern const char *const image_attach[];
extern const char *const image_origins[];

#endif
