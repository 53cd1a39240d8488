/*
 * mute.h
 *	  Is a detection muted by a suppression?
 */
#ifndef NEWTERM_MUTE_H
#define NEWTERM_MUTE_H

#include "signal/signal_writer.h"

/*
 * The name of the suppression that mutes a detection at first_seen, or NULL.  Points the
 * set's fields at the event, which may be NULL: then suppressions with a filter mute
 * nothing.
 */
extern const char *MutedBy(RuleSet *set, const Subject *subject, int64 first_seen, Jsonb *event);

#endif /* NEWTERM_MUTE_H */
