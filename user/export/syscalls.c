// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls by seccomp: those below, and EPERM for all others. EPERM and not death: what a library of
 * tomorrow asks for besides costs what it asked for, not the export.
 */
#include <errno.h>
#include <seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include "export/sandbox.h"
#include "util/cleanup.h"

/* memory, time, ends */
static const char *const basics[] = {
	"brk", "munmap", "mremap", "madvise", "futex", "clock_gettime", "gettimeofday", "time",
	"clock_nanosleep", "nanosleep", "restart_syscall", "getrandom", "exit", "exit_group",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "getpid", "gettid", "getuid", "geteuid",
	"getgid", "getegid", "uname"
};

/* Landlock says which files can be opened. */
static const char *const files[] = {
	"read", "readv", "write", "writev", "close", "fcntl", "lseek", "poll", "ppoll", "fstat",
	"newfstatat", "stat", "lstat", "statx", "pipe2", "eventfd2", "open", "openat", "fchmod",
	"fsync", "rename", "renameat", "renameat2", "unlink", "unlinkat"
};

/* No bind(), no listen(). */
static const char *const sockets[] = {
	"connect", "send", "sendto", "sendmsg", "sendmmsg", "recv", "recvfrom", "recvmsg",
	"recvmmsg", "shutdown", "getsockopt", "setsockopt", "getsockname", "getpeername"
};

static const char *const for_threads[] = {
	"set_robust_list", "rseq", "sched_getaffinity", "sched_yield"
};

static int allow(scmp_filter_ctx filter, const char *const *names, size_t count)
{
	int r = 0;

	for (size_t i = 0; !r && i < count; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);

		if (number != __NR_SCMP_ERROR) /* a library that is older than the call */
			r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	return r;
}

/* No packet, netlink or vsock sockets. */
static int allow_sockets(scmp_filter_ctx filter)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(families); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	return r;
}

static int allow_ioctls(scmp_filter_ctx filter)
{
	static const unsigned long requests[] = { SIOCOUTQ, FIONREAD, FIONBIO };
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(requests); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				     SCMP_A1(SCMP_CMP_EQ, requests[i]));
	return r;
}

/* Memory, but none that can be executed. */
static int allow_memory(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code);

	return r ? r : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code);
}

/* Threads, but no processes. Flags of clone3() lie in memory: ENOSYS, and libc asks clone(). */
static int allow_threads(scmp_filter_ctx filter)
{
	int r = allow(filter, for_threads, ARRAY_SIZE(for_threads));

	r = r ? r : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	r = r ? r
	      : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				 SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	return r ? r
		 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

static void release(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

int syscalls_enter(const struct sandbox *s)
{
	_cleanup_(release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = filter ? 0 : -ENOMEM;

	r = r ? r : allow(filter, basics, ARRAY_SIZE(basics));
	r = r ? r : allow(filter, files, ARRAY_SIZE(files));
	r = r ? r : allow(filter, sockets, ARRAY_SIZE(sockets));
	r = r ? r : allow_sockets(filter);
	r = r ? r : allow_ioctls(filter);
	r = r ? r : allow_memory(filter);
	if (!r && s->threads)
		r = allow_threads(filter);
	return r ? r : seccomp_load(filter);
}
