/*
 * record.c
 *	  One CloudTrail record of what somebody did, in AWS's order of keys.
 */
#include <string.h>

#include "names.h"
#include "random.h"
#include "record.h"
#include "settings.h"
#include "text.h"

static const char *const person_agents[] = {
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
	"Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
	"aws-cli/2.15.58 md/awscrt#0.20.11 ua/2.0 os/macos#23.5.0 md/arch#arm64 lang/python#3.11.8 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#%s",
	"aws-cli/2.13.25 Python/3.11.5 Linux/5.15.0-105-generic exe/x86_64.ubuntu.22 prompt/off",
	"AWS Internal",
};

static const char *const machine_agents[] = {
	"Boto3/1.34.101 md/Botocore#1.34.101 ua/2.0 os/linux#5.10.215-203.850.amzn2.x86_64 md/arch#x86_64 lang/python#3.11.9 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.101",
	"aws-sdk-go-v2/1.26.1 os/linux lang/go#1.22.3 md/GOOS#linux md/GOARCH#amd64 api/sts#1.28.6",
	"aws-sdk-java/2.25.60 Linux/5.10.215 OpenJDK_64-Bit_Server_VM/17.0.11+9-LTS Java/17.0.11 vendor/Amazon.com_Inc. io/sync http/Apache cfg/retry-mode/legacy",
	"aws-sdk-nodejs/2.1620.0 linux/v20.13.1 exec-env/AWS_Lambda_nodejs20.x promise",
	"amazon-ssm-agent/3.3.380.0",
	"aws-sdk-go/1.53.5 (go1.22.3; linux; amd64) cluster-autoscaler/v1.29.2",
	"Boto3/1.28.85 Python/3.9.18 Linux/5.10.205 exec-env/AWS_Lambda_python3.9 Botocore/1.31.85",
};

static const char *const pipeline_agents[] = {
	"APN/1.0 HashiCorp/1.0 Terraform/1.8.3 (+https://www.terraform.io) terraform-provider-aws/5.49.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.26.1 os/linux lang/go#1.22.2 md/GOOS#linux md/GOARCH#amd64",
	"aws-cli/2.15.53 md/awscrt#0.20.9 ua/2.0 os/linux#6.5.0-1021-azure md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython exec-env/GitHubActions cfg/retry-mode#standard",
	"aws-cdk/2.142.1 aws-sdk-nodejs/2.1616.0 linux/v20.13.1 promise",
};

static void
put_session_name(const Scene *scene)
{
	const Identity *identity = scene->identity;
	uint64_t        n = mix(identity->seed + scene->session_number);

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
	LIT("\"},\"attributes\":{\"creationDate\":\"");
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
	const char     *account;

	if (scene->who)
	{
		LIT("\"userIdentity\":");
		put(scene->who);
		LIT(",");
		return;
	}
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
			/* Who signs in has no key yet. */
			if (scene->body == NULL || scene->call->shape != SHAPE_LOGIN)
			{
				LIT("\",\"accessKeyId\":\"");
				put_id("AKIA", identity->seed, 16);
			}
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
		uint64_t n = mix(scene->identity->seed * 3 + scene->session_number);

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
	if (settings.unique_agents)
	{
		LIT(" run/");
		put_hex(random64(), 16);
	}
}

static void
put_source(const Scene *scene)
{
	LIT("\"sourceIPAddress\":\"");
	if (scene->address)
	{
		put(scene->address);
		LIT("\",\"userAgent\":\"");
		put(scene->agent);
	}
	else if (scene->invoked)
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
		uint64_t place = scene->session;

		if (scene->identity && scene->identity->kind == KIND_PERSON && chance(20))
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
	uint64_t base = scene->identity ? scene->identity->seed : 17;

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
		put_token(100);
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
	uint64_t n = favourite(scene, 3);
	bool     read_only = scene->call->read_only;
	bool     listing = strcmp(scene->call->name, "ListBuckets") == 0;

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
	uint64_t n = favourite(scene, 2);
	uint64_t key = mix(n);

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
	if (chance(90))
		return 25 + below(30);
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
	uint64_t n = favourite(scene, 4);
	int      count = some(scene);

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
	uint64_t n = favourite(scene, 4);

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
	uint64_t n = favourite(scene, 3);

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
	uint64_t n = favourite(scene, 3);

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

/* What a call says of itself, by its shape. */
static void
put_body(const Scene *scene)
{
	switch (scene->call->shape)
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
}

void
build(const Scene *scene)
{
	const Call *call = scene->call;
	bool        data = call->shape == SHAPE_OBJECT;
	const char *recipient = scene->callers_copy ? scene->caller->account : accounts[scene->account];

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

	if (scene->body)
		put(scene->body);
	else
		put_body(scene);
	LIT("\"requestID\":\"");
	put_uuid(random64(), random64());
	LIT("\",\"eventID\":\"");
	if (scene->event_id)
		put(scene->event_id);
	else
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
	if (!scene->invoked && !(scene->identity && scene->identity->kind == KIND_SERVICE))
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
