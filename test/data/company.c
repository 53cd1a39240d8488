/*
 * company.c
 *	  An invented company: its accounts, who works in them with which calls,
 *	  and who comes from outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "company.h"
#include "names.h"
#include "random.h"
#include "settings.h"
#include "text.h"

/* Made for each account, in this order: roles, users, root, services. */
#define IDENTITIES (ROLES + USERS + 1 + LENGTH(calling_services))

Call      calls[1024];
int       ncalls = 0;
double    call_sums[1024];
char      accounts[MAX_ACCOUNTS][13];
Identity *identities;
int       nidentities = 0;
double   *identity_sums;
Caller   *callers;
int       ncallers = 0;
Plan     *plans;
long      nplans = 0;

static const char *const person_roles[] = {"AdministratorAccess", "PowerUserAccess",
										   "ReadOnlyAccess",      "Billing",
										   "DatabaseOperator",    "SecurityAudit"};

static const char *const caller_agents[] = {
	"Boto3/1.34.84 md/Botocore#1.34.84 ua/2.0 os/linux#5.10.213 lang/python#3.10.12 Botocore/1.34.84",
	"aws-sdk-go/1.50.30 (go1.21.7; linux; amd64)",
	"aws-sdk-java/1.12.701 Linux/5.15.0 OpenJDK_64-Bit_Server_VM/11.0.23 java/11.0.23",
};

static const char *const caller_names[] = {"cost-reader",       "posture-scanner", "log-shipper",
										   "backup-operator",   "deployer",        "inventory",
										   "metrics-collector", "support-access",  "audit-readonly",
										   "network-hub"};

/* What the intruder does, in this order, some of it often. */
const char *const intruder_calls[] = {"sts GetCallerIdentity",
									  "iam ListUsers",
									  "iam ListRoles",
									  "s3 ListBuckets",
									  "secretsmanager ListSecrets",
									  "secretsmanager GetSecretValue",
									  "secretsmanager GetSecretValue",
									  "secretsmanager GetSecretValue",
									  "ec2 DescribeInstances",
									  "iam CreateUser",
									  "iam AttachUserPolicy",
									  "iam CreateAccessKey",
									  "cloudtrail StopLogging"};

static bool
starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool
is_read_only(const char *name)
{
	static const char *const reads[] = {"Describe",
										"List",
										"Get",
										"Head",
										"BatchGet",
										"Lookup",
										"Filter",
										"Query",
										"Scan",
										"Select",
										"Decrypt",
										"Encrypt",
										"GenerateDataKey",
										"Sign",
										"AssumeRole",
										"Simulate",
										"Validate",
										"ReEncrypt",
										"Poll",
										"BatchCheckLayerAvailability",
										"StartQuery",
										"Authenticate"};

	for (int i = 0; i < LENGTH(reads); i++)
		if (starts_with(name, reads[i]))
			return true;
	return false;
}

static Shape
shape_of(const char *service, const char *name, bool read_only)
{
	if (strcmp(name, "AssumeRole") == 0)
		return SHAPE_ASSUME_ROLE;
	if (strcmp(name, "ConsoleLogin") == 0)
		return SHAPE_LOGIN;
	if (strcmp(service, "s3") == 0)
		return strstr(name, "Object") || strstr(name, "Upload") ? SHAPE_OBJECT : SHAPE_BUCKET;
	if (strcmp(service, "kms") == 0 && strstr(name, "List") == NULL)
		return SHAPE_KEY;
	if (strstr(name, "Policy") && !read_only)
		return SHAPE_POLICY;
	if (strcmp(service, "ec2") == 0)
		return read_only ? SHAPE_EC2_READ : SHAPE_EC2_WRITE;
	return read_only ? SHAPE_READ : SHAPE_WRITE;
}

/* Take the table of services apart; the k-th call of a service is 1/k as
 * frequent as its first. */
static void
make_calls(void)
{
	double sum = 0;

	for (int s = 0; s < NSERVICES; s++)
	{
		const char *next = services[s].calls;
		double      harmonic = 0;
		int         first = ncalls;

		for (int rank = 1; *next; rank++)
		{
			size_t length = strcspn(next, " ");
			Call  *call = &calls[ncalls];

			if (ncalls == LENGTH(calls) || length >= sizeof(call->name))
				abort();
			call->service = &services[s];
			memcpy(call->name, next, length);
			call->name[length] = '\0';
			call->read_only = is_read_only(call->name);
			call->shape = shape_of(services[s].name, call->name, call->read_only);
			call->weight = 1.0 / rank;
			harmonic += call->weight;
			ncalls++;
			next += length + (next[length] == ' ');
		}
		for (int i = first; i < ncalls; i++)
		{
			sum += calls[i].weight * services[s].weight / harmonic;
			call_sums[i] = sum;
		}
	}
}

const Call *
find_call(const char *service, const char *name)
{
	for (int i = 0; i < ncalls; i++)
		if (strcmp(calls[i].service->name, service) == 0 && strcmp(calls[i].name, name) == 0)
			return &calls[i];
	abort();
}

/* A profile: some calls, the first ones often, all of one kind's taste. */
static void
make_profile(Identity *identity)
{
	static const char *const machine_services[] = {"ssm",         "s3",
												   "kms",         "logs",
												   "sqs",         "dynamodb",
												   "ec2",         "secretsmanager",
												   "monitoring",  "ecs",
												   "ecr",         "sns",
												   "autoscaling", "kinesis",
												   "glue",        "elasticloadbalancing",
												   "sts",         "states"};
	int                      chosen[32];
	int                      n = 0;
	int                      wanted;
	int                      filled = 0;

	switch (identity->kind)
	{
		case KIND_PERSON:
		case KIND_PIPELINE:
			wanted = 20 + below(12);
			break;
		case KIND_ROOT:
		case KIND_USER:
			wanted = 4 + below(14);
			break;
		default:
			wanted = 3 + below(8);
	}
	while (n < wanted)
	{
		int         call = draw(call_sums, ncalls);
		const char *service = calls[call].service->name;
		bool        fits = true;

		if (identity->kind == KIND_INSTANCE || identity->kind == KIND_FUNCTION ||
			identity->kind == KIND_SERVICE)
		{
			fits = false;
			for (int i = 0; i < LENGTH(machine_services); i++)
				if (strcmp(service, machine_services[i]) == 0)
					fits = true;
		}
		/* Nobody but people logs in. */
		if (calls[call].shape == SHAPE_LOGIN && identity->kind != KIND_USER &&
			identity->kind != KIND_ROOT)
			fits = false;
		/* Few roles assume others by themselves. */
		if (calls[call].shape == SHAPE_ASSUME_ROLE && chance(600))
			fits = false;
		if (fits)
			chosen[n++] = call;
	}
	for (int rank = 0; filled < PROFILE_SLOTS; rank = (rank + 1) % n)
		for (int k = 0; k < 1 + 8 / (rank + 1) && filled < PROFILE_SLOTS; k++)
			identity->profile[filled++] = chosen[rank];
	/* Services assume their roles again and again. */
	if (identity->kind == KIND_SERVICE)
		for (int i = 0; i < PROFILE_SLOTS * 3 / 4; i++)
			identity->profile[i] = find_call("sts", "AssumeRole") - calls;
}

static void
make_identity(Kind kind, int account, int number, int64_t birth)
{
	Identity *identity = &identities[nidentities++];

	memset(identity, 0, sizeof(*identity));
	identity->kind = kind;
	identity->account = account;
	identity->seed = random64();
	identity->birth = birth;
	identity->sessions = 1;
	identity->weight = 0.2 + fraction();
	strcpy(identity->path, "/");
	id_text(identity->principal, kind == KIND_USER ? "AIDA" : "AROA", random64(), 17);

	switch (kind)
	{
		case KIND_PERSON:
			strcpy(identity->path, "/aws-reserved/sso.amazonaws.com/eu-central-1/");
			snprintf(identity->name, sizeof(identity->name), "AWSReservedSSO_%s_%08x",
					 person_roles[number % LENGTH(person_roles)], (unsigned) random64());
			identity->sessions = 3 + below(8);
			break;
		case KIND_INSTANCE:
			snprintf(identity->name, sizeof(identity->name), "%s-%s-instance",
					 products[below(LENGTH(products))], jobs[below(LENGTH(jobs))]);
			identity->sessions = 4 + below(24);
			identity->weight *= 6;
			break;
		case KIND_FUNCTION:
			snprintf(identity->name, sizeof(identity->name), "%s-%s-%04x",
					 products[below(LENGTH(products))], jobs[below(LENGTH(jobs))],
					 (unsigned) below(65536));
			identity->sessions = 1 + below(3);
			identity->weight *= 4;
			break;
		case KIND_PIPELINE:
			snprintf(identity->name, sizeof(identity->name), "deploy-%s",
					 products[below(LENGTH(products))]);
			strcpy(identity->path, "/ci/");
			identity->weight *= 2;
			break;
		case KIND_USER:
			snprintf(identity->name, sizeof(identity->name), "%s.%s",
					 first_names[below(LENGTH(first_names))],
					 last_names[below(LENGTH(last_names))]);
			break;
		case KIND_ROOT:
			strcpy(identity->name, "root");
			identity->weight = 0.02;
			break;
		case KIND_SERVICE:
			strcpy(identity->name, calling_services[number]);
			identity->weight *= 0.6;
			break;
	}
	make_profile(identity);
}

const char *
role_name(int account, int n)
{
	return identities[account * IDENTITIES + n].name;
}

static void
make_caller(int own, int name)
{
	Caller *caller = &callers[ncallers++];

	caller->own = own;
	if (own >= 0)
		strcpy(caller->account, accounts[own]);
	else
		snprintf(caller->account, sizeof(caller->account), "%012llu",
				 100000000000ULL + random64() % 900000000000ULL);
	strcpy(caller->role, caller_names[name]);
	snprintf(caller->session, sizeof(caller->session), "%s-%08x", caller_names[name],
			 (unsigned) random64());
	id_text(caller->principal, own >= 0 ? "AROA" : "AIDA", random64(), 17);
	caller->agent = caller_agents[below(LENGTH(caller_agents))];
}

static void
plan(int64_t time, PlanKind kind, int account, int caller)
{
	static long room = 0;

	if (nplans == room)
	{
		room = room ? room * 2 : 1024;
		plans = realloc(plans, room * sizeof(Plan));
		if (plans == NULL)
			abort();
	}
	plans[nplans++] = (Plan){time, kind, account, caller};
}

static int
compare_plans(const void *a, const void *b)
{
	const Plan *x = a;
	const Plan *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->kind != y->kind)
		return (int) x->kind - (int) y->kind;
	if (x->account != y->account)
		return x->account - y->account;
	return x->caller - y->caller;
}

/*
 * Who assumes a role where, and when.  Known callers come every few hours, so
 * that a day or two shows all of them; with few records for the time, they come
 * less often.
 */
static void
make_plans(int64_t span)
{
	int64_t period = 6 * 3600;
	int64_t least = (int64_t) (span * settings.accounts * CALLERS * 12.0 / settings.records);

	if (period < least)
		period = least;
	for (int caller = 0; caller < settings.accounts * CALLERS; caller++)
		for (int64_t t = below(period); t < span; t += period / 2 + below(period))
			plan(settings.start + t, PLAN_VISIT, caller / CALLERS, caller);

	for (int i = 0; i < settings.strangers; i++)
	{
		double  share = settings.strangers == 1 ? 0.85 : 0.32 + 0.58 * i / (settings.strangers - 1);
		int64_t t = settings.start + (int64_t) (span * (share + 0.03 * fraction()));
		int     account = below(settings.accounts);
		bool    intruder = i == settings.strangers - 1;
		int     visits = intruder ? 1 : 3 + below(12);

		make_caller(-1, intruder ? 7 : (int) below(LENGTH(caller_names)));
		if (intruder)
			callers[ncallers - 1].agent =
				"aws-cli/2.9.19 Python/3.11.2 Linux/6.6.15-amd64 source/x86_64.kali.2024 prompt/off";
		for (int v = 0; v < visits; v++)
			plan(t + v * (span / 40 + 1) + below(span / 200 + 1), PLAN_STRANGER, account,
				 ncallers - 1);
		if (intruder)
			for (int step = 0; step < LENGTH(intruder_calls); step++)
				plan(t + span / 200 + 60 + step * 20 + below(15), PLAN_INTRUDER, account, step);
	}
	qsort(plans, nplans, sizeof(Plan), compare_plans);
}

void
make_company(int64_t span)
{
	int    late = (int) (settings.newcomers * span / DAY);
	int    room = settings.accounts * IDENTITIES + late;
	double sum = 0;

	random_state = mix(settings.seed);
	for (int i = 0; i < settings.accounts; i++)
		snprintf(accounts[i], sizeof(accounts[i]), "%012llu",
				 100000000000ULL + random64() % 900000000000ULL);

	make_calls();
	identities = calloc(room, sizeof(Identity));
	identity_sums = calloc(room, sizeof(double));
	callers = calloc(settings.accounts * CALLERS + settings.strangers, sizeof(Caller));
	if (!identities || !identity_sums || !callers)
		abort();

	for (int account = 0; account < settings.accounts; account++)
	{
		static const Kind kinds[ROLES] = {KIND_PERSON,   KIND_PERSON,   KIND_PERSON,
										  KIND_PERSON,   KIND_INSTANCE, KIND_INSTANCE,
										  KIND_INSTANCE, KIND_INSTANCE, KIND_FUNCTION,
										  KIND_FUNCTION, KIND_FUNCTION, KIND_FUNCTION,
										  KIND_FUNCTION, KIND_FUNCTION, KIND_PIPELINE,
										  KIND_PIPELINE};

		for (int i = 0; i < ROLES; i++)
			make_identity(kinds[i], account, account + i, settings.start);
		for (int i = 0; i < USERS; i++)
			make_identity(KIND_USER, account, i, settings.start);
		make_identity(KIND_ROOT, account, 0, settings.start);
		for (int i = 0; i < LENGTH(calling_services); i++)
			make_identity(KIND_SERVICE, account, i, settings.start);
	}
	for (int i = 0; i < late; i++)
	{
		static const Kind kinds[] = {KIND_FUNCTION, KIND_INSTANCE, KIND_USER, KIND_PERSON,
									 KIND_PIPELINE};

		make_identity(kinds[below(LENGTH(kinds))], below(settings.accounts), i,
					  settings.start + (int64_t) (span * (i + fraction()) / late));
	}
	for (int i = 0; i < nidentities; i++)
	{
		sum += identities[i].weight;
		identity_sums[i] = sum;
	}

	/* Two callers of the company's own, two vendors that serve all accounts. */
	for (int account = 0; account < settings.accounts; account++)
	{
		make_caller(account == 0 ? 1 : 0, 4);
		make_caller((account + 1 + below(settings.accounts - 1)) % settings.accounts, 9);
		for (int vendor = 0; vendor < 2; vendor++)
		{
			if (account < 3)
				make_caller(-1, vendor ? 1 : 0);
			else
				callers[ncallers++] = callers[account % 3 * CALLERS + 2 + vendor];
		}
	}
	make_plans(span);
}
