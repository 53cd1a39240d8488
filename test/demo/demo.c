/*
 * demo.c
 *	  The tour: CloudTrail records go into a table, and alerts come out.
 *
 *	  demo [--month] [--report FILE] PATH...
 *
 * With --month the records are those that the project generates: one connection
 * loads, another one listens, as an alerting service would, and the tour goes
 * on from the alerts to what is done about them.  Without it they are the
 * reader's own: they are summed up, the rule pack is tried on them, and put on.
 * Both end with newterm's report in FILE.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "logfiles.h"

/* Alerts that are shown as they arrive; the rest is only counted. */
#define SHOWN_ALERTS 12

/* A file with a record a line goes to the server in parts of this size. */
#define PART_SIZE ((size_t) 16 * 1024 * 1024)

#define DAY       86400
#define TYPE_TEXT 25 /* the OID of PostgreSQL's type text */

static bool        month = false;
static const char *report_file = NULL;
static PGconn     *loader;
static PGconn     *listener;
static int64_t     learning_until = NO_TIME;

/* ---- Words on the screen ---- */

static bool colours = false;
static bool terminal = false;
static bool progress_shown = false;

static const char *
colour(const char *code)
{
	return colours ? code : "";
}

#define BOLD  colour("\033[1m")
#define RED   colour("\033[1;31m")
#define DIM   colour("\033[2m")
#define PLAIN colour("\033[0m")

/* Take the line of progress away before anything else is said. */
static void
clear_progress(void)
{
	if (progress_shown)
		fputs("\r\033[K", stdout);
	progress_shown = false;
}

static void
say(const char *text, ...)
{
	va_list args;

	clear_progress();
	va_start(args, text);
	vprintf(text, args);
	va_end(args);
	fflush(stdout);
}

static void
show_progress(int done, int count)
{
	if (!terminal)
		return;
	printf("\r\033[K  %sloading %d of %d%s", DIM, done, count, PLAIN);
	fflush(stdout);
	progress_shown = true;
}

/* 1234567 as 1,234,567; good for four uses in one call of printf. */
static const char *
count_text(int64_t n)
{
	static char texts[4][32];
	static int  next = 0;
	char       *text = texts[next++ % 4];
	char        digits[24];
	int         length = snprintf(digits, sizeof(digits), "%" PRId64, n);
	int         at = 0;

	for (int i = 0; i < length; i++)
	{
		if (i > 0 && (length - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

/* 9 June 2025, or up to the minute. */
static void
time_text(char *to, size_t size, int64_t t, bool minutes)
{
	time_t    seconds = t;
	struct tm tm;
	char      month_year[32];

	gmtime_r(&seconds, &tm);
	strftime(month_year, sizeof(month_year), "%B %Y", &tm);
	if (minutes)
		snprintf(to, size, "%d %s, %02d:%02d", tm.tm_mday, month_year, tm.tm_hour, tm.tm_min);
	else
		snprintf(to, size, "%d %s", tm.tm_mday, month_year);
}

/* 1 to 7 June 2025. */
static void
days_text(char *to, size_t size, int64_t first, int64_t last)
{
	char  begin[48];
	char  end[48];
	char *rest;

	time_text(begin, sizeof(begin), first, false);
	time_text(end, sizeof(end), last, false);
	if (strcmp(begin, end) == 0)
	{
		snprintf(to, size, "%s", end);
		return;
	}
	/* Say month and year once where they are the same. */
	rest = strchr(begin, ' ');
	if (rest && strchr(end, ' ') && strcmp(rest, strchr(end, ' ')) == 0)
		*rest = '\0';
	snprintf(to, size, "%s to %s", begin, end);
}

/*
 * What comes from logs may hold anything, also what commands a terminal: the
 * control characters of ASCII and, in UTF-8, those from U+0080 to U+009F.
 */
static void
print_safely(const char *text)
{
	const unsigned char *c = (const unsigned char *) text;

	for (; *c; c++)
	{
		if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
		{
			putchar('?');
			c++;
		}
		else
			putchar(iscntrl(*c) ? '?' : *c);
	}
}

/* ---- The server ---- */

static void
give_up(PGconn *connection)
{
	clear_progress();
	fflush(stdout);
	fprintf(stderr, "demo: %s", PQerrorMessage(connection));
	exit(1);
}

/* The server's warnings belong to the story, its notices do not. */
static void
receive_notice(void *unused, const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	(void) unused;
	if (severity && strcmp(severity, "WARNING") == 0)
	{
		say("  %swarning:%s ", DIM, PLAIN);
		print_safely(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
		putchar('\n');
	}
}

static PGconn *
open_connection(void)
{
	PGconn *connection = PQconnectdb("client_encoding=UTF8");

	if (PQstatus(connection) != CONNECTION_OK)
		give_up(connection);
	PQsetNoticeReceiver(connection, receive_notice, NULL);
	return connection;
}

/* Run a statement that has to succeed. */
static PGresult *
query(PGconn *connection, const char *statement, int count, const char *const *values)
{
	PGresult      *result = PQexecParams(connection, statement, count, NULL, values, NULL, NULL, 0);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		give_up(connection);
	return result;
}

static void
run(PGconn *connection, const char *statement)
{
	PQclear(query(connection, statement, 0, NULL));
}

static void
show_lines(const char *text)
{
	bool fresh = true;

	clear_progress();
	for (; *text; text++)
	{
		if (fresh)
			fputs("    ", stdout);
		fresh = *text == '\n';
		putchar(*text);
	}
	putchar('\n');
	fflush(stdout);
}

/* Show a statement, then run it. */
static void
run_shown(const char *statement)
{
	show_lines(statement);
	run(loader, statement);
}

/* Show the rows of a result, in columns, each at most so wide. */
static void
show_rows(const PGresult *rows, int most_wide)
{
	for (int i = -1; i < PQntuples(rows); i++)
	{
		fputs("      ", stdout);
		for (int j = 0; j < PQnfields(rows); j++)
		{
			int         wide = strlen(PQfname(rows, j));
			const char *text = i < 0 ? PQfname(rows, j) : PQgetvalue(rows, i, j);
			char       *cut;

			for (int k = 0; k < PQntuples(rows); k++)
				if (PQgetlength(rows, k, j) > wide)
					wide = PQgetlength(rows, k, j);
			if (wide > most_wide)
				wide = most_wide;
			if (j == PQnfields(rows) - 1)
				wide = 0;
			cut = strndup(text, most_wide);
			printf("%s", i < 0 ? DIM : "");
			print_safely(cut);
			printf("%s%*s", i < 0 ? PLAIN : "",
				   wide > (int) strlen(cut) ? wide + 2 - (int) strlen(cut) : 2, "");
			free(cut);
		}
		putchar('\n');
	}
	fflush(stdout);
}

/* Show a query, then what it gives. */
static void
query_shown(const char *statement)
{
	PGresult *rows;

	show_lines(statement);
	rows = query(loader, statement, 0, NULL);
	putchar('\n');
	show_rows(rows, 100);
	PQclear(rows);
}

/* Is there a function that these arguments' types call? */
static bool
has_function(const char *signature)
{
	PGresult *found = query(loader, "SELECT to_regprocedure($1) IS NOT NULL", 1, &signature);
	bool      has = *PQgetvalue(found, 0, 0) == 't';

	PQclear(found);
	return has;
}

static char *
value_of(const char *statement)
{
	PGresult *row = query(loader, statement, 0, NULL);
	char     *value = strdup(PQntuples(row) > 0 ? PQgetvalue(row, 0, 0) : "");

	PQclear(row);
	return value;
}

/* ---- Alerts ---- */

static int alerts = 0;
static int amended = 0;
static int retracted = 0;
static int unheard = 0; /* told of only as a number */

/* Is the last line that was said empty, as after an alert? */
static bool alert_last = true;

static void
show_alert(PGresult *alert)
{
	bool serious = strcmp(PQgetvalue(alert, 0, 3), "high") == 0 ||
		strcmp(PQgetvalue(alert, 0, 3), "critical") == 0;
	char name[16];
	int  i = 0;

	for (const char *c = PQgetvalue(alert, 0, 3); *c && i < 15; c++)
		name[i++] = toupper((unsigned char) *c);
	name[i] = '\0';

	if (!alert_last)
		say("\n");
	alert_last = true;
	say("  %sALERT%s  %s%s%s  %s UTC   %s%s%s\n         ", serious ? RED : BOLD, PLAIN, BOLD, name,
		PLAIN, PQgetvalue(alert, 0, 5), DIM, PQgetvalue(alert, 0, 2), PLAIN);
	print_safely(PQgetvalue(alert, 0, 4));
	fputs("\n\n", stdout);
	fflush(stdout);
}

/* One notification: a JSON object, which PostgreSQL can read for us. */
static void
receive_payload(const char *payload)
{
	PGresult *alert =
		query(loader,
			  "SELECT p->>'kind', p->>'signal', p->>'rule', p->>'severity', p->>'title', "
			  "to_char((p->>'event_time')::timestamptz AT TIME ZONE 'UTC', 'FMDD FMMonth YYYY, HH24:MI'), "
			  "coalesce(p->>'reason', ''), coalesce((p->>'signals')::int, 0) "
			  "FROM (SELECT $1::jsonb AS p) AS payload",
			  1, &payload);
	const char *kind = PQgetvalue(alert, 0, 0);

	if (strcmp(kind, "new") == 0)
	{
		if (alerts < SHOWN_ALERTS)
			show_alert(alert);
		else if (alerts == SHOWN_ALERTS)
			say("  %sMore alerts arrive; they are counted, not shown.%s\n\n", DIM, PLAIN);
		alerts++;
	}
	else if (strcmp(kind, "amend") == 0)
		amended++;
	else if (strcmp(kind, "retract") == 0)
		retracted++;
	else if (strcmp(kind, "more") == 0)
		unheard += atoi(PQgetvalue(alert, 0, 7));
	PQclear(alert);
}

/*
 * Receive what was notified so far.  Notifications come in the order of their
 * commits: a mark that we send ourselves comes last.
 */
static void
receive_alerts(void)
{
	bool marked = false;

	run(loader, "NOTIFY demo_mark");
	while (!marked)
	{
		PGnotify *notify;

		run(listener, "SELECT 1");
		if (!PQconsumeInput(listener))
			give_up(listener);
		while ((notify = PQnotifies(listener)) != NULL)
		{
			if (strcmp(notify->relname, "demo_mark") == 0)
				marked = true;
			else
				receive_payload(notify->extra);
			PQfreemem(notify);
		}
	}
}

/* ---- Loading ---- */

/* A stretch of time in which nothing was new. */
static int64_t quiet_first = NO_TIME;
static int64_t quiet_last = NO_TIME;
static int64_t quiet_records = 0;
static bool    quiet_learning;

static int64_t total_records = 0;
static int     broken_files = 0;

static void
say_quiet(void)
{
	char days[100];

	if (quiet_records == 0)
		return;
	if (quiet_first == NO_TIME)
		snprintf(days, sizeof(days), "no time");
	else
		days_text(days, sizeof(days), quiet_first, quiet_last);
	alert_last = false;
	say("  %-28s %9s records%s\n", days, count_text(quiet_records),
		quiet_learning ? ", learning in silence" : "");
	quiet_first = quiet_last = NO_TIME;
	quiet_records = 0;
}

/*
 * A new stretch begins where learning ends, and before each alert.  The
 * alert's own file is told of in the stretch behind it.
 */
static void
add_quiet(const LogFile *file, int64_t records)
{
	bool learning = learning_until != NO_TIME && file->end != NO_TIME &&
		file->end <= learning_until;

	if (quiet_records > 0 && learning != quiet_learning)
		say_quiet();
	quiet_learning = learning;
	quiet_records += records;
	if (file->begin == NO_TIME)
		return;
	if (quiet_first == NO_TIME || file->begin < quiet_first)
		quiet_first = file->begin;
	if (quiet_last == NO_TIME || file->end > quiet_last)
		quiet_last = file->end;
}

/* Load a document; returns the number of records, or -1 and the error. */
static int64_t
load_document(const char *document, size_t length, char **problem)
{
	/* Binary: the document may hold bytes that no C string can. */
	const Oid   types[] = {TYPE_TEXT};
	const char *values[] = {document};
	const int   lengths[] = {(int) length};
	const int   formats[] = {1};
	PGresult   *result = PQexecParams(loader, "SELECT newterm.load_log($1)", 1, types, values,
									  lengths, formats, 0);
	int64_t     records = -1;

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		records = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	else if (PQstatus(loader) != CONNECTION_OK)
		give_up(loader);
	else
	{
		const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
		const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
		size_t      size;

		primary = primary ? primary : "unknown error";
		size = strlen(primary) + (detail ? strlen(detail) : 0) + 3;
		*problem = malloc(size);
		if (*problem)
			snprintf(*problem, size, detail ? "%s; %s" : "%s", primary, detail);
	}
	PQclear(result);
	return records;
}

static bool
is_a_record_a_line(const char *path)
{
	return strstr(path, ".ndjson") || strstr(path, ".jsonl");
}

/* Load a file, all of it or nothing. */
static int64_t
load_file(const LogFile *file, char **problem)
{
	size_t  length;
	size_t  done = 0;
	int64_t records = 0;
	char   *content = logfile_read(file->path, &length, problem);

	if (content == NULL)
		return -1;
	/* Some tools begin with a byte order mark. */
	if (length >= 3 && memcmp(content, "\xef\xbb\xbf", 3) == 0)
		done = 3;
	run(loader, "BEGIN");
	while (done < length && records >= 0)
	{
		size_t  part = length - done;
		int64_t loaded;

		if (is_a_record_a_line(file->path) && part > PART_SIZE)
		{
			char *end = memchr(content + done + PART_SIZE, '\n', part - PART_SIZE);

			if (end)
				part = end + 1 - (content + done);
		}
		loaded = load_document(content + done, part, problem);
		records = loaded < 0 ? -1 : records + loaded;
		done += part;
	}
	run(loader, records < 0 ? "ROLLBACK" : "COMMIT");
	free(content);
	return records;
}

static void
say_broken(const LogFile *file, const char *problem)
{
	say("  %sskipped%s ", BOLD, PLAIN);
	print_safely(file->path);
	fputs(": ", stdout);
	print_safely(problem ? problem : "unknown error");
	putchar('\n');
	broken_files++;
}

static void
load_all(LogFiles *logs)
{
	for (int i = 0; i < logs->count; i++)
	{
		LogFile *file = &logs->files[i];
		int64_t  records = -1;
		int      before = alerts;
		char    *problem = file->problem;

		show_progress(i + 1, logs->count);
		if (problem == NULL)
			records = load_file(file, &problem);
		if (records < 0)
		{
			say_broken(file, problem);
			free(problem);
			file->problem = NULL;
			continue;
		}
		total_records += records;

		/* The month's rule starts its clock by itself, with the first file. */
		if (learning_until == NO_TIME)
		{
			PGresult *clock =
				query(loader,
					  "SELECT extract(epoch FROM learning_until)::bigint FROM newterm.clocks "
					  "WHERE learning_until IS NOT NULL LIMIT 1",
					  0, NULL);

			if (PQntuples(clock) == 1)
				learning_until = strtoll(PQgetvalue(clock, 0, 0), NULL, 10);
			PQclear(clock);
		}
		/* What was quiet comes before the alert in the story, too. */
		if (quiet_records > 0)
		{
			PGresult *fresh = query(loader, "SELECT count(*) FROM newterm.signals", 0, NULL);

			if (atoi(PQgetvalue(fresh, 0, 0)) > before)
				say_quiet();
			PQclear(fresh);
		}
		receive_alerts();
		add_quiet(file, records);
	}
	say_quiet();
}

/* ---- The tour ---- */

static void
introduce_table(void)
{
	say("\n%snewterm%s alerts when a value appears in CloudTrail that was never seen before.\n\n"
		"A table for the records, and newterm watches it:\n\n",
		BOLD, PLAIN);
	run_shown("CREATE EXTENSION newterm;");
	run_shown("CREATE TABLE cloudtrail (id bigint GENERATED ALWAYS AS IDENTITY, event jsonb NOT NULL);");
	run_shown("SELECT newterm.watch('cloudtrail');");
	run(listener, "LISTEN newterm");
	run(listener, "LISTEN demo_mark");
}

static void
month_rules(void)
{
	say("\nThe classic case: an AWS account that was never seen before assumes a role in one\n"
		"of ours. For seven days newterm learns in silence who usually does:\n\n");
	run_shown("SELECT newterm.create_rule('assume-role-from-new-account',\n"
			  "    filter   => 'eventSource:sts.amazonaws.com eventName:AssumeRole',\n"
			  "    fields   => '{userIdentity.accountId}',\n"
			  "    group_by => '{recipientAccountId}',\n"
			  "    learning => '7 days',\n"
			  "    severity => 'high',\n"
			  "    title    => 'Account {{userIdentity.accountId}} assumed a role in {{recipientAccountId}} for the first time',\n"
			  "    message  => 'It took {{requestParameters.roleArn}}, from {{sourceIPAddress}} with {{userAgent}}.',\n"
			  "    tags     => '{tactic:TA0001,technique:T1199}');");
	say("\nA month of records of an invented company goes in, day by day. Somebody listens:\n"
		"LISTEN newterm, on a connection of its own.\n\n");
}

/* From the alerts to what is done about them: the first four, each another way. */
static void
answer_alerts(void)
{
	char  statement[1024];
	char *signals = value_of("SELECT count(*) FROM newterm.signals WHERE id <= 4");
	char *account =
		value_of("SELECT term->>'userIdentity.accountId' FROM newterm.signals WHERE id = 3");

	if (atoi(signals) < 4)
		return;
	say("\n%sWhat is done about them%s\n\nWhy was there an alert?\n\n", BOLD, PLAIN);
	query_shown("SELECT step, outcome FROM newterm.explain(1);");
	say("\nThe first one is a new contractor. That is normal here: accept it, and it is not told again.\n\n");
	query_shown("SELECT newterm.accept(1, 'the new contractor');");
	say("\nThe third one collects our metrics, in every account. A suppression mutes it in all of them:\n\n");
	snprintf(statement, sizeof(statement),
			 "SELECT newterm.create_suppression('metrics vendor', '@userIdentity.accountId:%s',\n"
			 "    reason => 'contract of May', starts_at => '2025-05-01');",
			 account);
	run_shown(statement);
	say("\nSomebody looks at the second:\n\n");
	run_shown("SELECT newterm.triage('{2}', 'under_review', comment => 'asking the owner', assignee => 'nora');");
	say("\nThe fourth one was an intruder. What it taught must not stay known:\n\n");
	run_shown("SELECT newterm.triage('{4}', 'archived', 'true_positive_malicious', comment => 'role removed');");
	if (has_function("newterm.unlearn(text,jsonb,jsonb,timestamptz,timestamptz,text,boolean,text)"))
		query_shown("SELECT * FROM newterm.unlearn('assume-role-from-new-account',\n"
					"    term => (SELECT term FROM newterm.signals WHERE id = 4));");
	say("\nWho said what is kept:\n\n");
	query_shown("SELECT signal_id, status, archive_reason, assignee, comment FROM newterm.signal_history ORDER BY id;");
	free(account);
	free(signals);
}

/* What the logs are, before there is any rule. */
static void
introduce_logs(void)
{
	say("\nThe records go in as they are; there are no rules yet.\n\n");
}

static void
show_summary(void)
{
	PGresult *rows;

	say("\n%sWhat is in them%s\n\n", BOLD, PLAIN);
	if (has_function("newterm.summary(regclass,timestamptz,timestamptz)"))
	{
		show_lines("SELECT section, item, count, detail FROM newterm.summary('cloudtrail');");
		rows =
			query(loader,
				  "SELECT section, item, count, detail FROM (SELECT s.*, row_number() OVER (PARTITION BY section) AS n, "
				  "row_number() OVER () AS place FROM newterm.summary('cloudtrail') s) s WHERE n <= 5 ORDER BY place",
				  0, NULL);
	}
	else
		rows =
			query(loader,
				  "SELECT count(*) AS records, min(event->>'eventTime') AS first, max(event->>'eventTime') AS last, "
				  "count(DISTINCT event->>'recipientAccountId') AS accounts, count(DISTINCT event->>'awsRegion') AS regions "
				  "FROM cloudtrail",
				  0, NULL);
	putchar('\n');
	show_rows(rows, 60);
	PQclear(rows);
}

/* The rule pack, tried on the records, then put on. */
static void
try_pack(void)
{
	PGresult *rows;

	say("\n%sThe rules that come with newterm%s\n\nThe accounts that wrote the records are taken for yours:\n\n",
		BOLD, PLAIN);
	run_shown("INSERT INTO newterm.own_accounts (account_id)\n"
			  "SELECT DISTINCT event->>'recipientAccountId' FROM cloudtrail WHERE event ? 'recipientAccountId';");
	show_lines("SELECT * FROM newterm.install_rules();");
	rows =
		query(loader,
			  "SELECT outcome, count(*) AS rules FROM newterm.install_rules() GROUP BY 1 ORDER BY 1",
			  0, NULL);
	putchar('\n');
	show_rows(rows, 60);
	PQclear(rows);

	say("\n%sWhat would have alerted%s\n\n", BOLD, PLAIN);
	query_shown("SELECT b.rule, r.severity, count(*) AS alerts, min(b.first_seen)::date AS first, max(b.first_seen)::date AS last\n"
				"FROM newterm.backtest() b JOIN newterm.rules r ON r.name = b.rule\n"
				"WHERE b.status = 'detection' GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 15;");
	say("\nTo put them on, with what the records teach, and the signals of the past to look at:\n\n");
	run_shown("CALL newterm.backfill(signals => true);");
	say("\nFrom here on each INSERT and COPY into the table is judged.\n");
}

static void
show_signals(void)
{
	char      statement[1024];
	PGresult *signals;
	PGresult *counts =
		query(loader,
			  "SELECT rule, severity, count(*) FROM newterm.signals WHERE retracted_at IS NULL "
			  "GROUP BY rule, severity ORDER BY count(*), rule",
			  0, NULL);
	int rows;

	if (PQntuples(counts) == 0)
	{
		say("\nNothing new was found: all that happened after learning had been seen before.\n");
		PQclear(counts);
		return;
	}
	snprintf(statement, sizeof(statement),
			 "SELECT id, to_char(first_seen AT TIME ZONE 'UTC', 'FMDD FMMonth YYYY, HH24:MI'), severity, title, "
			 "split_part(coalesce(message, ''), E'\\n', 1), coalesce(event_id, '-') FROM (SELECT *, row_number() OVER (PARTITION BY rule "
			 "ORDER BY first_seen, id) AS n FROM newterm.signals WHERE retracted_at IS NULL) AS s "
			 "WHERE n <= %d ORDER BY array_position('{critical,high,medium,low,info}', severity), first_seen, id LIMIT 20",
			 PQntuples(counts) == 1 ? 20 : 1);
	signals = query(loader, statement, 0, NULL);
	rows = PQntuples(signals);

	say("\n%sThe alerts are kept in newterm.signals%s, each with the event that it is about:\n",
		BOLD, PLAIN);
	if (PQntuples(counts) > 1)
	{
		say("\n");
		for (int i = 0; i < PQntuples(counts); i++)
			say("    %6s  %s (%s)\n", count_text(strtoll(PQgetvalue(counts, i, 2), NULL, 10)),
				PQgetvalue(counts, i, 0), PQgetvalue(counts, i, 1));
		say("\n  The first of each, the most severe on top:\n");
	}
	for (int i = 0; i < rows; i++)
	{
		say("\n  %s%3s%s  %s UTC  %s\n       ", BOLD, PQgetvalue(signals, i, 0), PLAIN,
			PQgetvalue(signals, i, 1), PQgetvalue(signals, i, 2));
		print_safely(PQgetvalue(signals, i, 3));
		fputs("\n       ", stdout);
		print_safely(PQgetvalue(signals, i, 4));
		printf("\n       %sevent ", DIM);
		print_safely(PQgetvalue(signals, i, 5));
		say("%s\n", PLAIN);
	}
	PQclear(signals);
	PQclear(counts);
}

static void
show_sums(double seconds)
{
	PGresult *errors =
		query(loader,
			  "SELECT cause, count(*) FROM newterm.event_errors GROUP BY cause ORDER BY count(*) DESC",
			  0, NULL);
	PGresult *terms =
		query(loader, "SELECT count(*), count(*) FILTER (WHERE learned) FROM newterm.baseline", 0,
			  NULL);

	say("\n%s records were loaded in %.1f seconds, and %s values are known now.\n",
		count_text(total_records), seconds, count_text(strtoll(PQgetvalue(terms, 0, 0), NULL, 10)));
	if (amended > 0)
		say("Alerts moved to an earlier time by records that came late: %d.\n", amended);
	if (retracted > 0)
		say("Alerts taken back, as late records showed that the value was known: %d.\n", retracted);
	if (unheard > 0)
		say("%s alerts were announced only as a number, to spare the listener.\n",
			count_text(unheard));
	if (broken_files > 0)
		say("%d %s skipped, see above.\n", broken_files,
			broken_files == 1 ? "file was" : "files were");
	for (int i = 0; i < PQntuples(errors); i++)
		say("Records with a fault, listed in newterm.event_errors: %s (%s).\n",
			count_text(strtoll(PQgetvalue(errors, i, 1), NULL, 10)), PQgetvalue(errors, i, 0));
	PQclear(terms);
	PQclear(errors);
}

/* The page that newterm makes of it all, of the time of the events. */
static void
write_report(void)
{
	static const char statement[] =
		"SELECT newterm.report((SELECT min(first_seen) FROM newterm.baseline),\n"
		"    (SELECT max(last_seen) + interval '1 hour' FROM newterm.baseline))";
	PGresult *page;
	FILE     *file;

	if (report_file == NULL)
		return;
	say("\n%sAll of it on one page%s\n\n", BOLD, PLAIN);
	show_lines(statement);
	page = query(loader, statement, 0, NULL);
	file = fopen(report_file, "w");
	if (file == NULL || fputs(PQgetvalue(page, 0, 0), file) < 0 || fclose(file) != 0)
		fprintf(stderr, "demo: %s could not be written\n", report_file);
	else
		say("\n    It is in %s\n", report_file);
	PQclear(page);
}

static void
show_ways_on(void)
{
	say("\n%sWhat to try next%s\n", BOLD, PLAIN);
	if (month)
		say("    make demo LOGS=~/cloudtrail    the same on log files of your own: .json, .json.gz, .ndjson\n");
	else
		say("    make demo                      the classic case, on a month of an invented company\n");
	say("    make check                     all tests, on a throw-away server like this one\n"
		"    make && make install           then CREATE EXTENSION newterm in your database; see README.md\n\n");
}

int
main(int argc, char **argv)
{
	LogFiles        logs = {0};
	struct timespec begin;
	struct timespec end;

	terminal = isatty(STDOUT_FILENO) && getenv("TERM") != NULL &&
		strcmp(getenv("TERM"), "dumb") != 0;
	colours = terminal && getenv("NO_COLOR") == NULL;
	for (int i = 1; i < argc; i++)
	{
		if (strcmp(argv[i], "--month") == 0)
			month = true;
		else if (strcmp(argv[i], "--report") == 0 && i + 1 < argc)
			report_file = argv[++i];
		else
			logfiles_add(&logs, argv[i]);
	}
	if (logs.count == 0)
	{
		fprintf(stderr, "demo: there are no log files (.json, .json.gz, .ndjson or .jsonl)\n");
		return 1;
	}

	loader = open_connection();
	listener = open_connection();
	introduce_table();
	logfiles_order(&logs);
	if (month)
		month_rules();
	else
		introduce_logs();

	clock_gettime(CLOCK_MONOTONIC, &begin);
	load_all(&logs);
	clock_gettime(CLOCK_MONOTONIC, &end);

	if (!month)
	{
		show_summary();
		try_pack();
	}
	show_signals();
	show_sums(end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9);
	if (month)
		answer_alerts();
	write_report();
	show_ways_on();
	PQfinish(listener);
	PQfinish(loader);
	return total_records > 0 || broken_files == 0 ? 0 : 1;
}
