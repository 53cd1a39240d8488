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

/* Names that are one member of the record. */
typedef struct Alias
{
	const char *elastic;
	const char *record;
} Alias;

static const Alias aliases[] = {
	{"\"@timestamp\"", "eventTime"},	/* a key that begins with @ is quoted */
	{"cloud.region", "awsRegion"},
	{"event.action", "eventName"},
	{"event.id", "eventID"},
	{"event.provider", "eventSource"},
	{"source.address", "sourceIPAddress"},
	{"source.ip", "sourceIPAddress"},
	{"tls.cipher", "tlsDetails.cipherSuite"},
	{"tls.client.server_name", "tlsDetails.clientProvidedHostHeader"},
	{"user.id", "userIdentity.principalId"},
	{"user_agent.original", "userAgent"}
};

/* Names that are derived from several members. */
typedef struct DerivedAlias
{
	const char *elastic;
	Attribute	attribute;
} DerivedAlias;

static const DerivedAlias derived_aliases[] = {
	{"cloud.account.id", ATTRIBUTE_ELASTIC_ACCOUNT},
	{"event.outcome", ATTRIBUTE_OUTCOME},
	{"user.name", ATTRIBUTE_ELASTIC_USER}
};

/* Names that have the same value in every CloudTrail record of Elastic's. */
typedef struct ConstantAlias
{
	const char *elastic;
	const char *value;
} ConstantAlias;

static const ConstantAlias constants[] = {
	{"cloud.provider", "aws"},
	{"data_stream.dataset", "aws.cloudtrail"},
	{"data_stream.type", "logs"},
	{"event.dataset", "aws.cloudtrail"},
	{"event.kind", "event"},
	{"event.module", "aws"}
};

/*
 * Members whose camel case does not follow from the snake case.  Matched as
 * whole steps from the start of the name behind aws.cloudtrail; the rest of the
 * name goes on.  Longer names stand before their beginnings.
 */
typedef struct Member
{
	const char *elastic;
	const char *record;
	bool		verbatim;		/* the rest of the name is the record's own */
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
	{"console_login.additional_eventdata.login_to",
	"additionalEventData.LoginTo", false},
	{"user_identity.session_context.mfa_authenticated",
	"userIdentity.sessionContext.attributes.mfaAuthenticated", false},
	{"user_identity.session_context.creation_date",
	"userIdentity.sessionContext.attributes.creationDate", false},
	{"resources.arn", "resources.ARN", false},
	{"event_id", "eventID", false},
	{"request_id", "requestID", false},
	{"shared_event_id", "sharedEventID", false},
	{"source_ip_address", "sourceIPAddress", false}
};

/* Names that no record holds, with what to use instead. */
typedef struct Refusal
{
	const char *elastic;		/* the name or its first steps */
	const char *reason;
	const char *hint;
} Refusal;

#define ENRICHED	"Elastic computes it from other data and no CloudTrail record holds it"

static const Refusal refusals[] = {
	{"source.geo", ENRICHED " (GeoIP)",
	"Use sourceIPAddress or network(sourceIPAddress, 24)."},
	{"source.as", ENRICHED " (the network's owner)",
	"Use sourceIPAddress or network(sourceIPAddress, 24)."},
	{"user_agent", ENRICHED " (it is cut out of the user agent)",
	"Use user_agent.original or product(userAgent)."},
	{"event.category", ENRICHED " (it follows from the event's name)",
	"Use event.action."},
	{"event.type", ENRICHED " (it follows from the event's name)",
	"Use event.action."},
	{"event.created", "it is the time when Elastic read the event",
	"Use eventTime."},
	{"event.ingested", "it is the time when Elastic stored the event",
	"Use eventTime."},
	{"error", "it describes errors of Elastic's own",
	"Use aws.cloudtrail.error_code or aws.cloudtrail.error_message."},
	{"tls", "no CloudTrail record holds it under this name",
	"Use tlsDetails.tlsVersion."},
	{"aws.cloudtrail.console_login.additional_eventdata.mfa_used",
		"Elastic turns Yes and No into true and false there",
	"Use additionalEventData.MFAUsed with Yes and No."},
	{"aws.cloudtrail.console_login.additional_eventdata.mobile_version",
		"Elastic turns Yes and No into true and false there",
	"Use additionalEventData.MobileVersion with Yes and No."},
	{"aws.cloudtrail.flattened.digest",
	"it is part of digest files, not of events", NULL},
	{"aws.cloudtrail.digest",
	"it is part of digest files, not of events", NULL},
	{"aws.s3", "it names the file that Elastic read the event from", NULL}
};

/*
 * First steps of the Elastic Common Schema.  A name that begins with one and is
 * not listed above is refused: read as the record's own it would never match.
 */
static const char *const schema_roots[] = {
	"agent", "as", "aws", "client", "cloud", "container", "data_stream",
	"destination", "device", "dll", "dns", "ecs", "email", "entity", "event",
	"faas", "file", "geo", "group", "hash", "host", "http", "interface",
	"kibana", "labels", "log", "message", "network", "observer",
	"orchestrator", "organization", "os", "package", "process", "registry",
	"related", "rule", "server", "service", "signal", "source", "span",
	"tags", "threat", "trace", "transaction", "url", "user", "volume",
	"vulnerability", "x509"
};

/*
 * If the whole steps of `prefix` begin the name, return what follows them,
 * without its dot ("" for nothing); otherwise NULL.
 */
static const char *
SkipSteps(const char *name, const char *prefix)
{
	size_t		length = strlen(prefix);

	if (strncmp(name, prefix, length) != 0)
		return NULL;
	if (name[length] == '\0')
		return name + length;
	return name[length] == '.' ? name + length + 1 : NULL;
}

/*
 * Turn snake_case into camelCase, in place.
 */
static void
CamelCase(char *name)
{
	char	   *out = name;

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

/*
 * The record's path of a name behind aws.cloudtrail., palloc'd.
 */
static char *
MemberPath(const char *name)
{
	char	   *rest;

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

/*
 * ElasticResolve
 *
 * What does the name, a path in canonical text, stand for?  See elastic.h.
 */
ElasticOutcome
ElasticResolve(const char *name, char **path, Attribute *attribute,
			   const char **reason, const char **hint)
{
	const char *behind;

	for (int i = 0; i < (int) lengthof(aliases); i++)
	{
		if (strcmp(name, aliases[i].elastic) == 0)
		{
			*path = pstrdup(aliases[i].record);
			return ELASTIC_PATH;
		}
	}
	for (int i = 0; i < (int) lengthof(derived_aliases); i++)
	{
		if (strcmp(name, derived_aliases[i].elastic) == 0)
		{
			*attribute = derived_aliases[i].attribute;
			return ELASTIC_ATTRIBUTE;
		}
	}
	for (int i = 0; i < (int) lengthof(constants); i++)
	{
		if (strcmp(name, constants[i].elastic) == 0)
		{
			*reason = "it is the same in every CloudTrail record";
			*hint = "Leave it out.";
			return ELASTIC_REFUSED;
		}
	}
	for (int i = 0; i < (int) lengthof(refusals); i++)
	{
		if (SkipSteps(name, refusals[i].elastic) != NULL)
		{
			*reason = refusals[i].reason;
			*hint = refusals[i].hint;
			return ELASTIC_REFUSED;
		}
	}

	behind = SkipSteps(name, "aws.cloudtrail");
	if (behind != NULL && *behind != '\0')
	{
		*path = MemberPath(behind);
		return ELASTIC_PATH;
	}

	for (int i = 0; i < (int) lengthof(schema_roots); i++)
	{
		if (SkipSteps(name, schema_roots[i]) != NULL)
		{
			*reason = "no CloudTrail record holds it";
			*hint = "Use the record's own name of the field.";
			return ELASTIC_REFUSED;
		}
	}
	return ELASTIC_OTHER;
}

/*
 * ElasticConstant
 *
 * The value that the field of this name (`length` bytes) has in all of
 * Elastic's CloudTrail records, or NULL where it is no such field.
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

/*
 * ElasticIsAddress
 *
 * Is this the name of a field that Elastic stores as an IP address?
 */
bool
ElasticIsAddress(const char *name)
{
	return strcmp(name, "source.ip") == 0;
}

/*
 * ElasticIsMapText
 *
 * Is the field a member of the record that Elastic also stores as one text?
 */
bool
ElasticIsMapText(const Field *field)
{
	static const char *const texts[] = {
		"requestParameters", "responseElements", "additionalEventData",
		"serviceEventDetails"
	};

	if (field->kind != FIELD_PATH || field->nsteps != 1)
		return false;
	for (int i = 0; i < (int) lengthof(texts); i++)
	{
		if (strcmp(field->steps[0], texts[i]) == 0)
			return true;
	}
	return false;
}
