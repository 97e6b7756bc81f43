/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One sentence: RULE = (allow | deny) [bind | in | out] PORTS[/PROTO] QUALIFIER*. Text to struct rule and back.
 */
#ifndef PORTGUARD_RULE_H
#define PORTGUARD_RULE_H

#include "policy/policy.h"

/**
 * rule_parse() - Parse one sentence.
 * @words:   the sentence: many words, or one quoted argument that is split here, or both.
 * @count:   how many words.
 * @verbless: the sentence may lack its verb (`remove 79/tcp`): then verdict is PG_NONE.
 * @ret_rules: malloc'ed array, mostly one rule; several where services of one list differ in protocol.
 * @ret_at:  byte offset in the sentence (words joined by one blank) of the mistake; may be NULL.
 * Applies the law of directions: none said means bind and in (out is only ever meant when it is said);
 * for deny a qualifier that one of the two cannot ask drops it (`deny 22 from X` is `deny in`), for allow
 * it is kept as one rule. A qualifier that no direction of the rule can ask is a mistake.
 * What belongs to a later version (limit, reject, by, for, log) is refused by name with
 * "… is not supported in this version".
 * Return: 0, -EINVAL (text in @err, exit 65), -ENOMEM. Source: "Rules" in portguard-policy(5).
 */
int rule_parse(const char *const *words, size_t count, bool verbless, const struct policy_world *world,
	       struct rule **ret_rules, size_t *ret_count, size_t *ret_at, struct pg_error *err);

/**
 * rule_print() - The canonical sentence, which rule_parse() reads as an equal rule.
 * @with_comment: append ` comment "…"` (backslash escapes) where there is one.
 * Return: a malloc'ed string, or NULL.
 */
char *rule_print(const struct rule *rule, bool with_comment);

/**
 * rule_give_verb() - Make a verbless sentence the rule that @verdict would have made of it.
 * For deny, a sentence without a direction loses the one that cannot ask its qualifiers.
 */
void rule_give_verb(struct rule *rule, enum pg_verdict verdict);
#endif
