/*
 * routine.h
 *	  The company on quiet days: everybody keeps to a timetable.
 */
#ifndef ROUTINE_H
#define ROUTINE_H

#include <stdbool.h>
#include <stdint.h>

/* Plans what happens from settings.start on, for `span` seconds. */
extern void make_routine(int64_t span);

/* Builds the next record in order of time; false at the end. */
extern bool next_of_routine(void);

#endif /* ROUTINE_H */
