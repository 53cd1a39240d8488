/*
 * event.h
 *	  The values of an event: every field of every rule in one trie, each
 *	  value looked up at most once for an event, and only when asked for.
 *
 * A FieldSet holds all fields that a session's rules use.  Each different
 * field has a slot.  EventBegin points the set at a record; EventValues then
 * finds a slot's values.  Values live until the next EventBegin, and only as
 * long as the record itself.
 */
#ifndef NEWTERM_EVENT_H
#define NEWTERM_EVENT_H

#include "nodes/bitmapset.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "lang/field.h"
#include "event/path_tree.h"
#include "event/reference.h"

typedef struct FieldSet
{
	PathTree	places;			/* with the slots of all fields */

	/* of no use to others */
	MemoryContext context;		/* of the set */
	MemoryContext event_context;	/* reset for each event that used it */
	bool		event_context_used;
	DigestKey	key;
	JsonbContainer *record;
	int			time_slot;		/* of eventTime */
	struct SlotField *fields;	/* of each slot */
	int			fields_allocated;
	HTAB	   *slots_by_text;
	int		   *sources;		/* slots that derived attributes read, or NULL */
	Reference  *reference;		/* what fields look up outside the record, or NULL */
} FieldSet;

/*
 * An empty set in the current memory context, which all later fields share.
 * Its fields look up in `reference`, which may be NULL for none.
 */
extern FieldSet *FieldSetCreate(const DigestKey *key, Reference *reference);

/* The slot of a field, the same for equal fields.  Keeps a copy of a new one. */
extern int	FieldSetAdd(FieldSet *set, const Field *field);

/* The slot of a path that is known to be one, such as "userIdentity.arn". */
extern int	FieldSetAddPath(FieldSet *set, const char *path);

/* The field of a slot that FieldSetAdd gave. */
extern const Field *FieldOfSlot(const FieldSet *set, int slot);

/* Point the set at a record; `record` is the root container of an object. */
extern void EventBegin(FieldSet *set, JsonbContainer *record);

/* The record that EventBegin was given. */
extern JsonbContainer *EventRecord(const FieldSet *set);

/*
 * Switch to the context that lives until the next event; returns the old one,
 * to be switched back to.
 */
extern MemoryContext EventContextEnter(FieldSet *set);

/* Find a slot's values. */
extern void EventFill(FieldSet *set, int index);

/* All values of a slot; valid until the next EventBegin or FieldSetAdd. */
static inline EventSlot *
EventValues(FieldSet *set, int index)
{
	EventSlot  *slot = &set->places.slots[index];

	if (slot->epoch != set->places.epoch)
		EventFill(set, index);
	return slot;
}

/* EventFill, unless an array of several is on the way to the slot's values: then false. */
extern bool EventFillSingle(FieldSet *set, int index);

/* A slot with its value or none; NULL where an array of several is on the way there. */
static inline EventSlot *
EventSingle(FieldSet *set, int index)
{
	EventSlot  *slot = &set->places.slots[index];

	if (slot->epoch != set->places.epoch && !EventFillSingle(set, index))
		return NULL;
	return slot->single ? slot : NULL;
}

/* Digest of the value of a slot that EventValues or EventSingle gave, where it is one. */
static inline const Digest *
EventDigest(const FieldSet *set, EventSlot *slot)
{
	Assert(slot->epoch == set->places.epoch && slot->count == 1 && slot->single);
	if (slot->digest_epoch != set->places.epoch)
	{
		slot->digest_epoch = set->places.epoch;
		slot->more.digest = DigestJsonbValue(&set->key, &slot->own);
	}
	return &slot->more.digest;
}


/* Times inside newterm are microseconds since 1970-01-01 UTC. */
#define UNIX_MICROS(timestamp) \
	((timestamp) + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)
#define TIMESTAMP_OF(micros) \
	((micros) - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

#endif							/* NEWTERM_EVENT_H */
