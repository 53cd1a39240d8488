/*
 * attribute.c
 *	  Derived attributes, such as $principal, made of several places of a record.
 */
#include "postgres.h"

#include "event/attribute.h"
#include "lang/normalise.h"

#define IDENTITY "userIdentity."
#define ISSUER   "userIdentity.sessionContext.sessionIssuer."
#define REQUEST  "requestParameters."

const char *const AttributePaths[ATTRIBUTE_SOURCES] = {
	[SOURCE_ISSUER_ARN] = ISSUER "arn",
	[SOURCE_ARN] = IDENTITY "arn",
	[SOURCE_PRINCIPAL_ID] = IDENTITY "principalId",
	[SOURCE_INVOKED_BY] = IDENTITY "invokedBy",
	[SOURCE_ACCOUNT] = IDENTITY "accountId",
	[SOURCE_ISSUER_ACCOUNT] = ISSUER "accountId",
	[SOURCE_RECIPIENT] = "recipientAccountId",
	[SOURCE_REGION] = "awsRegion",
	[SOURCE_ERROR_CODE] = "errorCode",
	[SOURCE_ERROR_MESSAGE] = "errorMessage",
	[SOURCE_CONSOLE_LOGIN] = "responseElements.ConsoleLogin",
	[SOURCE_TYPE] = IDENTITY "type",
	[SOURCE_ISSUER_USER] = ISSUER "userName",
	[SOURCE_USER] = IDENTITY "userName",
	[SOURCE_PROVIDER] = IDENTITY "identityProvider",
	[SOURCE_ON_BEHALF_OF] = IDENTITY "onBehalfOf.userId",
	[SOURCE_EVENT_NAME] = "eventName",
	[SOURCE_ADDITIONAL_USER] = "additionalEventData.UserName",
	[SOURCE_MFA_USED] = "additionalEventData.MFAUsed",
	[SOURCE_MOBILE_VERSION] = "additionalEventData.MobileVersion",
	[SOURCE_TARGET_ROLE_ARN] = REQUEST "roleArn",
	[SOURCE_TARGET_ROLE] = REQUEST "roleName",
	[SOURCE_TARGET_USER] = REQUEST "userName",
	[SOURCE_TARGET_GROUP] = REQUEST "groupName",
	[SOURCE_TARGET_POLICY] = REQUEST "policyArn",
	[SOURCE_TARGET_BUCKET] = REQUEST "bucketName",
	[SOURCE_TARGET_SECRET] = REQUEST "secretId",
	[SOURCE_TARGET_KEY] = REQUEST "keyId",
	[SOURCE_TARGET_FUNCTION] = REQUEST "functionName",
	[SOURCE_TARGET_INSTANCE] = REQUEST "instanceId",
	[SOURCE_TARGET_NAME] = REQUEST "name",
};

/* Sets of sources. */
#define BIT(source)  (UINT64CONST(1) << (source))
#define CALLER       (BIT(SOURCE_ACCOUNT) | BIT(SOURCE_ISSUER_ACCOUNT))
#define SERVICE_CALL (BIT(SOURCE_TYPE) | BIT(SOURCE_INVOKED_BY))
#define TARGETS      (BIT(ATTRIBUTE_SOURCES) - BIT(SOURCE_TARGET_ROLE_ARN))

StaticAssertDecl(ATTRIBUTE_SOURCES < 64, "a set of sources is a uint64");

static const uint64 Reads[] = {
	[ATTRIBUTE_PRINCIPAL] = BIT(SOURCE_TYPE) | BIT(SOURCE_ISSUER_ARN) | BIT(SOURCE_ARN) |
		BIT(SOURCE_PRINCIPAL_ID) | BIT(SOURCE_INVOKED_BY) | BIT(SOURCE_ACCOUNT) | BIT(SOURCE_USER) |
		BIT(SOURCE_PROVIDER) | BIT(SOURCE_ON_BEHALF_OF) | BIT(SOURCE_REGION),
	[ATTRIBUTE_PERSON] = BIT(SOURCE_ON_BEHALF_OF) | BIT(SOURCE_TYPE) | BIT(SOURCE_ARN) |
		BIT(SOURCE_USER),
	[ATTRIBUTE_CALLER_ACCOUNT] = CALLER,
	[ATTRIBUTE_CROSS_ACCOUNT] = CALLER | BIT(SOURCE_RECIPIENT),
	[ATTRIBUTE_OWN_ACCOUNT] = CALLER,
	[ATTRIBUTE_VENDOR] = CALLER,
	[ATTRIBUTE_SERVICE_CALL] = SERVICE_CALL,
	[ATTRIBUTE_OUTCOME] = BIT(SOURCE_ERROR_CODE) | BIT(SOURCE_ERROR_MESSAGE) |
		BIT(SOURCE_CONSOLE_LOGIN),
	[ATTRIBUTE_TARGET] = TARGETS,
	[ATTRIBUTE_ELASTIC_ACCOUNT] = BIT(SOURCE_ACCOUNT) | BIT(SOURCE_RECIPIENT),
	[ATTRIBUTE_ELASTIC_USER] = SERVICE_CALL | BIT(SOURCE_EVENT_NAME) | BIT(SOURCE_ADDITIONAL_USER) |
		BIT(SOURCE_ISSUER_USER) | BIT(SOURCE_USER) | BIT(SOURCE_ON_BEHALF_OF),
	[ATTRIBUTE_ELASTIC_USER_ID] = SERVICE_CALL | BIT(SOURCE_PRINCIPAL_ID) |
		BIT(SOURCE_ON_BEHALF_OF),
	[ATTRIBUTE_ELASTIC_MFA_USED] = BIT(SOURCE_EVENT_NAME) | BIT(SOURCE_MFA_USED),
	[ATTRIBUTE_ELASTIC_MOBILE] = BIT(SOURCE_EVENT_NAME) | BIT(SOURCE_MOBILE_VERSION),
};

bool
AttributeReads(Attribute attribute, AttributeSource source)
{
	return (Reads[attribute] & BIT(source)) != 0;
}

/* The account of callers that gave no credentials. */
#define ANONYMOUS_ACCOUNT "ANONYMOUS_PRINCIPAL"

static void
SetString(JsonbValue *value, const char *text, int length)
{
	value->type = jbvString;
	value->val.string.val = unconstify(char *, text);
	value->val.string.len = length;
}

static void
SetBoolean(JsonbValue *value, bool truth)
{
	value->type = jbvBool;
	value->val.boolean = truth;
}

static bool
StringIs(const JsonbValue *value, const char *text)
{
	return value->val.string.len == (int) strlen(text) &&
		memcmp(value->val.string.val, text, value->val.string.len) == 0;
}

/* Read the first value at a source; false if there is none, or only "". */
static bool
ReadValue(const AttributeRecord *record, AttributeSource source, JsonbValue *value)
{
	const EventSlot *slot = record->read(record->state, source);

	if (slot->count == 0)
		return false;
	*value = *SlotValues(slot);
	return value->type != jbvString || value->val.string.len > 0;
}

/* Read the first value at a source; false if it is no string. */
static bool
ReadString(const AttributeRecord *record, AttributeSource source, JsonbValue *value)
{
	return ReadValue(record, source, value) && value->type == jbvString;
}

static bool
SourceIs(const AttributeRecord *record, AttributeSource source, const char *text)
{
	JsonbValue value;

	return ReadString(record, source, &value) && StringIs(&value, text);
}

/* Apply the function principal() to *value. */
static void
CutSession(JsonbValue *value)
{
	int         length;
	char       *buffer = palloc(NORMALISE_BUFFER_SIZE(value->val.string.len));
	const char *text = NormalisePrincipal(value->val.string.val, value->val.string.len, buffer,
										  &length);

	SetString(value, text, length);
}

/* The ARN of the caller without its session. */
static bool
ArnWithoutSession(const AttributeRecord *record, JsonbValue *value)
{
	if (!ReadString(record, SOURCE_ARN, value))
		return false;
	CutSession(value);
	return true;
}

/* Join two sources with a text between them; false if one is missing. */
static bool
JoinSources(const AttributeRecord *record, AttributeSource first, const char *between,
			AttributeSource second, JsonbValue *value)
{
	JsonbValue left;
	JsonbValue right;
	char      *joined;

	if (!ReadString(record, first, &left) || !ReadString(record, second, &right))
		return false;
	joined = psprintf("%.*s%s%.*s", left.val.string.len, left.val.string.val, between,
					  right.val.string.len, right.val.string.val);
	SetString(value, joined, strlen(joined));
	return true;
}

/* The partition of AWS that the record's region belongs to. */
static const char *
Partition(const AttributeRecord *record)
{
	static const struct
	{
		const char *region; /* the beginning of its regions */
		const char *partition;
	} partitions[] = {
		{"cn-", "aws-cn"},         {"us-gov-", "aws-us-gov"}, {"us-iso-", "aws-iso"},
		{"us-isob-", "aws-iso-b"}, {"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"},
		{"eusc-", "aws-eusc"},
	};
	JsonbValue region;

	if (ReadString(record, SOURCE_REGION, &region))
		for (int i = 0; i < (int) lengthof(partitions); i++)
		{
			int length = strlen(partitions[i].region);

			if (region.val.string.len > length &&
				memcmp(region.val.string.val, partitions[i].region, length) == 0)
				return partitions[i].partition;
		}
	return "aws";
}

/* Build the ARN of an IAM user from account and name. */
static bool
UserArn(const AttributeRecord *record, JsonbValue *value)
{
	char *arn;

	if (!JoinSources(record, SOURCE_ACCOUNT, ":user/", SOURCE_USER, value))
		return false;
	arn = psprintf("arn:%s:iam::%.*s", Partition(record), value->val.string.len,
				   value->val.string.val);
	SetString(value, arn, strlen(arn));
	return true;
}

/*
 * The length of the unique id, such as AROA… or AIDA…, at the beginning of a principalId
 * that goes on with a colon and a name; else 0.
 */
static int
UniqueIdLength(const char *text, int length)
{
	int end = 0;

	while (end < length &&
		   ((text[end] >= 'A' && text[end] <= 'Z') ||
			(end >= 4 && text[end] >= '0' && text[end] <= '9')))
		end++;
	return end >= 16 && end < length && text[end] == ':' ? end : 0;
}

/* The caller of an identity whose type does not tell where it is written. */
static bool
AnyPrincipal(const AttributeRecord *record, JsonbValue *value)
{
	int id_length;

	if (SourceIs(record, SOURCE_ACCOUNT, ANONYMOUS_ACCOUNT) ||
		SourceIs(record, SOURCE_PRINCIPAL_ID, ANONYMOUS_ACCOUNT))
	{
		SetString(value, "anonymous", strlen("anonymous"));
		return true;
	}
	if (ArnWithoutSession(record, value))
		return true;
	if (!ReadString(record, SOURCE_PRINCIPAL_ID, value))
		return false;
	id_length = UniqueIdLength(value->val.string.val, value->val.string.len);
	if (id_length > 0)
		value->val.string.len = id_length;
	return true;
}

/*
 * Principal
 *		$principal: the caller without its session.  Each type of identity has it in
 *		another place; AnyPrincipal finds it if it is not there.
 */
static bool
Principal(const AttributeRecord *record, JsonbValue *value)
{
	JsonbValue type;
	bool       found;

	if (!ReadString(record, SOURCE_TYPE, &type) || StringIs(&type, "AWSService"))
		found = ReadString(record, SOURCE_INVOKED_BY, value);
	else if (StringIs(&type, "AssumedRole"))
		found = ReadString(record, SOURCE_ISSUER_ARN, value) || ArnWithoutSession(record, value);
	else if (StringIs(&type, "IAMUser"))
		found = ReadString(record, SOURCE_ARN, value) || UserArn(record, value);
	else if (StringIs(&type, "FederatedUser"))
		found = ReadString(record, SOURCE_ISSUER_ARN, value);
	else if (StringIs(&type, "WebIdentityUser") || StringIs(&type, "SAMLUser"))
		found = JoinSources(record, SOURCE_PROVIDER, "/", SOURCE_USER, value) ||
			ReadString(record, SOURCE_PRINCIPAL_ID, value);
	else if (StringIs(&type, "IdentityCenterUser"))
		found = ReadString(record, SOURCE_ON_BEHALF_OF, value);
	else
		found = false;
	return found || AnyPrincipal(record, value);
}

/* $person: the human being behind the call, if the record names one. */
static bool
Person(const AttributeRecord *record, JsonbValue *value)
{
	if (ReadString(record, SOURCE_ON_BEHALF_OF, value))
		return true;
	if (ReadString(record, SOURCE_ARN, value))
	{
		int         length;
		const char *session = NormaliseSession(value->val.string.val, value->val.string.len,
											   &length);

		if (session != NULL && memchr(session, '@', length) != NULL)
		{
			SetString(value, session, length);
			return true;
		}
	}
	return ReadString(record, SOURCE_USER, value);
}

static bool
CallerAccount(const AttributeRecord *record, JsonbValue *value)
{
	return ReadString(record, SOURCE_ACCOUNT, value) ||
		ReadString(record, SOURCE_ISSUER_ACCOUNT, value);
}

static bool
IsCrossAccount(const AttributeRecord *record)
{
	JsonbValue caller;
	JsonbValue recipient;

	return CallerAccount(record, &caller) && ReadString(record, SOURCE_RECIPIENT, &recipient) &&
		(caller.val.string.len != recipient.val.string.len ||
		 memcmp(caller.val.string.val, recipient.val.string.val, caller.val.string.len) != 0);
}

/* Did a service of AWS make the call, by itself or for somebody? */
static bool
IsServiceCall(const AttributeRecord *record)
{
	JsonbValue value;

	return SourceIs(record, SOURCE_TYPE, "AWSService") ||
		ReadValue(record, SOURCE_INVOKED_BY, &value);
}

static bool
IsFailure(const AttributeRecord *record)
{
	JsonbValue value;

	return ReadValue(record, SOURCE_ERROR_CODE, &value) ||
		ReadValue(record, SOURCE_ERROR_MESSAGE, &value) ||
		SourceIs(record, SOURCE_CONSOLE_LOGIN, "Failure");
}

/* $target: the first source that holds no object. */
static bool
Target(const AttributeRecord *record, JsonbValue *value)
{
	for (int source = SOURCE_TARGET_ROLE_ARN; source <= SOURCE_TARGET_NAME; source++)
		if (ReadValue(record, source, value) && value->type != jbvBinary)
			return true;
	return false;
}

/* Elastic's user.name: the name of a role, and nothing for services. */
static bool
ElasticUser(const AttributeRecord *record, JsonbValue *value)
{
	if (IsServiceCall(record))
		return false;
	if (SourceIs(record, SOURCE_EVENT_NAME, "UserAuthentication") &&
		ReadString(record, SOURCE_ADDITIONAL_USER, value))
		return true;
	if ((SourceIs(record, SOURCE_TYPE, "AssumedRole") ||
		 SourceIs(record, SOURCE_TYPE, "FederatedUser")) &&
		ReadString(record, SOURCE_ISSUER_USER, value))
		return true;
	return ReadString(record, SOURCE_USER, value) || ReadString(record, SOURCE_ON_BEHALF_OF, value);
}

/* Elastic's boolean for Yes and No in a console login. */
static bool
ElasticYes(const AttributeRecord *record, AttributeSource source, JsonbValue *value)
{
	if (!SourceIs(record, SOURCE_EVENT_NAME, "ConsoleLogin") || !ReadValue(record, source, value))
		return false;
	SetBoolean(value, value->type != jbvString || !StringIs(value, "No"));
	return true;
}

bool
AttributeDerive(Attribute attribute, const AttributeRecord *record, JsonbValue *value)
{
	const char *text;

	switch (attribute)
	{
		case ATTRIBUTE_PRINCIPAL:
			return Principal(record, value);
		case ATTRIBUTE_PERSON:
			return Person(record, value);
		case ATTRIBUTE_CALLER_ACCOUNT:
			return CallerAccount(record, value);
		case ATTRIBUTE_CROSS_ACCOUNT:
			SetBoolean(value, IsCrossAccount(record));
			return true;
		case ATTRIBUTE_OWN_ACCOUNT:
			SetBoolean(value,
					   CallerAccount(record, value) &&
						   ReferenceIsOwn(record->reference, value->val.string.val,
										  value->val.string.len));
			return true;
		case ATTRIBUTE_VENDOR:
			if (!CallerAccount(record, value))
				return false;
			text = ReferenceVendor(record->reference, value->val.string.val, value->val.string.len);
			if (text == NULL)
				return false;
			SetString(value, text, strlen(text));
			return true;
		case ATTRIBUTE_SERVICE_CALL:
			SetBoolean(value, IsServiceCall(record));
			return true;
		case ATTRIBUTE_OUTCOME:
			text = IsFailure(record) ? "failure" : "success";
			SetString(value, text, strlen(text));
			return true;
		case ATTRIBUTE_TARGET:
			return Target(record, value);
		case ATTRIBUTE_ELASTIC_ACCOUNT:
			return ReadString(record, SOURCE_ACCOUNT, value) ||
				ReadString(record, SOURCE_RECIPIENT, value);
		case ATTRIBUTE_ELASTIC_USER:
			return ElasticUser(record, value);
		case ATTRIBUTE_ELASTIC_USER_ID:
			return !IsServiceCall(record) &&
				(ReadString(record, SOURCE_PRINCIPAL_ID, value) ||
				 ReadString(record, SOURCE_ON_BEHALF_OF, value));
		case ATTRIBUTE_ELASTIC_MFA_USED:
			return ElasticYes(record, SOURCE_MFA_USED, value);
		case ATTRIBUTE_ELASTIC_MOBILE:
			return ElasticYes(record, SOURCE_MOBILE_VERSION, value);
	}
	return false;
}
