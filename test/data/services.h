/*
 * services.h
 *	  AWS services and their API calls: the names are AWS's own, in each
 *	  service the frequent ones first.  How often a service is called is a
 *	  guess at a middling company's account.
 */
#ifndef SERVICES_H
#define SERVICES_H

typedef struct Service
{
	const char *name;   /* of the event source, before .amazonaws.com */
	int         weight; /* calls to it among all calls */
	const char *calls;  /* separated by spaces */
} Service;

static const Service services[] = {
	{"ec2", 1900,
	 "DescribeInstances DescribeNetworkInterfaces DescribeVolumes "
	 "DescribeTags DescribeSecurityGroups DescribeSubnets DescribeVpcs "
	 "DescribeInstanceStatus DescribeRegions DescribeImages "
	 "DescribeAvailabilityZones DescribeInstanceTypes "
	 "DescribeLaunchTemplates DescribeSnapshots DescribeRouteTables "
	 "DescribeAddresses DescribeAccountAttributes CreateTags "
	 "CreateNetworkInterface DeleteNetworkInterface "
	 "AttachNetworkInterface ModifyNetworkInterfaceAttribute "
	 "RunInstances TerminateInstances DescribeVpcEndpoints "
	 "DescribeInternetGateways DescribeFlowLogs DescribeKeyPairs "
	 "DescribeSpotPriceHistory DeleteSnapshot AttachVolume DetachVolume "
	 "DescribeInstanceAttribute DescribeVpnConnections "
	 "AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress "
	 "CreateSecurityGroup StartInstances ModifyInstanceAttribute "
	 "CreateLaunchTemplateVersion AllocateAddress AssociateAddress "
	 "DeregisterImage ModifyImageAttribute ModifySnapshotAttribute "
	 "CreateKeyPair DeleteFlowLogs GetPasswordData GetConsoleOutput "
	 "CreateRoute CreateNatGateway GetEbsEncryptionByDefault "
	 "EnableSerialConsoleAccess"},
	{"sts", 1700,
	 "AssumeRole GetCallerIdentity AssumeRoleWithWebIdentity "
	 "AssumeRoleWithSAML GetSessionToken GetFederationToken "
	 "GetAccessKeyInfo"},
	{"s3", 700,
	 "GetObject PutObject ListObjects HeadObject GetBucketAcl "
	 "GetBucketLocation ListBuckets GetBucketPolicy GetBucketEncryption "
	 "GetBucketVersioning GetBucketTagging GetBucketPublicAccessBlock "
	 "GetBucketLogging GetBucketLifecycle GetBucketNotification "
	 "GetAccountPublicAccessBlock CopyObject DeleteObjects "
	 "CreateMultipartUpload CompleteMultipartUpload CreateBucket "
	 "PutBucketPolicy PutBucketEncryption PutBucketPublicAccessBlock "
	 "PutBucketLifecycle PutBucketAcl DeleteBucketPublicAccessBlock "
	 "PutBucketReplication GetStorageLensConfiguration"},
	{"kms", 1200,
	 "Decrypt GenerateDataKey Encrypt DescribeKey "
	 "GenerateDataKeyWithoutPlaintext ListAliases ListKeys CreateGrant "
	 "GetKeyRotationStatus ListGrants RetireGrant Sign CreateKey "
	 "PutKeyPolicy RevokeGrant ScheduleKeyDeletion CancelKeyDeletion "
	 "DisableKey"},
	{"logs", 800,
	 "CreateLogStream DescribeLogGroups DescribeLogStreams "
	 "CreateLogGroup StartQuery GetQueryResults PutRetentionPolicy "
	 "ListTagsLogGroup DescribeSubscriptionFilters PutSubscriptionFilter "
	 "DeleteLogGroup TagLogGroup DeleteRetentionPolicy PutMetricFilter"},
	{"monitoring", 520,
	 "DescribeAlarms GetMetricData ListMetrics PutMetricAlarm "
	 "DeleteAlarms ListDashboards ListTagsForResource "
	 "DisableAlarmActions DescribeAnomalyDetectors"},
	{"ssm", 620,
	 "UpdateInstanceInformation GetParameter GetParameters "
	 "GetParametersByPath ListAssociations ListInstanceAssociations "
	 "DescribeInstanceInformation OpenDataChannel GetDocument "
	 "ListCommands SendCommand StartSession TerminateSession "
	 "DescribeDocument GetCommandInvocation DeleteParameter "
	 "UpdateAssociation DescribeSessions"},
	{"lambda", 430,
	 "ListFunctions20150331 GetFunction20150331v2 "
	 "GetFunctionConfiguration20150331v2 Invoke ListTags20170331 "
	 "GetPolicy20150331v2 ListVersionsByFunction20150331 "
	 "UpdateFunctionConfiguration20150331v2 AddPermission20150331v2 "
	 "ListEventSourceMappings20150331 DeleteFunction20150331 "
	 "CreateFunctionUrlConfig PutFunctionConcurrency20171031"},
	{"iam", 360,
	 "GetRole ListRoles GetPolicy GetPolicyVersion "
	 "ListAttachedRolePolicies ListRolePolicies GetRolePolicy GetUser "
	 "ListUsers ListAccessKeys GetInstanceProfile "
	 "ListInstanceProfilesForRole ListPolicies GetAccountSummary "
	 "GetAccountPasswordPolicy GenerateCredentialReport "
	 "GetCredentialReport ListMFADevices ListUserPolicies ListGroups "
	 "ListGroupsForUser GetLoginProfile ListSAMLProviders "
	 "GenerateServiceLastAccessedDetails GetAccessKeyLastUsed "
	 "ListEntitiesForPolicy CreateRole AttachRolePolicy CreatePolicy "
	 "CreatePolicyVersion DetachRolePolicy UpdateAssumeRolePolicy "
	 "CreateInstanceProfile CreateAccessKey UpdateAccessKey CreateUser "
	 "DeleteUser AttachUserPolicy PutUserPolicy CreateLoginProfile "
	 "AddUserToGroup CreateServiceLinkedRole CreateVirtualMFADevice "
	 "DeactivateMFADevice CreateOpenIDConnectProvider"},
	{"dynamodb", 310,
	 "DescribeTable ListTables GetItem PutItem Query "
	 "DescribeContinuousBackups ListTagsOfResource UpdateTable Scan "
	 "CreateTable UpdateTimeToLive DeleteTable ExportTableToPointInTime"},
	{"sqs", 220,
	 "GetQueueAttributes ListQueues GetQueueUrl CreateQueue "
	 "ListQueueTags PurgeQueue DeleteQueue"},
	{"sns", 170,
	 "ListTopics GetTopicAttributes ListSubscriptionsByTopic "
	 "ListSubscriptions Publish CreateTopic SetTopicAttributes "
	 "ConfirmSubscription DeleteTopic"},
	{"secretsmanager", 330,
	 "GetSecretValue DescribeSecret ListSecrets GetResourcePolicy "
	 "CreateSecret UpdateSecret DeleteSecret PutResourcePolicy "
	 "BatchGetSecretValue UpdateSecretVersionStage"},
	{"ecs", 380,
	 "DescribeTasks ListTasks DescribeServices DescribeTaskDefinition "
	 "DescribeContainerInstances ListServices ListClusters "
	 "DescribeClusters UpdateService RunTask StopTask CreateService "
	 "PutClusterCapacityProviders ExecuteCommand"},
	{"ecr", 300,
	 "GetAuthorizationToken BatchGetImage GetDownloadUrlForLayer "
	 "BatchCheckLayerAvailability DescribeRepositories DescribeImages "
	 "DescribeImageScanFindings InitiateLayerUpload ListImages "
	 "GetRepositoryPolicy CreateRepository PutImageScanningConfiguration"},
	{"eks", 160,
	 "DescribeCluster ListClusters DescribeNodegroup ListNodegroups "
	 "DescribeAddonVersions ListAddons UpdateNodegroupVersion "
	 "CreateAccessEntry CreateNodegroup DeleteNodegroup"},
	{"rds", 240,
	 "DescribeDBInstances DescribeDBClusters DescribeDBSnapshots "
	 "DescribeDBParameterGroups DescribeEvents ListTagsForResource "
	 "DescribeDBClusterSnapshots DescribeDBEngineVersions "
	 "CreateDBSnapshot ModifyDBInstance ModifyDBCluster RebootDBInstance "
	 "ModifyDBSnapshotAttribute ModifyDBClusterSnapshotAttribute "
	 "CreateDBInstance DeleteDBInstance DownloadDBLogFilePortion"},
	{"elasticloadbalancing", 460,
	 "DescribeLoadBalancers DescribeTargetGroups DescribeTargetHealth "
	 "DescribeListeners DescribeTags DescribeRules "
	 "DescribeInstanceHealth DeregisterTargets "
	 "DescribeTargetGroupAttributes ModifyRule CreateListener "
	 "ModifyLoadBalancerAttributes DeleteTargetGroup"},
	{"autoscaling", 270,
	 "DescribeAutoScalingGroups DescribeAutoScalingInstances "
	 "DescribeScalingActivities DescribeLaunchConfigurations "
	 "DescribePolicies DescribeLifecycleHooks SetDesiredCapacity "
	 "UpdateAutoScalingGroup TerminateInstanceInAutoScalingGroup "
	 "CreateAutoScalingGroup StartInstanceRefresh"},
	{"cloudformation", 230,
	 "DescribeStacks DescribeStackEvents ListStacks "
	 "DescribeStackResources GetTemplate DescribeStackResource "
	 "ListStackResources CreateChangeSet GetTemplateSummary CreateStack "
	 "DeleteStack DetectStackDrift CreateStackInstances"},
	{"cloudtrail", 150,
	 "DescribeTrails GetTrailStatus LookupEvents GetEventSelectors "
	 "GetTrail ListTags UpdateTrail PutEventSelectors StopLogging "
	 "DeleteTrail StartQuery"},
	{"config", 210,
	 "PutEvaluations DescribeConfigurationRecorders "
	 "DescribeConfigurationRecorderStatus DescribeDeliveryChannels "
	 "SelectResourceConfig GetResourceConfigHistory "
	 "GetComplianceDetailsByConfigRule StartConfigRulesEvaluation "
	 "DeleteConfigRule"},
	{"guardduty", 90,
	 "ListDetectors GetDetector ListFindings GetFindings ListMembers "
	 "GetAdministratorAccount ListPublishingDestinations ArchiveFindings "
	 "CreateIPSet DisassociateMembers"},
	{"securityhub", 120,
	 "BatchImportFindings GetFindings DescribeHub GetEnabledStandards "
	 "BatchUpdateFindings ListMembers UpdateStandardsControl"},
	{"organizations", 80,
	 "DescribeOrganization ListAccounts DescribeAccount ListRoots "
	 "ListAccountsForParent ListOrganizationalUnitsForParent "
	 "ListDelegatedAdministrators DescribePolicy MoveAccount "
	 "UpdatePolicy InviteAccountToOrganization LeaveOrganization"},
	{"signin", 40,
	 "ConsoleLogin CheckMfa SwitchRole UserAuthentication "
	 "PasswordRecoveryRequested CredentialVerification"},
	{"sso", 60,
	 "GetRoleCredentials ListAccounts Authenticate Federate "
	 "ListAccountRoles ListPermissionSets CreateAccountAssignment "
	 "DeleteAccountAssignment"},
	{"route53", 90,
	 "ListHostedZones ListResourceRecordSets GetHostedZone "
	 "ChangeResourceRecordSets GetChange GetHealthCheckStatus "
	 "CreateHostedZone ListHostedZonesByName"},
	{"cloudfront", 70,
	 "ListDistributions GetDistribution GetDistributionConfig "
	 "ListTagsForResource CreateInvalidation UpdateDistribution "
	 "ListFunctions CreateDistribution"},
	{"acm", 70,
	 "ListCertificates DescribeCertificate ListTagsForCertificate "
	 "GetCertificate DeleteCertificate ImportCertificate"},
	{"apigateway", 80,
	 "GetRestApis GetResources GetStages GetApis GetDomainNames "
	 "GetIntegrations UpdateStage GetApiKeys"},
	{"states", 90,
	 "ListStateMachines DescribeStateMachine StartExecution "
	 "ListExecutions DescribeExecution GetExecutionHistory "
	 "CreateStateMachine"},
	{"events", 80,
	 "ListRules DescribeRule ListTargetsByRule PutRule PutTargets "
	 "ListEventBuses RemoveTargets DisableRule CreateConnection"},
	{"kinesis", 70,
	 "DescribeStreamSummary ListStreams DescribeStream GetShardIterator "
	 "RegisterStreamConsumer UpdateShardCount AddTagsToStream"},
	{"firehose", 40,
	 "DescribeDeliveryStream ListDeliveryStreams UpdateDestination "
	 "ListTagsForDeliveryStream StartDeliveryStreamEncryption"},
	{"glue", 150,
	 "GetTable GetDatabase GetTables GetPartitions GetDatabases "
	 "GetJobRuns StartJobRun BatchCreatePartition GetCrawler "
	 "GetDataCatalogEncryptionSettings CreateTable GetConnection "
	 "DeleteTable"},
	{"athena", 110,
	 "GetQueryExecution StartQueryExecution GetQueryResults "
	 "ListWorkGroups GetWorkGroup ListDataCatalogs StopQueryExecution "
	 "BatchGetQueryExecution"},
	{"redshift", 40,
	 "DescribeClusters DescribeClusterSnapshots DescribeLoggingStatus "
	 "DescribeClusterParameters GetClusterCredentials "
	 "DescribeClusterSubnetGroups AuthorizeSnapshotAccess"},
	{"elasticache", 50,
	 "DescribeCacheClusters DescribeReplicationGroups "
	 "DescribeCacheSubnetGroups ListTagsForResource "
	 "DescribeCacheParameterGroups ModifyReplicationGroup CreateSnapshot"},
	{"es", 50,
	 "ListDomainNames DescribeElasticsearchDomains DescribeDomain "
	 "ListTags GetCompatibleVersions ESHttpGet"},
	{"backup", 60,
	 "ListBackupPlans ListBackupJobs StartBackupJob DescribeBackupJob "
	 "ListRecoveryPointsByBackupVault GetBackupPlan DeleteRecoveryPoint "
	 "StartRestoreJob"},
	{"tagging", 110, "GetResources GetTagKeys GetTagValues TagResources UntagResources"},
	{"codebuild", 70,
	 "BatchGetBuilds StartBuild BatchGetProjects ListProjects "
	 "ListBuildsForProject StopBuild ImportSourceCredentials "
	 "ListSourceCredentials"},
	{"codepipeline", 50,
	 "GetPipelineState GetPipeline ListPipelines PutJobSuccessResult "
	 "PollForJobs UpdatePipeline"},
	{"cognito-idp", 60,
	 "ListUserPools DescribeUserPool ListUserPoolClients AdminGetUser "
	 "DescribeUserPoolClient AdminCreateUser AdminSetUserPassword "
	 "GetUserPoolMfaConfig"},
	{"wafv2", 60,
	 "ListWebACLs GetWebACL GetWebACLForResource ListResourcesForWebACL "
	 "UpdateIPSet ListLoggingConfigurations AssociateWebACL"},
	{"access-analyzer", 40,
	 "ListAnalyzers ListFindings GetFinding ValidatePolicy "
	 "CreateAnalyzer"},
	{"inspector2", 50,
	 "ListFindings ListCoverage BatchGetAccountStatus "
	 "ListFindingAggregations GetConfiguration ListMembers Disable"},
	{"servicequotas", 40,
	 "ListServiceQuotas GetServiceQuota ListAWSDefaultServiceQuotas "
	 "RequestServiceQuotaIncrease ListRequestedServiceQuotaChangeHistory"},
	{"ram", 20,
	 "GetResourceShares ListResources ListPrincipals CreateResourceShare "
	 "GetResourceShareInvitations"},
	{"health", 40,
	 "DescribeEvents DescribeEventAggregates DescribeAffectedEntities "
	 "DescribeEventDetails"},
	{"bedrock", 40,
	 "InvokeModel ListFoundationModels InvokeModelWithResponseStream "
	 "Converse GetFoundationModelAvailability "
	 "PutModelInvocationLoggingConfiguration "
	 "CreateFoundationModelAgreement PutFoundationModelEntitlement"},
	{"sagemaker", 50,
	 "ListEndpoints DescribeEndpoint ListTrainingJobs "
	 "DescribeTrainingJob CreateTrainingJob CreateNotebookInstance "
	 "ListTags"},
	{"elasticfilesystem", 50,
	 "DescribeFileSystems DescribeMountTargets NewClientConnection "
	 "DescribeFileSystemPolicy DescribeLifecycleConfiguration "
	 "CreateFileSystem"},
	{"batch", 50,
	 "DescribeJobs ListJobs SubmitJob DescribeJobQueues "
	 "DescribeComputeEnvironments RegisterJobDefinition TerminateJob"},
};

#define NSERVICES ((int) (sizeof(services) / sizeof(services[0])))

/* Callers that are services of AWS themselves, and sign what they do so. */
static const char *const calling_services[] = {"ec2",
											   "lambda",
											   "ecs-tasks",
											   "config",
											   "cloudtrail",
											   "delivery.logs",
											   "autoscaling",
											   "elasticloadbalancing",
											   "eks",
											   "guardduty",
											   "securityhub",
											   "backup",
											   "states",
											   "events",
											   "rds",
											   "ssm",
											   "firehose",
											   "inspector2",
											   "access-analyzer",
											   "trustedadvisor",
											   "cloudformation",
											   "codebuild"};

static const char *const regions[] = {"eu-central-1", "us-east-1",  "eu-west-1",
									  "us-west-2",    "eu-north-1", "ap-southeast-1"};

#endif /* SERVICES_H */
