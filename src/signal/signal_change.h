/*
 * signal_change.h
 *	  newterm.changes: the changes of signals that subscriptions read.
 */
#ifndef NEWTERM_SIGNAL_CHANGE_H
#define NEWTERM_SIGNAL_CHANGE_H

#include "signal/notification.h"
#include "store/extension.h"
#include "store/table_store.h"

/* The open table of changes during one merge. */
typedef struct ChangeWriter
{
	const ExtensionOids *oids;
	MemoryContext        context; /* of the store */
	TableStore           changes; /* table NULL: not needed so far */
} ChangeWriter;

/* Open, write the buffered rows, and close. */
extern void SignalChangesOpen(ChangeWriter *writer, const ExtensionOids *oids,
							  MemoryContext context);
extern void SignalChangesFlush(ChangeWriter *writer);
extern void SignalChangesClose(ChangeWriter *writer);

/*
 * Write a row of newterm.changes, with the next flush.  It takes no lock and no number:
 * newterm.number_changes() gives positions when somebody reads.  Returns how many the
 * transaction has written.
 */
extern uint32 SignalChangeWrite(ChangeWriter *writer, const Notification *told);

/*
 * Write one change at once and notify.  If the transaction has sent its maximum of
 * notifications, send only one that says that there is more.
 */
extern void SignalChangeTell(const Notification *told);

#endif /* NEWTERM_SIGNAL_CHANGE_H */
