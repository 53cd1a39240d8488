/*
 * call_site.h
 *	  Call sites of newterm.observe and newterm.observe_columns.
 */
#ifndef NEWTERM_CALL_SITE_H
#define NEWTERM_CALL_SITE_H

#include "access/attnum.h"
#include "fmgr.h"

#include "event/record.h"
#include "event/row_shape.h"

/* A call site, examined at its first call and kept in its FmgrInfo. */
typedef struct CallSite
{
	bool       in_trigger;   /* the WHEN clause of a trigger of ours */
	bool       repeated;     /* the table has several such triggers */
	bool       silent;       /* called by hand, by a role that may not read newterm.runs */
	bool       unreadable;   /* its rows, or events in them, cannot be read again */
	Oid        file;         /* of the trigger's table: no statement changes it meanwhile */
	AttrNumber event_column; /* the first one, if several make the event */
	Oid        event_type;   /* not a domain */
	bool       has_time_column;
	RowShape  *shape; /* NULL: one column holds the event */
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

/* The arguments of a call.  An event made of several columns is palloc'd. */
extern void CallSiteValues(const CallSite *site, FunctionCallInfo fcinfo, RowValues *row);

#endif /* NEWTERM_CALL_SITE_H */
