/*
 * elastic.c
 *	  Elastic's field names for what a CloudTrail record holds.
 */
#ifdef FRONTEND
#include "postgres_fe.h"
#else
#include "postgres.h"
#endif

#include "lang/elastic.h"

/*
 * What a record is about, by ARNs, names and ids: the caller, the session, the subjects of
 * calls to IAM and STS, and the resources.
 */
#define RELATED_ENTITY \
	"any(userIdentity.arn, userIdentity.accessKeyId, userIdentity.userName, " \
	"userIdentity.sessionContext.sessionIssuer.arn, " \
	"userIdentity.sessionContext.sessionIssuer.userName, " \
	"requestParameters.policyArn, requestParameters.policyName, " \
	"requestParameters.roleArn, requestParameters.roleName, " \
	"requestParameters.roleSessionName, requestParameters.userName, " \
	"requestParameters.groupName, requestParameters.accessKeyId, " \
	"responseElements.assumedRoleUser.arn, responseElements.role.arn, " \
	"responseElements.user.arn, responseElements.policy.arn, " \
	"responseElements.accessKey.accessKeyId, resources.ARN)"

/* Names that are a field of the record, or a function of some. */
typedef struct Alias
{
	const char *elastic;
	const char *record;
} Alias;

static const Alias aliases[] = {
	{"\"@timestamp\"", "eventTime"}, /* a key that begins with @ is quoted */
	{"cloud.account.id", "$elastic_account"},
	{"cloud.region", "awsRegion"},
	{"entity.target.id", "$target"},
	{"event.action", "eventName"},
	{"event.id", "eventID"},
	{"event.outcome", "$outcome"},
	{"event.provider", "eventSource"},
	{"related.entity", RELATED_ENTITY},
	{"source.address", "sourceIPAddress"},
	{"source.as.number", "asn(sourceIPAddress)"},
	{"source.as.organization.name", "as_org(sourceIPAddress)"},
	{"source.geo.country_iso_code", "country(sourceIPAddress)"},
	{"source.ip", "address(sourceIPAddress)"},
	{"tls.cipher", "tlsDetails.cipherSuite"},
	{"tls.client.server_name", "tlsDetails.clientProvidedHostHeader"},
	{"user.id", "$elastic_user_id"},
	{"user.name", "$elastic_user"},
	{"user_agent.original", "userAgent"},
	{"aws.cloudtrail.console_login.additional_eventdata.mfa_used", "$elastic_mfa_used"},
	{"aws.cloudtrail.console_login.additional_eventdata.mobile_version", "$elastic_mobile_version"},
};

/* Names that have the same value in every CloudTrail record of Elastic's. */
typedef struct ConstantAlias
{
	const char *elastic;
	const char *value;
} ConstantAlias;

static const ConstantAlias constants[] = {
	{"cloud.provider", "aws"},    {"data_stream.dataset", "aws.cloudtrail"},
	{"data_stream.type", "logs"}, {"event.dataset", "aws.cloudtrail"},
	{"event.kind", "event"},      {"event.module", "aws"},
};

/*
 * Members whose camel case does not follow from the snake case.  An entry is compared with
 * the first steps of a name behind aws.cloudtrail, and what follows is appended.  A longer
 * name stands before its own beginning, because the first match counts.
 */
typedef struct Member
{
	const char *elastic;
	const char *record;
	bool        verbatim; /* the rest of the name is the record's own */
} Member;

static const Member members[] = {
	{"flattened.request_parameters", "requestParameters", true},
	{"flattened.response_elements", "responseElements", true},
	{"flattened.additional_eventdata", "additionalEventData", true},
	{"flattened.service_event_details", "serviceEventDetails", true},
	{"flattened.insight_details", "insightDetails", true},
	{"request_parameters.text", "requestParameters", true},
	{"request_parameters", "requestParameters", true},
	{"response_elements.text", "responseElements", true},
	{"response_elements", "responseElements", true},
	{"additional_eventdata.text", "additionalEventData", true},
	{"additional_eventdata", "additionalEventData", true},
	{"service_event_details.text", "serviceEventDetails", true},
	{"service_event_details", "serviceEventDetails", true},
	{"insight_details", "insightDetails", true},
	{"console_login.additional_eventdata.login_to", "additionalEventData.LoginTo", false},
	{"user_identity.session_context.mfa_authenticated",
	 "userIdentity.sessionContext.attributes.mfaAuthenticated", false},
	{"user_identity.session_context.creation_date",
	 "userIdentity.sessionContext.attributes.creationDate", false},
	{"resources.arn", "resources.ARN", false},
	{"addendum.original_event_id", "addendum.originalEventID", false},
	{"addendum.original_request_id", "addendum.originalRequestID", false},
	{"event_id", "eventID", false},
	{"request_id", "requestID", false},
	{"shared_event_id", "sharedEventID", false},
	{"source_ip_address", "sourceIPAddress", false},
};

/* Names that no record holds, with what to use instead. */
typedef struct Refusal
{
	const char *elastic; /* the name or its first steps */
	const char *reason;
	const char *hint;
} Refusal;

#define ENRICHED "Elastic computes it from other data and no CloudTrail record holds it"

static const Refusal refusals[] = {
	{"source.geo", ENRICHED " (GeoIP)",
	 "Use source.geo.country_iso_code or network(sourceIPAddress, 24)."},
	{"source.as", ENRICHED " (the network's owner)",
	 "Use source.as.number or source.as.organization.name."},
	{"user_agent", ENRICHED " (it is cut out of the user agent)",
	 "Use user_agent.original or product(userAgent)."},
	{"event.category", ENRICHED " (it follows from the event's name)", "Use event.action."},
	{"event.type", ENRICHED " (it follows from the event's name)", "Use event.action."},
	{"event.created", "it is the time when Elastic read the event", "Use eventTime."},
	{"event.ingested", "it is the time when Elastic stored the event", "Use eventTime."},
	{"error", "it describes errors of Elastic's own",
	 "Use aws.cloudtrail.error_code or aws.cloudtrail.error_message."},
	{"tls", "no CloudTrail record holds it under this name", "Use tlsDetails.tlsVersion."},
	{"aws.cloudtrail.flattened.digest", "it is part of digest files, not of events", NULL},
	{"aws.cloudtrail.digest", "it is part of digest files, not of events", NULL},
	{"aws.s3", "it names the file that Elastic read the event from", NULL},
};

/*
 * First steps of the Elastic Common Schema.  A name that begins with one and is not listed
 * above is refused, because as a name of the record it would never match.
 */
static const char *const schema_roots[] =
	{"agent",        "as",          "aws",         "client",   "cloud",
	 "container",    "data_stream", "destination", "device",   "dll",
	 "dns",          "ecs",         "email",       "entity",   "event",
	 "faas",         "file",        "geo",         "group",    "hash",
	 "host",         "http",        "interface",   "kibana",   "labels",
	 "log",          "message",     "network",     "observer", "orchestrator",
	 "organization", "os",          "package",     "process",  "registry",
	 "related",      "rule",        "server",      "service",  "signal",
	 "source",       "span",        "tags",        "threat",   "trace",
	 "transaction",  "url",         "user",        "volume",   "vulnerability",
	 "x509"};

/*
 * If the steps of `prefix` begin the name, return the steps behind them ("" if there are
 * none), otherwise NULL.
 */
static const char *
SkipSteps(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(name, prefix, length) != 0)
		return NULL;
	if (name[length] == '\0')
		return name + length;
	return name[length] == '.' ? name + length + 1 : NULL;
}

/* Turn snake_case into camelCase, in place. */
static void
CamelCase(char *name)
{
	char *out = name;

	for (char *in = name; *in != '\0'; in++)
	{
		if (in[0] == '_' && in[1] >= 'a' && in[1] <= 'z')
		{
			in++;
			*out++ = in[0] - 'a' + 'A';
		}
		else
			*out++ = in[0];
	}
	*out = '\0';
}

/* The record's path of a name behind aws.cloudtrail., palloc'd. */
static char *
MemberPath(const char *name)
{
	char *rest;

	for (int i = 0; i < (int) lengthof(members); i++)
	{
		const char *behind = SkipSteps(name, members[i].elastic);

		if (behind == NULL)
			continue;
		if (*behind == '\0')
			return pstrdup(members[i].record);
		rest = pstrdup(behind);
		if (!members[i].verbatim)
			CamelCase(rest);
		return psprintf("%s.%s", members[i].record, rest);
	}
	rest = pstrdup(name);
	CamelCase(rest);
	return rest;
}

/* The record's field of an alias, or NULL where the name is none. */
static const char *
FindAlias(const char *name)
{
	for (int i = 0; i < (int) lengthof(aliases); i++)
	{
		if (strcmp(name, aliases[i].elastic) == 0)
			return aliases[i].record;
	}
	return NULL;
}

static const Refusal *
FindRefusal(const char *name)
{
	for (int i = 0; i < (int) lengthof(refusals); i++)
	{
		if (SkipSteps(name, refusals[i].elastic) != NULL)
			return &refusals[i];
	}
	return NULL;
}

static bool
IsOfSchema(const char *name)
{
	for (int i = 0; i < (int) lengthof(schema_roots); i++)
	{
		if (SkipSteps(name, schema_roots[i]) != NULL)
			return true;
	}
	return false;
}

/*
 * Why a name has no field of the record, or NULL.  `behind` is what follows aws.cloudtrail
 * in it, or NULL.
 */
static const Refusal *
RefusalOf(const char *name, const char *behind)
{
	static const Refusal constant = {NULL, "it is the same in every CloudTrail record",
									 "Leave it out."};
	static const Refusal unknown = {NULL, "no CloudTrail record holds it",
									"Use the record's own name of the field."};
	const Refusal       *refusal;

	if (ElasticConstant(name, strlen(name)) != NULL)
		return &constant;
	refusal = FindRefusal(name);
	if (refusal == NULL && (behind == NULL || *behind == '\0') && IsOfSchema(name))
		refusal = &unknown;
	return refusal;
}

/*
 * ElasticResolve
 *		Find what the name stands for; see elastic.h.
 */
ElasticOutcome
ElasticResolve(const char *name, char **expression, const char **reason, const char **hint)
{
	const char    *alias = FindAlias(name);
	const char    *behind = SkipSteps(name, "aws.cloudtrail");
	const Refusal *refusal;

	if (alias != NULL)
	{
		*expression = pstrdup(alias);
		return ELASTIC_FIELD;
	}
	refusal = RefusalOf(name, behind);
	if (refusal != NULL)
	{
		*reason = refusal->reason;
		*hint = refusal->hint;
		return ELASTIC_REFUSED;
	}
	if (behind == NULL)
		return ELASTIC_OTHER;
	*expression = MemberPath(behind);
	return ELASTIC_FIELD;
}

/*
 * ElasticConstant
 *		The value that a field has in all of Elastic's CloudTrail records; see elastic.h.
 */
const char *
ElasticConstant(const char *name, int length)
{
	for (int i = 0; i < (int) lengthof(constants); i++)
	{
		if (strlen(constants[i].elastic) == (size_t) length &&
			memcmp(name, constants[i].elastic, length) == 0)
			return constants[i].value;
	}
	return NULL;
}

/* Does the path have exactly these keys, joined by dots? */
static bool
PathIs(const Field *path, const char *name)
{
	for (int i = 0; i < path->nsteps; i++)
	{
		int length = strlen(path->steps[i]);

		if (strncmp(name, path->steps[i], length) != 0 ||
			name[length] != (i + 1 < path->nsteps ? '.' : '\0'))
			return false;
		name += length + 1;
	}
	return true;
}

/*
 * ElasticIsTime
 *		Is the path one that Elastic stores as a date?
 */
bool
ElasticIsTime(const Field *path)
{
	return PathIs(path, "eventTime") ||
		PathIs(path, "userIdentity.sessionContext.attributes.creationDate");
}

/*
 * ElasticIsMapText
 *		Is the field a member of the record that Elastic also stores as one text?
 */
bool
ElasticIsMapText(const Field *path)
{
	static const char *const texts[] = {"requestParameters", "responseElements",
										"additionalEventData", "serviceEventDetails"};

	for (int i = 0; i < (int) lengthof(texts); i++)
	{
		if (PathIs(path, texts[i]))
			return true;
	}
	return false;
}
