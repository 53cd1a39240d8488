/*
 * log.h
 *	  What the program says, on standard error: a line each, without secrets.
 */
#ifndef NEWTERM_LOG_H
#define NEWTERM_LOG_H

#include <stdbool.h>

/* Say also what is as it should be. */
extern bool log_verbose;

extern void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Say what is wrong, and end the program with status 1. */
extern void log_fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif /* NEWTERM_LOG_H */
