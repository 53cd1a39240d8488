/*
 * generate.c
 *	  Writes CloudTrail records of an invented company, one record a line.
 *
 * The same arguments write the same bytes, on every machine.  Names of
 * services and calls are AWS's own; accounts, people, roles, addresses (from
 * the ranges for documentation and benchmarks) and all else are made up.
 *
 * The company has some accounts, and in each of them roles, users, a root
 * user and AWS services at work, who do what they always do: each has a
 * profile of calls.  Once in a while somebody does something new, and somebody
 * new comes.  Accounts of the company and of its vendors assume roles in each
 * other all the time.  Now and then a stranger does: an account that nobody
 * has seen before.  The last one is an intruder.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services.h"

#define ACCOUNTS			12
#define ROLES				16		/* in each account */
#define USERS				5		/* in each account */
#define CALLERS				4		/* accounts that assume roles in an account */
#define PROFILE_SLOTS		64		/* a profile is drawn from by six bits */
#define DUPLICATE_RING		512
#define DUPLICATE_SIZE		8192	/* longer records are not sent twice */
#define MAX_RECORD			(256 * 1024)
#define DAY					86400

#define LENGTH(array)		((int) (sizeof(array) / sizeof((array)[0])))

/* How a record's parameters look. */
typedef enum Shape
{
	SHAPE_READ,					/* a listing, with or without a filter */
	SHAPE_WRITE,				/* makes or changes a named thing */
	SHAPE_ASSUME_ROLE,
	SHAPE_BUCKET,
	SHAPE_OBJECT,
	SHAPE_KEY,					/* of KMS */
	SHAPE_EC2_READ,
	SHAPE_EC2_WRITE,
	SHAPE_LOGIN,
	SHAPE_POLICY				/* carries a policy document as a string */
} Shape;

typedef struct Call
{
	const Service *service;
	char		name[64];
	Shape		shape;
	bool		read_only;
	double		weight;
} Call;

typedef enum Kind
{
	KIND_PERSON,				/* a role behind single sign-on */
	KIND_INSTANCE,				/* a role of virtual machines */
	KIND_FUNCTION,				/* a role of functions and tasks */
	KIND_PIPELINE,				/* a role of deployments */
	KIND_USER,
	KIND_ROOT,
	KIND_SERVICE
} Kind;

typedef struct Identity
{
	Kind		kind;
	int			account;
	char		name[64];
	char		path[64];		/* of a role, with slashes on both sides */
	char		principal[24];	/* AROA…, AIDA… */
	uint64_t	seed;			/* of its sessions, keys and addresses */
	int			sessions;		/* people or machines that share the role */
	double		weight;
	int64_t		birth;			/* not seen before this time */
	uint16_t	profile[PROFILE_SLOTS];
} Identity;

/* What happens at a fixed time. */
typedef enum PlanKind
{
	PLAN_VISIT,					/* a known account assumes a role */
	PLAN_STRANGER,				/* an unknown one does */
	PLAN_INTRUDER				/* what the intruder does with it */
} PlanKind;

typedef struct Plan
{
	int64_t		time;
	PlanKind	kind;
	int			account;		/* whose role it is */
	int			caller;			/* index in callers; a step of the intruder */
} Plan;

typedef struct Caller
{
	char		account[13];
	int			own;			/* index in accounts, or -1 */
	char		role[64];		/* what it assumes */
	char		session[64];
	char		principal[24];
	const char *agent;
} Caller;

/* Options. */
static long records = 10000;
static double days = 30;
static int64_t start;
static uint64_t seed = 1;
static int	duplicates = 5;
static int	disorder = 300;
static int	large_every = 10000;
static double newcomers = 2;	/* a day */
static int	strangers = -1;
static bool copy_format = false;
static bool log_format = false;
static bool unique_agents = false;
static bool report = false;
static const char *folder = NULL;

/* The company. */
static Call calls[1024];
static int	ncalls = 0;
static double call_sums[1024];
static char accounts[ACCOUNTS][13];
static char organization[16];
static Identity *identities;
static int	nidentities = 0;
static double *identity_sums;
static Caller *callers;
static int	ncallers = 0;
static Plan *plans;
static long nplans = 0;

/* The record that is being written. */
static char record[MAX_RECORD];
static size_t used;

/* What has been written. */
static FILE *out;
static int64_t out_day = -1;
static long written = 0;
static uint32_t *sizes = NULL;
static char (*ring)[DUPLICATE_SIZE];
static size_t ring_size[DUPLICATE_RING];
static int	ring_filled = 0;

/* ---- Chance ---- */

static uint64_t random_state;

/* A good mix of 64 bits (the finisher of splitmix64, by Vigna). */
static uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t
random64(void)
{
	random_state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(random_state);
}

static uint32_t
below(uint32_t n)
{
	return (uint32_t) (((random64() >> 32) * n) >> 32);
}

static double
fraction(void)
{
	return (double) (random64() >> 11) / 9007199254740992.0;
}

static bool
chance(int per_thousand)
{
	return (int) below(1000) < per_thousand;
}

/* The first index whose running sum exceeds a random share of the last. */
static int
draw(const double *sums, int n)
{
	double		target = fraction() * sums[n - 1];
	int			low = 0;
	int			high = n - 1;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (sums[middle] > target)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* ---- Writing into the record ---- */

static void
put_bytes(const char *bytes, size_t length)
{
	if (used + length > MAX_RECORD)
		abort();				/* no builder comes near it */
	memcpy(record + used, bytes, length);
	used += length;
}

#define LIT(text)	put_bytes(text, sizeof(text) - 1)

static void
put(const char *text)
{
	put_bytes(text, strlen(text));
}

static void
put_number(uint64_t n)
{
	char		digits[20];
	int			i = sizeof(digits);

	do
	{
		digits[--i] = '0' + n % 10;
		n /= 10;
	} while (n > 0);
	put_bytes(digits + i, sizeof(digits) - i);
}

/* The lowest `digits` hexadecimal digits of a number. */
static void
put_hex(uint64_t n, int digits)
{
	char		text[16];

	for (int i = digits; i-- > 0; n >>= 4)
		text[i] = "0123456789abcdef"[n & 15];
	put_bytes(text, digits);
}

static void
put_uuid(uint64_t high, uint64_t low)
{
	put_hex(high >> 32, 8);
	LIT("-");
	put_hex(high >> 16, 4);
	LIT("-4");
	put_hex(high, 3);
	LIT("-");
	put_hex((low >> 48 & 0x3fff) | 0x8000, 4);
	LIT("-");
	put_hex(low, 12);
}

/* What AWS's ids are made of, after their four letters. */
static void
id_text(char *to, const char *prefix, uint64_t n, int length)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	int			i = 0;

	while (*prefix)
		to[i++] = *prefix++;
	for (int k = 0; k < length; k++)
	{
		to[i++] = letters[n & 31];
		n = k == 11 ? mix(n) : n >> 5;
	}
	to[i] = '\0';
}

static void
put_id(const char *prefix, uint64_t n, int length)
{
	char		text[64];

	id_text(text, prefix, mix(n), length);
	put(text);
}

/* As opaque as AWS's tokens. */
static void
put_token(int length)
{
	static const char letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t	n = 0;

	for (int i = 0; i < length; i++)
	{
		if (i % 10 == 0)
			n = random64();
		put_bytes(letters + (n & 63), 1);
		n >>= 6;
	}
}

/* Days since 1970 into a date (after Hinnant's civil_from_days). */
static void
civil(int64_t day, int *year, int *month, int *mday)
{
	int64_t		z = day + 719468;
	int64_t		era = z / 146097;
	int64_t		doe = z - era * 146097;
	int64_t		yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t		doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t		mp = (5 * doy + 2) / 153;

	*mday = (int) (doy - (153 * mp + 2) / 5 + 1);
	*month = (int) (mp < 10 ? mp + 3 : mp - 9);
	*year = (int) (yoe + era * 400 + (*month <= 2));
}

static void
put_time(int64_t t)
{
	int			year,
				month,
				mday;
	int			second = (int) (t % DAY);
	char		text[20] = "0000-00-00T00:00:00Z";

	civil(t / DAY, &year, &month, &mday);
#define TWO(at, n) (text[at] = '0' + (n) / 10, text[(at) + 1] = '0' + (n) % 10)
	TWO(0, year / 100);
	TWO(2, year % 100);
	TWO(5, month);
	TWO(8, mday);
	TWO(11, second / 3600);
	TWO(14, second / 60 % 60);
	TWO(17, second % 60);
	put_bytes(text, sizeof(text));
}

/* An address that stays with what `n` was made from. */
static void
put_address(uint64_t n)
{
	n = mix(n);
	switch (n & 15)
	{
		case 0:
		case 1:
			LIT("2001:db8:");
			put_hex(n >> 8, 4);
			LIT(":");
			put_hex((n >> 24) | 1, 3);
			LIT("::");
			put_hex((n >> 40) | 1, 4);
			return;
		case 2:
		case 3:
		case 4:
		case 5:
			LIT("10.");
			put_number(n >> 8 & 63);
			LIT(".");
			break;
		case 6:
		case 7:
			LIT("203.0.113.");
			put_number(n >> 24 & 255);
			return;
		default:
			if (n & 16)
				LIT("198.18.");
			else
				LIT("198.19.");
			break;
	}
	put_number(n >> 16 & 255);
	LIT(".");
	put_number((n >> 24 & 127) + 1);
}

/* ---- The company ---- */

static const char *const products[] = {
	"orders", "billing", "search", "payments", "warehouse", "catalog",
	"shipping", "identity", "pricing", "reviews", "analytics", "mailer",
	"frontend", "returns", "loyalty", "archive", "imports", "reports"
};

static const char *const jobs[] = {
	"api", "worker", "batch", "loader", "scheduler", "export", "sync",
	"cleanup", "gateway", "indexer"
};

static const char *const first_names[] = {
	"amira", "bruno", "carla", "dmitri", "elena", "farid", "greta", "hugo",
	"ines", "jonas", "katja", "leon", "mira", "nils", "olga", "pavel",
	"rosa", "sven", "tara", "uwe", "vera", "wim", "yara", "zoe"
};

static const char *const last_names[] = {
	"adler", "brandt", "costa", "dahl", "engel", "fischer", "garcia",
	"hansen", "ivanova", "jensen", "keller", "lang", "moreau", "novak",
	"olsen", "petrov", "rossi", "silva", "toth", "weber"
};

static const char *const person_roles[] = {
	"AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "Billing",
	"DatabaseOperator", "SecurityAudit"
};

static const char *const person_agents[] = {
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
	"Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
	"aws-cli/2.15.58 md/awscrt#0.20.11 ua/2.0 os/macos#23.5.0 md/arch#arm64 lang/python#3.11.8 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#%s",
	"aws-cli/2.13.25 Python/3.11.5 Linux/5.15.0-105-generic exe/x86_64.ubuntu.22 prompt/off",
	"AWS Internal"
};

static const char *const machine_agents[] = {
	"Boto3/1.34.101 md/Botocore#1.34.101 ua/2.0 os/linux#5.10.215-203.850.amzn2.x86_64 md/arch#x86_64 lang/python#3.11.9 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.101",
	"aws-sdk-go-v2/1.26.1 os/linux lang/go#1.22.3 md/GOOS#linux md/GOARCH#amd64 api/sts#1.28.6",
	"aws-sdk-java/2.25.60 Linux/5.10.215 OpenJDK_64-Bit_Server_VM/17.0.11+9-LTS Java/17.0.11 vendor/Amazon.com_Inc. io/sync http/Apache cfg/retry-mode/legacy",
	"aws-sdk-nodejs/2.1620.0 linux/v20.13.1 exec-env/AWS_Lambda_nodejs20.x promise",
	"amazon-ssm-agent/3.3.380.0",
	"aws-sdk-go/1.53.5 (go1.22.3; linux; amd64) cluster-autoscaler/v1.29.2",
	"Boto3/1.28.85 Python/3.9.18 Linux/5.10.205 exec-env/AWS_Lambda_python3.9 Botocore/1.31.85"
};

static const char *const pipeline_agents[] = {
	"APN/1.0 HashiCorp/1.0 Terraform/1.8.3 (+https://www.terraform.io) terraform-provider-aws/5.49.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.26.1 os/linux lang/go#1.22.2 md/GOOS#linux md/GOARCH#amd64",
	"aws-cli/2.15.53 md/awscrt#0.20.9 ua/2.0 os/linux#6.5.0-1021-azure md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython exec-env/GitHubActions cfg/retry-mode#standard",
	"aws-cdk/2.142.1 aws-sdk-nodejs/2.1616.0 linux/v20.13.1 promise"
};

static const char *const caller_agents[] = {
	"Boto3/1.34.84 md/Botocore#1.34.84 ua/2.0 os/linux#5.10.213 lang/python#3.10.12 Botocore/1.34.84",
	"aws-sdk-go/1.50.30 (go1.21.7; linux; amd64)",
	"aws-sdk-java/1.12.701 Linux/5.15.0 OpenJDK_64-Bit_Server_VM/11.0.23 java/11.0.23"
};

static const char *const caller_names[] = {
	"cost-reader", "posture-scanner", "log-shipper", "backup-operator",
	"deployer", "inventory", "metrics-collector", "support-access",
	"audit-readonly", "network-hub"
};

/* What the intruder does, in this order, some of it often. */
static const char *const intruder_calls[] = {
	"sts GetCallerIdentity", "iam ListUsers", "iam ListRoles",
	"s3 ListBuckets", "secretsmanager ListSecrets",
	"secretsmanager GetSecretValue", "secretsmanager GetSecretValue",
	"secretsmanager GetSecretValue", "ec2 DescribeInstances",
	"iam CreateUser", "iam AttachUserPolicy", "iam CreateAccessKey",
	"cloudtrail StopLogging"
};

static bool
starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool
is_read_only(const char *service, const char *name)
{
	static const char *const reads[] = {
		"Describe", "List", "Get", "Head", "BatchGet", "Lookup", "Filter",
		"Query", "Scan", "Select", "Decrypt", "Encrypt", "GenerateDataKey",
		"Sign", "AssumeRole", "Simulate", "Validate", "ReEncrypt", "Poll",
		"BatchCheckLayerAvailability", "StartQuery", "Authenticate"
	};

	/* Reading a report is one thing, asking for it another. */
	(void) service;
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
		return strstr(name, "Object") || strstr(name, "Upload") ?
			SHAPE_OBJECT : SHAPE_BUCKET;
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
	double		sum = 0;

	for (int s = 0; s < NSERVICES; s++)
	{
		const char *next = services[s].calls;
		double		harmonic = 0;
		int			first = ncalls;

		for (int rank = 1; *next; rank++)
		{
			size_t		length = strcspn(next, " ");
			Call	   *call = &calls[ncalls];

			if (ncalls == LENGTH(calls) || length >= sizeof(call->name))
				abort();
			call->service = &services[s];
			memcpy(call->name, next, length);
			call->name[length] = '\0';
			call->read_only = is_read_only(services[s].name, call->name);
			call->shape = shape_of(services[s].name, call->name,
								   call->read_only);
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

static const Call *
find_call(const char *service, const char *name)
{
	for (int i = 0; i < ncalls; i++)
		if (strcmp(calls[i].service->name, service) == 0 &&
			strcmp(calls[i].name, name) == 0)
			return &calls[i];
	abort();
}

/* A profile: some calls, the first ones often, all of one kind's taste. */
static void
make_profile(Identity *identity)
{
	static const char *const machine_services[] = {
		"ssm", "s3", "kms", "logs", "sqs", "dynamodb", "ec2", "secretsmanager",
		"monitoring", "ecs", "ecr", "sns", "autoscaling", "kinesis", "glue",
		"elasticloadbalancing", "sts", "states"
	};
	int			chosen[32];
	int			n = 0;
	int			wanted;
	int			filled = 0;

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
		int			call = draw(call_sums, ncalls);
		const char *service = calls[call].service->name;
		bool		fits = true;

		if (identity->kind == KIND_INSTANCE ||
			identity->kind == KIND_FUNCTION ||
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
	Identity   *identity = &identities[nidentities++];

	memset(identity, 0, sizeof(*identity));
	identity->kind = kind;
	identity->account = account;
	identity->seed = random64();
	identity->birth = birth;
	identity->sessions = 1;
	identity->weight = 0.2 + fraction();
	strcpy(identity->path, "/");
	id_text(identity->principal, kind == KIND_USER ? "AIDA" : "AROA",
			random64(), 17);

	switch (kind)
	{
		case KIND_PERSON:
			strcpy(identity->path, "/aws-reserved/sso.amazonaws.com/eu-central-1/");
			snprintf(identity->name, sizeof(identity->name),
					 "AWSReservedSSO_%s_%08x",
					 person_roles[number % LENGTH(person_roles)],
					 (unsigned) random64());
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

static void
make_caller(int own, int name)
{
	Caller	   *caller = &callers[ncallers++];

	caller->own = own;
	if (own >= 0)
		strcpy(caller->account, accounts[own]);
	else
		snprintf(caller->account, sizeof(caller->account), "%012llu",
				 100000000000ULL + random64() % 900000000000ULL);
	strcpy(caller->role, caller_names[name]);
	snprintf(caller->session, sizeof(caller->session), "%s-%08x",
			 caller_names[name], (unsigned) random64());
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
	plans[nplans++] = (Plan) {time, kind, account, caller};
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
 * that a day or two shows all of them; with few records for the time, they
 * come less often.
 */
static void
make_plans(int64_t span)
{
	int64_t		period = 6 * 3600;
	int64_t		least = (int64_t) (span * ACCOUNTS * CALLERS * 12.0 / records);

	if (period < least)
		period = least;
	for (int caller = 0; caller < ACCOUNTS * CALLERS; caller++)
		for (int64_t t = below(period); t < span;
			 t += period / 2 + below(period))
			plan(start + t, PLAN_VISIT, caller / CALLERS, caller);

	for (int i = 0; i < strangers; i++)
	{
		double		share = strangers == 1 ? 0.85 : 0.32 + 0.58 * i / (strangers - 1);
		int64_t		t = start + (int64_t) (span * (share + 0.03 * fraction()));
		int			account = below(ACCOUNTS);
		bool		intruder = i == strangers - 1;
		int			visits = intruder ? 1 : 3 + below(12);

		make_caller(-1, intruder ? 7 : (int) below(LENGTH(caller_names)));
		if (intruder)
			callers[ncallers - 1].agent =
				"aws-cli/2.9.19 Python/3.11.2 Linux/6.6.15-amd64 source/x86_64.kali.2024 prompt/off";
		for (int v = 0; v < visits; v++)
			plan(t + v * (span / 40 + 1) + below(span / 200 + 1),
				 PLAN_STRANGER, account, ncallers - 1);
		if (intruder)
			for (int step = 0; step < LENGTH(intruder_calls); step++)
				plan(t + span / 200 + 60 + step * 20 + below(15), PLAN_INTRUDER,
					 account, step);
	}
	qsort(plans, nplans, sizeof(Plan), compare_plans);
}

static void
make_company(int64_t span)
{
	int			late = (int) (newcomers * span / DAY);
	int			room = ACCOUNTS * (ROLES + USERS + 1 +
								   LENGTH(calling_services)) + late;
	double		sum = 0;

	random_state = mix(seed);
	id_text(organization, "o-", random64(), 10);
	for (char *c = organization; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	for (int i = 0; i < ACCOUNTS; i++)
		snprintf(accounts[i], sizeof(accounts[i]), "%012llu",
				 100000000000ULL + random64() % 900000000000ULL);

	make_calls();
	identities = calloc(room, sizeof(Identity));
	identity_sums = calloc(room, sizeof(double));
	callers = calloc(ACCOUNTS * CALLERS + strangers, sizeof(Caller));
	if (!identities || !identity_sums || !callers)
		abort();

	for (int account = 0; account < ACCOUNTS; account++)
	{
		static const Kind kinds[ROLES] = {
			KIND_PERSON, KIND_PERSON, KIND_PERSON, KIND_PERSON,
			KIND_INSTANCE, KIND_INSTANCE, KIND_INSTANCE, KIND_INSTANCE,
			KIND_FUNCTION, KIND_FUNCTION, KIND_FUNCTION, KIND_FUNCTION,
			KIND_FUNCTION, KIND_FUNCTION, KIND_PIPELINE, KIND_PIPELINE
		};

		for (int i = 0; i < ROLES; i++)
			make_identity(kinds[i], account, account + i, start);
		for (int i = 0; i < USERS; i++)
			make_identity(KIND_USER, account, i, start);
		make_identity(KIND_ROOT, account, 0, start);
		for (int i = 0; i < LENGTH(calling_services); i++)
			make_identity(KIND_SERVICE, account, i, start);
	}
	for (int i = 0; i < late; i++)
	{
		static const Kind kinds[] = {
			KIND_FUNCTION, KIND_INSTANCE, KIND_USER, KIND_PERSON, KIND_PIPELINE
		};

		make_identity(kinds[below(LENGTH(kinds))], below(ACCOUNTS), i,
					  start + (int64_t) (span * (i + fraction()) / late));
	}
	for (int i = 0; i < nidentities; i++)
	{
		sum += identities[i].weight;
		identity_sums[i] = sum;
	}

	/* Two callers of the company's own, two vendors that serve all accounts. */
	for (int account = 0; account < ACCOUNTS; account++)
	{
		make_caller(account == 0 ? 1 : 0, 4);
		make_caller((account + 1 + below(ACCOUNTS - 1)) % ACCOUNTS, 9);
		for (int vendor = 0; vendor < 2; vendor++)
		{
			if (account < 3)
				make_caller(-1, vendor ? 1 : 0);
			else
				callers[ncallers++] =
					callers[account % 3 * CALLERS + 2 + vendor];
		}
	}
	make_plans(span);
}

/* ---- Parts of a record ---- */

/* What the parts of one record share. */
typedef struct Scene
{
	int64_t		time;
	const Identity *identity;	/* or */
	const Caller *caller;		/* an account that assumes a role */
	const Call *call;
	int			account;		/* where it happens */
	const char *region;
	uint64_t	session;		/* stands for person, machine or function */
	int			session_number;
	bool		invoked;		/* a service acts on somebody's behalf */
	bool		failed;
	bool		large;
	bool		callers_copy;	/* of a cross-account record */
	const char *shared_id;		/* NULL or 36 characters */
	const char *role;			/* of SHAPE_ASSUME_ROLE */
	const char *role_session;
} Scene;

static void
put_session_name(const Scene *scene)
{
	const Identity *identity = scene->identity;
	uint64_t	n = mix(identity->seed + scene->session_number);

	switch (identity->kind)
	{
		case KIND_PERSON:
			put(first_names[n % LENGTH(first_names)]);
			LIT(".");
			put(last_names[(n >> 16) % LENGTH(last_names)]);
			LIT("@example.com");
			break;
		case KIND_INSTANCE:
			LIT("i-0");
			put_hex(scene->session, 16);
			break;
		case KIND_PIPELINE:
			LIT("GitHubActions");
			break;
		default:
			put(identity->name);
			LIT("-");
			put_hex(n, 4);
	}
}

static void
put_issuer(const Scene *scene, bool mfa)
{
	const Identity *identity = scene->identity;

	LIT("\"sessionContext\":{\"sessionIssuer\":{\"type\":\"Role\",\"principalId\":\"");
	put(identity->principal);
	LIT("\",\"arn\":\"arn:aws:iam::");
	put(accounts[identity->account]);
	LIT(":role");
	put(identity->path);
	put(identity->name);
	LIT("\",\"accountId\":\"");
	put(accounts[identity->account]);
	LIT("\",\"userName\":\"");
	put(identity->name);
	LIT("\"},\"webIdFederationData\":{},\"attributes\":{\"creationDate\":\"");
	put_time(scene->time - scene->time % 3600 + scene->session % 60 - 60);
	if (mfa)
		LIT("\",\"mfaAuthenticated\":\"true\"}");
	else
		LIT("\",\"mfaAuthenticated\":\"false\"}");
	if (identity->kind == KIND_INSTANCE)
		LIT(",\"ec2RoleDelivery\":\"2.0\"");
	LIT("}");
}

static void
put_user_identity(const Scene *scene)
{
	const Identity *identity = scene->identity;
	const char *account;

	LIT("\"userIdentity\":{\"type\":\"");
	if (scene->caller)
	{
		const Caller *caller = scene->caller;

		if (scene->callers_copy)
		{
			LIT("AssumedRole\",\"principalId\":\"");
			put(caller->principal);
			LIT(":");
			put(caller->session);
			LIT("\",\"arn\":\"arn:aws:sts::");
			put(caller->account);
			LIT(":assumed-role/hub-");
			put(caller->role);
			LIT("/");
			put(caller->session);
		}
		else
		{
			LIT("AWSAccount\",\"principalId\":\"");
			put(caller->principal);
			if (caller->own >= 0)
			{
				LIT(":");
				put(caller->session);
			}
		}
		LIT("\",\"accountId\":\"");
		put(caller->account);
		LIT("\"},");
		return;
	}

	account = accounts[identity->account];
	switch (identity->kind)
	{
		case KIND_SERVICE:
			LIT("AWSService\",\"invokedBy\":\"");
			put(identity->name);
			LIT(".amazonaws.com\"},");
			return;
		case KIND_ROOT:
			LIT("Root\",\"principalId\":\"");
			put(account);
			LIT("\",\"arn\":\"arn:aws:iam::");
			put(account);
			LIT(":root\",\"accountId\":\"");
			put(account);
			LIT("\",\"accessKeyId\":\"");
			put_id("ASIA", scene->session, 16);
			LIT("\",\"sessionContext\":{\"sessionIssuer\":{},\"webIdFederationData\":{},\"attributes\":{\"creationDate\":\"");
			put_time(scene->time - scene->time % 3600);
			LIT("\",\"mfaAuthenticated\":\"true\"}}},");
			return;
		case KIND_USER:
			LIT("IAMUser\",\"principalId\":\"");
			put(identity->principal);
			LIT("\",\"arn\":\"arn:aws:iam::");
			put(account);
			LIT(":user/");
			put(identity->name);
			LIT("\",\"accountId\":\"");
			put(account);
			LIT("\",\"accessKeyId\":\"");
			put_id("AKIA", identity->seed, 16);
			LIT("\",\"userName\":\"");
			put(identity->name);
			LIT("\"");
			break;
		default:
			LIT("AssumedRole\",\"principalId\":\"");
			put(identity->principal);
			LIT(":");
			put_session_name(scene);
			LIT("\",\"arn\":\"arn:aws:sts::");
			put(account);
			LIT(":assumed-role/");
			put(identity->name);
			LIT("/");
			put_session_name(scene);
			LIT("\",\"accountId\":\"");
			put(account);
			LIT("\",\"accessKeyId\":\"");
			put_id("ASIA", scene->session + scene->time / (6 * 3600), 16);
			LIT("\",");
			put_issuer(scene, identity->kind == KIND_PERSON);
	}
	if (scene->invoked)
	{
		LIT(",\"invokedBy\":\"");
		put(scene->call->service->name);
		LIT(".amazonaws.com\"");
	}
	LIT("},");
}

static void
put_agent(const Scene *scene)
{
	const char *agent;
	const char *command;

	if (scene->caller)
		agent = scene->caller->agent;
	else
	{
		uint64_t	n = mix(scene->identity->seed * 3 + scene->session_number);

		/* Some use two tools. */
		if (chance(150))
			n >>= 20;
		switch (scene->identity->kind)
		{
			case KIND_PERSON:
			case KIND_ROOT:
			case KIND_USER:
				agent = person_agents[n % LENGTH(person_agents)];
				break;
			case KIND_PIPELINE:
				agent = pipeline_agents[n % LENGTH(pipeline_agents)];
				break;
			default:
				agent = machine_agents[n % LENGTH(machine_agents)];
		}
	}
	command = strstr(agent, "%s");
	if (command == NULL)
		put(agent);
	else
	{
		put_bytes(agent, command - agent);
		put(scene->call->service->name);
		LIT(".");
		put(scene->call->name);
	}
	if (unique_agents)
	{
		LIT(" run/");
		put_hex(random64(), 16);
	}
}

static void
put_source(const Scene *scene)
{
	LIT("\"sourceIPAddress\":\"");
	if (scene->invoked)
	{
		put(scene->call->service->name);
		LIT(".amazonaws.com\",\"userAgent\":\"");
		put(scene->call->service->name);
		LIT(".amazonaws.com");
	}
	else if (scene->identity && scene->identity->kind == KIND_SERVICE)
	{
		put(scene->identity->name);
		LIT(".amazonaws.com\",\"userAgent\":\"");
		put(scene->identity->name);
		LIT(".amazonaws.com");
	}
	else
	{
		/* People travel, machines do not. */
		uint64_t	place = scene->session;

		if (scene->identity && scene->identity->kind == KIND_PERSON &&
			chance(20))
			place += random64() & 15;
		put_address(place);
		LIT("\",\"userAgent\":\"");
		put_agent(scene);
	}
	LIT("\",");
}

static void
put_failure(const Scene *scene)
{
	const char *service = scene->call->service->name;

	if (scene->call->shape == SHAPE_LOGIN)
	{
		LIT("\"errorMessage\":\"Failed authentication\",");
		return;
	}
	switch (below(8))
	{
		case 0:
			LIT("\"errorCode\":\"ThrottlingException\",\"errorMessage\":\"Rate exceeded\",");
			break;
		case 1:
			LIT("\"errorCode\":\"ValidationException\",");
			break;
		case 2:
		case 3:
			LIT("\"errorCode\":\"ResourceNotFoundException\",\"errorMessage\":\"The specified resource does not exist.\",");
			break;
		default:
			if (strcmp(service, "ec2") == 0)
				LIT("\"errorCode\":\"Client.UnauthorizedOperation\",\"errorMessage\":\"You are not authorized to perform this operation.\",");
			else
			{
				LIT("\"errorCode\":\"AccessDenied\",\"errorMessage\":\"User is not authorized to perform: ");
				put(service);
				LIT(":");
				put(scene->call->name);
				LIT(" because no identity-based policy allows the ");
				put(service);
				LIT(":");
				put(scene->call->name);
				LIT(" action\",");
			}
	}
}

static void
put_arn(const char *service, const Scene *scene, const char *rest)
{
	LIT("arn:aws:");
	put(service);
	LIT(":");
	put(scene->region);
	LIT(":");
	put(accounts[scene->account]);
	LIT(":");
	put(rest);
}

static void
put_thing(uint64_t n)
{
	put(products[n % LENGTH(products)]);
	LIT("-");
	put(jobs[(n >> 8) % LENGTH(jobs)]);
}

/* A thing that the caller uses time and again. */
static uint64_t
favourite(const Scene *scene, int of)
{
	uint64_t	base = scene->identity ? scene->identity->seed : 17;

	return mix(base + below(of));
}

static void
put_assume_role(const Scene *scene)
{
	LIT("\"requestParameters\":{\"roleArn\":\"arn:aws:iam::");
	put(accounts[scene->account]);
	LIT(":role/");
	put(scene->role);
	LIT("\",\"roleSessionName\":\"");
	put(scene->role_session);
	if (scene->caller && scene->caller->own < 0)
		LIT("\",\"externalId\":\"HIDDEN_DUE_TO_SECURITY_REASONS");
	LIT("\",\"durationSeconds\":3600},\"responseElements\":");
	if (scene->failed)
		LIT("null,");
	else
	{
		LIT("{\"credentials\":{\"accessKeyId\":\"");
		put_id("ASIA", random64(), 16);
		LIT("\",\"sessionToken\":\"");
		put_token(250);
		LIT("\",\"expiration\":\"");
		put_time(scene->time + 3600);
		LIT("\"},\"assumedRoleUser\":{\"assumedRoleId\":\"");
		put_id("AROA", scene->account * 1000 + strlen(scene->role), 17);
		LIT(":");
		put(scene->role_session);
		LIT("\",\"arn\":\"arn:aws:sts::");
		put(accounts[scene->account]);
		LIT(":assumed-role/");
		put(scene->role);
		LIT("/");
		put(scene->role_session);
		LIT("\"}},");
	}
	LIT("\"resources\":[{\"accountId\":\"");
	put(accounts[scene->account]);
	LIT("\",\"type\":\"AWS::IAM::Role\",\"ARN\":\"arn:aws:iam::");
	put(accounts[scene->account]);
	LIT(":role/");
	put(scene->role);
	LIT("\"}],");
}

static void
put_bucket(const Scene *scene, bool object)
{
	uint64_t	n = favourite(scene, 3);
	bool		read_only = scene->call->read_only;
	bool		listing = strcmp(scene->call->name, "ListBuckets") == 0;

	if (listing)
	{
		LIT("\"requestParameters\":{\"Host\":\"s3.");
		put(scene->region);
		LIT(".amazonaws.com\"},\"responseElements\":null,");
	}
	else
	{
		LIT("\"requestParameters\":{\"bucketName\":\"");
		put_thing(n);
		LIT("-");
		put(accounts[scene->account]);
		LIT("\",\"Host\":\"");
		put_thing(n);
		LIT("-");
		put(accounts[scene->account]);
		LIT(".s3.");
		put(scene->region);
		LIT(".amazonaws.com\"");
		if (object)
		{
			LIT(",\"key\":\"data/");
			put_thing(n >> 20);
			LIT("/part-");
			put_number(below(100000));
			LIT(".parquet\"");
			if (!read_only)
				LIT(",\"x-amz-server-side-encryption\":\"aws:kms\"");
		}
		LIT("},\"responseElements\":");
		if (object && !read_only && !scene->failed)
			LIT("{\"x-amz-server-side-encryption\":\"aws:kms\",\"x-amz-version-id\":\"null\"},");
		else
			LIT("null,");
	}
	LIT("\"additionalEventData\":{\"SignatureVersion\":\"SigV4\",\"CipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"bytesTransferredIn\":");
	put_number(read_only ? 0 : below(1000000));
	LIT(",\"AuthenticationMethod\":\"AuthHeader\",\"x-amz-id-2\":\"");
	put_token(76);
	LIT("=\",\"bytesTransferredOut\":");
	put_number(read_only ? below(1000000) : 0);
	LIT("},");
	if (!listing)
	{
		LIT("\"resources\":[");
		if (object)
		{
			LIT("{\"type\":\"AWS::S3::Object\",\"ARNPrefix\":\"arn:aws:s3:::");
			put_thing(n);
			LIT("-");
			put(accounts[scene->account]);
			LIT("/\"},");
		}
		LIT("{\"accountId\":\"");
		put(accounts[scene->account]);
		LIT("\",\"type\":\"AWS::S3::Bucket\",\"ARN\":\"arn:aws:s3:::");
		put_thing(n);
		LIT("-");
		put(accounts[scene->account]);
		LIT("\"}],");
	}
}

static void
put_key(const Scene *scene)
{
	uint64_t	n = favourite(scene, 2);
	uint64_t	key = mix(n);

	LIT("\"requestParameters\":{\"encryptionContext\":{\"aws:s3:arn\":\"arn:aws:s3:::");
	put_thing(n);
	LIT("-");
	put(accounts[scene->account]);
	LIT("\"},\"encryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",\"keyId\":\"");
	put_arn("kms", scene, "key/");
	put_uuid(key, n);
	LIT("\"},\"responseElements\":null,\"resources\":[{\"accountId\":\"");
	put(accounts[scene->account]);
	LIT("\",\"type\":\"AWS::KMS::Key\",\"ARN\":\"");
	put_arn("kms", scene, "key/");
	put_uuid(key, n);
	LIT("\"}],");
}

static void
put_items(const char *key, const char *prefix, int count)
{
	LIT("{\"items\":[");
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			LIT(",");
		LIT("{\"");
		put(key);
		LIT("\":\"");
		put(prefix);
		put_hex(random64(), 16);
		LIT("\"}");
	}
	LIT("]}");
}

/* Mostly few, sometimes many. */
static int
some(const Scene *scene)
{
	if (scene->large)
		return 1550;
	if (chance(20))
		return 24 + below(20);
	return 1 + below(5);
}

static void
put_ec2_read(const Scene *scene)
{
	LIT("\"requestParameters\":{");
	switch (below(4))
	{
		case 0:
			LIT("\"maxResults\":1000,\"filterSet\":{\"items\":[{\"name\":\"tag:product\",\"valueSet\":{\"items\":[{\"value\":\"");
			put(products[favourite(scene, 3) % LENGTH(products)]);
			LIT("\"}]}},{\"name\":\"instance-state-name\",\"valueSet\":{\"items\":[{\"value\":\"running\"},{\"value\":\"pending\"}]}}]}");
			break;
		case 1:
			LIT("\"maxResults\":100,\"nextToken\":\"");
			put_token(140);
			LIT("\"");
			break;
		default:
			LIT("\"instancesSet\":");
			put_items("instanceId", "i-0", some(scene));
			LIT(",\"filterSet\":{}");
	}
	LIT("},\"responseElements\":null,");
}

static void
put_ec2_write(const Scene *scene)
{
	uint64_t	n = favourite(scene, 4);
	int			count = some(scene);

	LIT("\"requestParameters\":{\"resourcesSet\":");
	put_items("resourceId", "i-0", count);
	LIT(",\"tagSet\":{\"items\":[{\"key\":\"product\",\"value\":\"");
	put(products[n % LENGTH(products)]);
	LIT("\"},{\"key\":\"Name\",\"value\":\"");
	put_thing(n);
	LIT("\"}]},\"subnetId\":\"subnet-0");
	put_hex(n, 16);
	LIT("\",\"groupSet\":{\"items\":[{\"groupId\":\"sg-0");
	put_hex(n >> 3, 16);
	LIT("\"}]}},\"responseElements\":{\"requestId\":\"");
	put_uuid(random64(), random64());
	LIT("\",\"_return\":true},");
}

static void
put_policy(const Scene *scene)
{
	uint64_t	n = favourite(scene, 4);

	LIT("\"requestParameters\":{\"name\":\"");
	put_thing(n);
	LIT("\",\"policyDocument\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[");
	for (int i = 0, count = scene->large ? 350 : 1 + below(4); i < count; i++)
	{
		if (i > 0)
			LIT(",");
		LIT("{\\\"Sid\\\":\\\"s");
		put_number(i);
		LIT("\\\",\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":[\\\"");
		put(services[below(NSERVICES)].name);
		LIT(":Get*\\\",\\\"");
		put(services[below(NSERVICES)].name);
		LIT(":List*\\\"],\\\"Resource\\\":\\\"*\\\"}");
	}
	LIT("]}\"},\"responseElements\":null,");
}

static void
put_read(const Scene *scene)
{
	uint64_t	n = favourite(scene, 3);

	if (scene->large)
	{
		LIT("\"requestParameters\":{\"resourceArnList\":[");
		for (int i = 0; i < 600; i++)
		{
			if (i > 0)
				LIT(",");
			LIT("\"");
			put_arn(scene->call->service->name, scene, "item/");
			put_uuid(random64(), random64());
			LIT("\"");
		}
		LIT("]},\"responseElements\":null,");
		return;
	}
	switch (below(6))
	{
		case 0:
			LIT("\"requestParameters\":null,");
			break;
		case 1:
			LIT("\"requestParameters\":{\"maxResults\":50,\"nextToken\":\"");
			put_token(120);
			LIT("\"},");
			break;
		case 2:
			LIT("\"requestParameters\":{\"names\":[");
			for (int i = 0, count = some(scene); i < count; i++)
			{
				if (i > 0)
					LIT(",");
				LIT("\"/");
				put_thing(n + i * 7);
				LIT("/setting-");
				put_number(i);
				LIT("\"");
			}
			LIT("],\"withDecryption\":true},");
			break;
		default:
			LIT("\"requestParameters\":{\"name\":\"");
			put_thing(n);
			LIT("\",\"arn\":\"");
			put_arn(scene->call->service->name, scene, "");
			put_thing(n);
			LIT("\",\"maxResults\":");
			put_number(100 * (1 + below(10)));
			LIT("},");
	}
	LIT("\"responseElements\":null,");
}

static void
put_write(const Scene *scene)
{
	uint64_t	n = favourite(scene, 3);

	if (scene->large)
	{
		put_policy(scene);
		return;
	}
	LIT("\"requestParameters\":{\"name\":\"");
	put_thing(n);
	LIT("\",\"description\":\"managed by the platform team\",\"tags\":[{\"key\":\"product\",\"value\":\"");
	put(products[n % LENGTH(products)]);
	LIT("\"},{\"key\":\"stage\",\"value\":\"");
	put(scene->account % 3 ? "production" : "staging");
	LIT("\"}],\"clientRequestToken\":\"");
	put_uuid(random64(), random64());
	LIT("\"},\"responseElements\":");
	if (scene->failed)
		LIT("null,");
	else
	{
		LIT("{\"arn\":\"");
		put_arn(scene->call->service->name, scene, "");
		put_thing(n);
		LIT("\",\"status\":\"ACTIVE\",\"version\":");
		put_number(1 + below(40));
		LIT("},");
	}
}

static void
put_login(const Scene *scene)
{
	LIT("\"requestParameters\":null,\"responseElements\":{\"ConsoleLogin\":\"");
	put(scene->failed ? "Failure" : "Success");
	LIT("\"},\"additionalEventData\":{\"LoginTo\":\"https://console.aws.amazon.com/console/home\",\"MobileVersion\":\"No\",\"MFAUsed\":\"Yes\"},");
}

/* The whole record. */
static void
build(const Scene *scene)
{
	const Call *call = scene->call;
	bool		data = call->shape == SHAPE_OBJECT;
	const char *recipient = scene->callers_copy ?
		scene->caller->account : accounts[scene->account];

	used = 0;
	LIT("{\"eventVersion\":\"1.09\",");
	put_user_identity(scene);
	LIT("\"eventTime\":\"");
	put_time(scene->time);
	LIT("\",\"eventSource\":\"");
	put(call->service->name);
	LIT(".amazonaws.com\",\"eventName\":\"");
	put(call->name);
	LIT("\",\"awsRegion\":\"");
	put(scene->region);
	LIT("\",");
	put_source(scene);
	if (scene->failed)
		put_failure(scene);

	switch (call->shape)
	{
		case SHAPE_ASSUME_ROLE:
			put_assume_role(scene);
			break;
		case SHAPE_BUCKET:
			put_bucket(scene, false);
			break;
		case SHAPE_OBJECT:
			put_bucket(scene, true);
			break;
		case SHAPE_KEY:
			put_key(scene);
			break;
		case SHAPE_EC2_READ:
			put_ec2_read(scene);
			break;
		case SHAPE_EC2_WRITE:
			put_ec2_write(scene);
			break;
		case SHAPE_POLICY:
			put_policy(scene);
			break;
		case SHAPE_LOGIN:
			put_login(scene);
			break;
		case SHAPE_READ:
			put_read(scene);
			break;
		case SHAPE_WRITE:
			put_write(scene);
			break;
	}

	LIT("\"requestID\":\"");
	put_uuid(random64(), random64());
	LIT("\",\"eventID\":\"");
	put_uuid(random64(), random64());
	if (call->read_only)
		LIT("\",\"readOnly\":true,\"eventType\":\"");
	else
		LIT("\",\"readOnly\":false,\"eventType\":\"");
	put(call->shape == SHAPE_LOGIN ? "AwsConsoleSignIn" : "AwsApiCall");
	LIT("\",\"managementEvent\":");
	put(data ? "false" : "true");
	LIT(",\"recipientAccountId\":\"");
	put(recipient);
	LIT("\",");
	if (scene->shared_id)
	{
		LIT("\"sharedEventID\":\"");
		put(scene->shared_id);
		LIT("\",");
	}
	LIT("\"eventCategory\":\"");
	put(data ? "Data" : "Management");
	if (!scene->invoked && !(scene->identity &&
							 scene->identity->kind == KIND_SERVICE))
	{
		LIT("\",\"tlsDetails\":{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"clientProvidedHostHeader\":\"");
		put(call->service->name);
		LIT(".");
		put(scene->region);
		LIT(".amazonaws.com\"}");
	}
	else
		LIT("\"");
	if (scene->identity && scene->identity->kind == KIND_PERSON)
		LIT(",\"sessionCredentialFromConsole\":\"true\"");
	LIT("}");
}

/* ---- Output ---- */

static void
fail(const char *what)
{
	fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* With --folder, the file of the day. */
static void
select_file(int64_t time)
{
	char		path[4096];
	int			year,
				month,
				mday;
	int64_t		day = time / DAY;

	/* Latecomers are delivered with the day that they come in. */
	if (folder == NULL || day <= out_day)
		return;
	if (out != NULL && fclose(out) != 0)
		fail("cannot write");
	civil(day, &year, &month, &mday);
	snprintf(path, sizeof(path), "%s/%04d-%02d-%02d.ndjson", folder, year,
			 month, mday);
	out = fopen(path, "w");
	if (out == NULL)
		fail(path);
	out_day = day;
}

static void
write_line(const char *line, size_t length)
{
	if (log_format)
	{
		if (written > 0)
			putc_unlocked(',', out);
	}
	if (copy_format)
	{
		/* COPY's text format takes a backslash for itself. */
		const char *end = line + length;

		while (line < end)
		{
			const char *slash = memchr(line, '\\', end - line);
			size_t		plain = (slash ? slash + 1 : end) - line;

			fwrite(line, 1, plain, out);
			if (slash)
				putc_unlocked('\\', out);
			line += plain;
		}
	}
	else
		fwrite(line, 1, length, out);
	if (!log_format)
		putc_unlocked('\n', out);
	if (sizes)
		sizes[written] = (uint32_t) length;
	written++;
}

/* Write the record, and now and then one that was written before. */
static void
emit(int64_t now)
{
	if (written >= records)
		return;
	select_file(now);
	write_line(record, used);
	if (used <= DUPLICATE_SIZE)
	{
		int			slot = ring_filled < DUPLICATE_RING ?
			ring_filled++ : (int) below(DUPLICATE_RING);

		memcpy(ring[slot], record, used);
		ring_size[slot] = used;
	}
	if (duplicates > 0 && ring_filled > 0 && written < records &&
		fraction() * (100 - duplicates) < duplicates)
	{
		int			slot = below(ring_filled);

		write_line(ring[slot], ring_size[slot]);
	}
}

/* ---- What happens ---- */

/* AWS delivers late, and not in order. */
static int64_t
delivered(int64_t now)
{
	int64_t		time = disorder > 0 ? now - below(disorder) : now;

	return time < start ? start : time;
}

static void
happen_ordinary(int64_t now)
{
	Scene		scene = {0};
	const Identity *identity;
	char		session[80];

	do
		identity = &identities[draw(identity_sums, nidentities)];
	while (identity->birth > now);

	scene.time = delivered(now);
	scene.identity = identity;
	scene.account = identity->account;
	scene.region = regions[chance(850) ? identity->account % 2 :
						   below(LENGTH(regions))];
	scene.call = &calls[chance(2) ? draw(call_sums, ncalls) :
						identity->profile[below(PROFILE_SLOTS)]];
	scene.session_number = below(identity->sessions);
	/* Machines are replaced every few days. */
	scene.session = mix(identity->seed + scene.session_number +
						(identity->kind == KIND_INSTANCE ?
						 (now / DAY + scene.session_number) / 4 * 1000 : 0));
	scene.failed = chance(scene.call->shape == SHAPE_LOGIN ? 80 : 35);
	scene.large = large_every > 0 && below(large_every) == 0;
	scene.invoked = identity->kind != KIND_SERVICE &&
		identity->kind != KIND_ROOT && chance(40);
	if (scene.call->shape == SHAPE_ASSUME_ROLE)
	{
		uint64_t	n = mix(identity->seed + below(4));

		/* A role of the same account. */
		scene.role = identities[(n % (ROLES - 4) + 4) +
								identity->account * (ROLES + USERS + 1 +
													 LENGTH(calling_services))].name;
		snprintf(session, sizeof(session), "%s-%04x", identity->name,
				 (unsigned) (n >> 40 & 0xffff));
		scene.role_session = session;
	}
	build(&scene);
	/* A long list is not what every call has. */
	emit(now);
}

/* An account assumes a role in another; AWS tells both, if both are ours. */
static void
happen_visit(int64_t now, int account, const Caller *caller, bool on_time)
{
	Scene		scene = {0};
	char		shared[37];

	used = 0;
	put_uuid(random64(), random64());
	memcpy(shared, record, 36);
	shared[36] = '\0';

	scene.time = on_time ? now : delivered(now);
	scene.caller = caller;
	scene.account = account;
	scene.region = regions[account % 2];
	scene.call = find_call("sts", "AssumeRole");
	scene.session = mix(caller->principal[5] + caller->principal[9] * 1000);
	scene.shared_id = shared;
	scene.role = caller->role;
	scene.role_session = caller->session;
	build(&scene);
	emit(now);
	if (caller->own >= 0)
	{
		scene.callers_copy = true;
		build(&scene);
		emit(now);
	}
}

/* The intruder at work, with the role that was assumed. */
static void
happen_intrusion(int64_t now, int account, int step)
{
	static Identity intruder;
	const Caller *caller = &callers[ncallers - 1];
	Scene		scene = {0};
	char		service[64];
	const char *name = strchr(intruder_calls[step], ' ') + 1;

	intruder.kind = KIND_FUNCTION;
	intruder.account = account;
	intruder.seed = 4711;
	strcpy(intruder.name, caller->role);
	strcpy(intruder.path, "/");
	id_text(intruder.principal, "AROA", mix(account), 17);
	snprintf(service, sizeof(service), "%.*s",
			 (int) (name - intruder_calls[step] - 1), intruder_calls[step]);

	scene.time = now;
	scene.identity = &intruder;
	scene.account = account;
	scene.region = regions[1];
	scene.call = find_call(service, name);
	scene.session = mix(caller->principal[5] + caller->principal[9] * 1000);
	build(&scene);
	emit(now);
}

static void
happen(const Plan *p)
{
	switch (p->kind)
	{
		case PLAN_VISIT:
			happen_visit(p->time, p->account, &callers[p->caller], false);
			break;
		case PLAN_STRANGER:
			happen_visit(p->time, p->account, &callers[p->caller], true);
			break;
		case PLAN_INTRUDER:
			happen_intrusion(p->time, p->account, p->caller);
			break;
	}
}

static void
run(int64_t span)
{
	long		next_plan = 0;
	long		ordinary = 0;
	/* Of all records, those that nobody planned; they fill the time. */
	double		share = 1 - (nplans * 1.5) / records;
	long		expected = (long) (records * (100 - duplicates) / 100.0 *
								   (share > 0.1 ? share : 0.1)) + 1;

	while (written < records)
	{
		int64_t		now = start +
			(int64_t) ((double) span * ordinary / expected);

		/* The rounding leaves some for the last second. */
		if (now >= start + span)
			now = start + span - 1;
		while (next_plan < nplans && plans[next_plan].time <= now &&
			   written < records)
			happen(&plans[next_plan++]);
		if (written < records)
			happen_ordinary(now);
		ordinary++;
	}
}

static int
compare_sizes(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *) a;
	uint32_t	y = *(const uint32_t *) b;

	return (x > y) - (x < y);
}

static void
print_report(void)
{
	uint64_t	total = 0;

	for (long i = 0; i < written; i++)
		total += sizes[i];
	qsort(sizes, written, sizeof(*sizes), compare_sizes);
	fprintf(stderr,
			"records %ld, bytes %llu, size p50 %u, p90 %u, p99 %u, max %u; "
			"services %d, calls %d, identities %d, strangers %d\n",
			written, (unsigned long long) total, sizes[written / 2],
			sizes[written * 9 / 10], sizes[written * 99 / 100],
			sizes[written - 1], NSERVICES, ncalls, nidentities, strangers);
}

/* ---- Arguments ---- */

static void
usage(FILE *to)
{
	fputs("Writes CloudTrail records, one a line, to standard output.\n\n"
		  "  --records N      how many (10000)\n"
		  "  --days D         over how much time (30)\n"
		  "  --start TIME     from when, as 2025-06-01T00:00:00Z (that)\n"
		  "  --seed N         another company (1)\n"
		  "  --duplicates P   percent of records that come twice (5)\n"
		  "  --disorder S     seconds that records come late by, at most (300)\n"
		  "  --large N        one in N records has 60 kB (10000; 0: none)\n"
		  "  --newcomers N    new users and roles a day (2)\n"
		  "  --strangers N    unknown accounts that assume a role (one a week, at least 2)\n"
		  "  --unique-agents  every userAgent is new\n"
		  "  --copy           escape backslashes, for COPY FROM in text format\n"
		  "  --log            one document {\"Records\":[...]}\n"
		  "  --folder PATH    a file a day in this folder, instead of standard output\n"
		  "  --report         sizes, on standard error\n", to);
}

static double
number(const char *option, const char *text, double least, double most)
{
	char	   *end;
	double		value = strtod(text, &end);

	if (end == text || *end || !(value >= least && value <= most))
	{
		fprintf(stderr, "generate: --%s needs a number from %.0f to %.0f\n",
				option, least, most);
		exit(2);
	}
	return value;
}

static int64_t
parse_start(const char *text)
{
	struct tm	tm = {0};
	char		zone;
	int			end = 0;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%c%n", &tm.tm_year, &tm.tm_mon,
			   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &zone,
			   &end) != 7 || zone != 'Z' || text[end] ||
		tm.tm_year < 1971 || tm.tm_year > 9998)
	{
		fprintf(stderr, "generate: --start needs a time such as 2025-06-01T00:00:00Z\n");
		exit(2);
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t) timegm(&tm);
}

static void
read_arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{"records", required_argument, NULL, 'n'},
		{"days", required_argument, NULL, 'd'},
		{"start", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 'r'},
		{"duplicates", required_argument, NULL, 'p'},
		{"disorder", required_argument, NULL, 'o'},
		{"large", required_argument, NULL, 'l'},
		{"newcomers", required_argument, NULL, 'w'},
		{"strangers", required_argument, NULL, 't'},
		{"unique-agents", no_argument, NULL, 'u'},
		{"copy", no_argument, NULL, 'c'},
		{"log", no_argument, NULL, 'g'},
		{"folder", required_argument, NULL, 'f'},
		{"report", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	int			option;

	start = parse_start("2025-06-01T00:00:00Z");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
	{
		switch (option)
		{
			case 'n':
				records = (long) number("records", optarg, 1, 1e10);
				break;
			case 'd':
				days = number("days", optarg, 0, 36500);
				break;
			case 's':
				start = parse_start(optarg);
				break;
			case 'r':
				seed = (uint64_t) number("seed", optarg, 0, 4e9);
				break;
			case 'p':
				duplicates = (int) number("duplicates", optarg, 0, 90);
				break;
			case 'o':
				disorder = (int) number("disorder", optarg, 0, 1e9);
				break;
			case 'l':
				large_every = (int) number("large", optarg, 0, 1e9);
				break;
			case 'w':
				newcomers = number("newcomers", optarg, 0, 10000);
				break;
			case 't':
				strangers = (int) number("strangers", optarg, 0, 1000);
				break;
			case 'u':
				unique_agents = true;
				break;
			case 'c':
				copy_format = true;
				break;
			case 'g':
				log_format = true;
				break;
			case 'f':
				folder = optarg;
				break;
			case 'v':
				report = true;
				break;
			case 'h':
				usage(stdout);
				exit(0);
			default:
				usage(stderr);
				exit(2);
		}
	}
	if (optind < argc || (folder && log_format))
	{
		usage(stderr);
		exit(2);
	}
	if (strangers < 0)
		strangers = days < 14 ? 2 : (int) (days / 7);
}

int
main(int argc, char **argv)
{
	int64_t		span;

	read_arguments(argc, argv);
	span = (int64_t) (days * DAY);
	if (span < 60)
		span = 60;
	out = folder ? NULL : stdout;
	ring = malloc(sizeof(*ring) * DUPLICATE_RING);
	if (report)
		sizes = malloc(sizeof(*sizes) * records);
	if (ring == NULL || (report && sizes == NULL))
		fail("not enough memory");

	make_company(span);
	if (log_format)
		fputs("{\"Records\":[", out);
	run(span);
	if (log_format)
		fputs("]}\n", out);
	if (fflush(out) != 0 || ferror(out) || fclose(out) != 0)
		fail("cannot write");
	if (report)
		print_report();
	return 0;
}
