/*
 * secret.h
 *	  URLs and keys, and where they come from.
 */
#ifndef NEWTERM_SECRET_H
#define NEWTERM_SECRET_H

/*
 * The secret that an option refers to: @FILE, env:NAME, or where the reference is NULL
 * the variable `environment`.  `what` names it in errors, which end the program.
 * Allocated, without the end of its line, and hidden from logs from now on.
 */
extern char *secret_read(const char *what, const char *reference, const char *environment);

/*
 * The same for a URL, which may also stand on the command line where it leads to this
 * machine itself.
 */
extern char *secret_read_url(const char *what, const char *reference, const char *environment);

/* The contents of a file, with an error that ends the program. */
extern char *secret_read_file(const char *what, const char *path);

#endif /* NEWTERM_SECRET_H */
