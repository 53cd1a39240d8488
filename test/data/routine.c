/*
 * routine.c
 *	  The company on quiet days: everybody keeps to a timetable.
 *
 * Machines and functions do the same few things every day, people work on
 * weekdays from the office or from home, deployments come by OpenID Connect,
 * scripts run every night, every week or every other week, vendors look in
 * daily.  Whatever belongs to this was there within the first two weeks.  After
 * them a little is new, as in any company: somebody joins, somebody travels,
 * somebody tries another tool, an application reads another secret, and twice
 * a team begins to deploy.
 *
 * With --attacks intruders come in the second half (attacks.h).  The identity
 * of their records is a77ac000-NNNN-4000-8000-SSSSSSSSSSSS, attack and step.
 *
 * In texts ' stands for ", and %A for the account, %I for who does it, %T for a
 * thing of theirs, %R for the region, %N for a number of the day.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "company.h"
#include "names.h"
#include "random.h"
#include "record.h"
#include "routine.h"
#include "settings.h"
#include "text.h"

#define QUIET_DAYS      14 /* after these a little is new */
#define HOUR            3600
#define NOTHING         "'requestParameters':null,'responseElements':null,"
#define ASK(parameters) "'requestParameters':{" parameters "},'responseElements':null,"

typedef struct Deed
{
	const char *service;
	const char *name;
	bool        read_only;
	bool        data; /* a data event */
	const char *body;
} Deed;

typedef struct Routine
{
	Kind        kind;
	int         which; /* of those of its kind in an account; -1: each */
	int         days;  /* every so many */
	bool        workdays;
	int         ndeeds;
	const Deed *deeds;
} Routine;

/* Something that will happen. */
typedef struct Entry
{
	int64_t     time;
	const Deed *deed;
	int         identity; /* index in identities, or -1: a caller */
	int         session;  /* of the identity, or index in callers */
	int         account;
	int         attack; /* 0: none */
	int         step;
	bool        away;  /* from an address never used */
	const char *agent; /* NULL: the usual one */
} Entry;

#include "attacks.h"

static const Deed instance_deeds[] = {
	{"ssm", "UpdateInstanceInformation", false, false,
	 ASK("'instanceId':'i-0','agentVersion':'3.3.380.0'")},
	{"kms", "Decrypt", true, false, ASK("'keyId':'arn:aws:kms:%R:%A:key/%T'")},
	{"s3", "GetObject", true, true, ASK("'bucketName':'%T-%A','key':'config/%N.json'")},
	{"secretsmanager", "GetSecretValue", true, false, ASK("'secretId':'%T-db'")},
	{"ec2", "DescribeTags", true, false, ASK("'filterSet':{}")},
};

static const Deed function_deeds[] = {
	{"logs", "CreateLogStream", false, false,
	 ASK("'logGroupName':'/aws/lambda/%I','logStreamName':'%N'")},
	{"dynamodb", "PutItem", false, true, ASK("'tableName':'%T'")},
	{"ssm", "GetParameter", true, false, ASK("'name':'/%T/url','withDecryption':true")},
};

/* Who takes the role of a deployment. */
static const char web_identity[] =
	"{'type':'WebIdentityUser','principalId':'arn:aws:iam::%A:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:example/%T:ref:refs/heads/main','userName':'repo:example/%T:ref:refs/heads/main','identityProvider':'arn:aws:iam::%A:oidc-provider/token.actions.githubusercontent.com'}";

static const Deed deploy_deeds[] = {
	{"sts", "AssumeRoleWithWebIdentity", true, false,
	 ASK("'roleArn':'arn:aws:iam::%A:role/ci/%I','roleSessionName':'GitHubActions'")},
	{"ecr", "GetAuthorizationToken", true, false, NOTHING},
	{"ecr", "PutImage", false, false, ASK("'repositoryName':'%T','imageTag':'%N'")},
	{"ecs", "RegisterTaskDefinition", false, false,
	 ASK("'family':'%T','taskRoleArn':'arn:aws:iam::%A:role/%T','containerDefinitions':[{'name':'%T','image':'%A.dkr.ecr.%R.amazonaws.com/%T:%N'}]")},
	{"ecs", "UpdateService", false, false,
	 ASK("'cluster':'main','service':'%T','taskDefinition':'%T:%N'")},
	{"lambda", "UpdateFunctionCode20150331v2", false, false,
	 ASK("'functionName':'%T','s3Bucket':'builds-%A','s3Key':'%N.zip'")},
	{"lambda", "UpdateFunctionConfiguration20150331v2", false, false,
	 ASK("'functionName':'%T','layers':['arn:aws:lambda:%R:%A:layer:common:3']")},
	{"iam", "PutRolePolicy", false, false,
	 ASK("'roleName':'%T','policyName':'app','policyDocument':'{}'")},
	{"cloudformation", "CreateChangeSet", false, false,
	 ASK("'stackName':'%T','changeSetName':'c%N'")},
	{"events", "PutTargets", false, false,
	 ASK("'rule':'%T-nightly','targets':[{'id':'1','arn':'arn:aws:lambda:%R:%A:function:%T'}]")},
};

static const Deed person_deeds[] = {
	{"signin", "ConsoleLogin", false, false,
	 "'requestParameters':null,'responseElements':{'ConsoleLogin':'Success'},'additionalEventData':{'LoginTo':'https://console.aws.amazon.com/','MobileVersion':'No','MFAUsed':'No'},"},
	{"ec2", "DescribeInstances", true, false, ASK("'instancesSet':{},'filterSet':{}")},
	{"monitoring", "DescribeAlarms", true, false, ASK("'maxRecords':100")},
	{"logs", "StartQuery", true, false, ASK("'logGroupName':'/aws/lambda/%T'")},
	{"s3", "ListBuckets", true, false, NOTHING},
};

static const Deed administrator_deeds[] = {
	{"iam", "CreateRole", false, false,
	 ASK("'roleName':'%T-%N','assumeRolePolicyDocument':'{\\'Version\\':\\'2012-10-17\\',\\'Statement\\':[{\\'Effect\\':\\'Allow\\',\\'Principal\\':{\\'Service\\':\\'lambda.amazonaws.com\\'},\\'Action\\':\\'sts:AssumeRole\\'}]}'")},
	{"iam", "AttachRolePolicy", false, false,
	 ASK("'roleName':'%T-%N','policyArn':'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'")},
	{"ec2", "AuthorizeSecurityGroupIngress", false, false,
	 ASK("'groupId':'sg-1','ipPermissions':{'items':[{'ipProtocol':'tcp','fromPort':443,'toPort':443,'ipRanges':{'items':[{'cidrIp':'10.0.0.0/8'}]}}]}")},
	{"ssm", "StartSession", false, false, ASK("'target':'i-0%N'")},
};

static const Deed nightly_deeds[] = {
	{"sts", "GetCallerIdentity", true, false, NOTHING},
	{"ec2", "CreateSnapshot", false, false, ASK("'volumeId':'vol-0%N'")},
	{"s3", "PutObject", false, true,
	 ASK("'bucketName':'backup-%A','key':'%N','x-amz-server-side-encryption':'aws:kms','x-amz-server-side-encryption-aws-kms-key-id':'arn:aws:kms:%R:%A:key/%T'")},
};

static const Deed weekly_deeds[] = {
	{"ce", "GetCostAndUsage", true, false, NOTHING},
	{"organizations", "ListAccounts", true, false, NOTHING},
	{"servicequotas", "ListServiceQuotas", true, false, NOTHING},
	{"secretsmanager", "ListSecrets", true, false, NOTHING},
};

static const Deed fortnightly_deeds[] = {
	{"rds", "CreateDBSnapshot", false, false,
	 ASK("'dBInstanceIdentifier':'%T','dBSnapshotIdentifier':'%T-%N'")},
	{"rds", "ModifyDBInstance", false, false,
	 ASK("'dBInstanceIdentifier':'%T','masterUserPassword':'****'")},
	{"s3", "DeleteObjects", false, true, ASK("'bucketName':'backup-%A'")},
	{"logs", "PutRetentionPolicy", false, false,
	 ASK("'logGroupName':'/aws/lambda/%T','retentionInDays':400")},
};

static const Deed console_user_deeds[] = {
	{"signin", "ConsoleLogin", false, false,
	 "'requestParameters':null,'responseElements':{'ConsoleLogin':'Success'},'additionalEventData':{'LoginTo':'https://console.aws.amazon.com/','MobileVersion':'No','MFAUsed':'Yes'},"},
	{"billing", "GetBillingData", true, false, NOTHING},
};

static const Deed build_deeds[] = {
	{"codebuild", "StartBuild", false, false, ASK("'projectName':'%T'")},
	{"ecr", "BatchGetImage", true, false, ASK("'repositoryName':'%T'")},
};

static const Deed service_deeds[] = {
	{"sts", "AssumeRole", true, false,
	 ASK("'roleArn':'arn:aws:iam::%A:role/aws-service-role/%I','roleSessionName':'%I'")},
};

/* What is new after two weeks. */
static const Deed another_secret = {"secretsmanager", "GetSecretValue", true, false,
									ASK("'secretId':'%T-new-%N'")};
static const Deed visit = {"sts", "AssumeRole", true, false, NULL};

#define DEEDS(deeds) LENGTH(deeds), deeds
static const Routine routines[] = {
	{KIND_INSTANCE, -1, 1, false, DEEDS(instance_deeds)},
	{KIND_FUNCTION, -1, 1, false, DEEDS(function_deeds)},
	{KIND_PIPELINE, -1, 2, true, DEEDS(deploy_deeds)},
	{KIND_PERSON, -1, 3, true, DEEDS(person_deeds)},
	{KIND_PERSON, 0, 6, true, DEEDS(administrator_deeds)},
	{KIND_USER, 0, 1, false, DEEDS(nightly_deeds)},
	{KIND_USER, 1, 7, false, DEEDS(weekly_deeds)},
	{KIND_USER, 2, 13, false, DEEDS(fortnightly_deeds)},
	{KIND_USER, 3, 3, true, DEEDS(console_user_deeds)},
	{KIND_USER, 4, 1, true, DEEDS(build_deeds)},
	{KIND_SERVICE, -1, 3, false, DEEDS(service_deeds)},
};

static Entry *entries;
static long   nentries = 0;
static long   next_entry = 0;

static Entry *
add(int64_t time, const Deed *deed, int identity, int session, int account)
{
	static long room = 0;

	if (nentries == room)
	{
		room = room ? room * 2 : 65536;
		entries = realloc(entries, room * sizeof(Entry));
		if (entries == NULL)
			abort();
	}
	entries[nentries] = (Entry){.time = time,
								.deed = deed,
								.identity = identity,
								.session = session,
								.account = account};
	return &entries[nentries++];
}

/* Of its kind in its account, from 0. */
static int
number_of_kind(int i)
{
	int n = 0;

	for (int j = i - 1; j >= 0 && identities[j].account == identities[i].account; j--)
		n += identities[j].kind == identities[i].kind;
	return n;
}

/* Days of work begin at the first Monday: 1970 began on a Thursday. */
static bool
is_workday(int64_t time)
{
	return (time / DAY + 3) % 7 < 5;
}

/* From when on an identity is there: of two accounts the second team comes late. */
static int64_t
birth_of(int i)
{
	int account = identities[i].account;

	if (identities[i].kind == KIND_PIPELINE && (account == 1 || account == 2) &&
		number_of_kind(i) == 1)
		return settings.start + (QUIET_DAYS - 4 + 7 * account) * DAY;
	return settings.start;
}

static void
plan_routine(const Routine *routine, int i, int session, int64_t end)
{
	uint64_t habit = mix(identities[i].seed + 31 * session + routine->days);
	int64_t  first = birth_of(i) + (int64_t) (habit % routine->days) * DAY;

	for (int64_t day = first; day < end; day += (int64_t) routine->days * DAY)
	{
		/* On a weekend, the work is done on the Monday. */
		int64_t when = day;
		int64_t hour = routine->workdays ? 8 + habit % 9 : habit % 24;

		while (routine->workdays && !is_workday(when))
			when += DAY;
		for (int d = 0; d < routine->ndeeds; d++)
			add(when + hour * HOUR + (habit >> 8) % HOUR + 20 * d + below(10), &routine->deeds[d],
				i, session, identities[i].account);
	}
}

/* People are sessions of a role: each has a day of their own. */
static void
plan_identity(int i, int64_t end)
{
	int which = number_of_kind(i);

	for (int r = 0; r < LENGTH(routines); r++)
		if (routines[r].kind == identities[i].kind &&
			(routines[r].which == -1 || routines[r].which == which))
			for (int s = 0; s < (identities[i].kind == KIND_PERSON ? identities[i].sessions : 1);
				 s++)
				plan_routine(&routines[r], i, s, end);
}

static int
find_identity(int account, Kind kind, int which)
{
	for (int i = 0; i < nidentities; i++)
		if (identities[i].account == account && identities[i].kind == kind &&
			number_of_kind(i) == which)
			return i;
	abort();
}

/* Every day a person travels, every second one joins or a secret comes, every third somebody tries a tool. */
static void
plan_news(int64_t end)
{
	int n = 0;

	for (int64_t day = settings.start + QUIET_DAYS * DAY; day < end; day += DAY, n++)
	{
		int person = find_identity(n * 7 % settings.accounts, KIND_PERSON, n % 4);
		int machine = find_identity(n * 5 % settings.accounts, KIND_INSTANCE, n % 4);
		int account = identities[person].account;

		add(day + 9 * HOUR, &person_deeds[0], person, 0, account)->away = true;
		if (n % 2 == 0)
			add(day + 10 * HOUR, &person_deeds[0], person, identities[person].sessions + n,
				account);
		else
			add(day + 11 * HOUR, &another_secret, machine, 0, identities[machine].account);
		if (n % 3 == 0)
			add(day + 12 * HOUR, &person_deeds[1], person, 0, account)->agent =
				"HashiCorp/1.0 Terraform/1.8.3 (+https://www.terraform.io)";
	}
}

static void
plan_visits(int64_t end)
{
	for (int64_t day = settings.start; day < end; day += DAY)
		for (int c = 0; c < settings.accounts * CALLERS; c++)
			add(day + mix(c) % DAY, &visit, -1, c, c / CALLERS);
}

static void
plan_attacks(void)
{
	for (int n = 0; n < NATTACKS; n++)
	{
		int     account = (n * 2 + 1) % settings.accounts;
		int64_t begin = settings.start + (QUIET_DAYS + 1 + n) * DAY + (9 + n) * HOUR;

		for (int s = 0; s < ATTACK_STEPS && attacks[n].steps[s].deed.name; s++)
		{
			const AttackStep *step = &attacks[n].steps[s];
			Entry            *entry = add(begin + 40 * s, &step->deed,
										  find_identity(account, attacks[n].kind, attacks[n].which), 0,
										  account);

			entry->attack = n + 1;
			entry->step = s + 1;
		}
	}
}

static int
compare_entries(const void *a, const void *b)
{
	const Entry *x = a;
	const Entry *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->account != y->account)
		return x->account - y->account;
	if (x->identity != y->identity)
		return x->identity - y->identity;
	if (x->session != y->session)
		return x->session - y->session;
	return x->deed < y->deed ? -1 : x->deed > y->deed;
}

void
make_routine(int64_t span)
{
	int64_t end = settings.start + span;

	for (int i = 0; i < nidentities; i++)
		plan_identity(i, end);
	plan_visits(end);
	plan_news(end);
	if (settings.attacks)
		plan_attacks();
	qsort(entries, nentries, sizeof(Entry), compare_entries);
	while (nentries > 0 && entries[nentries - 1].time >= end)
		nentries--;
}

/* ---- Records ---- */

/* A text with its placeholders filled in; holds until the call after the next. */
static const char *
expand(const char *text, const Entry *entry, const char *region)
{
	static char buffers[2][8192];
	static int  turn = 0;
	char       *buffer = buffers[turn = 1 - turn];
	size_t      n = 0;
	uint64_t    seed = entry->identity < 0 ? 0 : identities[entry->identity].seed;

	for (; *text && n < sizeof(buffers[0]) - 200; text++)
	{
		char *at = buffer + n;

		if (*text == '\'')
			*at = '"', at[1] = '\0';
		else if (*text != '%')
			*at = *text, at[1] = '\0';
		else
			switch (*++text)
			{
				case 'A':
					strcpy(at, accounts[entry->account]);
					break;
				case 'I':
					strcpy(at, identities[entry->identity].name);
					break;
				case 'R':
					strcpy(at, region);
					break;
				case 'T':
					sprintf(at, "%s-%s", products[seed % LENGTH(products)],
							jobs[(seed >> 8) % LENGTH(jobs)]);
					break;
				case 'N':
					sprintf(at, "%d", (int) ((entry->time - settings.start) / DAY));
					break;
				default:
					abort();
			}
		n += strlen(at);
	}
	buffer[n] = '\0';
	return buffer;
}

/* Where an identity always is: machines in their network, people in the office or at home. */
static const char *
address_of(const Entry *entry)
{
	static char text[40];
	uint64_t    n = mix(identities[entry->identity].seed * 7 + entry->session);

	switch (identities[entry->identity].kind)
	{
		case KIND_PERSON:
			if (entry->away)
				sprintf(text, "100.%d.%d.9", (int) (64 + n % 60), (int) (n >> 8 & 255));
			else if (entry->time / DAY % 2)
				sprintf(text, "203.0.113.%d", (int) (n % 60));
			else
				sprintf(text, "198.%d.%d.%d", (int) (18 + n % 2), (int) (n >> 8 & 255),
						(int) (n >> 16 & 255));
			break;
		case KIND_PIPELINE:
			sprintf(text, "192.0.2.%d", (int) (n % 200));
			break;
		default:
			sprintf(text, "10.%d.%d.%d", entry->account, (int) (n >> 8 & 15),
					(int) (n >> 16 & 255));
	}
	return text;
}

static const char *
agent_of(const Entry *entry)
{
	const char *service = entry->deed->service;

	if (entry->agent)
		return entry->agent;
	switch (identities[entry->identity].kind)
	{
		case KIND_PERSON:
			return strcmp(service, "s3") == 0 || strcmp(service, "ssm") == 0
				? "aws-cli/2.15.58 md/awscrt#0.20.11 md/prompt#off"
				: "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0";
		case KIND_USER:
			return strcmp(service, "signin") == 0 || strcmp(service, "billing") == 0
				? "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/125.0.0.0 Safari/537.36"
				: "aws-cli/2.13.25 Python/3.11.5 Linux/5.15.0-105-generic prompt/off";
		case KIND_PIPELINE:
			return "aws-cli/2.15.53 md/awscrt#0.20.9 exec-env/GitHubActions md/prompt#off";
		default:
			return "Boto3/1.34.101 md/Botocore#1.34.101 lang/python#3.11.9 Botocore/1.34.101";
	}
}

static void
build_visit(const Entry *entry)
{
	static Service sts = {"sts", 0, NULL};
	Call           call = {.service = &sts, .shape = SHAPE_ASSUME_ROLE, .read_only = true};
	const Caller  *caller = &callers[entry->session];
	Scene          scene = {0};

	strcpy(call.name, "AssumeRole");
	scene.time = entry->time;
	scene.caller = caller;
	scene.account = entry->account;
	scene.region = regions[entry->account % 2];
	scene.call = &call;
	scene.session = mix(caller->principal[5] + caller->principal[9] * 1000);
	scene.role = caller->role;
	scene.role_session = caller->session;
	build(&scene);
}

static void
build_deed(const Entry *entry)
{
	Service           service = {entry->deed->service, 0, NULL};
	Call              call = {.service = &service, .read_only = entry->deed->read_only};
	const AttackStep *step = entry->attack ? &attacks[entry->attack - 1].steps[entry->step - 1]
										   : NULL;
	const Identity   *identity = &identities[entry->identity];
	char              event_id[40];
	Scene             scene = {0};

	snprintf(call.name, sizeof(call.name), "%s", entry->deed->name);
	call.shape = entry->deed->data               ? SHAPE_OBJECT
		: strcmp(call.name, "ConsoleLogin") == 0 ? SHAPE_LOGIN
												 : SHAPE_READ;
	scene.time = entry->time;
	scene.identity = identity;
	scene.account = entry->account;
	scene.region = step && step->region ? step->region : regions[entry->account % 2];
	scene.call = &call;
	scene.session_number = entry->session;
	scene.session = mix(identity->seed + entry->session);
	scene.body = expand(entry->deed->body, entry, scene.region);
	if (identity->kind != KIND_SERVICE)
	{
		scene.address = step && step->address ? step->address : address_of(entry);
		scene.agent = step && step->agent ? step->agent : agent_of(entry);
	}
	if (step)
	{
		snprintf(event_id, sizeof(event_id), "a77ac000-%04d-4000-8000-%012d", entry->attack,
				 entry->step);
		scene.event_id = event_id;
	}
	if (step && step->who)
		scene.who = expand(step->who, entry, scene.region);
	else if (strcmp(call.name, "AssumeRoleWithWebIdentity") == 0)
		scene.who = expand(web_identity, entry, scene.region);
	build(&scene);
}

bool
next_of_routine(void)
{
	const Entry *entry = &entries[next_entry];

	if (next_entry == nentries)
		return false;
	if (entry->identity < 0)
		build_visit(entry);
	else
		build_deed(entry);
	next_entry++;
	return true;
}
