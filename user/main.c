// SPDX-License-Identifier: GPL-2.0-only
/*
 * portguard: every port is closed until it is allowed, and the kernel does the refusing. This file is
 * the table of commands, and the one place that prints errors and turns them into exit codes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "cmd/cmd.h"
#include "cmd/print.h"
#include "util/cleanup.h"

#define RULE_HELP \
	"RULE = [bind | in | out] PORTS[/tcp | /udp] QUALIFIER...; no direction: bind and in.\n" \
	"PORTS = 80 | http | 8000-8100 | 80,443 | any\n" \
	"QUALIFIER = from ADDRESS|@SET (in) | to ADDRESS|@SET (out) | at ADDRESS|@SET (bind, in)\n" \
	"       | on INTERFACE (in) | by user NAME|UID | by exe /PATH (bind, out)\n" \
	"       | for 30s|2m|12h|5d | log | comment \"why\"\n"

#define FORCE_HELP \
	"  --force           even if it closes the port of an open login session\n"

#define CHANGE_HELP \
	"  --dry-run         only say what would change\n" FORCE_HELP

#define EDIT_HELP \
	"  --scope NAME      a rule of that scope of the policy, not of the host\n" \
	"  --permanent       in policy.d/90-local.yaml, too\n" CHANGE_HELP

#define CUT_HELP \
	"  --cut             close open TCP connections that may not begin any more\n"

static const struct command {
	const char *name, *args, *help, *details;
	command_fn run;
} commands[] = {
	{ "run", "[-c FILE] [--cgroup DIR] [-i IFACE]... [--event-log FILE] [--force]",
	  "guard this machine, and stream events, in the foreground",
	  "Loads and attaches, or adopts what is pinned, and prints `portguard: ready`. SIGHUP reads FILE\n"
	  "again; SIGTERM ends the agent and leaves enforcement in place (portguard down ends that).\n"
	  "  -c FILE           the policy (" DEFAULT_CONFIG ")\n"
	  "  --cgroup DIR      whose sockets are judged; in place of the file's\n"
	  "  -i IFACE          a guarded interface; in place of the file's\n"
	  "  --event-log FILE  append every event as a line of JSON\n" FORCE_HELP, cmd_run },
	{ "up", "[-c FILE] [--cgroup DIR] [-i IFACE]... [--event-log FILE] [--force]",
	  "guard this machine without an agent",
	  "As run, with the same options, but it returns, and nobody reports events until an agent runs.\n", cmd_up },
	{ "down", "[--purge]", "end the guard and its agent",
	  "Detaches everything and removes pins, sockets and locks.\n"
	  "  --purge           also the history and the last policy in /var/lib/portguard\n", cmd_down },
	{ "allow", "[--scope NAME] [--permanent] [--dry-run] [--cut] [--force] RULE", "add a rule now",
	  RULE_HELP EDIT_HELP CUT_HELP, cmd_allow },
	{ "deny", "[--scope NAME] [--permanent] [--dry-run] [--cut] [--force] RULE", "add a rule that refuses now",
	  RULE_HELP EDIT_HELP CUT_HELP "A matching deny always wins. log is of what is allowed.\n", cmd_allow },
	{ "reject", "[--scope NAME] [--permanent] [--dry-run] [--cut] [--force] RULE", "refuse with an answer now",
	  "As deny, and packets get a TCP reset or port unreachable.\n" RULE_HELP EDIT_HELP CUT_HELP, cmd_allow },
	{ "limit", "[--scope NAME] [--permanent] [--dry-run] [--cut] [--force] RATE RULE", "allow so many, now",
	  "RATE = 20/s | 100/m [burst N] [per source], of new connections and conversations.\n"
	  RULE_HELP EDIT_HELP CUT_HELP, cmd_allow },
	{ "remove", "[--scope NAME] [--permanent] [--dry-run] [--cut] [--force] RULE|NUMBER", "take a rule away",
	  "By its number in list, its sentence (allow 79/tcp), or that without its verb (79/tcp). Without\n"
	  "`for` it is found whether or not it has one.\n" EDIT_HELP CUT_HELP, cmd_remove },
	{ "list", "", "the rules, with their counters",
	  "And their scope, and the time they have left. With --json: {\"rules\": [...]}.\n", cmd_list },
	{ "status", "[--ready] [--memory]", "hooks, mode, health, totals",
	  "  --ready           only the exit code: 0 guarding, 69 not\n"
	  "  --memory          what the agent and the maps take\n", cmd_status },
	{ "metrics", "[--textfile FILE]", "the figures of status, for Prometheus",
	  "In its text format, on stdout.\n"
	  "  --textfile FILE   into FILE instead, whole, for node_exporter's textfile collector\n", cmd_metrics },
	{ "events", "[-f] [--format F] [--hook H] [--port P] [--verdict V]", "what was refused",
	  "The last 10,000; -f: from now on, as they come. F: text (on a terminal), json,\n"
	  "ecs, ocsf, cef, leef, syslog.\n", cmd_events },
	{ "capture", "-w FILE [-c COUNT] [-s BYTES] [--rate N]", "the refused packets themselves",
	  "As a pcapng file, with the reason of each as its comment, until COUNT or Ctrl-C. XDP drops packets\n"
	  "where tcpdump does not see them. In audit mode: those that would be refused.\n"
	  "  -w FILE           - is stdout, for a pipe: portguard capture -w - | tcpdump -r -\n"
	  "  -c COUNT          packets in all (100000)\n"
	  "  -s BYTES          of each packet (256)\n"
	  "  --rate N          packets a second and CPU; the others are only counted (1000)\n", cmd_capture },
	{ "top", "", "what is refused, as it happens",
	  "Ports, sources and programs, with their rates; sorted and filtered; a allows what was refused.\n", cmd_top },
	{ "report", "[--since T] [-o FILE] [--from FILE]...", "what was refused, as a page",
	  "One HTML page that needs nothing else, or with --json the same figures.\n"
	  "  --since T         90m, 7d (24h)\n"
	  "  -o FILE           write it there, for its owner alone; left out or -: to standard output\n"
	  "  --from FILE       an event log, or its rotated parts, instead of the last 10,000 events;\n"
	  "                    -: standard input\n",
	  cmd_report },
	{ "explain",
	  "[--scope NAME] bind|in|out PORT/PROTO [from A] [to A] [at A] [on I] [by user U]",
	  "why a port is open or closed",
	  "Asks the programs as loaded. Exit 0: allowed, 1: denied.\n"
	  "  --scope NAME      for a socket of that scope of the policy, not of the host\n", cmd_explain },
	{ "ports", "", "who listens, and may they",
	  "Every listening socket: process, unit, container, and whether bind and in would pass now.\n"
	  "With --json: {\"ports\": [...]}.\n", cmd_ports },
	{ "apply", "[--exact] [--dry-run] [--cut] [--force] FILE", "put another policy in force",
	  "All of it at once. Rules added by hand stay.\n"
	  "  --exact           drop them\n" CHANGE_HELP CUT_HELP, cmd_apply },
	{ "diff", "[FILE]", "what apply would change",
	  "Exit 0: nothing, 1: something. With --json: {\"changed\": true, \"removed\": [...], \"added\": [...]}.\n",
	  cmd_diff },
	{ "check", "[FILE]", "look for mistakes in a policy",
	  "Every mistake in one run; exit 65 if there is one. Warns of rules by user and by exe that are no\n"
	  "boundary. With --json: {\"warnings\": [...], \"rules\": N}.\n", cmd_check },
	{ "save", "", "keep the rules that were added by hand",
	  "Writes them to policy.d/90-local.yaml beside the policy file, but for those that say `for`.\n", cmd_save },
	{ "try", "[--timeout T] [--force] FILE", "put a policy in force that goes by itself",
	  "Unless it is confirmed the former policy is back after T (60s), whatever has died by then. On a\n"
	  "terminal: Enter confirms, Ctrl-C goes back. Meanwhile nothing else is changed.\n"
	  "  --timeout T       90s, 5m, 1h\n" FORCE_HELP, cmd_try },
	{ "confirm", "", "keep the policy that is on trial", "Exit 1: there is none.\n", cmd_confirm },
	{ "rollback", "", "back to the policy before the trial", "Exit 1: there is no trial.\n", cmd_rollback },
	{ "panic", "[--force] on|off", "close everything but the failsafe ports",
	  "Open connections, too. The policy stays below, and may be changed meanwhile.\n" FORCE_HELP, cmd_panic },
	{ "mode", "[--scope NAME] [--force] enforce|audit|off", "enforce, only report, or neither",
	  "audit reports what would be refused and lets it pass.\n"
	  "  --scope NAME      for the sockets of that scope alone; packets at interfaces meet the host's\n" FORCE_HELP,
	  cmd_mode },
};

/* Known to the design, not to this version; and what other firewalls call ours. */
static const char *const later[] = {
	"evict", "learn", "import", "profile",
	"init", "doctor",
};

static const struct {
	const char *theirs, *ours;
} others[] = {
	{ "delete", "remove" }, { "enable", "up" }, { "disable", "down" }, { "reload", "apply" },
	{ "reset", "apply --exact" }, { "start", "run" }, { "stop", "down" }, { "add", "allow" },
	{ "block", "deny" }, { "drop", "deny" }, { "accept", "allow" }, { "show", "list" }, { "log", "events" },
	{ "help", "--help" }, { "version", "--version" },
};

static void print_usage(FILE *to)
{
	(void)fprintf(to, "usage: portguard [--instance NAME] [--bpffs DIR] [--json] [--no-color] COMMAND\n\n"
		      "Every port is closed until you allow it, and the kernel does the refusing.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		(void)fprintf(to, "  %-8s  %s\n", commands[i].name, commands[i].help);
	(void)fprintf(to, "\nportguard COMMAND --help tells more; see portguard(8) and portguard-policy(5).\n");
}

static int print_error(int r, const struct pg_error *err, const struct command *command)
{
	enum pg_exit code = pg_exit_code(r, err);
	const char *text = err->text[0] ? pg_error_text(err) : strerror(-r);

	(void)fprintf(stderr, "%s%s%s", err->places ? "" : "portguard: ", text,
		      text[strlen(text) - 1] == '\n' ? "" : "\n");
	if (err->help[0])
		(void)fprintf(stderr, "%s\n", err->help);
	if (code == PG_EXIT_USAGE && command)
		(void)fprintf(stderr, "usage: portguard %s%s%s\n", command->name,
			      command->args[0] ? " " : "", command->args);
	else if (code == PG_EXIT_USAGE)
		(void)fprintf(stderr, "usage: portguard [OPTIONS] COMMAND (portguard --help lists them)\n");
	return code;
}

static int unknown_command(const char *word, struct pg_error *err)
{
	const char *names[ARRAY_SIZE(commands)], *near;

	for (size_t i = 0; i < ARRAY_SIZE(later); i++)
		if (!strcmp(word, later[i]))
			return usage_error(err, "%s is not supported in this version", word);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (!strcmp(word, others[i].theirs))
			return usage_error(err, "unknown command '%s': here it is: portguard %s", word, others[i].ours);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		names[i] = commands[i].name;
	near = nearest(word, names, ARRAY_SIZE(commands));
	if (near)
		return usage_error(err, "unknown command '%.64s': did you mean %s?", word, near);
	return usage_error(err, "unknown command '%.64s'", word);
}

static int run_command(int argc, char **argv, const struct pg_context *ctx)
{
	static char mistakes[1 << 18];			/* takes no memory but where there are some */
	static struct pg_error err = {			/* large: not on the stack */
		.exit = PG_EXIT_AUTO, .all = mistakes, .all_room = sizeof(mistakes)
	};
	const struct command *command = NULL;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(commands) && !command; i++)
		if (!strcmp(argv[0], commands[i].name))
			command = &commands[i];
	if (!command)
		return print_error(unknown_command(argv[0], &err), &err, NULL);
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			(void)printf("usage: portguard %s%s%s\n\n%s.\n%s", command->name, command->args[0] ? " " : "",
				     command->args, command->help, command->details);
			r = print_done(&err);
			return r ? print_error(r, &err, NULL) : 0;
		}
	r = command->run(argc, argv, ctx, &err);
	if (r >= 0 && !err.text[0])
		return r;
	return r > 0 ? ((void)fprintf(stderr, "portguard: %s\n", err.text), r) : print_error(r, &err, command);
}

struct globals {
	const char *instance, *bpffs;
	bool json, no_color, help, version;
};

/*
 * Options before the command; --json and --no-color are taken after it, too.
 * Return: the index of the command, or -EINVAL.
 */
static int take_globals(int argc, char **argv, struct globals *g, struct pg_error *err)
{
	const struct option_word options[] = {
		{ .name = "--instance", .value = &g->instance }, { .name = "--bpffs", .value = &g->bpffs },
		{ .name = "--json", .flag = &g->json }, { .name = "--no-color", .flag = &g->no_color },
		{ .name = "--help", .flag = &g->help }, { .name = "-h", .flag = &g->help },
		{ .name = "--version", .flag = &g->version },
	};
	int first = 1, r;

	while (first < argc && argv[first][0] == '-') {
		bool value = !strcmp(argv[first], "--instance") || !strcmp(argv[first], "--bpffs");

		first += value ? 2 : 1;
	}
	if (first > argc)
		first = argc;
	r = take_options(first, argv, options, ARRAY_SIZE(options), err);
	return r < 0 ? r : first;
}

static int drop_late_globals(int argc, char **argv, struct globals *g)
{
	int left = 1;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			g->json = true;
		else if (!strcmp(argv[i], "--no-color"))
			g->no_color = true;
		else
			argv[left++] = argv[i];
	}
	return left;
}

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list ap)
{
	(void)level;
	return vfprintf(stderr, format, ap);
}

/* Where stdout is a terminal that knows them, and nobody says otherwise (no-color.org: empty says nothing). */
static bool wants_color(void)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return (!no_color || !*no_color) && (!terminal || strcmp(terminal, "dumb")) && isatty(STDOUT_FILENO);
}

/* A variable that is set to nothing says nothing. */
static const char *said_by(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value ? value : NULL;
}

static int dispatch(int argc, char **argv, struct globals *g)
{
	struct pg_error err = PG_ERROR_INIT;
	struct pg_context ctx = { 0 };
	const char *instance = g->instance ? g->instance : said_by("PORTGUARD_INSTANCE");
	const char *bpffs = g->bpffs ? g->bpffs : said_by("PORTGUARD_BPFFS");
	int r = paths_init(&ctx.paths, instance, bpffs, &err);

	if (r)
		return print_error(r, &err, NULL);
	argc = drop_late_globals(argc, argv, g);
	ctx.json = g->json;
	ctx.color = !g->no_color && wants_color();
	return run_command(argc, argv, &ctx);
}

/* A standard stream that is closed would become the next file that is opened: let writes to it fail instead. */
static void keep_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

static int finish_output(void)
{
	struct pg_error err = PG_ERROR_INIT;
	int r = print_done(&err);

	return r ? print_error(r, &err, NULL) : 0;
}

int main(int argc, char **argv)
{
	struct pg_error err = PG_ERROR_INIT;
	struct globals g = { 0 };
	int first;

	keep_standard_streams();
	first = take_globals(argc, argv, &g, &err);
	(void)signal(SIGPIPE, SIG_IGN);		/* a write then says EPIPE */
	(void)libbpf_set_print(getenv("LIBBPF_DEBUG") ? print_libbpf : NULL);
	if (first < 0)
		return print_error(first, &err, NULL);
	if (g.help) {
		print_usage(stdout);
		return finish_output();
	}
	if (g.version) {
		(void)printf("portguard %s\n", PG_VERSION);
		return finish_output();
	}
	if (first == argc) {
		(void)usage_error(&err, "no command");
		(void)print_error(-EINVAL, &err, NULL);
		(void)fprintf(stderr, "\n");
		print_usage(stderr);
		return PG_EXIT_USAGE;
	}
	return dispatch(argc - first, argv + first, &g);
}
