/*
 * signal_writer.c
 *	  The open tables of detections and signals during one merge.
 */
#include "postgres.h"

#include "base/compat.h"
#include "signal/detection_log.h"
#include "signal/signal_writer.h"
#include "store/table_name.h"
#include "store/tables.h"

/* Columns that a new signal does not fill; their defaults are of a signal not yet looked at. */
static const AttrNumber Omitted[] = {
	SIGNAL_STATUS,       SIGNAL_ARCHIVE_REASON, SIGNAL_ASSIGNEE,
	SIGNAL_RETRACTED_AT, SIGNAL_CHANGE_REASON,
};

const char *
OriginName(Origin origin)
{
	return origin == ORIGIN_LIVE ? "live" : "backfill";
}

TableStore *
WriterDetections(SignalWriter *writer)
{
	if (writer->detections.table == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(writer->context);

		TableStoreOpenBy(&writer->detections, writer->oids->detection_log, DETECTION_DIGEST);
		MemoryContextSwitchTo(old);
	}
	return &writer->detections;
}

const char *
WriterSource(SignalWriter *writer, Oid table)
{
	MemoryContext old;

	if (table == writer->table)
		return writer->source;
	old = MemoryContextSwitchTo(writer->context);
	writer->source = QualifiedTableName(RootTable(table));
	writer->table = table;
	MemoryContextSwitchTo(old);
	return writer->source;
}

void
WriterInsertSignal(SignalWriter *writer, const Datum *values, const bool *nulls)
{
	TableStore *signals = &writer->signals;

	if (signals->table == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(writer->context);

		TableStoreOpenFiring(signals, writer->oids->signals);
		for (int i = 0; i < (int) lengthof(Omitted); i++)
			TableStoreOmit(signals, Omitted[i]);
		MemoryContextSwitchTo(old);
	}
	TableStoreInsertLater(signals, SIGNAL_COLUMNS, values, nulls);
}

void
WriterTell(SignalWriter *writer, const Notification *told)
{
	SignalChangeWrite(&writer->changes, told);
	NotificationAdd(&writer->notifications, told);
}
