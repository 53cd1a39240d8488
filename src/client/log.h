/*
 * log.h
 *	  Messages on standard error: a line each, without secrets.
 */
#ifndef NEWTERM_LOG_H
#define NEWTERM_LOG_H

#include <stdbool.h>

/* Also log_info() writes messages. */
extern bool log_verbose;

extern void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Write an error and end the program with status 1. */
extern void log_fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif /* NEWTERM_LOG_H */
