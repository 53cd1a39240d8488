/*
 * call_site.h
 *	  Where newterm.observe and newterm.observe_columns are called from.
 */
#ifndef NEWTERM_CALL_SITE_H
#define NEWTERM_CALL_SITE_H

#include "access/attnum.h"
#include "fmgr.h"

#include "event/record.h"
#include "event/row_shape.h"

/* What one call site is; made at its first call, and kept with it. */
typedef struct CallSite
{
	bool		in_trigger;		/* the WHEN clause of a trigger of ours */
	bool		repeated;		/* the table has several such triggers */
	bool		silent;			/* called by hand, by who may not ask what is known */
	bool		unreadable;		/* its rows, or events in them, cannot be read again */
	Oid			file;			/* of the trigger's table: no statement changes it meanwhile */
	AttrNumber	event_column;	/* the first one where several make the event */
	Oid			event_type;		/* not a domain */
	bool		has_time_column;
	RowShape   *shape;			/* NULL: one column holds the event */
} CallSite;

/*
 * The arguments of newterm.observe(event "any", event_time "any", source oid, place tid),
 * and of newterm.observe_columns(members text[], event_time "any", source oid, place tid,
 * VARIADIC columns "any").
 */
enum
{
	OBSERVE_EVENT,
	OBSERVE_TIME,
	OBSERVE_TABLE,
	OBSERVE_PLACE,
	OBSERVE_COLUMNS
};

/* The site of a call of newterm.observe. */
extern CallSite *CallSiteOf(FunctionCallInfo fcinfo);

/* The site of a call of newterm.observe_columns. */
extern CallSite *CallSiteOfColumns(FunctionCallInfo fcinfo);

/* The values that a call gives.  What is put together is palloc'd. */
extern void CallSiteValues(const CallSite *site, FunctionCallInfo fcinfo, RowValues *row);

#endif							/* NEWTERM_CALL_SITE_H */
