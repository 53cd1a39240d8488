/*
 * signal_change.h
 *	  Changes of signals, written for those who read them by a subscription.
 */
#ifndef NEWTERM_SIGNAL_CHANGE_H
#define NEWTERM_SIGNAL_CHANGE_H

#include "signal/notification.h"
#include "store/extension.h"
#include "store/table_store.h"

/* What changes are written through during one merge. */
typedef struct ChangeWriter
{
	const ExtensionOids *oids;
	MemoryContext        context; /* of the store */
	TableStore           changes; /* table NULL: not needed so far */
} ChangeWriter;

/* Begin to write; write what is to be written together; and end. */
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
 * Write a change by itself and notify, or only ring where the transaction has notified
 * enough.
 */
extern void SignalChangeTell(const Notification *told);

#endif /* NEWTERM_SIGNAL_CHANGE_H */
