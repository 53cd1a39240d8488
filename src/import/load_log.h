/*
 * load_log.h
 *	  Loads the records of log files into a watched table.
 */
#ifndef NEWTERM_LOAD_LOG_H
#define NEWTERM_LOAD_LOG_H

/* The outcome of loading one or more texts. */
typedef struct LoadOutcome
{
	int64 rows;    /* inserted rows */
	int64 records; /* records given to COPY */
	int64 empty;   /* documents without records */
	int64 damages;
	char *damage; /* the first one, in words, in the caller's memory context */
	int64 bytes;  /* of the texts before this one, to tell where damage is */
	int64 lines;
} LoadOutcome;

/*
 * Insert the records of a text as the current user, who needs the rights of COPY.  A zero byte
 * must follow the text, which is written into meanwhile and is as before afterwards.  Adds to the
 * outcome.  Damaged parts are recorded in newterm.event_errors, with their places.
 */
extern void LoadLog(Oid table, char *text, size_t length, LoadOutcome *outcome);

/*
 * Report the outcome: an error if nothing but damage was found, with a hint that may be NULL;
 * else a NOTICE or a WARNING, if there is anything to report.
 */
extern void LoadTell(const LoadOutcome *outcome, const char *hint);

/*
 * The table for log files if none is named: newterm.log_table, else the only watched table
 * into which the current user may insert.  Raises an error if there is none.
 */
extern Oid LogTable(void);

#endif /* NEWTERM_LOAD_LOG_H */
