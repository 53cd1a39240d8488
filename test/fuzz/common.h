/*
 * common.h
 *	  What the fuzzing harnesses share.
 *
 * The parts under test allocate by palloc and never free, as the server's
 * memory contexts make right.  Here palloc is replaced by an arena that is
 * emptied after each input, each allocation still being malloc's own, so that
 * the address sanitizer watches over its ends.
 */
#ifndef NEWTERM_FUZZ_COMMON_H
#define NEWTERM_FUZZ_COMMON_H

#include "postgres_fe.h"

/* libFuzzer's entry point, which each harness defines. */
extern int LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/* The input as a palloc'd string; it ends at its first NUL. */
extern char *FuzzText(const uint8 *data, size_t size);

/* Free all that was palloc'd since the last call. */
extern void FuzzReset(void);

/* Stop with a message: libFuzzer reports the input as a finding. */
extern void FuzzFail(const char *what, const char *detail) __attribute__((noreturn));

/* Parse a text as a filter and check what has to hold for the result. */
extern void FuzzFilter(const char *text, int language);

/*
 * Do that with texts that have a long token of each kind, longer than fuzzing
 * makes them.  Once, before fuzzing begins.
 */
extern void FuzzLongFilters(int language);

/* libFuzzer's hook for that. */
extern int LLVMFuzzerInitialize(int *argc, char ***argv);

/* What FuzzFilter does, for a field. */
extern void FuzzField(const char *text, int language);

#endif /* NEWTERM_FUZZ_COMMON_H */
