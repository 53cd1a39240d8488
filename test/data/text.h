/*
 * text.h
 *	  The record that is being written, and how text is added to it.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

#define MAX_RECORD (256 * 1024)
#define DAY        86400

extern char   record[MAX_RECORD];
extern size_t used;

extern void put_bytes(const char *bytes, size_t length);
#define LIT(text) put_bytes(text, sizeof(text) - 1)
extern void put(const char *text);
extern void put_number(uint64_t n);

/* The lowest `digits` hexadecimal digits. */
extern void put_hex(uint64_t n, int digits);
extern void put_uuid(uint64_t high, uint64_t low);

/* An id of AWS: four letters and what `n` gives. */
extern void id_text(char *to, const char *prefix, uint64_t n, int length);
extern void put_id(const char *prefix, uint64_t n, int length);

/* Something random and opaque. */
extern void put_token(int length);

/* Seconds since 1970 as ISO 8601. */
extern void put_time(int64_t t);
extern void civil(int64_t day, int *year, int *month, int *mday);

/* An IP address that stays with what `n` was made from. */
extern void put_address(uint64_t n);

#endif /* TEXT_H */
