/*
 * digest.c
 *	  One message for many changes, sent if there are more than the rate allows.
 *
 * It holds nothing that comes from events: numbers, kinds and severities alone.
 */
#include <string.h>

#include "digest.h"

/* Severities, the worst first, and PagerDuty's names of them. */
static const char *const severities[][2] = {{"critical", "critical"},
											{"high", "error"},
											{"medium", "warning"},
											{"low", "info"},
											{"info", "info"}};
#define SEVERITIES (sizeof(severities) / sizeof(severities[0]))

static int
count_severity(const Change *const *changes, int count, const char *severity)
{
	int found = 0;

	for (int i = 0; i < count; i++)
		found += strcmp(changes[i]->severity, severity) == 0;
	return found;
}

/* 37 more changes of newterm's signals: 3 critical, 34 high */
static void
append_summary(Buffer *to, const Change *const *changes, int count)
{
	const char *before = ": ";

	buffer_printf(to, "%d more changes of newterm's signals", count);
	for (size_t i = 0; i < SEVERITIES; i++)
	{
		int found = count_severity(changes, count, severities[i][0]);

		if (found > 0)
		{
			buffer_printf(to, "%s%d %s", before, found, severities[i][0]);
			before = ", ";
		}
	}
}

/* The query that lists the signals, each once. */
static void
append_query(Buffer *to, const Change *const *changes, int count)
{
	bool first = true;

	buffer_append(to, "SELECT * FROM newterm.signals WHERE id IN (");
	for (int i = 0; i < count; i++)
	{
		bool again = false;

		for (int j = 0; j < i && !again; j++)
			again = strcmp(changes[i]->signal, changes[j]->signal) == 0;
		if (again)
			continue;
		buffer_printf(to, "%s%s", first ? "" : ", ", changes[i]->signal);
		first = false;
	}
	buffer_append(to, ") ORDER BY id;");
}

void
digest_for_slack(Buffer *to, const Change *const *changes, int count)
{
	buffer_append(to, "{\"text\":\"");
	append_summary(to, changes, count);
	buffer_append(to,
				  "\",\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"plain_text\",\"emoji\":false,\"text\":\"");
	append_summary(to, changes, count);
	buffer_append(to, "\"}},{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"```");
	append_query(to, changes, count);
	buffer_append(to, "```\"}}]}");
}

/* The worst severity, by PagerDuty's name. */
static const char *
worst(const Change *const *changes, int count)
{
	for (size_t i = 0; i < SEVERITIES; i++)
		if (count_severity(changes, count, severities[i][0]) > 0)
			return severities[i][1];
	return "info";
}

void
digest_for_pagerduty(Buffer *to, const Change *const *changes, int count)
{
	/* the same changes, sent again, are the same incident */
	buffer_printf(to,
				  "{\"event_action\":\"trigger\",\"dedup_key\":\"newterm-digest-%s-%d\",\"client\":\"newterm\",",
				  changes[0]->uuid, count);
	buffer_append(to, "\"payload\":{\"source\":\"newterm\",\"summary\":\"");
	append_summary(to, changes, count);
	buffer_printf(to, "\",\"severity\":\"%s\",\"custom_details\":{\"changes\":%d,\"query\":\"",
				  worst(changes, count), count);
	append_query(to, changes, count);
	buffer_append(to, "\"}}}");
}
