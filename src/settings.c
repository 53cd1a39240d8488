/*
 * settings.c
 *	  Settings of the library.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"

#include "base/compat.h"
#include "base/isotime.h"
#include "event/event.h"
#include "event/geoip.h"
#include "settings.h"

int   OnErrorSetting = ON_ERROR_RECORD;
int   LockTimeoutSetting = 1000;
int   CacheSizeSetting = 8192;
int   RulesMemorySetting = 16384;
int   MergeMemorySetting = 65536;
int   MaxTermsPerEventSetting = 1000;
int   MaxTermsPerRuleSetting = 0;
int   MaxLogSizeSetting = 262144;
char *LogTableSetting = NULL;
bool  LintSetting = true;
int   MaxNotificationsSetting = 10000;
char *ChannelSetting = NULL;
int   KeepChangesSetting = 100000;
int   KeepUnacknowledgedSetting = 1000000;

int64        EarliestEventTime;
static char *EarliestEventTimeSetting;
char        *GeoipFilesSetting = NULL;

static const struct config_enum_entry OnErrorOptions[] = {
	{"record", ON_ERROR_RECORD, false},
	{"fail", ON_ERROR_FAIL, false},
	{NULL, 0, false},
};

/* Is the setting a time?  As PostgreSQL's timestamp into *extra. */
static bool
CheckEarliestEventTime(char **value, void **extra, GucSource source)
{
	int64  micros;
	int64 *timestamp;

	if (!IsoTimeParse(*value, strlen(*value), &micros))
	{
		GUC_check_errdetail("It is a time in ISO 8601, such as 2013-11-01 or 2013-11-01T00:00:00Z.");
		return false;
	}
	timestamp = CompatGucAllocate(sizeof(int64));
	if (timestamp == NULL)
		return false;
	*timestamp = TIMESTAMP_OF(micros);
	*extra = timestamp;
	return true;
}

static void
AssignEarliestEventTime(const char *value, void *extra)
{
	EarliestEventTime = *(int64 *) extra;
}

/* NOTIFY takes no other names. */
static bool
CheckChannel(char **channel, void **extra, GucSource source)
{
	if (**channel != '\0' && strlen(*channel) < NAMEDATALEN)
		return true;
	GUC_check_errdetail("The name of a channel has 1 to %d bytes.", NAMEDATALEN - 1);
	return false;
}

/* How a transaction merges what it has seen. */
static void
DefineMerging(void)
{
	DefineCustomEnumVariable("newterm.on_error",
							 "What an internal fault does to the transaction that met it.",
							 "\"record\" warns and writes newterm.event_errors; \"fail\" raises the error.",
							 &OnErrorSetting, ON_ERROR_RECORD, OnErrorOptions, PGC_USERSET, 0, NULL,
							 NULL, NULL);
	DefineCustomIntVariable("newterm.lock_timeout",
							"Time that a transaction waits for locks of newterm in all before it commits; 0: no limit.",
							"What could not be merged by then is kept in newterm.postponed, for which it may wait 100 ms in any case, and merged by a later transaction.",
							&LockTimeoutSetting, 1000, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS, NULL,
							NULL, NULL);
}

/* What a session may take of memory. */
static void
DefineMemory(void)
{
	DefineCustomIntVariable("newterm.cache_size",
							"Memory of a session for what it knows to be known.", NULL,
							&CacheSizeSetting, 8192, 64, 4 * 1024 * 1024, PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("newterm.rules_memory",
							"Memory of a session that compiled rules may take.",
							"A rule with which they would take more is neither created, altered nor enabled.",
							&RulesMemorySetting, 16384, 64, MAX_KILOBYTES, PGC_SUSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("newterm.merge_memory",
							"Memory for the news of one transaction before they are merged.", NULL,
							&MergeMemorySetting, 65536, 64, MAX_KILOBYTES, PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
}

/* Which events and terms are taken. */
static void
DefineLimits(void)
{
	DefineCustomStringVariable("newterm.earliest_event_time",
							   "Events before this time are not evaluated.",
							   "A clock that is wrong, such as one that stands in 1970, must not begin what rules learn.  CloudTrail itself began on 2013-11-01.",
							   &EarliestEventTimeSetting, "2013-11-01", PGC_SUSET, 0,
							   CheckEarliestEventTime, AssignEarliestEventTime, NULL);
	DefineCustomIntVariable("newterm.max_terms_per_event",
							"Terms that one event may show to one rule.",
							"An event that shows more is judged for its first ones, and recorded in newterm.event_errors.",
							&MaxTermsPerEventSetting, 1000, 1, 1000000, PGC_SUSET, 0, NULL, NULL,
							NULL);
	DefineCustomIntVariable("newterm.max_terms_per_rule",
							"Stored terms after which a rule takes no new ones; 0: no cap.",
							"New terms of a full rule are neither stored nor alerted to; newterm.event_errors tells that it is full.",
							&MaxTermsPerRuleSetting, 0, 0, INT_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
}

/* Log files, and rules that are written. */
static void
DefineImport(void)
{
	DefineCustomIntVariable("newterm.max_log_size",
							"Longest text that a log file may become when it is decompressed.",
							"A few bytes of gzip can become any number of bytes of text.",
							&MaxLogSizeSetting, 262144, 64, 1024 * 1024 - 1, PGC_SUSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomStringVariable("newterm.log_table",
							   "The watched table that load_log and newterm.inbox fill where none is named.",
							   "Empty: the only one that the user may insert into.",
							   &LogTableSetting, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("newterm.lint",
							 "Look over rules that are created, altered or imported, and tell what is probably a mistake.",
							 "newterm.lint() does on demand.", &LintSetting, true, PGC_USERSET, 0,
							 NULL, NULL, NULL);
}

/* How changes of signals are told. */
static void
DefineTelling(void)
{
	DefineCustomIntVariable("newterm.max_notifications",
							"Notifications that one transaction may send.",
							"One more tells how many signals were not announced.",
							&MaxNotificationsSetting, 10000, 0, INT_MAX, PGC_SUSET, 0, NULL, NULL,
							NULL);
	DefineCustomStringVariable("newterm.channel", "Channel of notifications.", NULL,
							   &ChannelSetting, "newterm", PGC_SUSET, 0, CheckChannel, NULL, NULL);
	DefineCustomIntVariable("newterm.keep_changes",
							"Changes that are kept after every subscription has acknowledged them.",
							"A subscription that begins at the beginning begins with the oldest one.",
							&KeepChangesSetting, 100000, 0, INT_MAX, PGC_SUSET, 0, NULL, NULL,
							NULL);
	DefineCustomIntVariable("newterm.keep_unacknowledged",
							"Changes that are kept while a subscription has not acknowledged them.",
							"A subscription that is further behind misses the oldest ones: newterm.delivery shows it as lapsed.",
							&KeepUnacknowledgedSetting, 1000000, 0, INT_MAX, PGC_SUSET, 0, NULL,
							NULL, NULL);
}

/* Where IP addresses are. */
static void
DefineGeoip(void)
{
	DefineCustomStringVariable("newterm.geoip_files",
							   "Files that say where IP addresses are, for country(), asn() and as_org().",
							   "Paths of files in MaxMind's format (.mmdb), with commas between them; what the first one does not know, the next one may.  To replace a file, rename a new one over it.",
							   &GeoipFilesSetting, "", PGC_SUSET, 0, GeoipCheckFiles,
							   GeoipAssignFiles, NULL);
}

/*
 * What a loader may set for itself (PGC_USERSET) concerns its own session: its memory,
 * and whether a fault of ours fails its own insert.  What weakens detection, or costs
 * others, is a superuser's (PGC_SUSET), who may GRANT SET ON PARAMETER.
 */
void
SettingsDefine(void)
{
	DefineMerging();
	DefineMemory();
	DefineLimits();
	DefineImport();
	DefineTelling();
	DefineGeoip();
	MarkGUCPrefixReserved("newterm");
}
