/*
 * event_ref.h
 *	  References to stored events, to read them again just before commit.
 */
#ifndef NEWTERM_EVENT_REF_H
#define NEWTERM_EVENT_REF_H

#include "access/attnum.h"
#include "storage/itemptr.h"
#include "utils/jsonb.h"

/* A reference to a stored event. */
typedef struct EventReference
{
	Oid             table;
	Oid             file;         /* relfilenode: after a rewrite the row is elsewhere */
	ItemPointerData tid;          /* invalid: not to be read again */
	AttrNumber      column;       /* that holds the event */
	Oid             type;         /* of the column */
	CommandId       command;      /* the row's own or a later one */
	Jsonb          *event;        /* the event itself, if it cannot be read again; or NULL */
	char           *event_id;     /* its identity, or NULL */
	int64           time;         /* at which it is evaluated, or RECORD_OWN_TIME */
	uint64          generation;   /* of the rule set that evaluated it, or GENERATION_NONE */
	Size            with_signals; /* bytes of it that are stored with signals (EventSample) ... */
	Size            with_values;  /* ... and with the first values of scopes */
} EventReference;

/* The most bytes of one event that are stored with signals, or with first values. */
#define SAMPLE_BYTES (512 * 1024)

/* No rule set has evaluated it: rules could not be loaded. */
#define GENERATION_NONE 0

/*
 * The value for EventReference.command, while the row's own command or a later one runs.
 * It tells the row from one at the same place after the table was emptied.
 */
extern CommandId ReferenceCommand(void);

/*
 * Read the event of a reference.  NULL if it is gone: the transaction itself dropped,
 * truncated or rewrote the table.  Raises an error if the row is damaged.
 */
extern Jsonb *ReferenceEvent(const EventReference *reference);

/* Reads events, and keeps the last one for the next reference to it. */
typedef struct EventReader
{
	MemoryContext         context; /* of the event */
	const EventReference *last;    /* NULL: none was read */
	Jsonb                *event;
} EventReader;

/* Opens a reader in the current memory context, and frees what it holds. */
extern void EventReaderOpen(EventReader *reader);
extern void EventReaderClose(EventReader *reader);

/* ReferenceEvent, valid until another event is read. */
extern Jsonb *EventReaderRead(EventReader *reader, const EventReference *reference);

/* The same, but NULL if the row is damaged. */
extern Jsonb *ReferenceEventIfReadable(const EventReference *reference);

/*
 * What to store of an event with one of its terms: the event, or its summary once copies of
 * it would take more than SAMPLE_BYTES.  *stored counts the bytes; the first copy is always
 * whole.  Without that limit, whoever writes events would choose how much newterm stores.
 */
extern Jsonb *EventSample(Jsonb *event, Size *stored);

#endif /* NEWTERM_EVENT_REF_H */
