// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exporter can do before it enters the sandbox, and not after: each attempt is made both times. It
 * is a process of its own that enters, since there is no way back.
 */
#include "export/sandbox.h"

#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/lib/event_sample.h"
#include "util/file.h"

#define NOBODY 65534

static char dir[64], elsewhere[64], foreign[80];

static void setup(void)
{
	sample_dir(dir);
	sample_dir(elsewhere);
	(void)snprintf(foreign, sizeof(foreign), "%s/file", elsewhere);
	cr_assert_eq(file_write(foreign, "x", 1, 0644), 0);
	cr_assert_eq(chmod(dir, 0777) | chmod(elsewhere, 0777), 0);
}

static void teardown(void)
{
	sample_dir_remove(dir);
	sample_dir_remove(elsewhere);
}

TestSuite(export_sandbox, .init = setup, .fini = teardown);

/* An attempt: true when it succeeds. What it makes it undoes. */
typedef bool (*attempt_fn)(void);

static bool closes(int fd)
{
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

static bool read_foreign_file(void)
{
	return closes(open(foreign, O_RDONLY));
}

static bool write_foreign_file(void)
{
	return closes(open(foreign, O_WRONLY));
}

static bool list_root(void)
{
	return closes(open("/", O_RDONLY | O_DIRECTORY));
}

static bool read_proc(void)
{
	return closes(open("/proc/1/status", O_RDONLY));
}

static bool make_file(void)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/new", elsewhere);
	return closes(open(path, O_WRONLY | O_CREAT, 0600)) && !unlink(path);
}

static bool listen_at_port(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool bound = !bind(fd, (struct sockaddr *)&any, sizeof(any)) && !listen(fd, 1);

	return closes(fd) && bound;
}

static bool netlink_socket(void)
{
	return closes(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
}

static bool vsock_socket(void)
{
	return closes(socket(AF_VSOCK, SOCK_STREAM, 0));
}

static bool child_does(bool (*what)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (!pid)
		_exit(what() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static bool execute(void)
{
	static char *const words[] = { "/bin/true", NULL };

	return !execve(words[0], words, NULL);
}

/* A child does it; where there can be none, we would. */
static bool run_program(void)
{
	return child_does(execute) || (errno == EPERM && execute());
}

static bool succeed(void)
{
	return true;
}

static bool make_process(void)
{
	return child_does(succeed);
}

static bool trace_me(void)
{
	return !ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static bool trace(void)
{
	return child_does(trace_me) || (errno == EPERM && trace_me());
}

static bool executable_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && !munmap(p, 4096);
}

static bool memory_made_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool made = p != MAP_FAILED && !mprotect(p, 4096, PROT_READ | PROT_EXEC);

	return p != MAP_FAILED && !munmap(p, 4096) && made;
}

static bool read_other_memory(void)
{
	char byte, copy;
	struct iovec to = { &copy, 1 }, from = { &byte, 1 };

	return syscall(SYS_process_vm_readv, getpid(), &to, 1, &from, 1, 0) == 1;
}

static bool signal_others(void)
{
	return !kill(getppid(), 0);
}

static bool io_uring(void)
{
	char params[120] = { 0 };

	return closes((int)syscall(SYS_io_uring_setup, 1, params));
}

static bool unshare_user(void)
{
	return !unshare(CLONE_NEWUSER);
}

static bool user_namespace(void)
{
	return child_does(unshare_user) || (errno == EPERM && unshare_user());
}

static bool inotify(void)
{
	return closes((int)syscall(SYS_inotify_init1, 0));
}

static bool packet_socket(void)
{
	return closes(socket(AF_PACKET, SOCK_RAW, 0));
}

static bool raw_socket(void)
{
	return closes(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
}

static bool read_shadow(void)
{
	return closes(open("/etc/shadow", O_RDONLY));
}

static bool become_root(void)
{
	return !setuid(0);
}

static bool make_bpf_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	return closes((int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

/* Who can do it outside, and what refuses it inside. */
enum kind {
	FILES, /* everybody; Landlock */
	CALLS, /* everybody; seccomp */
	ROOT, /* root; its loss, and more */
	MAYBE, /* everybody, if this machine allows it at all */
};

static const struct attempt {
	const char *name;
	attempt_fn run;
	enum kind kind;
} attempts[] = {
	{ "read a file of another directory", read_foreign_file, FILES },
	{ "write one", write_foreign_file, FILES },
	{ "make one", make_file, FILES },
	{ "list /", list_root, FILES },
	{ "read /proc", read_proc, FILES },
	{ "listen", listen_at_port, CALLS },
	{ "a netlink socket", netlink_socket, CALLS },
	{ "run a program", run_program, CALLS },
	{ "make a process", make_process, CALLS },
	{ "ptrace", trace, CALLS },
	{ "kill", signal_others, CALLS },
	{ "executable memory", executable_memory, CALLS },
	{ "make memory executable", memory_made_executable, CALLS },
	{ "inotify", inotify, CALLS },
	{ "process_vm_readv", read_other_memory, MAYBE },
	{ "a vsock socket", vsock_socket, MAYBE },
	{ "io_uring", io_uring, MAYBE },
	{ "a user namespace", user_namespace, MAYBE },
	{ "a packet socket", packet_socket, ROOT },
	{ "a raw socket", raw_socket, ROOT },
	{ "read /etc/shadow", read_shadow, ROOT },
	{ "become root", become_root, ROOT },
	{ "bpf()", make_bpf_map, ROOT },
};
#define ATTEMPTS (sizeof(attempts) / sizeof(*attempts))

static void *nothing(void *data)
{
	return data;
}

static bool make_thread(void)
{
	pthread_t thread;

	return !pthread_create(&thread, NULL, nothing, NULL) && !pthread_join(thread, NULL);
}

/* What an exporter needs and does not find any more; "": all is there. */
static const char *needs(bool threads)
{
	struct addrinfo *found = NULL;
	char *text;
	size_t length;
	int fd;

	if (file_write("position", "x", 1, 0600) || file_write("position", "y", 1, 0600))
		return "writing the state";
	if (file_read("position", 10, &text, &length))
		return "reading the state";
	free(text);
	if (getaddrinfo("localhost", "1", NULL, &found))
		return "looking names up";
	freeaddrinfo(found);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (!closes(fd) || !closes(socket(AF_UNIX, SOCK_STREAM, 0)) ||
	    !closes(socket(AF_INET6, SOCK_DGRAM, 0)))
		return "sockets";
	if (make_thread() != threads)
		return "threads, or their absence";
	return "";
}

struct outcome {
	bool before[ATTEMPTS], after[ATTEMPTS], root;
	int entered, landlock;
	char missing[32];
};

static void try_attempts(bool *ret)
{
	for (size_t i = 0; i < ATTEMPTS; i++)
		ret[i] = attempts[i].run();
}

static void in_sandbox(struct outcome *o, bool threads, bool (*prepare)(void))
{
	struct sandbox s = { .writable = ".", .host = "localhost", .threads = threads };

	(void)strcpy(o->missing, "it never came to it");
	o->root = !getuid();
	if (o->root)
		s.uid = s.gid = NOBODY;
	if (chdir(dir) || (prepare && !prepare()))
		_exit(2);
	try_attempts(o->before);
	o->entered = sandbox_enter(&s, &o->landlock, NULL);
	try_attempts(o->after);
	(void)snprintf(o->missing, sizeof(o->missing), "%s", needs(threads));
	_exit(0);
}

/* A process of its own tries all of it, enters, and tries again. */
static struct outcome *try_all(bool threads, bool (*prepare)(void))
{
	struct outcome *o =
		mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int status;

	cr_assert_neq(o, MAP_FAILED);
	pid = fork();
	if (!pid)
		in_sandbox(o, threads, prepare);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0, "the process in the sandbox ended with %#x", status);
	cr_assert_eq(o->entered, 0);
	cr_expect_str_eq(o->missing, "");
	return o;
}

static void expect_refused(const struct outcome *o)
{
	for (size_t i = 0; i < ATTEMPTS; i++) {
		const struct attempt *a = &attempts[i];

		if (a->kind != MAYBE && (a->kind != ROOT || o->root))
			cr_expect(o->before[i], "outside: %s", a->name);
		if (a->kind != FILES || o->landlock != LANDLOCK_NONE)
			cr_expect(!o->after[i], "inside: %s", a->name);
	}
}

Test(export_sandbox, nothing_that_an_exporter_does_not_need_is_possible)
{
	struct outcome *o = try_all(false, NULL);

	expect_refused(o);
	(void)munmap(o, sizeof(*o));
}

Test(export_sandbox, threads_where_they_are_needed_but_no_processes)
{
	struct outcome *o = try_all(true, NULL);

	expect_refused(o);
	(void)munmap(o, sizeof(*o));
}

/* As on a kernel before 5.13. */
static bool hide_landlock(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	return filter &&
	       !seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset),
				 0) &&
	       !seccomp_load(filter);
}

Test(export_sandbox, without_landlock_it_says_so_and_the_rest_holds)
{
	struct outcome *o = try_all(false, hide_landlock);

	cr_expect_eq(o->landlock, LANDLOCK_NONE);
	expect_refused(o);
	(void)munmap(o, sizeof(*o));
}

Test(export_sandbox, root_does_not_forward_events)
{
	struct sandbox s = { .writable = dir };
	struct pg_error err = PG_ERROR_INIT;

	if (getuid()) {
		cr_expect_eq(sandbox_user(NULL, &s, &err), 0);
		cr_expect_eq(sandbox_user("nobody", &s, &err), -EPERM);
		cr_expect_eq(pg_exit_code(-EPERM, &err), PG_EXIT_PERMISSION);
		return;
	}
	cr_expect_eq(sandbox_user("root", &s, &err), -EPERM);
	cr_expect_eq(pg_exit_code(-EPERM, &err), PG_EXIT_REFUSED);
	cr_expect_eq(sandbox_user("no-such-user", &s, &err), -EPERM);
	cr_expect_not_null(strstr(err.text, "no-such-user"));
	cr_expect_eq(sandbox_user("nobody", &s, &err), 0);
	cr_expect_eq(s.uid, NOBODY);
}
