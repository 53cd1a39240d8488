/*
 * row_shape.h
 *	  Builds a record from a row whose columns are members of the record.
 *
 * Vector names columns as the record's members.  Steampipe, Tailpipe and people who make
 * a table by hand write these names with underscores.  Each column that is not NULL
 * becomes a member.
 */
#ifndef NEWTERM_ROW_SHAPE_H
#define NEWTERM_ROW_SHAPE_H

#include "fmgr.h"
#include "utils/jsonb.h"

typedef struct RowShape RowShape;

/*
 * The member of a record that a column of this name stands for, whatever its case and
 * underscores, or NULL: "eventTime" for event_time, "sourceIPAddress" for sourceipaddress.
 */
extern const char *RecordMember(const char *column);

/*
 * The shape that a call of a function describes, in the current memory context: argument
 * `members` is an array of the record's members, those from `first` on are their columns,
 * of any types.  Raises where they are not.
 */
extern RowShape *RowShapeOfCall(FunctionCallInfo fcinfo, int members, int first);

/* Put a row together from the columns' values; NULL where all are NULL. */
extern Jsonb *RowShapeDocument(RowShape *shape, const NullableDatum *values);

#endif /* NEWTERM_ROW_SHAPE_H */
