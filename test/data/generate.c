/*
 * generate.c
 *	  Writes CloudTrail records of an invented company, one record a line.
 *
 * The same arguments write the same bytes, on every machine.  Names of
 * services and calls are AWS's own; accounts, people, roles, addresses (from
 * the ranges for documentation and benchmarks) and all else are made up.
 *
 * The company has some accounts, and in each of them roles, users, a root
 * user and AWS services at work, who do what they always do: each has a
 * profile of calls.  Once in a while somebody does something new, and somebody
 * new comes.  Accounts of the company and of its vendors assume roles in each
 * other all the time.  Now and then a stranger does: an account that nobody
 * has seen before.  The last one is an intruder.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "company.h"
#include "names.h"
#include "random.h"
#include "record.h"
#include "routine.h"
#include "settings.h"
#include "text.h"

#define DUPLICATE_RING 256  /* how far behind the second copy is */
#define DUPLICATE_SIZE 8192 /* longer records are not sent twice */

Settings settings = {
	.records = 10000,
	.accounts = 12,
	.days = 30,
	.seed = 1,
	.duplicates = 5,
	.disorder = 300,
	.large_every = 10000,
	.newcomers = 2,
	.strangers = -1,
};

/* What has been written. */
static FILE     *out;
static int64_t   out_day = -1;
static long      written = 0;
static uint32_t *sizes = NULL;
static char (*ring)[DUPLICATE_SIZE];
static size_t ring_size[DUPLICATE_RING];
static int    ring_filled = 0;
static int    ring_next = 0;

/* ---- Output ---- */

static void
fail(const char *what)
{
	fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* With --folder, the file of the day. */
static void
select_file(int64_t time)
{
	char    path[4096];
	int     year, month, mday;
	int64_t day = time / DAY;

	/* Latecomers are delivered with the day that they come in. */
	if (settings.folder == NULL || day <= out_day)
		return;
	if (out != NULL && fclose(out) != 0)
		fail("cannot write");
	civil(day, &year, &month, &mday);
	snprintf(path, sizeof(path), "%s/%04d-%02d-%02d.ndjson", settings.folder, year, month, mday);
	out = fopen(path, "w");
	if (out == NULL)
		fail(path);
	out_day = day;
}

static void
write_line(const char *line, size_t length)
{
	if (settings.log_format)
	{
		if (written > 0)
			putc_unlocked(',', out);
	}
	if (settings.copy_format)
	{
		/* COPY's text format takes a backslash for itself. */
		const char *end = line + length;

		while (line < end)
		{
			const char *slash = memchr(line, '\\', end - line);
			size_t      plain = (slash ? slash + 1 : end) - line;

			fwrite(line, 1, plain, out);
			if (slash)
				putc_unlocked('\\', out);
			line += plain;
		}
	}
	else
		fwrite(line, 1, length, out);
	if (!settings.log_format)
		putc_unlocked('\n', out);
	if (sizes)
		sizes[written] = (uint32_t) length;
	written++;
}

/* Write the record, and now and then one that was written before. */
static void
emit(int64_t now)
{
	if (written >= settings.records)
		return;
	select_file(now);
	write_line(record, used);
	if (used <= DUPLICATE_SIZE)
	{
		memcpy(ring[ring_next], record, used);
		ring_size[ring_next] = used;
		ring_next = (ring_next + 1) % DUPLICATE_RING;
		if (ring_filled < DUPLICATE_RING)
			ring_filled++;
	}
	if (settings.duplicates > 0 && ring_filled > 0 && written < settings.records &&
		fraction() * (100 - settings.duplicates) < settings.duplicates)
	{
		int slot = below(ring_filled);

		write_line(ring[slot], ring_size[slot]);
	}
}

/* ---- What happens ---- */

/* AWS delivers late, and not in order. */
static int64_t
delivered(int64_t now)
{
	int64_t time = now;

	if (settings.disorder > 0)
		time -= below(settings.disorder);

	return time < settings.start ? settings.start : time;
}

static void
happen_ordinary(int64_t now)
{
	Scene           scene = {0};
	const Identity *identity;
	char            session[80];

	do
		identity = &identities[draw(identity_sums, nidentities)];
	while (identity->birth > now);

	scene.time = delivered(now);
	scene.identity = identity;
	scene.account = identity->account;
	scene.region = regions[chance(850) ? identity->account % 2 : (int) below(LENGTH(regions))];
	scene.call =
		&calls[chance(3) ? draw(call_sums, ncalls) : identity->profile[below(PROFILE_SLOTS)]];
	scene.session_number = below(identity->sessions);
	/* Machines are replaced every few days. */
	scene.session =
		mix(identity->seed + scene.session_number +
			(identity->kind == KIND_INSTANCE ? (now / DAY + scene.session_number) / 4 * 1000 : 0));
	scene.failed = chance(scene.call->shape == SHAPE_LOGIN ? 80 : 35);
	scene.large = settings.large_every > 0 && below(settings.large_every) == 0;
	scene.invoked = identity->kind != KIND_SERVICE && identity->kind != KIND_ROOT && chance(40);
	if (scene.call->shape == SHAPE_ASSUME_ROLE)
	{
		uint64_t n = mix(identity->seed + below(4));

		/* A role of the same account. */
		scene.role = role_name(identity->account, 4 + n % (ROLES - 4));
		snprintf(session, sizeof(session), "%s-%04x", identity->name,
				 (unsigned) (n >> 40 & 0xffff));
		scene.role_session = session;
	}
	build(&scene);
	emit(now);
}

/* An account assumes a role in another; AWS tells both, if both are ours. */
static void
happen_visit(int64_t now, int account, const Caller *caller, bool on_time)
{
	Scene scene = {0};
	char  shared[37];

	used = 0;
	put_uuid(random64(), random64());
	memcpy(shared, record, 36);
	shared[36] = '\0';

	scene.time = on_time ? now : delivered(now);
	scene.caller = caller;
	scene.account = account;
	scene.region = regions[account % 2];
	scene.call = find_call("sts", "AssumeRole");
	scene.session = mix(caller->principal[5] + caller->principal[9] * 1000);
	scene.shared_id = shared;
	scene.role = caller->role;
	scene.role_session = caller->session;
	build(&scene);
	emit(now);
	if (caller->own >= 0)
	{
		scene.callers_copy = true;
		build(&scene);
		emit(now);
	}
}

/* The intruder at work, with the role that was assumed. */
static void
happen_intrusion(int64_t now, int account, int step)
{
	static Identity intruder;
	const Caller   *caller = &callers[ncallers - 1];
	Scene           scene = {0};
	char            service[64];
	const char     *name = strchr(intruder_calls[step], ' ') + 1;

	intruder.kind = KIND_FUNCTION;
	intruder.account = account;
	intruder.seed = 4711;
	strcpy(intruder.name, caller->role);
	strcpy(intruder.path, "/");
	id_text(intruder.principal, "AROA", mix(account), 17);
	snprintf(service, sizeof(service), "%.*s", (int) (name - intruder_calls[step] - 1),
			 intruder_calls[step]);

	scene.time = now;
	scene.identity = &intruder;
	scene.account = account;
	scene.region = regions[1];
	scene.call = find_call(service, name);
	scene.session = mix(caller->principal[5] + caller->principal[9] * 1000);
	build(&scene);
	emit(now);
}

static void
happen(const Plan *p)
{
	switch (p->kind)
	{
		case PLAN_VISIT:
			happen_visit(p->time, p->account, &callers[p->caller], false);
			break;
		case PLAN_STRANGER:
			happen_visit(p->time, p->account, &callers[p->caller], true);
			break;
		case PLAN_INTRUDER:
			happen_intrusion(p->time, p->account, p->caller);
			break;
	}
}

static void
run(int64_t span)
{
	long next_plan = 0;
	long ordinary = 0;
	/* Of all records, those that nobody planned; they fill the time. */
	double share = 1 - (nplans * 1.5) / settings.records;
	double once = settings.records * (100 - settings.duplicates) / 100.0;
	long   expected = (long) (once * (share > 0.1 ? share : 0.1)) + 1;

	while (written < settings.records)
	{
		int64_t now = settings.start + (int64_t) ((double) span * ordinary / expected);

		/* The rounding leaves some for the last second. */
		if (now >= settings.start + span)
			now = settings.start + span - 1;
		while (next_plan < nplans && plans[next_plan].time <= now && written < settings.records)
			happen(&plans[next_plan++]);
		if (written < settings.records)
			happen_ordinary(now);
		ordinary++;
	}
}

/* The same for a company that keeps to its timetable. */
static void
run_routine(int64_t span)
{
	make_routine(span);
	while (written < settings.records && next_of_routine())
		emit(settings.start);
}

static int
compare_sizes(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *) a;
	uint32_t y = *(const uint32_t *) b;

	return (x > y) - (x < y);
}

static void
print_report(void)
{
	uint64_t total = 0;

	for (long i = 0; i < written; i++)
		total += sizes[i];
	qsort(sizes, written, sizeof(*sizes), compare_sizes);
	fprintf(stderr,
			"records %ld, bytes %llu, size p50 %u, p90 %u, p99 %u, max %u; "
			"services %d, calls %d, identities %d, strangers %d\n",
			written, (unsigned long long) total, sizes[written / 2], sizes[written * 9 / 10],
			sizes[written * 99 / 100], sizes[written - 1], NSERVICES, ncalls, nidentities,
			settings.strangers);
}

/* ---- Arguments ---- */

static void
usage(FILE *to)
{
	fputs("Writes CloudTrail records, one a line, to standard output.\n\n"
		  "  --records N      how many (10000), or at most with --routine\n"
		  "  --accounts N     the company's (12)\n"
		  "  --routine        everybody keeps to a timetable: --days decides how many records\n"
		  "  --attacks        with --routine: twelve attacks, a day each from the 16th on\n"
		  "  --days D         over how much time (30)\n"
		  "  --start TIME     from when, as 2025-06-01T00:00:00Z (that)\n"
		  "  --seed N         another company (1)\n"
		  "  --duplicates P   percent of records that come twice (5)\n"
		  "  --disorder S     seconds that records come late by, at most (300)\n"
		  "  --large N        one in N records has 60 kB (10000; 0: none)\n"
		  "  --newcomers N    new users and roles a day (2)\n"
		  "  --strangers N    unknown accounts that assume a role (one a week, at least 2)\n"
		  "  --unique-agents  every userAgent is new\n"
		  "  --copy           escape backslashes, for COPY FROM in text format\n"
		  "  --log            one document {\"Records\":[...]}\n"
		  "  --folder PATH    a file a day in this folder, instead of standard output\n"
		  "  --report         sizes, on standard error\n",
		  to);
}

static double
number(const char *option, const char *text, double least, double most)
{
	char  *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= least && value <= most))
	{
		fprintf(stderr, "generate: --%s needs a number from %.0f to %.0f\n", option, least, most);
		exit(2);
	}
	return value;
}

static int64_t
parse_start(const char *text)
{
	struct tm tm = {0};
	char      zone;
	int       end = 0;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%c%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
			   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &zone, &end) != 7 ||
		zone != 'Z' || text[end] || tm.tm_year < 1971 || tm.tm_year > 9998)
	{
		fprintf(stderr, "generate: --start needs a time such as 2025-06-01T00:00:00Z\n");
		exit(2);
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t) timegm(&tm);
}

static void
read_arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{"records", required_argument, NULL, 'n'},
		{"accounts", required_argument, NULL, 'a'},
		{"routine", no_argument, NULL, 'q'},
		{"attacks", no_argument, NULL, 'i'},
		{"days", required_argument, NULL, 'd'},
		{"start", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 'r'},
		{"duplicates", required_argument, NULL, 'p'},
		{"disorder", required_argument, NULL, 'o'},
		{"large", required_argument, NULL, 'l'},
		{"newcomers", required_argument, NULL, 'w'},
		{"strangers", required_argument, NULL, 't'},
		{"unique-agents", no_argument, NULL, 'u'},
		{"copy", no_argument, NULL, 'c'},
		{"log", no_argument, NULL, 'g'},
		{"folder", required_argument, NULL, 'f'},
		{"report", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	settings.start = parse_start("2025-06-01T00:00:00Z");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
	{
		switch (option)
		{
			case 'n':
				settings.records = (long) number("records", optarg, 1, 1e10);
				break;
			case 'a':
				settings.accounts = (int) number("accounts", optarg, 3, MAX_ACCOUNTS);
				break;
			case 'q':
				settings.routine = true;
				settings.newcomers = 0;
				settings.duplicates = 0;
				break;
			case 'i':
				settings.attacks = true;
				break;
			case 'd':
				settings.days = number("days", optarg, 0, 36500);
				break;
			case 's':
				settings.start = parse_start(optarg);
				break;
			case 'r':
				settings.seed = (uint64_t) number("seed", optarg, 0, 4e9);
				break;
			case 'p':
				settings.duplicates = (int) number("duplicates", optarg, 0, 90);
				break;
			case 'o':
				settings.disorder = (int) number("disorder", optarg, 0, 1e9);
				break;
			case 'l':
				settings.large_every = (int) number("large", optarg, 0, 1e9);
				break;
			case 'w':
				settings.newcomers = number("newcomers", optarg, 0, 10000);
				break;
			case 't':
				settings.strangers = (int) number("strangers", optarg, 0, 1000);
				break;
			case 'u':
				settings.unique_agents = true;
				break;
			case 'c':
				settings.copy_format = true;
				break;
			case 'g':
				settings.log_format = true;
				break;
			case 'f':
				settings.folder = optarg;
				break;
			case 'v':
				settings.report = true;
				break;
			case 'h':
				usage(stdout);
				exit(0);
			default:
				usage(stderr);
				exit(2);
		}
	}
	if (optind < argc || (settings.folder && settings.log_format))
	{
		usage(stderr);
		exit(2);
	}
	if (settings.strangers < 0)
		settings.strangers = settings.days < 14 ? 2 : (int) (settings.days / 7);
}

int
main(int argc, char **argv)
{
	int64_t span;

	read_arguments(argc, argv);
	span = (int64_t) (settings.days * DAY);
	if (span < 60)
		span = 60;
	out = settings.folder ? NULL : stdout;
	ring = malloc(sizeof(*ring) * DUPLICATE_RING);
	if (settings.report)
		sizes = malloc(sizeof(*sizes) * settings.records);
	if (ring == NULL || (settings.report && sizes == NULL))
		fail("not enough memory");

	make_company(span);
	if (settings.log_format)
		fputs("{\"Records\":[", out);
	if (settings.routine)
		run_routine(span);
	else
		run(span);
	if (settings.log_format)
		fputs("]}\n", out);
	if (fflush(out) != 0 || ferror(out) || fclose(out) != 0)
		fail("cannot write");
	if (settings.report)
		print_report();
	return 0;
}
