// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which file a path is: compared with what the kernel says of a process that runs it, in the lines of
 * /proc/PID/maps, which show the device of the superblock and the inode (fs/proc/task_mmu.c). In mount
 * namespaces of the tests' own; without the right to make one they are left out.
 */
#include "kernel/exe.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "util/cleanup.h"

static char dir[] = "/tmp/portguard-exe-XXXXXX";

static void setup(void)
{
	if (geteuid() && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		cr_skip_test("no mount namespace");
	if (!geteuid() && unshare(CLONE_NEWNS))
		cr_skip_test("no mount namespace");
	cr_assert_not_null(mkdtemp(dir));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("none", dir, "tmpfs", 0, NULL)) {
		(void)rmdir(dir);
		cr_skip_test("no mount in a namespace of one's own");
	}
	cr_assert_eq(chdir(dir), 0);
}

static void teardown(void)
{
	if (chdir("/") || umount2(dir, MNT_DETACH))
		return;
	(void)rmdir(dir);
}

TestSuite(exe, .init = setup, .fini = teardown);

static const char *in_dir(const char *name)
{
	static char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void copy(const char *from, const char *to)
{
	_cleanup_close_ int in = open(from, O_RDONLY), out = open(to, O_CREAT | O_WRONLY, 0755);
	char buffer[65536];
	ssize_t n;

	cr_assert(in >= 0 && out >= 0, "%s to %s: %s", from, to, strerror(errno));
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		cr_assert_eq(write(out, buffer, (size_t)n), n);
}

/* What a `cat` that lies at @path says of itself: its first line is its own first mapping. */
static struct exe_identity running(const char *path)
{
	_cleanup_fclose_ FILE *out = NULL;
	unsigned major_number, minor_number;
	unsigned long inode;
	int pipe_fd[2], status;
	pid_t pid;

	cr_assert_eq(pipe(pipe_fd), 0);
	pid = fork();
	if (!pid) {
		(void)dup2(pipe_fd[1], STDOUT_FILENO);
		(void)execl(path, path, "/proc/self/maps", NULL);
		_exit(127);
	}
	(void)close(pipe_fd[1]);
	out = fdopen(pipe_fd[0], "r");
	cr_assert_eq(fscanf(out, "%*s %*s %*s %x:%x %lu", &major_number, &minor_number, &inode), 3);
	while (fgetc(out) != EOF)
		;
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	return (struct exe_identity){ inode, (uint64_t)major_number << 20 | minor_number };
}

static void expect_file(pid_t pid, const char *path, struct exe_identity want)
{
	struct exe_identity got = { 0 };
	int r = exe_identify(pid, path, &got);

	cr_assert_eq(r, 0, "%s: %s", path, strerror(-r));
	cr_expect_eq(got.inode, want.inode, "%s: inode %lu, runs as %lu", path, got.inode, want.inode);
	cr_expect_eq(got.device, want.device, "%s: device %lx, runs as %lx", path, got.device, want.device);
}

static void expect_none(pid_t pid, const char *path)
{
	struct exe_identity got;

	cr_expect_eq(exe_identify(pid, path, &got), -ENOENT, "%s", path);
}

Test(exe, is_the_file_that_runs)
{
	expect_file(0, "/bin/cat", running("/bin/cat"));
	copy("/bin/cat", "cat");
	expect_file(0, in_dir("cat"), running("./cat"));
	cr_assert_eq(symlink("cat", "link"), 0);
	expect_file(0, in_dir("link"), running("./cat"));
}

Test(exe, two_copies_are_two_files_and_two_names_are_one)
{
	struct exe_identity a, b, c;

	copy("/bin/cat", "one");
	copy("/bin/cat", "two");
	cr_assert_eq(link("one", "three"), 0);
	cr_assert_eq(exe_identify(0, in_dir("one"), &a), 0);
	cr_assert_eq(exe_identify(0, in_dir("two"), &b), 0);
	cr_assert_eq(exe_identify(0, in_dir("three"), &c), 0);
	cr_expect_neq(a.inode, b.inode);
	cr_expect_eq(a.inode, c.inode);
}

Test(exe, what_is_no_file_is_none)
{
	expect_none(0, in_dir("missing"));
	expect_none(0, in_dir("missing/too"));
	expect_none(0, dir);
	cr_assert_eq(mkfifo("fifo", 0600), 0);
	expect_none(0, in_dir("fifo"));
	cr_assert_eq(symlink("loop", "loop"), 0);
	expect_none(0, in_dir("loop"));
	expect_none(0, "/dev/null");
	copy("/bin/cat", "cat");
	expect_none(0, in_dir("cat/below"));
	cr_assert_eq(symlink("/proc/self/exe", "magic"), 0);
	expect_none(0, in_dir("magic"));
}

static void mount_overlay(void)
{
	char options[4096];

	for (int i = 0; i < 4; i++)
		cr_assert_eq(mkdir((const char *const[]){ "lower", "upper", "work", "merged" }[i], 0755), 0);
	copy("/bin/cat", "lower/cat");
	(void)snprintf(options, sizeof(options), "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", dir,
		       dir, dir);
	if (mount("none", "merged", "overlay", 0, options))
		cr_skip_test("no overlayfs");
}

Test(exe, of_an_overlay_is_the_overlays_own)
{
	struct exe_identity lower, merged;

	mount_overlay();
	expect_file(0, in_dir("merged/cat"), running("merged/cat"));
	cr_assert_eq(exe_identify(0, in_dir("merged/cat"), &merged), 0);
	cr_assert_eq(exe_identify(0, in_dir("lower/cat"), &lower), 0);
	cr_expect_neq(merged.device, lower.device);
	copy("/bin/cat", "merged/dog");	/* in the upper layer */
	expect_file(0, in_dir("merged/dog"), running("merged/dog"));
}

/* A process in a root of its own, which ends when @ret_fd is closed. */
static pid_t dweller(const char *root, int *ret_fd)
{
	int ready[2], hold[2];
	char byte;
	pid_t pid;

	cr_assert(!pipe(ready) && !pipe(hold));
	pid = fork();
	if (!pid) {
		(void)close(hold[1]);
		if (!unshare(CLONE_NEWNS) && !chroot(root) && !chdir("/"))
			(void)!write(ready[1], "", 1);
		_exit(read(hold[0], &byte, 1) ? 1 : 0);
	}
	(void)close(hold[0]);
	(void)close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	*ret_fd = hold[1];
	return pid;
}

static void release(pid_t pid, int fd)
{
	(void)close(fd);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

Test(exe, of_a_process_is_what_its_root_shows)
{
	struct exe_identity inside;
	pid_t pid;
	int fd;

	mount_overlay();
	inside = running("merged/cat");
	cr_assert_eq(symlink("/cat", "merged/link"), 0);
	cr_assert_eq(symlink("../../../../../cat", "merged/climber"), 0);
	cr_assert_eq(symlink("/bin/cat", "merged/outside"), 0);
	pid = dweller("merged", &fd);
	expect_file(pid, "/cat", inside);
	expect_file(pid, "/link", inside);
	expect_file(pid, "/climber", inside);
	expect_none(pid, "/outside");
	expect_none(pid, "/bin/cat");
	release(pid, fd);
	expect_none(pid, "/cat");	/* it is gone, and so is its view */
}

struct pids {
	pid_t list[3];
	size_t count;
};

static int viewers(void *data, const char *scope, pid_t *ret, size_t max, size_t *ret_count)
{
	const struct pids *pids = data;

	cr_assert_str_eq(scope, "web");
	cr_assert_geq(max, pids->count);
	memcpy(ret, pids->list, pids->count * sizeof(*ret));
	*ret_count = pids->count;
	return 0;
}

Test(exe, of_a_scope_is_what_each_of_its_viewers_sees_once)
{
	struct pids pids = { .count = 3 };
	const struct exe_viewers from = { &pids, viewers };
	struct exe_identity found[4], own;
	size_t count = 0;
	int fd;

	copy("/bin/cat", "cat");
	cr_assert_eq(exe_identify(0, in_dir("cat"), &own), 0);
	pids.list[0] = pids.list[1] = dweller(".", &fd);
	pids.list[2] = 0;
	cr_assert_eq(exe_identities((void *)&from, "web", "/cat", found, 4, &count), 0);
	cr_assert_eq(count, 1);
	cr_expect_eq(found[0].inode, own.inode);
	cr_assert_eq(exe_identities((void *)&from, NULL, in_dir("cat"), found, 4, &count), 0);
	cr_expect_eq(count, 1);
	cr_assert_eq(exe_identities((void *)&from, NULL, "/cat", found, 4, &count), 0);
	cr_expect_eq(count, 0);
	cr_assert_eq(exe_own_world.identities(NULL, "web", in_dir("cat"), found, 4, &count), 0);
	cr_expect_eq(count, 1);
	release(pids.list[0], fd);
}
