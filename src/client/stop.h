/*
 * stop.h
 *	  SIGTERM and SIGINT: the first asks the program to end in order, the second at once.
 */
#ifndef NEWTERM_STOP_H
#define NEWTERM_STOP_H

#include <poll.h>
#include <stdbool.h>

/* Once, at the start.  From then on the signals arrive during stop_poll() and requests. */
extern void stop_start(void);

extern bool stop_requested(void);
extern bool stop_at_once(void);

/*
 * poll() for at most that many seconds; a signal ends it.  Returns what poll() does, and
 * 0 after a signal.  It does not wait at all where the program is to stop; `in_order`
 * tells that this wait is a part of stopping in order.
 */
extern int stop_poll(struct pollfd *files, int count, double seconds, bool in_order);

/*
 * While this is on, a signal ends the process at once.  It is for calls that cannot be
 * interrupted, while nothing else is in progress.
 */
extern void stop_immediately(bool on);

#endif /* NEWTERM_STOP_H */
