// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of containers, out of files as the runtimes write them (shortened, but of their form), below a
 * directory of the test's own; and out of what somebody else left there.
 */
#include "kernel/containers.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define DOCKER "/var/lib/docker/containers/" ID "/config.v2.json"
#define CONTAINERD "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json"
#define CRIO "/run/containers/storage/overlay-containers/" ID "/userdata/config.json"
#define PODMAN "/var/lib/containers/storage/overlay-containers/containers.json"
#define PODMAN_RM "/var/lib/containers/storage/overlay-containers/volatile-containers.json"

static char root[] = "/tmp/portguard-containers-XXXXXX";

static void setup(void)
{
	cr_assert_not_null(mkdtemp(root));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void teardown(void)
{
	(void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(containers, .init = setup, .fini = teardown);

/* The directories of a file, and its path. */
static const char *place(const char *name)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(path, 0700);
		*at = '/';
	}
	return path;
}

static void put(const char *name, const char *text)
{
	_cleanup_fclose_ FILE *f = fopen(place(name), "we");

	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
}

static void expect(const char *id, const char *name)
{
	char found[CONTAINER_NAME] = "untouched";
	int r = container_name(root, id, found, sizeof(found));

	cr_expect_eq(r, name ? 0 : -ENOENT, "%d", r);
	cr_expect_str_eq(found, name ? name : "untouched");
}

static const char docker[] =
	"{\"StreamConfig\":{},\"State\":{\"Running\":true,\"Pid\":4711,"
	"\"StartedAt\":\"2026-03-02T10:11:12.131415161Z\","
	"\"Health\":null},\"ID\":\"" ID "\",\"Created\":\"2026-03-02T10:11:11.9Z\",\"Managed\":false,\"Path\":"
	"\"/docker-entrypoint.sh\",\"Args\":[\"nginx\",\"-g\",\"daemon off;\"],"
	"\"Config\":{\"Hostname\":\"0123456789ab\","
	"\"ExposedPorts\":{\"80/tcp\":{}},\"Env\":[\"PATH=/usr/sbin:/usr/bin\",\"NJS_VERSION=0.8.3\","
	"\"X=a\\\"b\\\\c\"],"
	"\"Labels\":{\"Name\":\"/label\",\"maintainer\":\"NGINX \\u003cdocker-maint@nginx.com\\u003e\"},"
	"\"Name\":\"/nested\"},\"Image\":\"sha256:92b11f67642b62bbb98e7e49169c346b30e20cd3c1c034d31087e46924b9312e\","
	"\"NetworkSettings\":{\"Networks\":{\"bridge\":{\"IPAddress\":\"172.17.0.2\"}}},\"LogPath\":\"\","
	"\"Name\":\"/web\",\"Driver\":\"overlay2\",\"OS\":\"linux\",\"RestartCount\":0,\"MountPoints\":{}}";

static const char containerd[] =
	"{\"ociVersion\":\"1.1.0\",\"process\":{\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[0,10]},\"args\":"
	"[\"/coredns\",\"-conf\",\"/etc/coredns/Corefile\"],\"env\":[\"HOSTNAME=coredns-1\"],\"cwd\":\"/\"},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\","
	"\"source\":\"proc\",\"options\":[\"nosuid\"]}],\"annotations\":{"
	"\"io.kubernetes.cri.container-name\":\"coredns\","
	"\"io.kubernetes.cri.container-type\":\"container\",\"io.kubernetes.cri.sandbox-name\":\"coredns-1\"},"
	"\"linux\":{\"cgroupsPath\":\"kubepods-burstable-pod1.slice:cri-containerd:" ID "\",\"sysctl\":{}}}";

static const char crio[] =
	"{\"ociVersion\":\"1.0.2-dev\",\"annotations\":{\"io.kubernetes.cri-o.ContainerName\":"
	"\"k8s_etcd_etcd-1_kube-system_0f_0\",\"io.kubernetes.cri-o.Annotations\":"
	"\"{\\\"io.kubernetes.container.name\\\":\\\"evil\\\"}\",\"io.kubernetes.container.name\":\"etcd\","
	"\"io.kubernetes.pod.name\":\"etcd-1\"},\"linux\":{}}";

static const char podman[] =
	"[{\"id\":\"" OTHER "\",\"names\":[\"db\"],\"image\":\"1\",\"layer\":\"2\",\"metadata\":"
	"\"{\\\"image-name\\\":\\\"docker.io/library/postgres:16\\\",\\\"name\\\":\\\"db\\\"}\",\"created\":"
	"\"2026-03-02T10:11:12.1Z\",\"flags\":{\"MountLabel\":\"\",\"ProcessLabel\":\"\"}},"
	"{\"id\":\"" ID "\",\"names\":[\"shop\",\"alias\"],\"image\":\"1\",\"layer\":\"3\"}]";

Test(containers, docker)
{
	put(DOCKER, docker);
	expect(ID, "web");
	expect(OTHER, NULL);
}

Test(containers, containerd_below_kubernetes)
{
	put(CONTAINERD, containerd);
	expect(ID, "coredns");
}

Test(containers, crio)
{
	put(CRIO, crio);
	expect(ID, "etcd");
}

Test(containers, crio_has_its_own_name_before_that_of_its_storage)
{
	put(CRIO, crio);
	put(PODMAN, "[{\"id\":\"" ID "\",\"names\":[\"k8s_etcd_etcd-1_kube-system_0f_0\"]}]");
	expect(ID, "etcd");
}

Test(containers, podman)
{
	put(PODMAN, podman);
	expect(ID, "shop");
	expect(OTHER, "db");
	expect("aaaaaaaaaaaaaaaa", NULL);
}

Test(containers, podman_run_rm)
{
	put(PODMAN, "[]");
	put(PODMAN_RM, podman);
	expect(ID, "shop");
}

Test(containers, podman_whatever_the_order)
{
	put(PODMAN, "[{\"names\":[\"db\"],\"id\":\"" OTHER "\"},{\"names\":[\"shop\"],\"id\":\"" ID "\"}]");
	expect(ID, "shop");
	expect(OTHER, "db");
	/* One without a name does not get its neighbours'. */
	put(PODMAN, "[{\"names\":[\"db\"],\"id\":\"" OTHER "\"},{\"id\":\"" ID "\"},{\"names\":[\"x\"]}]");
	expect(ID, NULL);
	put(PODMAN, "[{\"names\":[\"db\"]},{\"id\":\"" ID "\",\"names\":null},{\"names\":[\"x\"]}]");
	expect(ID, NULL);
	put(PODMAN, "[{\"id\":\"" ID "\"},17,\"x\",[\"id\",\"names\"],{\"names\":[\"x\"]}]");
	expect(ID, NULL);
}

Test(containers, a_reader_sees_what_has_changed)
{
	struct container_reader r = { .files_root = root };

	put(PODMAN, podman);
	cr_assert_str_eq(container_reader_name(&r, ID), "shop");
	cr_assert_str_eq(container_reader_name(&r, OTHER), "db");
	put(PODMAN, "[{\"id\":\"" ID "\",\"names\":[\"shop-2\"]}]");
	cr_assert_str_eq(container_reader_name(&r, ID), "shop-2");
	cr_assert_null(container_reader_name(&r, OTHER));
	put(PODMAN, "[{\"id\":");
	cr_assert_null(container_reader_name(&r, ID));
	put(DOCKER, docker);
	cr_assert_str_eq(container_reader_name(&r, ID), "web");
	cr_assert_eq(unlink(place(DOCKER)), 0);
	cr_assert_eq(unlink(place(PODMAN)), 0);
	cr_assert_null(container_reader_name(&r, ID));
	container_reader_free(&r);
}

static char seen[2048];

static int note(void *data, const char *id)
{
	(void)data;
	(void)snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s ", id);
	return !strcmp(id, "aaaaaaaaaaaa") ? 5 : 0;
}

Test(containers, those_below_a_root_by_their_cgroups)
{
	static const char *const made[] = {
		"/system.slice/docker-" ID ".scope/", "/system.slice/ssh.service/docker-bbbbbbbbbbbb.scope/",
		"/lxc.payload.x/docker/bbbbbbbbbbbb/", "/system.slice/docker-" ID ".scope/docker-bbbbbbbbbbbb.scope/",
		"/user.slice/user-0.slice/user@0.service/docker-bbbbbbbbbbbb.scope/",
	};

	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		(void)place(made[i]);
	cr_assert_eq(containers_each(root, note, NULL), 0);
	cr_assert_str_eq(seen, ID " ");
	(void)place("/kubepods/burstable/pod1/" OTHER "/");
	seen[0] = '\0';
	cr_assert_eq(containers_each(root, note, NULL), 0);
	cr_assert_not_null(strstr(seen, OTHER " "));
	cr_assert_eq(strlen(seen), 130);
	(void)place("/docker/aaaaaaaaaaaa/");
	cr_assert_eq(containers_each(root, note, NULL), 5);
	cr_assert_eq(containers_each("/nowhere", note, NULL), -ENOENT);
}

Test(containers, names_that_stand_elsewhere_are_not_theirs)
{
	put(DOCKER, "{\"Config\":{\"Name\":\"/evil\"},\"Labels\":{\"Name\":\"/evil\"},\"Args\":[\"Name\",\"/evil\"]}");
	expect(ID, NULL);
	put(DOCKER, "[{\"Name\":\"/evil\"}]");
	expect(ID, NULL);
	put(CONTAINERD, "{\"io.kubernetes.cri.container-name\":\"evil\",\"process\":{\"annotations\":"
			"{\"io.kubernetes.cri.container-name\":\"evil\"}}}");
	expect(ID, NULL);
	put(PODMAN, "{\"a\":[{\"id\":\"" ID "\",\"names\":[\"evil\"]}]}");
	expect(ID, NULL);
}

Test(containers, names_are_names)
{
	static const char *const bad[] = { "\"/\"", "\"web\"", "\"/../etc\"", "\"/we b\"", "\"/-web\"", "\"/we\\nb\"",
					   "\"/w\\u0065b\"", "\"/web\\u001b[31m\"", "\"/\xc3\xa9\"", "17", "null",
					   "{\"a\":\"/b\"}", "[\"/web\"]" };
	char text[2048];
	int length;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		(void)snprintf(text, sizeof(text), "{\"Name\":%s}", bad[i]);
		put(DOCKER, text);
		expect(ID, NULL);
	}
	length = sprintf(text, "{\"Name\":\"/");
	memset(text + length, 'a', 1000);
	(void)strcpy(text + length + 256, "\"}");
	put(DOCKER, text);
	expect(ID, NULL);
	(void)strcpy(text + length + 255, "\"}");
	put(DOCKER, text);
	text[length + 255] = '\0';
	expect(ID, text + length);
}

Test(containers, a_buffer_that_is_too_small_gets_nothing)
{
	char name[3] = "x";

	put(DOCKER, docker);
	cr_assert_eq(container_name(root, ID, name, sizeof(name)), -ENOENT);
	cr_assert_str_eq(name, "x");
}

Test(containers, what_is_in_an_image_hides_no_name)
{
	put(DOCKER, "{\"Config\":{\"Labels\":{\"a\":\"\x7f\xff\\ud800\",\"\\ud83d\\ude00\":\"x\"},"
		    "\"Env\":[\"\\u0001\"]},"
		    "\"Name\":\"/web\"}");
	expect(ID, "web");
}

Test(containers, ids_are_ids)
{
	static const char *const bad[] = { "", "..", "../" ID, ID "0", ID "/x", "0123456789a", "0123456789AB",
					   "0123456789ag" };

	put("/var/lib/docker/containers/0123456789ag/config.v2.json", docker);
	put("/var/lib/docker/config.v2.json", docker);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect(bad[i], NULL);
}

Test(containers, what_is_no_plain_file_is_not_read)
{
	char target[PATH_MAX];

	(void)snprintf(target, sizeof(target), "%s", place("/elsewhere"));
	put("/elsewhere", docker);
	cr_assert_eq(symlink(target, place(DOCKER)), 0);
	expect(ID, NULL);
	cr_assert_eq(unlink(place(DOCKER)), 0);
	cr_assert_eq(mkfifo(place(DOCKER), 0600), 0);
	expect(ID, NULL);
	cr_assert_eq(unlink(place(DOCKER)), 0);
	cr_assert_eq(mkdir(place(DOCKER), 0700), 0);
	expect(ID, NULL);
}

Test(containers, files_that_are_broken_or_too_large)
{
	static const char *const bad[] = { "", "{", "{\"Name\":\"/web\"", "\"Name\":\"/web\"",
					   "Name: /web\n", "[[[[[[[" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put(DOCKER, bad[i]);
		expect(ID, NULL);
	}
	put(DOCKER, docker);
	cr_assert_eq(truncate(place(DOCKER), (4 << 20) + 1), 0);
	expect(ID, NULL);
	/* The next runtime is asked all the same. */
	put(PODMAN, podman);
	expect(ID, "shop");
}

Test(containers, no_runtime_at_all)
{
	expect(ID, NULL);
}
