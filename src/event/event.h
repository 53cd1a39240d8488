/*
 * event.h
 *	  The values of an event, for all fields of all rules.
 *
 * A FieldSet holds the fields that a session's rules use, in one tree of paths.  Each
 * different field has a slot.  EventBegin sets the FieldSet to a record; EventValues then
 * finds a slot's values, at most once for an event and only when asked.  Values live until
 * the next EventBegin, and only as long as the record itself.
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
	PathTree paths; /* with the slots of all fields */

	/* private to event.c */
	MemoryContext     context;       /* of the set and its fields */
	MemoryContext     event_context; /* reset for each event that used it */
	bool              event_context_used;
	DigestKey         key;
	JsonbContainer   *record;
	int               time_slot; /* of eventTime */
	struct SlotField *fields;    /* of each slot */
	int               fields_allocated;
	HTAB             *slots_by_text;
	int              *sources;   /* slots of the paths that derived attributes read, or NULL */
	Reference        *reference; /* accounts and lists, or NULL */
} FieldSet;

/*
 * Create an empty set in the current memory context, in which later fields are allocated
 * too.  `reference` may be NULL.
 */
extern FieldSet *FieldSetCreate(const DigestKey *key, Reference *reference);

/* The slot of a field; equal fields share one.  A new field is copied. */
extern int FieldSetAdd(FieldSet *set, const Field *field);

/* The slot of a path, such as "userIdentity.arn", that must parse. */
extern int FieldSetAddPath(FieldSet *set, const char *path);

/* The field of a slot that FieldSetAdd returned; it belongs to the set. */
extern const Field *FieldOfSlot(const FieldSet *set, int slot);

/*
 * Set the FieldSet to a record, the root container of an object.  The record must stay in
 * memory until the next EventBegin.
 */
extern void EventBegin(FieldSet *set, JsonbContainer *record);

/* The record that EventBegin was given. */
extern JsonbContainer *EventRecord(const FieldSet *set);

/*
 * Switch to the memory context that lives until the next event; returns the old one.
 */
extern MemoryContext EventContextEnter(FieldSet *set);

/* Find the values of a slot that are not found yet. */
extern void EventFill(FieldSet *set, int index);

/* All values of a slot; valid until the next EventBegin or FieldSetAdd. */
static inline EventSlot *
EventValues(FieldSet *set, int index)
{
	EventSlot *slot = &set->paths.slots[index];

	if (slot->epoch != set->paths.epoch)
		EventFill(set, index);
	return slot;
}

/* Find the value of a slot.  Returns false if an array of several elements is on the path. */
extern bool EventFillSingle(FieldSet *set, int index);

/* A slot with at most one value; NULL if an array of several elements is on the path. */
static inline EventSlot *
EventSingle(FieldSet *set, int index)
{
	EventSlot *slot = &set->paths.slots[index];

	if (slot->epoch != set->paths.epoch && !EventFillSingle(set, index))
		return NULL;
	return slot->single ? slot : NULL;
}

/*
 * The digest of the only value of a slot that EventValues or EventSingle returned,
 * computed at most once for an event.
 */
static inline const Digest *
EventDigest(const FieldSet *set, EventSlot *slot)
{
	Assert(slot->epoch == set->paths.epoch && slot->count == 1 && slot->single);
	if (slot->digest_epoch != set->paths.epoch)
	{
		slot->digest_epoch = set->paths.epoch;
		slot->more.digest = DigestJsonbValue(&set->key, &slot->own);
	}
	return &slot->more.digest;
}

/* Times inside newterm are microseconds since 1970-01-01 UTC. */
#define UNIX_MICROS(timestamp) \
	((timestamp) + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)
#define TIMESTAMP_OF(micros) ((micros) - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

#endif /* NEWTERM_EVENT_H */
