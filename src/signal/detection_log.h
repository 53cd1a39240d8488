/*
 * detection_log.h
 *	  The log of detections: newterm.detection_log.
 */
#ifndef NEWTERM_DETECTION_LOG_H
#define NEWTERM_DETECTION_LOG_H

#include "signal/signal_writer.h"
#include "store/tables.h"

/* Enter a detection, with its signal or NO_SIGNAL. */
extern void DetectionEnter(SignalWriter *writer, const Detection *detection, int64 signal);

/* The signal of a detection's row, or NO_SIGNAL. */
extern int64 DetectionSlotSignal(TupleTableSlot *slot);

/* Does the detection of the row start at first_seen? */
extern bool DetectionSlotStarts(TupleTableSlot *slot, int64 first_seen);

/* The signal that the newest detection of a term has, of those that have one; or NO_SIGNAL. */
extern int64 DetectionLastSignal(SignalWriter *writer, const Digest *term);

/* A detection as it is stored. */
typedef struct StoredDetection
{
	HeapTuple row;
	int64     id;
	int64     signal;   /* or NO_SIGNAL */
	bool      live;     /* made as events came in */
	char     *event_id; /* or NULL */
	char     *muted_by; /* the suppression, or NULL */
} StoredDetection;

/* Find the detection of a term that starts at first_seen and is not retracted; false if none. */
extern bool DetectionFind(SignalWriter *writer, const Digest *term, int64 first_seen,
						  StoredDetection *found);

/* The parts of a detection that its signal may show. */
typedef struct Shown
{
	Jsonb *entity; /* NULL: there is none */
	Jsonb *term;
	char  *event_id; /* or NULL */
} Shown;

/* The detections of a signal that are not retracted, summed up. */
typedef struct SignalDetections
{
	int32       count;
	TimestampTz first_seen;
	TimestampTz last_seen;
	List       *terms;          /* of term_list.h */
	Shown       first;          /* that the signal took */
	bool        shown;          /* does the signal show one of them? */
	bool        asked_is_shown; /* is the one of that number? */
	char       *asked_event_id; /* or NULL */
} SignalDetections;

/*
 * Read the detections of a signal, which shows an entity and a term.  One is asked for by
 * its number.
 */
extern void DetectionsOfSignal(const ExtensionOids *oids, int64 signal, const Shown *shows,
							   int64 asked, SignalDetections *found);

#endif /* NEWTERM_DETECTION_LOG_H */
