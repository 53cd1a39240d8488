/*
 * fault.h
 *	  Which errors newterm may swallow so that an insert does not fail.
 */
#ifndef NEWTERM_FAULT_H
#define NEWTERM_FAULT_H

#include "utils/errcodes.h"

/*
 * Errors that end the statement whatever we think of it: somebody asked for
 * that (cancel, timeout, shutdown), or newterm.on_error = fail does.
 */
extern bool ErrorIsFinal(int sqlerrcode);

#endif							/* NEWTERM_FAULT_H */
