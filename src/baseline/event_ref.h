/*
 * event_ref.h
 *	  Where an event is stored that is to be read again before commit.
 */
#ifndef NEWTERM_EVENT_REF_H
#define NEWTERM_EVENT_REF_H

#include "access/attnum.h"
#include "storage/itemptr.h"
#include "utils/jsonb.h"

/* Where an event is stored, so that it can be shown with a signal. */
typedef struct EventReference
{
	Oid			table;
	Oid			file;			/* of the table: another one has no such row */
	ItemPointerData tid;		/* invalid: not to be read again */
	AttrNumber	column;			/* that holds the event */
	Oid			type;			/* of the column */
	CommandId	command;		/* the row's own or a later one */
	Jsonb	   *event;			/* given at hand instead, or NULL */
	int64		time;			/* at which it is evaluated, or RECORD_OWN_TIME */
	uint64		generation;		/* of the rule set that it was evaluated by, or GENERATION_NONE */
	Size		with_signals;	/* bytes of it that are stored with signals (EventSample) ... */
	Size		with_values;	/* ... and with the first values of scopes */
} EventReference;

/* Of one event, so many bytes are stored as samples of what it showed. */
#define SAMPLE_BYTES	(512 * 1024)

/* No rule set has evaluated it: rules could not be loaded. */
#define GENERATION_NONE	0

/*
 * For EventReference.command, while the row's own command or a later one runs: rows
 * that come after the table was emptied belong to later commands.
 */
extern CommandId ReferenceCommand(void);

/*
 * The event that a reference leads to, or NULL where it is gone: its table was
 * dropped, or truncated or rewritten by the transaction itself.  Raises an error
 * where the row is damaged.
 */
extern Jsonb *ReferenceEvent(const EventReference *reference);

/* Reads events one after the other, where many things were shown by one of them. */
typedef struct EventReader
{
	MemoryContext context;		/* of the event */
	const EventReference *last; /* NULL: none was read */
	Jsonb	   *event;
} EventReader;

/* Opens a reader in the current memory context, and frees what it holds. */
extern void EventReaderOpen(EventReader *reader);
extern void EventReaderClose(EventReader *reader);

/* ReferenceEvent, valid until another event is read. */
extern Jsonb *EventReaderRead(EventReader *reader, const EventReference *reference);

/* The same, with NULL for an event whose row is damaged. */
extern Jsonb *ReferenceEventIfReadable(const EventReference *reference);

/*
 * What is to be stored of an event with one thing that it showed, as *stored bytes of it
 * are already: the event itself, or its summary where that would be more than
 * SAMPLE_BYTES.  Else whoever writes events would choose how much is stored.
 */
extern Jsonb *EventSample(Jsonb *event, Size *stored);

#endif							/* NEWTERM_EVENT_REF_H */
