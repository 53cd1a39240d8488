/*
 * load_log.h
 *	  The records of log files into a watched table.
 */
#ifndef NEWTERM_LOAD_LOG_H
#define NEWTERM_LOAD_LOG_H

/* What has become of one or more texts. */
typedef struct LoadOutcome
{
	int64		rows;			/* that were inserted */
	int64		records;		/* that were given to COPY */
	int64		empty;			/* documents without records */
	int64		damages;
	char	   *damage;			/* the first one, in words; in the memory context of before */
	int64		bytes;			/* of texts before this one, for the places of damage */
	int64		lines;
} LoadOutcome;

/*
 * Insert the records of a text, or of what gzip made of one, as the current user, who
 * needs the rights that COPY asks for.  Adds to the outcome.  What is damaged goes to
 * newterm.event_errors with its place.
 */
extern void LoadLog(Oid table, const char *data, size_t length, LoadOutcome *outcome);

/*
 * Tell who loads: an error where nothing but damage was found, which may have a hint (or
 * NULL), else a NOTICE or a WARNING.
 */
extern void LoadTell(const LoadOutcome *outcome, const char *hint);

/*
 * The table that log files go to where none is named: newterm.log_table, or the only
 * watched one into which the current user may insert.  Raises where there is none.
 */
extern Oid	LogTable(void);

#endif							/* NEWTERM_LOAD_LOG_H */
