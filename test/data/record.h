/*
 * record.h
 *	  One CloudTrail record of what somebody did.
 */
#ifndef RECORD_H
#define RECORD_H

#include "company.h"

/* What is known of it; the rest is chance. */
typedef struct Scene
{
	int64_t         time;
	const Identity *identity; /* or */
	const Caller   *caller;   /* an account that assumes a role */
	const Call     *call;
	int             account; /* where it happens */
	const char     *region;
	uint64_t        session; /* stands for person, machine or function */
	int             session_number;
	bool            invoked; /* a service acts on somebody's behalf */
	bool            failed;
	bool            large;
	bool            callers_copy; /* of a cross-account record */
	const char     *shared_id;    /* NULL or 36 characters */
	const char     *role;         /* of SHAPE_ASSUME_ROLE */
	const char     *role_session;
	/* What a routine says of it, instead of chance; NULL where it does not. */
	const char *who; /* userIdentity */
	const char *address;
	const char *agent;
	const char *body; /* what stands before requestID */
	const char *event_id;
} Scene;

/* Write it into `record`, `used` bytes. */
extern void build(const Scene *scene);

#endif /* RECORD_H */
