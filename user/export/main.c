// SPDX-License-Identifier: GPL-2.0-only
/*
 * portguard-export, portguard-export-kafka: events out of the machine, by a process that may do nothing
 * else. What needs privileges - the files that the words name - is done first; then they are given up for
 * good, and only then is anybody outside spoken with.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>

#include "export/forward.h"
#include "util/cleanup.h"

#define POSITION "position" /* in the state directory, which is where we are */

struct words {
	const char *instance, *format, *state, *user;
	bool help, version;
};

static void say(const char *text)
{
	(void)fprintf(stderr, "%s: %s\n", carrier_about.program, text);
}

static void print_usage(FILE *to)
{
	(void)fprintf(to,
		      "usage: %s [--instance NAME] %s\n"
		      "       [--format F] [--state DIR] [--user USER]\n",
		      carrier_about.program, carrier_about.words);
}

static int print_help(void)
{
	print_usage(stdout);
	(void)printf("\nForwards events of portguard, each at least once.\n\n%s"
		     "  --instance NAME    whose events (default)\n"
		     "  --format F         a format of `portguard events` (%s)\n"
		     "  --state DIR        where the position is kept (/var/lib/%s/INSTANCE)\n"
		     "  --user USER        whom to become when root starts it (portguard)\n"
		     "  --version\n",
		     carrier_about.help, carrier_about.format, carrier_about.program);
	return fflush(stdout) || ferror(stdout) ? PG_EXIT_OUTPUT : PG_EXIT_DONE;
}

static int print_error(int r, const struct pg_error *err)
{
	enum pg_exit code = pg_exit_code(r, err);

	say(err->text[0] ? err->text : strerror(-r));
	if (err->help[0])
		(void)fprintf(stderr, "%s\n", err->help);
	if (code == PG_EXIT_USAGE)
		print_usage(stderr);
	return code;
}

static int parse(int argc, char **argv, struct carrier *carrier, struct words *w,
		 struct pg_error *err)
{
	struct option_word options[CARRIER_WORDS + 8] = {
		{ .name = "--instance", .value = &w->instance },
		{ .name = "--format", .value = &w->format },
		{ .name = "--state", .value = &w->state },
		{ .name = "--user", .value = &w->user },
		{ .name = "--help", .flag = &w->help },
		{ .name = "-h", .flag = &w->help },
		{ .name = "--version", .flag = &w->version },
	};
	size_t count = 7 + carrier_options(carrier, options + 7);
	int left = take_options(argc, argv, options, count, err);
	const char *said = getenv("PORTGUARD_INSTANCE");

	if (left > 0)
		return usage_error(err, "options only, not '%.64s'", argv[1]);
	if (!w->instance && said && *said)
		w->instance = said;
	if (!w->format)
		w->format = carrier_about.format;
	return left;
}

static int find_format(const char *name, const struct format **ret, struct pg_error *err)
{
	*ret = format_find(name);
	return *ret ? 0 : usage_error(err, "--format '%.64s': there is none of that name", name);
}

/* It is the directory in which we stay, so that nobody has to let us through to it later. */
static int enter_state(const char *dir, const struct sandbox *s, int *ret_lock,
		       struct pg_error *err)
{
	_cleanup_close_ int fd = -1;
	int r = make_directories(dir);

	if (!r && (chdir(dir) || (s->uid && chown(".", s->uid, s->gid))))
		r = -errno;
	fd = r ? -1 : open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!r && fd < 0)
		r = -errno;
	if (r)
		return pg_fail(err, r, PG_EXIT_OUTPUT, "state %s: %s", dir, strerror(-r));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		(void)pg_fail(err, -EBUSY, PG_EXIT_BUSY, "state %s: another exporter uses it", dir);
		return pg_help(err, -EBUSY, "give this one another directory: --state DIR");
	}
	*ret_lock = TAKE_FD(fd);
	return 0;
}

/* Whether an id is of this instance: BOOTID-INSTANCE-SEQ. */
static bool is_of(const char *id, const char *instance)
{
	const char *end = strrchr(id, '-');
	size_t length = strlen(instance);

	return end && (size_t)(end - id) > length && end[-(long)length - 1] == '-' &&
	       !memcmp(end - length, instance, length);
}

static int read_position(const char *instance, const char *dir, struct ledger *l,
			 struct pg_error *err)
{
	int r = position_read(POSITION, &l->position);

	if (r)
		(void)pg_fail(err, r, PG_EXIT_NO_FILE, "state %s/" POSITION ": %s", dir,
			      r == -EBADMSG ? "not a position" : strerror(-r));
	else if (l->position.id[0] && !is_of(l->position.id, instance))
		r = pg_fail(err, -EINVAL, PG_EXIT_REFUSED,
			    "state %s/" POSITION ": of another instance than %s", dir, instance);
	return r ? pg_help(err, r, "remove it to begin with all that history has") : 0;
}

/* While a name is looked up, which nothing can hurry, these signals come through; nothing is under way then. */
static void end_now(int number)
{
	(void)number;
	_exit(PG_EXIT_DONE);
}

static int open_signals(int *ret_fd)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)signal(SIGPIPE, SIG_IGN); /* a write then says EPIPE */
	(void)signal(SIGTERM, end_now);
	(void)signal(SIGINT, end_now);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_fd < 0 ? -errno : 0;
}

static int enter_sandbox(const struct sandbox *s, struct pg_error *err)
{
	int landlock, r = sandbox_enter(s, &landlock, err);

	if (!r && landlock == LANDLOCK_NONE)
		say("this kernel has no Landlock: files are guarded by their modes alone");
	return r;
}

/* All words are good: get ready, give up what is not needed, and go. */
static int run(const struct words *w, struct carrier *carrier, struct ledger *ledger,
	       struct pg_error *err)
{
	char state[PG_PATH];
	_cleanup_close_ int lock = -1, signals = -1;
	struct sandbox sandbox = { .writable = "." };
	struct paths paths;
	struct forward_config config = { .run = paths.run,
					 .position = POSITION,
					 .carrier = carrier,
					 .ledger = ledger,
					 .say = say };
	int r = paths_init(&paths, w->instance, NULL, err);

	r = r ? r : find_format(w->format, &config.format, err);
	r = r ? r : sandbox_user(w->user, &sandbox, err);
	r = r ? r : carrier_prepare(carrier, &sandbox, err);
	if (r)
		return r;
	(void)snprintf(state, sizeof(state), "/var/lib/%s/%s", carrier_about.program,
		       paths.instance); /* fits */
	r = enter_state(w->state ? w->state : state, &sandbox, &lock, err);
	r = r ? r : read_position(paths.instance, w->state ? w->state : state, ledger, err);
	if (r)
		return r;
	r = open_signals(&signals);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "signals: %s", strerror(-r));
	config.signal_fd = signals;
	r = enter_sandbox(&sandbox, err);
	return r ? r : forward(&config, err);
}

int main(int argc, char **argv)
{
	static struct pg_error err = PG_ERROR_INIT; /* large: not on the stack */
	struct carrier *carrier = carrier_new();
	struct ledger ledger = { 0 };
	struct words words = { 0 };
	int r = carrier && !ledger_init(&ledger) ? 0 : -ENOMEM;

	r = r ? r : parse(argc, argv, carrier, &words, &err);
	if (!r && words.help)
		return print_help();
	if (!r && words.version) {
		(void)printf("%s %s\n", carrier_about.program, PG_VERSION);
		return fflush(stdout) ? PG_EXIT_OUTPUT : PG_EXIT_DONE;
	}
	r = r ? r : run(&words, carrier, &ledger, &err);
	carrier_free(carrier);
	ledger_free(&ledger);
	return r ? print_error(r, &err) : 0;
}
