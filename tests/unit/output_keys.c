// SPDX-License-Identifier: GPL-2.0-only
/* `outputs:` - what each key means, and what is said of wrong ones, to the letter. */
#include "policy/diff.h"
#include "policy/image.h"
#include "unit/lib/file_help.h"

#define O V "outputs:\n  - "

static void expect_described(const char *text, const char *wanted)
{
	_cleanup_policy_ struct policy p;

	parse_good(text, &p);
	cr_assert_eq(p.output_count, 1);
	cr_expect_str_eq(p.outputs[0].text, wanted);
}

Test(output_keys, targets_have_names_and_defaults)
{
	_cleanup_policy_ struct policy p;

	parse_good(V "outputs: [{file: /var/log/x}, {syslog: 'unix:///dev/log', format: json},\n"
		     "  {syslog: 'udp://192.0.2.9:514', format: json}, {journald: true}, {stdout: true},\n"
		     "  {syslog: 'tcp://[2001:DB8:0::9]:601'}]\n",
		   &p);
	cr_assert_eq(p.output_count, 6);
	cr_assert(p.outputs_said);
	cr_expect_str_eq(p.outputs[0].name, "/var/log/x");
	cr_expect_str_eq(p.outputs[0].format->name, "json");
	cr_expect_eq(p.outputs[0].buffer_bytes, OUTPUT_BUFFER);
	cr_expect_str_eq(p.outputs[1].name, "unix:///dev/log");
	cr_expect_str_eq(p.outputs[1].path, "/dev/log");
	cr_expect_str_eq(p.outputs[2].name, "udp://192.0.2.9:514");
	cr_expect_str_eq(p.outputs[3].name, "journald");
	cr_expect_null(p.outputs[3].format);
	cr_expect_str_eq(p.outputs[4].name, "stdout");
	cr_expect_str_eq(p.outputs[1].format->name, "json");
	cr_expect_str_eq(p.outputs[5].format->name, "syslog");
	cr_expect_str_eq(p.outputs[5].name, "tcp://[2001:db8::9]:601");
	cr_expect_eq(p.outputs[5].port, 601);
}

Test(output_keys, all_of_them)
{
	_cleanup_policy_ struct policy p;
	const struct output *o;

	parse_good(V "scopes: [{name: web, unit: nginx.service}]\n"
		     "outputs: [{file: /a, format: text, rotate: [100M, 1d], keep: 3, buffer: 64M, max: 7/s,\n"
		     "  kinds: [verdict, health], hooks: [bind, listen], verdicts: [deny],\n"
		     "  ports: [http, 22/tcp, 8000-8100, 22/tcp], scopes: [web, host]}]\n",
		   &p);
	o = &p.outputs[0];
	cr_expect_eq(o->rotate_bytes, 100u << 20);
	cr_expect_eq(o->rotate_s, 86400);
	cr_expect_eq(o->keep, 3);
	cr_expect_eq(o->buffer_bytes, 64u << 20);
	cr_expect_eq(o->max, 7);
	cr_expect_eq(o->filter.kinds, 1u << EVENT_VERDICT | 1u << EVENT_HEALTH);
	cr_expect_eq(o->filter.hooks, 1u << PG_HOOK_BIND | 1u << PG_HOOK_LISTEN);
	cr_expect_eq(o->filter.verdicts, 1u << PG_DENY);
	cr_expect_str_eq(o->text,
			 "{file: \"/a\", format: text, rotate: [100M, 86400s], keep: 3, buffer: 64M, max: 7/s, "
			 "kinds: [verdict, health], hooks: [bind, listen], verdicts: [deny], "
			 "ports: [22/tcp, 80/tcp, 8000-8100], scopes: [\"host\", \"web\"]}");
}

Test(output_keys, text_is_as_a_file_would_say_it)
{
	expect_described(O "{journald: true, max: 20/s}\n", "{journald: true, max: 20/s}");
	expect_described(O "{file: '/a \"b\\c', rotate: 4K}\n",
		    "{file: \"/a \\\"b\\\\c\", format: json, rotate: [4K], keep: 10}");
	expect_described(O "{file: /a, rotate: 90s}\n", "{file: \"/a\", format: json, rotate: [90s], keep: 10}");
	expect_described(O "{syslog: 'udp://[::ffff:192.0.2.9]:9', format: json, buffer: 65537}\n",
		    "{syslog: \"udp://192.0.2.9:9\", format: json, buffer: 65537}");
}

Test(output_keys, left_out_is_not_none)
{
	_cleanup_policy_ struct policy out, none;
	_cleanup_free_ char *text = NULL;
	struct output o;

	parse_good(V, &out);
	parse_good(V "outputs: []\n", &none);
	cr_expect(!out.outputs_said && none.outputs_said);
	cr_expect(!policy_equal(&out, &none));
	text = policy_diff(&out, &none);
	cr_expect_str_eq(text, "+ outputs: []\n");
	cr_assert_eq(output_default(&o), 0);
	cr_expect_str_eq(o.text, "{journald: true, max: 20/s}");
	output_free(&o);
}

Test(output_keys, lists_of_several_files_add_up)
{
	static const char *const texts[] = { V "outputs: [{file: /a}]\n", "outputs: [{file: /b}]\n" };
	static const char *const twice[] = { V "outputs: [{file: /a}]\n", "outputs: [{file: /a, max: 1/s}]\n" };
	_cleanup_policy_ struct policy p;

	cr_assert_eq(parse_texts(texts, 2, &p, NULL), 0);
	cr_expect_eq(p.output_count, 2);
	expect_first(twice, 2, "policy.d/10.yaml:1:18: output '/a' is there already");
}

Test(output_keys, go_through_image_copy_and_diff)
{
	_cleanup_policy_ struct policy p, again, copy, none;
	_cleanup_free_ char *text = NULL, *diff = NULL;
	size_t length;

	parse_good(V "scopes: [{name: \"w\\\"eb\", unit: nginx.service}]\n"
		     "outputs: [{file: \"/a \\\"\\ufeffb\", ports: [1-2/udp], scopes: ['w\"eb']}, {journald: true}]\n",
		   &p);
	text = image_write(&p, &length);
	cr_assert_eq(image_read(text, length, &again, NULL), 0);
	cr_expect(policy_equal(&p, &again));
	cr_expect_str_eq(again.outputs[0].path, "/a \"\xef\xbb\xbf" "b");
	cr_assert_eq(policy_copy(&p, &copy), 0);
	cr_expect(policy_equal(&p, &copy));
	parse_good(V "scopes: [{name: \"w\\\"eb\", unit: nginx.service}]\noutputs: [{journald: true}]\n", &none);
	cr_expect(!policy_equal(&p, &none));
	diff = policy_diff(&none, &p);
	cr_expect_str_eq(diff, "+ outputs: {file: \"/a \\\"\\U0000feffb\", format: json, ports: [1-2/udp], "
			       "scopes: [\"w\\\"eb\"]}\n");
}

Test(output_keys, what_is_no_output_is_none)
{
	struct output o;

	cr_expect_eq(output_parse("{file: \"/a\"}", &o), 0);
	output_free(&o);
	cr_expect_eq(output_parse("", &o), -EINVAL);
	cr_expect_eq(output_parse("{file: \"a\"}", &o), -EINVAL);
	cr_expect_eq(output_parse("{file: \"/a\"} }", &o), -EINVAL);
	cr_expect_eq(output_parse("[{file: \"/a\"}]", &o), -EINVAL);
}

static const struct wrong_file wrong[] = {
	{ V "outputs: /var/log/x\n",
	  "2:10: outputs: want a list such as [{file: /var/log/portguard/events.jsonl}]; found a word" },
	{ O "/var/log/x\n", "3:5: an output is a map such as {file: /var/log/portguard/events.jsonl}" },
	{ O "{}\n", "3:5: the output lacks its target: want one of file, syslog, journald and stdout" },
	{ O "{format: json}\n",
	  "3:5: the output lacks its target: want one of file, syslog, journald and stdout" },
	{ O "{fiel: /a}\n", "3:6: unknown key 'fiel' in an output: did you mean 'file'?" },
	{ O "{http: 'https://x'}\n",
	  "3:6: unknown key 'http' in an output: want file, syslog, journald, stdout, kafka, format, rotate, "
	  "keep, buffer, max, kinds, hooks, verdicts, ports or scopes" },
	{ O "{file: /a, journald: true}\n",
	  "3:16: 'journald' is a second target: an output has one of file, syslog, journald and stdout" },
	{ O "{file: /a, file: /b}\n", "3:16: duplicate key 'file' in an output" },
	{ O "{file: a}\n", "3:12: file 'a': want the whole path, from / on" },
	{ O "{file: /}\n", "3:12: file '/': that is a directory" },
	{ O "{file: /a/}\n", "3:12: file '/a/': want a single '/' between names, and none at the end" },
	{ O "{file: /a/../b}\n", "3:12: file '/a/../b': want the path without '.' and '..'" },
	{ O "{file: \"/a\\nb\"}\n", "3:12: file '/a\\x0ab': want no control characters" },
	{ O "{file: [/a]}\n",
	  "3:12: file: want a path such as /var/log/portguard/events.jsonl; found a list" },
	{ O "{journald: yes}\n", "3:16: journald 'yes': want true" },
	{ O "{stdout: false}\n", "3:14: stdout 'false': want true" },
	{ O "{kafka: 'broker:9092'}\n",
	  "3:6: there is no Kafka in the agent: portguard-export sends to it" },
	{ O "{syslog: 192.0.2.9}\n",
	  "3:14: syslog '192.0.2.9': want unix:///dev/log, udp://ADDRESS:PORT or tcp://ADDRESS:PORT" },
	{ O "{syslog: 'tls://192.0.2.9:6514'}\n",
	  "3:14: syslog 'tls://192.0.2.9:6514': there is no TLS in the agent: portguard-export sends by "
	  "tls://" },
	{ O "{syslog: 'tcp://logs.example.net:601', format: json}\n",
	  "3:14: syslog 'tcp://logs.example.net:601': want an address, tcp://192.0.2.9:601 or "
	  "tcp://[2001:db8::9]:601; the agent asks no name server: names are for portguard-export" },
	{ O "{syslog: 'udp://2001:db8::9:514', format: json}\n",
	  "3:14: syslog 'udp://2001:db8::9:514': want an address, udp://192.0.2.9:514 or "
	  "udp://[2001:db8::9]:514; the agent asks no name server: names are for portguard-export" },
	{ O "{syslog: 'tcp://192.0.2.9', format: json}\n",
	  "3:14: syslog 'tcp://192.0.2.9': want a port 1-65535 behind the address, as in tcp://192.0.2.9:601" },
	{ O "{syslog: 'tcp://192.0.2.9:0', format: json}\n",
	  "3:14: syslog 'tcp://192.0.2.9:0': want a port 1-65535 behind the address, as in "
	  "tcp://192.0.2.9:601" },
	{ O "{syslog: 'unix://dev/log', format: json}\n",
	  "3:14: syslog 'unix://dev/log': want the whole path, from / on" },
	{ O "{journald: true, format: json}\n",
	  "3:22: 'format': journald gets fields, which have no other shape" },
	{ O "{file: /a, format: jsno}\n", "3:24: format 'jsno': did you mean 'json'?" },
	{ O "{stdout: true, rotate: 1M}\n", "3:20: 'rotate': only a file is rotated" },
	{ O "{stdout: true, keep: 1}\n", "3:20: 'keep': only a file is rotated" },
	{ O "{file: /a, keep: 1}\n", "3:16: 'keep': nothing is rotated without `rotate: 100M`" },
	{ O "{file: /a, rotate: 1M, keep: 0}\n", "3:34: keep '0': want a number 1-1000" },
	{ O "{file: /a, rotate: 100MB}\n", "3:24: rotate '100MB': want a size such as 64M, 512K or 2G" },
	{ O "{file: /a, rotate: 1K}\n", "3:24: rotate '1K': want a size from 4K to 1024G" },
	{ O "{file: /a, rotate: 0d}\n", "3:24: rotate '0d': want a duration from 1s to 366d" },
	{ O "{file: /a, rotate: [1M, 2M]}\n", "3:29: rotate '2M': a size is said already" },
	{ O "{file: /a, rotate: []}\n",
	  "3:24: rotate: want a size such as 100M, an age such as 1d, or [100M, 1d]" },
	{ O "{file: /a, buffer: 1K}\n", "3:24: buffer '1K': want a size from 64K to 64G" },
	{ O "{file: /a, buffer: much}\n", "3:24: buffer 'much': want a size such as 64M, 512K or 2G" },
	{ O "{file: /a, max: 20}\n", "3:21: max '20': want lines a second, 1-1000000, such as 200/s" },
	{ O "{file: /a, kinds: [verdicts]}\n", "3:24: kinds 'verdicts': did you mean 'verdict'?" },
	{ O "{file: /a, hooks: [output]}\n",
	  "3:24: hooks 'output': want bind, listen, socket, connect, send, inbound or deliver" },
	{ O "{file: /a, hooks: []}\n", "3:23: hooks: the list is empty: leave it out for all of them" },
	{ O "{file: /a, verdicts: deny}\n", "3:26: verdicts: want a list such as [allow]; found a word" },
	{ O "{file: /a, ports: [70000]}\n", "3:24: port '70000': want 1-65535" },
	{ O "{file: /a, ports: [any]}\n", "3:24: ports 'any': leave it out for all of them" },
	{ V "scopes: [{name: web, unit: a.service}]\noutputs: [{file: /a, scopes: [wbe]}]\n",
	  "3:31: unknown scope 'wbe': did you mean 'web'?" },
	{ O "{file: /a, scopes: ['a b']}\n", "3:25: scope 'a b': want printable ASCII without blanks" },
};

Test(output_keys, each_mistake_is_said)
{
	expect_first_of_each(wrong, ARRAY_SIZE(wrong));
}
