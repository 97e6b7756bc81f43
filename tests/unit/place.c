// SPDX-License-Identifier: GPL-2.0-only
/* Units and containers by the paths of cgroups, and the names that claim nothing. */
#include "policy/place.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect_below(const char *root, const char *path, const char *unit, const char *id)
{
	struct place p;

	place_of_cgroup(root, path, &p);
	cr_expect_str_eq(p.unit, unit, "%s: unit '%s'", path, p.unit);
	cr_expect_str_eq(p.container_id, id, "%s: container '%s'", path, p.container_id);
}

static void expect(const char *path, const char *unit, const char *id)
{
	expect_below("/", path, unit, id);
	expect_below(NULL, path, unit, id);
}

Test(place, units_of_the_system_manager)
{
	expect("/system.slice/nginx.service", "nginx.service", "");
	expect("/nginx.service", "nginx.service", "");
	expect("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", "");
	expect("/system.slice/ssh.socket", "ssh.socket", "");
	expect("/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "");
	expect("/init.scope", "init.scope", "");
	expect("/init.scope/below", "init.scope", "");
	expect("/system.slice/_cgroup.service", "cgroup.service", "");
	expect("/system.slice/dev-disk\\x2da.service", "dev-disk\\x2da.service", "");
}

Test(place, containers_of_each_runtime)
{
	expect("/system.slice/docker-" ID ".scope", "docker-" ID ".scope", ID);
	expect("/docker/" ID, "", ID);
	expect("/docker/" ID "/init", "", ID);
	expect("/machine.slice/libpod-" ID ".scope", "libpod-" ID ".scope", ID);
	expect("/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope", ID);
	expect("/libpod_parent/libpod-" ID, "", ID);
	expect("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/"
	       "cri-containerd-" ID ".scope",
	       "cri-containerd-" ID ".scope", ID);
	expect("/kubepods.slice/kubepods-pod1_2.slice/crio-" ID ".scope", "crio-" ID ".scope", ID);
	expect("/kubepods/burstable/pod1-2/" ID, "", ID);
	expect("/kubepods/pod1-2/" ID, "", ID);
	expect("/docker/0123456789ab", "", "0123456789ab");
}

Test(place, what_lies_below_claims_nothing)
{
	expect("/user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service",
	       "user@1000.service", "");
	expect("/user.slice/user-1000.slice/user@1000.service/docker-" ID ".scope",
	       "user@1000.service", "");
	expect("/system.slice/evil.service/nginx.service", "evil.service", "");
	expect("/system.slice/evil.service/docker/" ID, "evil.service", "");
	expect("/docker/" ID "/system.slice/nginx.service", "", ID);
	expect("/docker/" ID "/docker/fedcba9876543210", "", ID);
	expect("/system.slice/docker-" ID ".scope/nginx.service", "docker-" ID ".scope", ID);
}

Test(place, below_a_plain_directory_names_claim_nothing)
{
	expect("/mine/web.service", "", "");
	expect("/mine/docker/" ID, "", "");
	expect("/mine/docker-" ID ".scope", "", "");
	expect("/lxc.payload.web/system.slice/sshd.service", "", "");
	expect("/mine/system.slice/nginx.service", "", "");
	expect("/docker/web/nginx.service", "", "");
}

Test(place, recognition_begins_below_the_enforcement_root)
{
	expect_below("/mine/guarded", "/mine/guarded/nginx.service", "nginx.service", "");
	expect_below("/mine/guarded/", "/mine/guarded/docker/" ID, "", ID);
	expect_below("/mine/guarded", "/mine/guarded/other/nginx.service", "", "");
	expect_below("/mine/guarded", "/mine/guarded", "", "");
	expect_below("/system.slice/a.service", "/system.slice/a.service/b.service", "b.service",
		     "");
	/* Beside it, from the beginning. */
	expect_below("/mine/guarded", "/mine/guarded2/nginx.service", "", "");
	expect_below("/mine/guarded", "/system.slice/nginx.service", "nginx.service", "");
	expect_below("/system.slice/guarded", "/system.slice", "", "");
}

Test(place, what_is_no_container)
{
	expect("/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", "");
	expect("/system.slice/docker-web.scope", "docker-web.scope", "");
	expect("/docker/web", "", "");
	expect("/docker/" ID "0", "", "");
	expect("/docker/0123456789AB", "", "");
	expect("/docker/0123456789a", "", "");
	expect("/other/" ID, "", "");
	expect("/kubepods/burstable/" ID, "", "");
	expect("/kubepods.slice/kubepods-pod1_2.slice/" ID, "", "");
	expect("/docker/nested/" ID, "", "");
	expect("/docker/docker-" ID ".scope", "", "");
}

Test(place, what_is_no_unit)
{
	expect("/", "", "");
	expect("", "", "");
	expect(NULL, "", "");
	expect("/system.slice", "", "");
	expect("/.service", "", "");
	expect("/nginx.service (deleted)", "", "");
	expect("/../nginx.service", "", "");
	expect("/docker/nginx.service", "", "");
	expect("/kubepods/pod1/nginx.service", "", "");
}

Test(place, names_that_are_too_long)
{
	char path[600];

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	(void)snprintf(path + 256 - 7, 9, ".service"); /* 256 bytes behind the slash */
	expect(path, "", "");
	memset(path + 1, 'a', 255);
	(void)snprintf(path + 256 - 8, 9, ".service"); /* 255 */
	expect(path, path + 1, "");
}
