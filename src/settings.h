/*
 * settings.h
 *	  Settings of the library.
 */
#ifndef NEWTERM_SETTINGS_H
#define NEWTERM_SETTINGS_H

typedef enum OnError
{
	ON_ERROR_RECORD, /* a WARNING and a row in newterm.event_errors */
	ON_ERROR_FAIL    /* the transaction fails */
} OnError;

/* newterm.on_error */
extern int OnErrorSetting;

/* newterm.lock_timeout, in ms: what one merge waits for locks in all; 0: no limit */
extern int LockTimeoutSetting;

/* newterm.cache_size, in kB: session cache of what is known */
extern int CacheSizeSetting;

/* newterm.rules_memory, in kB: what a session's compiled rules may take */
extern int RulesMemorySetting;

/* newterm.merge_memory, in kB: news of a transaction held before a merge */
extern int MergeMemorySetting;

#define MERGE_MEMORY ((Size) MergeMemorySetting * 1024) /* in bytes */

/* newterm.earliest_event_time: no earlier event is evaluated */
extern int64 EarliestEventTime;

/* newterm.max_terms_per_event: tuples that one event may show to one rule */
extern int MaxTermsPerEventSetting;

/* newterm.max_terms_per_rule: stored terms of a rule version; 0: no cap */
extern int MaxTermsPerRuleSetting;

/* newterm.max_log_size, in kB: longest text of a log file */
extern int MaxLogSizeSetting;

#define MAX_LOG_SIZE ((size_t) MaxLogSizeSetting * 1024) /* in bytes */

/* newterm.log_table: where log files go that name no table; empty or NULL: the only one */
extern char *LogTableSetting;

/* newterm.lint: a NOTICE for what is probably a mistake in a rule; lint_notice() reads it */
extern bool LintSetting;

/* newterm.max_notifications: notifications that one transaction may send */
extern int MaxNotificationsSetting;

/* newterm.channel: where notifications are sent */
extern char *ChannelSetting;

/*
 * newterm.keep_changes, newterm.keep_unacknowledged: positions of changes after which a
 * change that is acknowledged, or any, may be purged; read by SQL
 */
extern int KeepChangesSetting;
extern int KeepUnacknowledgedSetting;

/* newterm.geoip_files: paths of files in MaxMind's format, with commas between them */
extern char *GeoipFilesSetting;

/* Called once, when the library is loaded. */
extern void SettingsDefine(void);

#endif /* NEWTERM_SETTINGS_H */
