/* SPDX-License-Identifier: GPL-2.0-only */
/* The rule that would let a row's attempts pass, as words to be confirmed. Pure. */
#ifndef PORTGUARD_TOP_PROPOSE_H
#define PORTGUARD_TOP_PROPOSE_H

#include "top/model.h"

#define PROPOSAL_TEXT 512

/*
 * top_propose() - A sentence for `portguard allow`, without that word, in @text of PROPOSAL_TEXT.
 * Nothing in it but numbers, addresses and plain paths: who was refused does not write the rule.
 * Return: NULL, or why no allow helps, in words; @text is "" then.
 */
const char *top_propose(const struct top_row *row, char *text);

#endif
