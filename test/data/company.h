/*
 * company.h
 *	  An invented company: its accounts, who works in them with which calls,
 *	  and who comes from outside.
 */
#ifndef COMPANY_H
#define COMPANY_H

#include <stdbool.h>
#include <stdint.h>

#include "services.h"

#define MAX_ACCOUNTS  100
#define ROLES         16 /* in each account */
#define USERS         5  /* in each account */
#define CALLERS       4  /* accounts that assume roles in an account */
#define PROFILE_SLOTS 64 /* a profile is drawn from by six bits */

/* How a record's parameters look. */
typedef enum Shape
{
	SHAPE_READ,  /* a listing, with or without a filter */
	SHAPE_WRITE, /* makes or changes a named thing */
	SHAPE_ASSUME_ROLE,
	SHAPE_BUCKET,
	SHAPE_OBJECT,
	SHAPE_KEY, /* of KMS */
	SHAPE_EC2_READ,
	SHAPE_EC2_WRITE,
	SHAPE_LOGIN,
	SHAPE_POLICY /* carries a policy document as a string */
} Shape;

typedef struct Call
{
	const Service *service;
	char           name[64];
	Shape          shape;
	bool           read_only;
	double         weight;
} Call;

typedef enum Kind
{
	KIND_PERSON,   /* a role behind single sign-on */
	KIND_INSTANCE, /* a role of virtual machines */
	KIND_FUNCTION, /* a role of functions and tasks */
	KIND_PIPELINE, /* a role of deployments */
	KIND_USER,
	KIND_ROOT,
	KIND_SERVICE
} Kind;

typedef struct Identity
{
	Kind     kind;
	int      account;
	char     name[64];
	char     path[64];      /* of a role, with slashes on both sides */
	char     principal[24]; /* AROA…, AIDA… */
	uint64_t seed;          /* of its sessions, keys and addresses */
	int      sessions;      /* people or machines that share the role */
	double   weight;
	int64_t  birth; /* not seen before this time */
	uint16_t profile[PROFILE_SLOTS];
} Identity;

/* What happens at a fixed time. */
typedef enum PlanKind
{
	PLAN_VISIT,    /* a known account assumes a role */
	PLAN_STRANGER, /* an unknown one does */
	PLAN_INTRUDER  /* what the intruder does with it */
} PlanKind;

typedef struct Plan
{
	int64_t  time;
	PlanKind kind;
	int      account; /* whose role it is */
	int      caller;  /* index in callers; a step of the intruder */
} Plan;

typedef struct Caller
{
	char        account[13];
	int         own;      /* index in accounts, or -1 */
	char        role[64]; /* what it assumes */
	char        session[64];
	char        principal[24];
	const char *agent;
} Caller;

extern Call   calls[];
extern int    ncalls;
extern double call_sums[]; /* running sums of how frequent they are */
extern char   accounts[MAX_ACCOUNTS][13];
/* Made for each account, one after the other: roles, users, root, services. */
extern Identity *identities;
extern int       nidentities;
extern double   *identity_sums;
extern Caller   *callers;
extern int       ncallers;
extern Plan     *plans;
extern long      nplans;

/* From settings; `span` in seconds. */
extern void        make_company(int64_t span);
extern const Call *find_call(const char *service, const char *name);

/* The role number `n` of an account. */
extern const char *role_name(int account, int n);

/* What the intruder does, in this order: "service call". */
extern const char *const intruder_calls[];

#endif /* COMPANY_H */
