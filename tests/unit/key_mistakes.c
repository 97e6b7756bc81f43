// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said of wrong values of a policy file's keys, and of the files of sets, to the letter: each key with
 * words of the wrong kind, words that are nearly right, and numbers out of bounds.
 */
#include "unit/lib/file_help.h"

static const struct wrong_file wrong[] = {
	/* mode */
	{ V "mode: enforec\n", "2:7: mode 'enforec': did you mean 'enforce'?" },
	{ V "mode: 7\n", "2:7: mode '7': want enforce, audit or off" },
	{ V "mode: Enforce\n", "2:7: mode 'Enforce': did you mean 'enforce'?" },
	{ V "mode: disabled\n", "2:7: mode 'disabled': want enforce, audit or off" },
	{ V "mode: ''\n", "2:7: mode '': want enforce, audit or off" },
	{ V "mode:\n", "2:6: mode: want enforce, audit or off; found nothing" },
	{ V "mode: [audit]\n", "2:7: mode: want enforce, audit or off; found a list" },
	{ V "mode: {a: b}\n", "2:7: mode: want enforce, audit or off; found a map" },
	{ V "mode: \"audit\\0\"\n", "2:7: mode: want enforce, audit or off; found NUL" },
	/* interfaces */
	{ V "interfaces: eth0\n",
	  "2:13: interfaces: want a list such as [eth0, {name: veth*, attach: tc}]; found a word" },
	{ V "interfaces:\n",
	  "2:12: interfaces: want a list such as [eth0, {name: veth*, attach: tc}]; found nothing" },
	{ V "interfaces: {name: eth0}\n",
	  "2:13: interfaces: want a list such as [eth0, {name: veth*, attach: tc}]; found a map" },
	{ V "interfaces: [averyveryverylongname]\n",
	  "2:14: interface 'averyveryverylongname': want a name of 1-15 letters without blank, '/' and "
	  "':', or a pattern such as veth*" },
	{ V "interfaces: [a/b]\n",
	  "2:14: interface 'a/b': want a name of 1-15 letters without blank, '/' and ':', or a pattern "
	  "such as veth*" },
	{ V "interfaces: ['eth0:1']\n",
	  "2:14: interface 'eth0:1': want a name of 1-15 letters without blank, '/' and ':', or a pattern "
	  "such as veth*" },
	{ V "interfaces: ['eth 0']\n",
	  "2:14: interface 'eth 0': want a name of 1-15 letters without blank, '/' and ':', or a pattern "
	  "such as veth*" },
	{ V "interfaces: ['']\n",
	  "2:14: interface '': want a name of 1-15 letters without blank, '/' and ':', or a pattern such "
	  "as veth*" },
	{ V "interfaces: [..]\n",
	  "2:14: interface '..': want a name of 1-15 letters without blank, '/' and ':', or a pattern such "
	  "as veth*" },
	{ V "interfaces: ['eth[0']\n",
	  "2:14: interface 'eth[0': want a name of 1-15 letters without blank, '/' and ':', or a pattern "
	  "such as veth*" },
	{ V "interfaces: [eth0, eth0]\n", "2:20: interface 'eth0' is there already" },
	{ V "interfaces: [eth0, {name: eth0, attach: tc}]\n", "2:27: interface 'eth0' is there already" },
	{ V "interfaces: [{attach: tc}]\n",
	  "2:14: the interface lacks its name: want {name: veth*, attach: tc}" },
	{ V "interfaces: [{}]\n", "2:14: the interface lacks its name: want {name: veth*, attach: tc}" },
	{ V "interfaces: [{name: a, attach: tcx}]\n", "2:32: attach 'tcx': did you mean 'tc'?" },
	{ V "interfaces: [{name: a, attach: [tc]}]\n", "2:32: attach: want auto, xdp or tc; found a list" },
	{ V "interfaces: [{name: a, atach: tc}]\n",
	  "2:24: an interface has the keys name and attach: want {name: veth*, attach: tc}" },
	{ V "interfaces: [{name: a, name: b}]\n", "2:24: duplicate key 'name' in interfaces" },
	{ V "interfaces: [{name: [a]}]\n", "2:21: interface: want a name such as eth0; found a list" },
	{ V "interfaces: [[eth0]]\n", "2:14: interface: want a name such as eth0; found a list" },
	/* cgroup, attach */
	{ V "cgroup:\n",
	  "2:8: cgroup: want a path below the cgroup2 mount, such as / or /system.slice; found nothing" },
	{ V "cgroup: []\n",
	  "2:9: cgroup: want a path below the cgroup2 mount, such as / or /system.slice; found a list" },
	{ V "cgroup: ''\n", "2:9: cgroup '': want the whole path, from / on" },
	{ V "cgroup: system.slice\n", "2:9: cgroup 'system.slice': want the whole path, from / on" },
	{ V "cgroup: /a/../b\n", "2:9: cgroup '/a/../b': want the path without '.' and '..'" },
	{ V "cgroup: /a//b\n", "2:9: cgroup '/a//b': want a single '/' between names, and none at the end" },
	{ V "cgroup: /a/\n", "2:9: cgroup '/a/': want a single '/' between names, and none at the end" },
	{ V "cgroup: \"/a\\nb\"\n", "2:9: cgroup '/a\\x0ab': want no control characters" },
	{ V "cgroup: \"/a\\x9b\"\n", "2:9: cgroup '/a\\xc2\\x9b': want no control characters" },
	{ V "attach: xpd\n", "2:9: attach 'xpd': did you mean 'xdp'?" },
	{ V "attach: native\n", "2:9: attach 'native': want auto, xdp or tc" },
	{ V "attach: [xdp, tc]\n", "2:9: attach: want auto, xdp or tc; found a list" },
	/* default */
	{ V "default: deny\n", "2:10: default: want a map, {bind: …}; found a word" },
	{ V "default: [deny]\n", "2:10: default: want a map, {bind: …}; found a list" },
	{ V "default:\n", "2:9: default: want a map, {bind: …}; found nothing" },
	{ V "default: {inn: deny}\n", "2:11: unknown key 'inn' in default: did you mean 'in'?" },
	{ V "default: {forward: deny}\n", "2:11: unknown key 'forward' in default: want bind, in, out or raw" },
	{ V "default: {in: drop}\n", "2:15: in 'drop': want allow, deny or reject" },
	{ V "default: {in: rejct}\n", "2:15: in 'rejct': did you mean 'reject'?" },
	{ V "default: {in: }\n", "2:15: in: want allow, deny or reject; found nothing" },
	{ V "default: {in: [deny]}\n", "2:15: in: want allow, deny or reject; found a list" },
	{ V "default: {bind: reject}\n",
	  "2:17: bind 'reject': want allow or deny: there is an answer only to what comes in" },
	{ V "default: {out: reject}\n",
	  "2:16: out 'reject': want allow or deny: there is an answer only to what comes in" },
	{ V "default: {raw: reject}\n",
	  "2:16: raw 'reject': want allow or deny: there is an answer only to what comes in" },
	{ V "default: {raw: audit}\n", "2:16: raw 'audit': want allow or deny" },
	{ V "default: {bind: Allow}\n", "2:17: bind 'Allow': did you mean 'allow'?" },
	{ V "default: {in: deny, in: deny}\n", "2:21: duplicate key 'in' in default" },
	/* essentials, failsafe */
	{ V "essentials: dhcp\n", "2:13: essentials: want a list such as [dhcp]; found a word" },
	{ V "essentials: {dhcp: true}\n", "2:13: essentials: want a list such as [dhcp]; found a map" },
	{ V "essentials: [dchp]\n", "2:14: essential 'dchp': did you mean 'dhcp'?" },
	{ V "essentials: [ntp]\n", "2:14: essential 'ntp': want dhcp or mdns" },
	{ V "essentials: [[dhcp]]\n", "2:14: essential: want dhcp or mdns; found a list" },
	{ V "failsafe: 22/tcp\n", "2:11: failsafe: want a list such as [22/tcp]; found a word" },
	{ V "failsafe:\n", "2:10: failsafe: want a list such as [22/tcp]; found nothing" },
	{ V "failsafe: [any]\n", "2:12: failsafe 'any': want single ports or ranges, such as 22/tcp" },
	{ V "failsafe: [any/tcp]\n", "2:12: failsafe 'any': want single ports or ranges, such as 22/tcp" },
	{ V "failsafe: [22/tpc]\n",
	  "2:15: protocol 'tpc': want tcp or udp (other protocols have no ports here: see protocols: in "
	  "the policy)" },
	{ V "failsafe: [70000]\n", "2:12: port '70000': want 1-65535" },
	{ V "failsafe: [30-20]\n", "2:12: port range '30-20' is empty: want 20-30" },
	{ V "failsafe: ['22,x']\n", "2:16: port 'x': neither a port 1-65535 nor the name of a service" },
	{ V "failsafe: [shh]\n", "2:12: port 'shh': neither a port 1-65535 nor the name of a service" },
	{ V "failsafe: [allow 22]\n",
	  "2:12: port 'allow 22': neither a port 1-65535 nor the name of a service" },
	{ V "failsafe: [{a: b}]\n", "2:12: failsafe: want a port such as 22/tcp; found a map" },
	{ V "failsafe: ['']\n", "2:13: '' lacks the port: want PORT/PROTO, such as 80/tcp" },
	/* protocols */
	{ V "protocols: vrrp\n",
	  "2:12: protocols: want a list such as [vrrp, {gre: {from: \"@peers\"}}]; found a word" },
	{ V "protocols: [tcp]\n", "2:13: IP protocol 'tcp': rules allow its ports" },
	{ V "protocols: [17]\n", "2:13: IP protocol '17': rules allow its ports" },
	{ V "protocols: [udplite]\n", "2:13: IP protocol 'udplite': it goes with udp: rules allow its ports" },
	{ V "protocols: [icmp]\n", "2:13: IP protocol 'icmp': icmp: rules it" },
	{ V "protocols: [58]\n", "2:13: IP protocol '58': icmp: rules it" },
	{ V "protocols: [hopopt]\n", "2:13: IP protocol 'hopopt': it is an extension header, not a protocol" },
	{ V "protocols: [256]\n",
	  "2:13: IP protocol '256': want a name such as vrrp, gre, esp, or its number 0-255" },
	{ V "protocols: [047]\n",
	  "2:13: IP protocol '047': want a name such as vrrp, gre, esp, or its number 0-255" },
	{ V "protocols: [vrpp]\n", "2:13: IP protocol 'vrpp': did you mean 'vrrp'?" },
	{ V "protocols: [{gre: {to: 192.0.2.1}}]\n", "2:20: protocols: want {NAME: {from: PEER}}" },
	{ V "protocols: [{gre: 192.0.2.1}]\n", "2:13: protocols: want a name, or {NAME: {from: PEER}}" },
	{ V "protocols: [{gre: {}}]\n", "2:13: protocols: want a name, or {NAME: {from: PEER}}" },
	{ V "protocols: [{gre: {from: 192.0.2.1, to: 192.0.2.2}}]\n",
	  "2:13: protocols: want a name, or {NAME: {from: PEER}}" },
	{ V "protocols: [{gre: {from: [192.0.2.1]}}]\n",
	  "2:26: from: want an address, a prefix or \"@set\"; found a list" },
	{ V "protocols: [{gre: {from: 192.0.2.7/24}}]\n",
	  "2:26: '192.0.2.7/24' has host bits: want 192.0.2.0/24, or 192.0.2.7 for that one address" },
	{ V "protocols: [{gre: {from: '@nobody'}}]\n",
	  "2:26: unknown set '@nobody': sets: in the policy has none of that name" },
	{ V "protocols: [{gre: {from: @peers}}]\n",
	  "2:26: YAML: found character that cannot start any token: a word that begins with '@' is put in "
	  "quotes, such as \"@office\"" },
	{ V "protocols: [{tcp: {from: 192.0.2.1}}]\n", "2:14: IP protocol 'tcp': rules allow its ports" },
	/* icmp */
	{ V "icmp: allow\n", "2:7: icmp: want a map, {echo: …}; found a word" },
	{ V "icmp: {eco: deny}\n", "2:8: unknown key 'eco' in icmp: did you mean 'echo'?" },
	{ V "icmp: {timestamp: deny}\n", "2:8: unknown key 'timestamp' in icmp: want echo or redirect" },
	{ V "icmp: {echo: reject}\n",
	  "2:14: echo 'reject': want allow, deny or a rate such as 10/s or 100/m [burst N], at most "
	  "1000000/s" },
	{ V "icmp: {echo: aloow}\n", "2:14: echo 'aloow': did you mean 'allow'?" },
	{ V "icmp: {echo: [10/s]}\n", "2:14: echo: want allow, deny or a rate such as 10/s; found a list" },
	{ V "icmp: {echo: }\n", "2:14: echo: want allow, deny or a rate such as 10/s; found nothing" },
	{ V "icmp: {echo: 10}\n",
	  "2:14: echo '10': want allow, deny or a rate such as 10/s or 100/m [burst N], at most 1000000/s" },
	{ V "icmp: {echo: 10/h}\n",
	  "2:14: echo '10/h': want allow, deny or a rate such as 10/s or 100/m [burst N], at most 1000000/s" },
	{ V "icmp: {echo: 0/s}\n",
	  "2:14: echo '0/s': want allow, deny or a rate such as 10/s or 100/m [burst N], at most 1000000/s" },
	{ V "icmp: {echo: 010/s}\n",
	  "2:14: echo '010/s': want allow, deny or a rate such as 10/s or 100/m [burst N], at most "
	  "1000000/s" },
	{ V "icmp: {echo: 1000001/s}\n",
	  "2:14: echo '1000001/s': want allow, deny or a rate such as 10/s or 100/m [burst N], at most "
	  "1000000/s" },
	{ V "icmp: {echo: 10/s burst}\n",
	  "2:14: echo '10/s burst': want allow, deny or a rate such as 10/s or 100/m [burst N], at most "
	  "1000000/s" },
	{ V "icmp: {echo: 10/s burst 0}\n",
	  "2:14: echo '10/s burst 0': want allow, deny or a rate such as 10/s or 100/m [burst N], at most "
	  "1000000/s" },
	{ V "icmp: {echo: 10/s per source}\n",
	  "2:14: echo '10/s per source': 'per source' is not supported in this version" },
	{ V "icmp: {redirect: 10/s}\n", "2:18: redirect '10/s': want allow or deny" },
	{ V "icmp: {redirect: reject}\n",
	  "2:18: redirect 'reject': want allow or deny: there is an answer only to what comes in" },
	/* forward, loopback, on_listen */
	{ V "forward: yes\n", "2:10: forward 'yes': want allow or deny" },
	{ V "forward: reject\n",
	  "2:10: forward 'reject': want allow or deny: there is an answer only to what comes in" },
	{ V "forward:\n", "2:9: forward: want allow or deny; found nothing" },
	{ V "loopback: yes\n", "2:11: loopback 'yes': want true or false" },
	{ V "loopback: True\n", "2:11: loopback 'True': did you mean 'true'?" },
	{ V "loopback: 1\n", "2:11: loopback '1': want true or false" },
	{ V "on_listen: clsoe\n", "2:12: on_listen 'clsoe': did you mean 'close'?" },
	{ V "on_listen: kill\n", "2:12: on_listen 'kill': want report or close" },
	{ V "on-listen: close\n", "2:1: unknown key 'on-listen' in the policy: did you mean 'on_listen'?" },
	/* flows, events */
	{ V "flows: 65536\n", "2:8: flows: want a map, {max: …}; found a word" },
	{ V "flows: {max: -1}\n", "2:14: max '-1': want a number 1024-16777216" },
	{ V "flows: {max: 0x800}\n", "2:14: max '0x800': want a number 1024-16777216" },
	{ V "flows: {max: 1023}\n", "2:14: max '1023': want a number 1024-16777216" },
	{ V "flows: {max: 16777217}\n", "2:14: max '16777217': want a number 1024-16777216" },
	{ V "flows: {max: [1024]}\n", "2:14: max: want a number; found a list" },
	{ V "flows: {udp: 30}\n", "2:14: udp '30': want a duration such as 30s, 2m, 12h or 5d" },
	{ V "flows: {udp: 0s}\n", "2:14: udp '0s': want a duration from 1s to 24d" },
	{ V "flows: {udp: 1.5m}\n", "2:14: udp '1.5m': want a duration such as 30s, 2m, 12h or 5d" },
	{ V "flows: {udp: }\n", "2:14: udp: want a duration such as 30s; found nothing" },
	{ V "flows: {tcp: 99999d}\n", "2:14: tcp '99999d': want a duration from 1s to 24d" },
	{ V "flows: {tcp: 5w}\n", "2:14: tcp '5w': want a duration such as 30s, 2m, 12h or 5d" },
	{ V "flows: {udp_stream: 1s}\n", "2:9: unknown key 'udp_stream' in flows: did you mean 'udp-stream'?" },
	{ V "flows: {sctp: 1s}\n", "2:9: unknown key 'sctp' in flows: want max, udp, udp-stream or tcp" },
	{ V "flows: {udp: 1s, udp: 2s}\n", "2:18: duplicate key 'udp' in flows" },
	{ V "events: []\n", "2:9: events: want a map, {max: …}; found a list" },
	{ V "events: {max: 200}\n", "2:15: max '200': want lines a second, 1-1000000, such as 200/s" },
	{ V "events: {max: 200/m}\n", "2:15: max '200/m': want lines a second, 1-1000000, such as 200/s" },
	{ V "events: {max: 0/s}\n", "2:15: max '0/s': want lines a second, 1-1000000, such as 200/s" },
	{ V "events: {max: 1000001/s}\n",
	  "2:15: max '1000001/s': want lines a second, 1-1000000, such as 200/s" },
	{ V "events: {number: 0}\n", "2:18: number '0': want a number 1-4294967295" },
	{ V "events: {number: 4294967296}\n", "2:18: number '4294967296': want a number 1-4294967295" },
	{ V "events: {rate: 5}\n", "2:10: unknown key 'rate' in events: want max or number" },
	/* metrics */
	{ V "metrics:\n",
	  "2:9: metrics: want where to serve them, such as unix:///run/portguard/metrics.sock; "
	  "found nothing" },
	{ V "metrics: true\n",
	  "2:10: metrics 'true': want unix:///run/portguard/metrics.sock or http://127.0.0.1:PORT" },
	{ V "metrics: [unix:///run/m.sock]\n",
	  "2:10: metrics: want where to serve them, such as unix:///run/portguard/metrics.sock; "
	  "found a list" },
	{ V "metrics: /run/m.sock\n",
	  "2:10: metrics '/run/m.sock': want unix:///run/portguard/metrics.sock or "
	  "http://127.0.0.1:PORT" },
	{ V "metrics: unix:/run/m.sock\n",
	  "2:10: metrics 'unix:/run/m.sock': want unix:///run/portguard/metrics.sock or "
	  "http://127.0.0.1:PORT" },
	{ V "metrics: unix://run/m.sock\n",
	  "2:10: metrics 'unix://run/m.sock': want the whole path, from / on" },
	{ V "metrics: unix:///\n", "2:10: metrics 'unix:///': want the path of a socket" },
	{ V "metrics: unix:///run/../m.sock\n",
	  "2:10: metrics 'unix:///run/../m.sock': want the path without '.' and '..'" },
	{ V "metrics: unix:///run/m.sock/\n",
	  "2:10: metrics 'unix:///run/m.sock/': want a single '/' between names, and none at the "
	  "end" },
	{ V "metrics: \"unix:///run/m\\nsock\"\n",
	  "2:10: metrics 'unix:///run/m\\x0asock': want no control characters" },
	{ V "metrics: unix:///aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	  "2:10: metrics 'unix:///aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...': the "
	  "path of a socket has at most 107 bytes" },
	{ V "metrics: 127.0.0.1:9642\n",
	  "2:10: metrics '127.0.0.1:9642': want unix:///run/portguard/metrics.sock or "
	  "http://127.0.0.1:PORT" },
	{ V "metrics: https://127.0.0.1:9642\n",
	  "2:10: metrics 'https://127.0.0.1:9642': want unix:///run/portguard/metrics.sock or "
	  "http://127.0.0.1:PORT" },
	{ V "metrics: http://127.0.0.1\n",
	  "2:10: metrics 'http://127.0.0.1': its port is missing: want "
	  "unix:///run/portguard/metrics.sock or http://127.0.0.1:PORT" },
	{ V "metrics: 'http://[::1]'\n",
	  "2:10: metrics 'http://[::1]': its port is missing: want "
	  "unix:///run/portguard/metrics.sock or http://127.0.0.1:PORT" },
	{ V "metrics: http://\n",
	  "2:10: metrics 'http://': its port is missing: want unix:///run/portguard/metrics.sock "
	  "or http://127.0.0.1:PORT" },
	{ V "metrics: http://:9642\n",
	  "2:10: metrics 'http://:9642': want an address before the port, 127.0.0.1 or [::1]" },
	{ V "metrics: http://localhost:9642\n",
	  "2:10: metrics 'http://localhost:9642': want an address before the port, 127.0.0.1 or "
	  "[::1]" },
	{ V "metrics: http://::1:9642\n",
	  "2:10: metrics 'http://::1:9642': want an address before the port, 127.0.0.1 or [::1]" },
	{ V "metrics: 'http://[127.0.0.1]:9642'\n",
	  "2:10: metrics 'http://[127.0.0.1]:9642': want an address before the port, 127.0.0.1 or "
	  "[::1]" },
	{ V "metrics: http://me@127.0.0.1:9642\n",
	  "2:10: metrics 'http://me@127.0.0.1:9642': want an address before the port, 127.0.0.1 or "
	  "[::1]" },
	{ V "metrics: http://0.0.0.0:9642\n",
	  "2:10: metrics 'http://0.0.0.0:9642': others than this machine must not ask: want "
	  "127.0.0.1 or [::1], and a proxy before it" },
	{ V "metrics: http://192.0.2.1:9642\n",
	  "2:10: metrics 'http://192.0.2.1:9642': others than this machine must not ask: want "
	  "127.0.0.1 or [::1], and a proxy before it" },
	{ V "metrics: 'http://[2001:db8::1]:9642'\n",
	  "2:10: metrics 'http://[2001:db8::1]:9642': others than this machine must not ask: want "
	  "127.0.0.1 or [::1], and a proxy before it" },
	{ V "metrics: http://127.0.0.1:0\n",
	  "2:10: metrics 'http://127.0.0.1:0': want a port, 1-65535, and at most /metrics behind it" },
	{ V "metrics: http://127.0.0.1:65536\n",
	  "2:10: metrics 'http://127.0.0.1:65536': want a port, 1-65535, and at most /metrics "
	  "behind it" },
	{ V "metrics: http://127.0.0.1:09642\n",
	  "2:10: metrics 'http://127.0.0.1:09642': want a port, 1-65535, and at most /metrics "
	  "behind it" },
	{ V "metrics: http://127.0.0.1:9642/\n",
	  "2:10: metrics 'http://127.0.0.1:9642/': want a port, 1-65535, and at most /metrics "
	  "behind it" },
	{ V "metrics: http://127.0.0.1:9642/figures\n",
	  "2:10: metrics 'http://127.0.0.1:9642/figures': want a port, 1-65535, and at most "
	  "/metrics behind it" },
	{ V "metrics: unix:///run/a\nmetrics: unix:///run/b\n",
	  "3:1: duplicate key 'metrics' in the policy" },
	/* sets */
	{ V "sets: [a]\n", "2:7: sets: want a map, {office: [192.0.2.0/24]}; found a list" },
	{ V "sets: office\n", "2:7: sets: want a map, {office: [192.0.2.0/24]}; found a word" },
	{ V "sets: {a: 192.0.2.1}\n",
	  "2:11: set 'a': want a list of prefixes such as [192.0.2.0/24], or {file: PATH}; found a word" },
	{ V "sets: {a: }\n",
	  "2:11: set 'a': want a list of prefixes such as [192.0.2.0/24], or {file: PATH}; found nothing" },
	{ V "sets: {'a b': []}\n", "2:8: set 'a b': a name is made of letters, digits, '_', '.' and '-'" },
	{ V "sets: {'': []}\n", "2:8: set '': want a name of 1-64 letters, such as office" },
	{ V "sets: {'@a': []}\n", "2:8: set '@a': a name is made of letters, digits, '_', '.' and '-'" },
	{ V "sets: {[a]: []}\n", "2:8: sets: want a name; found a list" },
	{ V "sets: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: []}\n",
	  "2:8: set 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...': a name has at most "
	  "64 letters" },
	{ V "sets: {a: [192.0.2.7/24]}\n",
	  "2:12: '192.0.2.7/24' has host bits: want 192.0.2.0/24, or 192.0.2.7 for that one address" },
	{ V "sets: {a: [192.0.2.0/33]}\n", "2:12: '192.0.2.0/33': want a prefix length 0-32 behind the /" },
	{ V "sets: {a: [example.org]}\n",
	  "2:12: 'example.org': want an address: names are not looked up (a set is written @set)" },
	{ V "sets: {a: ['192.0.2.1 192.0.2.2']}\n",
	  "2:12: '192.0.2.1 192.0.2.2': want one address or prefix, alone" },
	{ V "sets: {a: ['']}\n", "2:12: '' is no address: want one such as 192.0.2.7, or a prefix" },
	{ V "sets: {a: [any]}\n", "2:12: 'any': everybody is 0.0.0.0/0 and ::/0" },
	{ V "sets: {a: ['@b']}\n", "2:12: '@b': a set holds addresses and prefixes, not sets" },
	{ V "sets: {a: [[192.0.2.1]]}\n", "2:12: set: want an address or a prefix; found a list" },
	{ V "sets: {a: [], a: []}\n", "2:15: duplicate key 'a' in sets" },
	{ V "sets: {a: {}}\n", "2:11: set 'a': want a list of prefixes, or {file: PATH}" },
	{ V "sets: {a: {fil: x}}\n", "2:11: set 'a': want a list of prefixes, or {file: PATH}" },
	{ V "sets: {a: {file: blocked.txt, max: 3}}\n",
	  "2:11: set 'a': want a list of prefixes, or {file: PATH}" },
	{ V "sets: {a: {file: [blocked.txt]}}\n", "2:18: file: want a path; found a list" },
	{ V "sets: {a: {file: }}\n", "2:18: file: want a path; found nothing" },
	{ V "sets: {a: {file: missing.txt}}\n",
	  "2:18: file 'missing.txt' cannot be read: No such file or directory" },
	{ V "sets: {a: {file: secret.txt}}\n", "2:18: file 'secret.txt' cannot be read: Permission denied" },
	{ V "sets: {a: {file: .}}\n", "2:18: file '.' cannot be read: Is a directory" },
};

Test(key_mistakes, are_told_to_the_letter_with_their_place)
{
	expect_first_of_each(wrong, ARRAY_SIZE(wrong));
}

/* The place is one of the set's own file. */
static const struct wrong_file sets[] = {
	{ "bad.txt", "2:1: '192.0.2.7/24' has host bits: want 192.0.2.0/24, or 192.0.2.7 for that one address" },
	{ "names.txt", "2:2: 'gateway': want an address: names are not looked up (a set is written @set)" },
	{ "two.txt", "1:1: '192.0.2.1 192.0.2.2': want one address or prefix, alone" },
	{ "list.txt", "1:1: '192.0.2.1, 192.0.2.2': want one address or prefix, alone" },
	{ "yaml.txt", "1:1: '- 192.0.2.1': want one address or prefix, alone" },
	{ "sets.txt", "1:1: '@office': a set holds addresses and prefixes, not sets" },
	{ "port.txt", "1:1: '192.0.2.1:80': want the address without a port: the port stands before `from`" },
	{ "latin.txt", "2:1: '\\xe4': want plain ASCII without control characters" },
	{ "escape.txt", "1:1: '192.0.2.1\\x1b[2J': want plain ASCII without control characters" },
	{ "all.txt", "1:1: 'any': everybody is 0.0.0.0/0 and ::/0" },
};

Test(key_mistakes, of_a_sets_file_name_that_file)
{
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		_cleanup_free_ char *text = NULL, *said = NULL;

		cr_assert_neq(asprintf(&text, V "sets: {a: {file: %s}}\n", sets[i].text), -1);
		cr_assert_neq(asprintf(&said, "%s:%s", sets[i].text, sets[i].said), -1);
		expect_first((const char *const[]){ text }, 1, said);
	}
}

Test(key_mistakes, lists_whose_elements_are_compared_end_at_1024)
{
	static const struct {
		const char *key, *element, *said;
	} lists[] = {
		{ "interfaces", "eth%u", "policy.yaml:1027:5: more than 1024 interfaces" },
		{ "failsafe", "%u", "policy.yaml:1027:5: more than 1024 failsafe ports" },
		{ "protocols", "{%u: {from: 192.0.2.1}}", "policy.yaml:1027:5: more than 1024 protocols" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		_cleanup_free_ char *text = NULL;
		size_t length;
		FILE *out = open_memstream(&text, &length);

		(void)fprintf(out, V "%s:\n", lists[i].key);
		for (unsigned n = 0; n <= 1024; n++) {
			(void)fputs("  - ", out);
			(void)fprintf(out, lists[i].element, i == 2 ? 47 : n + 1);
			(void)fputc('\n', out);
		}
		(void)fclose(out);
		expect_first((const char *const *)&text, 1, lists[i].said);
	}
}
