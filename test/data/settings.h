/*
 * settings.h
 *	  What the generator was asked for.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Settings
{
	long        records;
	int         accounts;
	double      days;
	int64_t     start; /* seconds since 1970 */
	uint64_t    seed;
	int         duplicates;  /* percent */
	int         disorder;    /* seconds */
	int         large_every; /* 0: none is large */
	double      newcomers;   /* a day */
	int         strangers;   /* -1: by the days */
	bool        routine;     /* everybody keeps to a timetable */
	bool        attacks;     /* and intruders come */
	bool        copy_format;
	bool        log_format;
	bool        unique_agents;
	bool        report;
	const char *folder; /* NULL: standard output */
} Settings;

extern Settings settings;

#endif /* SETTINGS_H */
