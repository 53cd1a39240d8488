/*
 * attacks.h
 *	  Twelve attacks, each the first steps of what public reports tell.
 *
 * Included by routine.c alone.  An attack is done by an identity of the
 * company, whose credentials were taken, unless a step says who does it.
 */
#ifndef ATTACKS_H
#define ATTACKS_H

#define ATTACK_STEPS 6

typedef struct AttackStep
{
	Deed        deed;
	const char *address; /* NULL: that of the identity */
	const char *agent;
	const char *region;
	const char *who; /* userIdentity */
} AttackStep;

typedef struct Attack
{
	const char *name;
	Kind        kind;  /* whose credentials, */
	int         which; /* of their kind in the account */
	AttackStep  steps[ATTACK_STEPS];
} Attack;

/* A step of an attack is a line. */
/* clang-format off */
#define ELSEWHERE	"185.220.101.4", "Boto3/1.28.2 md/Botocore#1.31.2 lang/python#3.9.2 Botocore/1.31.2"
#define INSIDE		NULL, NULL
#define STRANGER	"210987654321"
#define STATEMENT(principal) "{\\'Version\\':\\'2012-10-17\\',\\'Statement\\':[{\\'Effect\\':\\'Allow\\',\\'Principal\\':{\\'AWS\\':\\'" principal "\\'},\\'Action\\':\\'sts:AssumeRole\\'}]}"

static const Attack attacks[] = {
	{"a leaked key is used to run models", KIND_USER, 0, {
		{{"sts", "GetCallerIdentity", true, false, NOTHING}, ELSEWHERE, NULL, NULL},
		{{"bedrock", "ListFoundationModels", true, false, NOTHING}, ELSEWHERE, "us-west-2", NULL},
		{{"bedrock", "InvokeModel", true, false, ASK("'modelId':'anthropic.claude-3-5-sonnet-20241022-v2:0'")}, ELSEWHERE, "us-west-2", NULL}}},
	{"a user is made with an administrator's policy", KIND_FUNCTION, 1, {
		{{"iam", "ListUsers", true, false, NOTHING}, INSIDE, NULL, NULL},
		{{"iam", "CreateUser", false, false, ASK("'userName':'support-backup'")}, INSIDE, NULL, NULL},
		{{"iam", "AttachUserPolicy", false, false, ASK("'userName':'support-backup','policyArn':'arn:aws:iam::aws:policy/AdministratorAccess'")}, INSIDE, NULL, NULL},
		{{"iam", "CreateAccessKey", false, false, ASK("'userName':'support-backup'")}, INSIDE, NULL, NULL}}},
	{"objects are encrypted under the intruder's key, for ransom", KIND_INSTANCE, 0, {
		{{"s3", "ListBuckets", true, false, NOTHING}, INSIDE, NULL, NULL},
		{{"s3", "CopyObject", false, true, ASK("'bucketName':'orders-data-%A','key':'a','x-amz-server-side-encryption-customer-algorithm':'AES256'")}, INSIDE, NULL, NULL},
		{{"s3", "PutBucketLifecycle", false, false, ASK("'bucketName':'orders-data-%A','LifecycleConfiguration':{'Rule':{'Status':'Enabled','Expiration':{'Days':7}}}")}, INSIDE, NULL, NULL}}},
	{"a snapshot is shared with the intruder's account", KIND_FUNCTION, 2, {
		{{"ec2", "DescribeSnapshots", true, false, NOTHING}, INSIDE, NULL, NULL},
		{{"ec2", "CreateSnapshot", false, false, ASK("'volumeId':'vol-0123'")}, INSIDE, NULL, NULL},
		{{"ec2", "ModifySnapshotAttribute", false, false, ASK("'snapshotId':'snap-0123','attributeType':'CREATE_VOLUME_PERMISSION','createVolumePermission':{'add':{'items':[{'userId':'" STRANGER "'}]}}")}, INSIDE, NULL, NULL}}},
	{"a stranger's repository takes the role of a deployment", KIND_PIPELINE, 0, {
		{{"sts", "AssumeRoleWithWebIdentity", true, false, ASK("'roleArn':'arn:aws:iam::%A:role/ci/%I','roleSessionName':'GitHubActions'")}, "20.1.2.3", "aws-sdk-nodejs/2.1616.0 linux/v20.13.1 promise", NULL,
			"{'type':'WebIdentityUser','principalId':'arn:aws:iam::%A:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:stranger/fork:ref:refs/heads/main','userName':'repo:stranger/fork:ref:refs/heads/main','identityProvider':'arn:aws:iam::%A:oidc-provider/token.actions.githubusercontent.com'}"},
		{{"s3", "ListBuckets", true, false, NOTHING}, "20.1.2.3", "aws-sdk-nodejs/2.1616.0 linux/v20.13.1 promise", NULL, NULL}}},
	{"a federated session outlives the key", KIND_USER, 0, {
		{{"sts", "GetFederationToken", false, false, ASK("'name':'system','policy':'{}'")}, INSIDE, NULL, NULL},
		{{"signin", "GetSigninToken", false, false, NOTHING}, INSIDE, NULL, NULL}}},
	{"the trail is stopped", KIND_INSTANCE, 1, {
		{{"cloudtrail", "DescribeTrails", true, false, NOTHING}, INSIDE, NULL, NULL},
		{{"cloudtrail", "StopLogging", false, false, ASK("'name':'organization'")}, INSIDE, NULL, NULL},
		{{"cloudtrail", "DeleteTrail", false, false, ASK("'name':'organization'")}, INSIDE, NULL, NULL}}},
	{"mail is probed with a leaked key", KIND_USER, 2, {
		{{"ses", "GetSendQuota", true, false, NOTHING}, ELSEWHERE, NULL, NULL},
		{{"ses", "ListIdentities", true, false, NOTHING}, ELSEWHERE, NULL, NULL},
		{{"ses", "VerifyDomainIdentity", false, false, ASK("'domain':'example.net'")}, ELSEWHERE, NULL, NULL}}},
	{"machines with GPUs mine in another region", KIND_FUNCTION, 3, {
		{{"ec2", "DescribeInstanceTypes", true, false, NOTHING}, INSIDE, "sa-east-1", NULL},
		{{"ec2", "CreateKeyPair", false, false, ASK("'keyName':'k'")}, INSIDE, "sa-east-1", NULL},
		{{"ec2", "RunInstances", false, false, ASK("'instanceType':'p4d.24xlarge','instancesSet':{'items':[{'imageId':'ami-0123','minCount':8,'maxCount':8}]}")}, INSIDE, "sa-east-1", NULL}}},
	{"code of a function is swapped with a leaked key", KIND_USER, 4, {
		{{"lambda", "ListFunctions20150331", true, false, NOTHING}, ELSEWHERE, NULL, NULL},
		{{"lambda", "UpdateFunctionCode20150331v2", false, false, ASK("'functionName':'%T','zipFile':''")}, ELSEWHERE, NULL, NULL}}},
	{"a role is made to trust the intruder's account", KIND_INSTANCE, 2, {
		{{"iam", "ListRoles", true, false, NOTHING}, INSIDE, NULL, NULL},
		{{"iam", "UpdateAssumeRolePolicy", false, false, ASK("'roleName':'backup','policyDocument':'" STATEMENT("arn:aws:iam::" STRANGER ":root") "'")}, INSIDE, NULL, NULL},
		{{"sts", "AssumeRole", true, false, ASK("'roleArn':'arn:aws:iam::%A:role/backup','roleSessionName':'x'")}, "185.220.101.5", "aws-cli/2.9.19", NULL,
			"{'type':'AWSAccount','principalId':'AIDAEXAMPLE0000000001','accountId':'" STRANGER "'}"}}},
	{"somebody signs in to the console without a second factor", KIND_USER, 3, {
		{{"signin", "ConsoleLogin", false, false, "'requestParameters':null,'responseElements':{'ConsoleLogin':'Success'},'additionalEventData':{'LoginTo':'https://console.aws.amazon.com/','MobileVersion':'No','MFAUsed':'No'},"}, "185.220.101.6", "Mozilla/5.0 (Windows NT 10.0; rv:102.0) Gecko/20100101 Firefox/102.0", NULL, NULL},
		{{"iam", "ListUsers", true, false, NOTHING}, "185.220.101.6", "Mozilla/5.0 (Windows NT 10.0; rv:102.0) Gecko/20100101 Firefox/102.0", NULL, NULL}}},
};
/* clang-format on */

#define NATTACKS LENGTH(attacks)

#endif /* ATTACKS_H */
