/*
 * suppression.h
 *	  Suppressions and unlearnings, as part of the compiled rule.
 *
 * They say which sightings do not count for a rule, and which detections are not told.  A
 * rule without any has an empty list, and pays nothing.
 */
#ifndef NEWTERM_SUPPRESSION_H
#define NEWTERM_SUPPRESSION_H

#include "rule/evaluation.h"
#include "store/table_store.h"

/* A column of a rule's shape that has to have this value. */
typedef struct SuppressedValue
{
	int    column;
	Digest value;
} SuppressedValue;

typedef struct Suppression
{
	char            *name;    /* NULL: an unlearning */
	bool             exclude; /* what it covers is void; else it is muted */
	FilterNode      *filter;  /* NULL: any event */
	int              nvalues;
	SuppressedValue *values;
	int64            from;  /* of event time, ... */
	int64            until; /* ... up to before this */
} Suppression;

/* The tables that suppressions are read from. */
typedef struct SuppressionTables
{
	TableStore suppressions;
	TableStore unlearnings;
} SuppressionTables;

extern void SuppressionTablesOpen(SuppressionTables *tables);
extern void SuppressionTablesClose(SuppressionTables *tables);

/*
 * Compile what concerns the set's rules, by their names, into the set's memory; the
 * tables are read by the snapshot.  Raises where a filter does not parse.
 */
extern void SuppressionsLoad(RuleSet *set, SuppressionTables *tables, Snapshot snapshot);

/* What filters say: they are asked, or, where there is no event to ask about, taken for that. */
typedef enum FilterAnswer
{
	FILTERS_ASKED,
	FILTERS_FAIL,
	FILTERS_PASS
} FilterAnswer;

/*
 * Is a sighting of the current event void?  `row` holds the digests of the values of the
 * rule's columns.
 */
extern bool SuppressionExcludes(Evaluation *event, const Rule *rule, const Digest *row,
								FilterAnswer filters);

/*
 * The suppression that mutes a detection at event->time, or NULL.  Without an event
 * (have_event false), suppressions with a filter mute nothing.
 */
extern const Suppression *SuppressionMutes(Evaluation *event, const Rule *rule, const Digest *row,
										   bool have_event);

#endif /* NEWTERM_SUPPRESSION_H */
