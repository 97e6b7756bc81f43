// SPDX-License-Identifier: GPL-2.0-only
/* What is said of scopes: that are wrong, to the letter, and where. */
#include "unit/lib/file_help.h"

/* The first line of what is said of a file (after the version), less its name. */
static const struct {
	const char *text, *said;
} wrong[] = {
	{ "scopes: web\n", "2:9: scopes: want a list such as [{unit: nginx.service, rules: [...]}]; found a word" },
	{ "scopes: {unit: a.service}\n",
	  "2:9: scopes: want a list such as [{unit: nginx.service, rules: [...]}]; found a map" },
	{ "scopes: [web]\n", "2:10: a scope is a map such as {unit: nginx.service, rules: [...]}" },
	{ "scopes: [[]]\n", "2:10: a scope is a map such as {unit: nginx.service, rules: [...]}" },
	{ "scopes: [{}]\n",
	  "2:10: the scope lacks its selector: want one of container, unit, cgroup and netns" },
	{ "scopes: [{rules: []}]\n",
	  "2:10: the scope lacks its selector: want one of container, unit, cgroup and netns" },
	{ "scopes: [{name: web}]\n",
	  "2:17: scope 'web' has no selector in any file: want one of container, unit, cgroup and netns" },
	{ "scopes: [{name: wbe, rules: []}, {name: web, unit: a.service}]\n",
	  "2:17: scope 'wbe' has no selector in any file: did you mean 'web'?" },
	{ "scopes: [{unti: a.service}]\n", "2:11: unknown key 'unti' in a scope: did you mean 'unit'?" },
	{ "scopes: [{service: a}]\n",
	  "2:11: unknown key 'service' in a scope: want "
	  "container, unit, cgroup, netns, name, mode, default, inherit or rules" },
	{ "scopes: [{unit: a.service, unit: b.service}]\n", "2:28: duplicate key 'unit' in a scope" },
	{ "scopes: [{unit: a.service, rules: [], rules: []}]\n", "2:39: duplicate key 'rules' in a scope" },
	{ "scopes: [{unit: a.service, container: b}]\n",
	  "2:28: 'container' is a second selector: a scope has one of container, unit, cgroup and netns" },
	{ "scopes: [{container: b, netns: private}]\n",
	  "2:25: 'netns' is a second selector: a scope has one of container, unit, cgroup and netns" },
	{ "scopes: [{unit: a.service}, {unit: a.service}]\n",
	  "2:36: scope 'a.service' is there already, in line 2" },
	{ "scopes:\n  - {name: web, unit: a.service}\n  - {name: web, unit: b.service}\n",
	  "4:12: scope 'web' is there already, in line 3" },
	{ "scopes: [{name: a, unit: a.service}, {name: b, unit: a.service}]\n",
	  "2:54: unit: a.service is scope 'a' already" },
	{ "scopes: [{name: a, netns: private}, {netns: private}]\n", "2:45: netns: private is scope 'a' already" },
	{ "scopes: [{name: host, unit: a.service}]\n",
	  "2:17: scope 'host': the host is no scope: its rules stand under rules:" },
	{ "scopes: [{container: host}]\n",
	  "2:22: scope 'host': the host is no scope: its rules stand under rules:" },
	{ "scopes: [{name: '', unit: a.service}]\n", "2:17: scope '': it is empty" },
	{ "scopes: [{name: a b, unit: a.service}]\n",
	  "2:17: scope 'a b': want printable ASCII without blanks" },
	{ "scopes: [{name: \"a\\nb\", unit: a.service}]\n",
	  "2:17: scope 'a\\x0ab': want printable ASCII without blanks" },
	{ "scopes: [{name: , unit: a.service}]\n", "2:17: name: want a name such as web; found nothing" },
	{ "scopes: [{name: [web], unit: a.service}]\n", "2:17: name: want a name such as web; found a list" },
	/* units */
	{ "scopes: [{unit: nginx}]\n", "2:17: unit 'nginx': want the unit's whole name, such as nginx.service" },
	{ "scopes: [{unit: ''}]\n", "2:17: unit '': it is empty" },
	{ "scopes: [{unit: }]\n", "2:17: unit: want a unit such as nginx.service; found nothing" },
	{ "scopes: [{unit: [a]}]\n", "2:17: unit: want a unit such as nginx.service; found a list" },
	{ "scopes: [{unit: .service}]\n",
	  "2:17: unit '.service': want the unit's whole name, such as nginx.service" },
	{ "scopes: [{unit: user.slice}]\n",
	  "2:17: unit 'user.slice': a slice is a cgroup: want cgroup: and its path, such as /user.slice" },
	{ "scopes: [{unit: apt.timer}]\n",
	  "2:17: unit 'apt.timer': such a unit opens no ports: want a .service, .socket or .scope" },
	{ "scopes: [{unit: /system.slice/a.service}]\n",
	  "2:17: unit '/system.slice/a.service': want a unit's name, without '/' (a path is cgroup:)" },
	{ "scopes: [{unit: 'a[.service'}]\n", "2:17: unit 'a[.service': a '[' lacks its ']'" },
	/* containers */
	{ "scopes: [{container: /web}]\n",
	  "2:22: container '/web': want a container's name or id, without '/'" },
	{ "scopes: [{container: a b}]\n",
	  "2:22: container 'a b': a container's name is made of letters, digits, '_', '.' and '-'" },
	{ "scopes: [{container: 'a:b'}]\n",
	  "2:22: container 'a:b': a container's name is made of letters, digits, '_', '.' and '-'" },
	{ "scopes: [{container: 'ci-[a'}]\n", "2:22: container 'ci-[a': a '[' lacks its ']'" },
	{ "scopes: [{container: 'ci-**'}]\n",
	  "2:22: container 'ci-**': '**' is no pattern here: '*' stands for one name" },
	{ "scopes: [{container: \"a\\0b\"}]\n",
	  "2:22: container: want a name, an id or a pattern such as ci-*; found NUL" },
	/* cgroups */
	{ "scopes: [{cgroup: user.slice}]\n", "2:19: cgroup 'user.slice': want the whole path, from / on" },
	{ "scopes: [{cgroup: /}]\n", "2:19: cgroup '/': the root is the host: its rules stand under rules:" },
	{ "scopes: [{cgroup: /a/}]\n",
	  "2:19: cgroup '/a/': want a single '/' between names, and none at the end" },
	{ "scopes: [{cgroup: /a//b}]\n",
	  "2:19: cgroup '/a//b': want a single '/' between names, and none at the end" },
	{ "scopes: [{cgroup: /a/../b}]\n", "2:19: cgroup '/a/../b': want the path without '.' and '..'" },
	{ "scopes: [{cgroup: /a/**}]\n", "2:19: cgroup '/a/**': '**' is no pattern here: '*' stands for one name" },
	{ "scopes: [{cgroup: '/a[/b]'}]\n", "2:19: cgroup '/a[/b]': a '[' lacks its ']'" },
	{ "scopes: [{cgroup: \"/a\\nb\"}]\n", "2:19: cgroup '/a\\x0ab': want no control characters" },
	{ "scopes: [{name: a, cgroup: \"/a b\"}, {cgroup: \"/c d\"}]\n",
	  "2:46: scope '/c d': want printable ASCII without blanks" },
	/* network namespaces */
	{ "scopes: [{netns: host}]\n",
	  "2:18: netns 'host': want private: the network namespaces that are not the host's" },
	{ "scopes: [{netns: true}]\n",
	  "2:18: netns 'true': want private: the network namespaces that are not the host's" },
	/* settings */
	{ "scopes: [{unit: a.service, mode: adit}]\n", "2:34: mode 'adit': did you mean 'audit'?" },
	{ "scopes: [{unit: a.service, mode: 1}]\n", "2:34: mode '1': want enforce, audit or off" },
	{ "scopes: [{unit: a.service, mode: }]\n", "2:34: mode: want enforce, audit or off; found nothing" },
	{ "scopes: [{unit: a.service, inherit: yes}]\n", "2:37: inherit 'yes': want true or false" },
	{ "scopes: [{unit: a.service, inherit: ture}]\n", "2:37: inherit 'ture': did you mean 'true'?" },
	{ "scopes: [{unit: a.service, default: deny}]\n", "2:37: default: want a map, {bind: …}; found a word" },
	{ "scopes: [{unit: a.service, default: {in: reject}}]\n",
	  "2:42: in 'reject': want allow or deny: what a scope refuses gets no answer" },
	{ "scopes: [{unit: a.service, default: {bind: dney}}]\n", "2:44: bind 'dney': did you mean 'deny'?" },
	{ "scopes: [{unit: a.service, default: {raw: audit}}]\n", "2:43: raw 'audit': want allow or deny" },
	{ "scopes: [{unit: a.service, default: {forward: deny}}]\n",
	  "2:38: unknown key 'forward' in default: want "
	  "bind, in, out or raw" },
	{ "scopes: [{unit: a.service, default: {in: deny, in: deny}}]\n", "2:48: duplicate key 'in' in default" },
	{ "scopes: [{unit: a.service, failsafe: [22]}]\n",
	  "2:28: unknown key 'failsafe' in a scope: want "
	  "container, unit, cgroup, netns, name, mode, default, inherit or rules" },
	{ "scopes: [{unit: a.service, scopes: []}]\n",
	  "2:28: unknown key 'scopes' in a scope: want "
	  "container, unit, cgroup, netns, name, mode, default, inherit or rules" },
	/* rules */
	{ "scopes: [{unit: a.service, rules: allow 80}]\n",
	  "2:35: rules: want a list such as [allow 80/tcp]; found a word" },
	{ "scopes:\n  - unit: a.service\n    rules:\n      - alow 80\n", "5:9: verb 'alow': did you mean 'allow'?" },
	{ "scopes:\n  - unit: a.service\n    rules:\n      - allow 80 from @nowhere\n",
	  "5:23: unknown set '@nowhere': sets: in the policy has none of that name" },
	{ "scopes:\n  - unit: a.service\n    rules:\n      - allow in 80 by user www\n",
	  "5:21: 'by' is about programs of this machine: in cannot ask it; want bind or out, or no direction" },
	{ "scopes:\n  - unit: a.service\n    rules: [allow 80,443]\n",
	  "4:22: verb '443': want allow, deny, reject or limit (between [ ] a comma ends a rule: if it belongs to "
	  "the rule, put the whole rule in quotes)" },
};

Test(scope_mistakes, are_told_to_the_letter_with_their_place)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_free_ char *text = NULL, *said = NULL;

		cr_assert_neq(asprintf(&text, V "%s", wrong[i].text), -1);
		cr_assert_neq(asprintf(&said, "policy.yaml:%s", wrong[i].said), -1);
		expect_first((const char *const[]){ text }, 1, said);
	}
}

Test(scope_mistakes, two_files_say_a_scalar_of_a_scope_once)
{
	static const char first[] = V "scopes:\n  - {name: web, unit: a.service, mode: audit, inherit: true,\n"
				    "     default: {in: deny}}\n";
	static const struct {
		const char *text, *said;
	} seconds[] = {
		{ "scopes: [{name: web, mode: audit}]\n",
		  "1:22: mode of scope 'web' is said already in policy.yaml:3: only lists add up" },
		{ "scopes: [{name: web, inherit: true}]\n",
		  "1:22: inherit of scope 'web' is said already in policy.yaml:3: only lists add up" },
		{ "scopes: [{name: web, default: {in: allow}}]\n",
		  "1:32: in of scope 'web' is said already in policy.yaml:4: only lists add up" },
		{ "scopes: [{name: web, unit: b.service}]\n",
		  "1:22: scope 'web' is unit: a.service already, in policy.yaml:3" },
		{ "scopes: [{name: web, container: a}]\n",
		  "1:22: scope 'web' is unit: a.service already, in policy.yaml:3" },
		{ "scopes: [{name: www, rules: [allow 80]}]\n",
		  "1:17: scope 'www' has no selector in any file: want one of container, unit, cgroup and netns" },
		{ "scopes: [{name: wed, rules: [allow 80]}]\n",
		  "1:17: scope 'wed' has no selector in any file: did you mean 'web'?" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		_cleanup_free_ char *said = NULL;

		cr_assert_neq(asprintf(&said, "policy.d/10.yaml:%s", seconds[i].said), -1);
		expect_first((const char *const[]){ first, seconds[i].text }, 2, said);
	}
}

Test(scope_mistakes, behind_a_mistake_of_a_scope_are_found_too)
{
	static const char *const text = V "scopes:\n  - unit: nginx\n    mode: x\n    rules: [alow 80]\n"
					  "  - unit: b.service\n    rules: [alow 81]\n";
	static const char *const wanted[] = { "3:11: unit 'nginx'", "4:11: mode 'x'", "5:13: verb 'alow'",
					      "7:13: verb 'alow'" };
	struct pg_error err = PG_ERROR_INIT;
	struct policy p;
	const char *at = err.text;

	cr_assert_eq(parse_texts(&text, 1, &p, &err), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		at = strstr(at, wanted[i]);
		cr_assert_not_null(at, "no %s in: %s", wanted[i], err.text);
	}
}

Test(scope_mistakes, there_are_at_most_4095)
{
	_cleanup_free_ char *text = NULL;
	struct pg_error err = PG_ERROR_INIT;
	struct policy p;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)fputs(V "scopes:\n", out);
	for (unsigned i = 1; i <= PG_MAX_SCOPES; i++)
		(void)fprintf(out, "  - {unit: a%u.service}\n", i);
	(void)fclose(out);
	cr_assert_eq(parse_texts((const char *const *)&text, 1, &p, &err), -EINVAL);
	cr_assert_eq(strncmp(err.text, "policy.yaml:4098:12: more than 4095 scopes\n", 43), 0, "%s", err.text);
}
