/*
 * geoip.h
 *	  Country and network of an IP address, from files in MaxMind's format.
 *
 * The setting newterm.geoip_files names the files.  libmaxminddb maps them, so sessions
 * share their memory.  The next transaction notices that a file was replaced.
 */
#ifndef NEWTERM_GEOIP_H
#define NEWTERM_GEOIP_H

#include "utils/guc.h"
#include "utils/jsonb.h"

/* Is the library built in? */
#ifdef HAVE_LIBMAXMINDDB
#define GEOIP_BUILT_IN true
#else
#define GEOIP_BUILT_IN false
#endif

/*
 * Of the IP address in `length` bytes at text: the country's ISO code, and the
 * number and owner of the autonomous system.  False where the text is no
 * address or no file knows it.  Strings are copied into the current memory
 * context.
 */
extern bool GeoipCountry(const char *text, int length, JsonbValue *value);
extern bool GeoipSystemNumber(const char *text, int length, JsonbValue *value);
extern bool GeoipSystemOwner(const char *text, int length, JsonbValue *value);

/* The check and assign hooks of newterm.geoip_files. */
extern bool GeoipCheckFiles(char **value, void **extra, GucSource source);
extern void GeoipAssignFiles(const char *value, void *extra);

#endif /* NEWTERM_GEOIP_H */
