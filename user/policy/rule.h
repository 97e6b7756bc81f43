/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One sentence: RULE = (allow | deny | reject | limit RATE) [bind | in | out] PORTS[/PROTO] QUALIFIER*. Text
 * to struct rule and back.
 */
#ifndef PORTGUARD_RULE_H
#define PORTGUARD_RULE_H

#include "policy/policy.h"
#include "util/json.h"

/**
 * rule_parse() - Parse one sentence.
 * @words:   the sentence: many words, or one quoted argument that is split here, or both.
 * @count:   how many words.
 * @verbless: the sentence may lack its verb (`remove 79/tcp`): then verdict is PG_NONE.
 * @ret_rules: malloc'ed array, mostly one rule; several where services of one list differ in protocol.
 * @ret_at:  byte offset in the sentence (words joined by one blank) of the mistake; may be NULL.
 * Applies the law of directions: none said means bind and in (out is only ever meant when it is said).
 * A qualifier that one of the two cannot ask - bind: from, on; in: by - drops that one for deny, reject and
 * limit (`deny 22 from X` is `deny in`, `deny 22 by user x` is `deny bind`); for allow it stays one rule,
 * and each direction asks what it can. `limit 6/m ssh` stays one rule for both: its bind is a plain allow.
 * A qualifier that no direction of the rule can ask is a mistake, as are `limit bind`, and `log` of what is
 * refused. A user's name is looked up (@world) and stays as it was typed; for_s is set, until_ns is not.
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
void rule_write(struct json *out, const struct rule *rule, bool with_comment); /* the same, appended */

/* The same behind its scope: "[web] allow bind 80/tcp"; a rule of the host's has none. */
char *rule_print_line(const struct rule *rule, bool with_comment);

/**
 * rule_give_verb() - Make a verbless sentence the rule that @verdict would have made of it.
 * For deny and limit, a sentence without a direction loses the one that cannot ask its qualifiers.
 */
void rule_give_verb(struct rule *rule, enum pg_verdict verdict);

/**
 * rule_said_by() - Whether a sentence of `remove` means a rule.
 * @sentence: may lack its verb (PG_NONE), which then is any; and its `for`, which then is any, or none.
 * All else is to be the same, the scope included.
 */
bool rule_said_by(const struct rule *rule, const struct rule *sentence);

#endif
