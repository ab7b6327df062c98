"""The actions that CloudFormation needs to create, read, update and delete each type of the template.

They are the permissions in AWS's resource schemas, without those of properties that the template does not
set. Access logs of a stage need the actions on log deliveries besides.
"""

ACTIONS = {
    "AWS::ApiGatewayV2::Api": (
        "apigateway:DELETE apigateway:GET apigateway:PATCH apigateway:POST apigateway:PUT"
    ),
    "AWS::ApiGatewayV2::Stage": (
        "apigateway:DELETE apigateway:GET apigateway:PATCH apigateway:POST apigateway:TagResource "
        "apigateway:UntagResource logs:CreateLogDelivery logs:DescribeLogGroups "
        "logs:DescribeResourcePolicies logs:PutResourcePolicy"
    ),
    "AWS::Budgets::Budget": "budgets:ModifyBudget budgets:ViewBudget",
    "AWS::CloudWatch::Alarm": (
        "cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource "
        "cloudwatch:PutMetricAlarm cloudwatch:TagResource cloudwatch:UntagResource"
    ),
    "AWS::CloudWatch::Dashboard": (
        "cloudwatch:DeleteDashboards cloudwatch:GetDashboard cloudwatch:ListTagsForResource "
        "cloudwatch:PutDashboard cloudwatch:TagResource cloudwatch:UntagResource"
    ),
    "AWS::Cognito::ManagedLoginBranding": (
        "cognito-idp:CreateManagedLoginBranding cognito-idp:DeleteManagedLoginBranding "
        "cognito-idp:DescribeManagedLoginBranding cognito-idp:DescribeManagedLoginBrandingByClient "
        "cognito-idp:UpdateManagedLoginBranding"
    ),
    "AWS::Cognito::UserPool": (
        "cognito-idp:AddCustomAttributes cognito-idp:CreateUserPool cognito-idp:DeleteUserPool "
        "cognito-idp:DescribeUserPool cognito-idp:GetUserPoolMfaConfig cognito-idp:ListTagsForResource "
        "cognito-idp:SetUserPoolMfaConfig cognito-idp:TagResource cognito-idp:UntagResource "
        "cognito-idp:UpdateUserPool"
    ),
    "AWS::Cognito::UserPoolClient": (
        "cognito-idp:CreateUserPoolClient cognito-idp:DeleteUserPoolClient "
        "cognito-idp:DescribeUserPoolClient cognito-idp:UpdateUserPoolClient"
    ),
    "AWS::Cognito::UserPoolDomain": (
        "cognito-idp:CreateUserPoolDomain cognito-idp:DeleteUserPoolDomain "
        "cognito-idp:DescribeUserPoolDomain cognito-idp:UpdateUserPoolDomain"
    ),
    "AWS::Cognito::UserPoolGroup": (
        "cognito-idp:CreateGroup cognito-idp:DeleteGroup cognito-idp:GetGroup cognito-idp:UpdateGroup"
    ),
    "AWS::Cognito::UserPoolResourceServer": (
        "cognito-idp:CreateResourceServer cognito-idp:DeleteResourceServer "
        "cognito-idp:DescribeResourceServer cognito-idp:UpdateResourceServer"
    ),
    "AWS::DynamoDB::Table": (
        "dynamodb:CreateTable dynamodb:DeleteTable dynamodb:DescribeContinuousBackups "
        "dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:GetResourcePolicy "
        "dynamodb:ListTagsOfResource dynamodb:TagResource dynamodb:UntagResource "
        "dynamodb:UpdateContinuousBackups dynamodb:UpdateTable dynamodb:UpdateTimeToLive"
    ),
    "AWS::EC2::SecurityGroup": (
        "ec2:AuthorizeSecurityGroupEgress ec2:AuthorizeSecurityGroupIngress ec2:CreateSecurityGroup "
        "ec2:CreateTags ec2:DeleteSecurityGroup ec2:DeleteTags ec2:DescribeSecurityGroups "
        "ec2:RevokeSecurityGroupEgress ec2:RevokeSecurityGroupIngress "
        "ec2:UpdateSecurityGroupRuleDescriptionsEgress ec2:UpdateSecurityGroupRuleDescriptionsIngress"
    ),
    "AWS::EC2::SecurityGroupIngress": (
        "ec2:AuthorizeSecurityGroupIngress ec2:DescribeSecurityGroupRules ec2:DescribeSecurityGroups "
        "ec2:RevokeSecurityGroupIngress ec2:UpdateSecurityGroupRuleDescriptionsIngress"
    ),
    "AWS::EC2::VPCEndpoint": (
        "ec2:CreateTags ec2:CreateVpcEndpoint ec2:DeleteTags ec2:DeleteVpcEndpoints "
        "ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcEndpoints ec2:DescribeVpcs "
        "ec2:ModifyVpcEndpoint"
    ),
    "AWS::IAM::ManagedPolicy": (
        "iam:AttachRolePolicy iam:CreatePolicy iam:CreatePolicyVersion iam:DeletePolicy "
        "iam:DeletePolicyVersion iam:DetachRolePolicy iam:GetPolicy iam:GetPolicyVersion "
        "iam:ListEntitiesForPolicy iam:ListPolicyVersions"
    ),
    "AWS::IAM::Role": (
        "iam:AttachRolePolicy iam:CreateRole iam:DeleteRole iam:DeleteRolePermissionsBoundary "
        "iam:DeleteRolePolicy iam:DetachRolePolicy iam:GetRole iam:GetRolePolicy "
        "iam:ListAttachedRolePolicies iam:ListRolePolicies iam:PutRolePermissionsBoundary iam:PutRolePolicy "
        "iam:TagRole iam:UntagRole iam:UpdateAssumeRolePolicy iam:UpdateRole iam:UpdateRoleDescription"
    ),
    "AWS::Lambda::EventInvokeConfig": (
        "lambda:DeleteFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig "
        "lambda:PutFunctionEventInvokeConfig lambda:UpdateFunctionEventInvokeConfig"
    ),
    "AWS::Lambda::EventSourceMapping": (
        "lambda:CreateEventSourceMapping lambda:DeleteEventSourceMapping lambda:GetEventSourceMapping "
        "lambda:ListTags lambda:TagResource lambda:UntagResource lambda:UpdateEventSourceMapping"
    ),
    "AWS::Lambda::Function": (
        "ec2:DescribeNetworkInterfaces ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs "
        "iam:PassRole lambda:CreateFunction lambda:DeleteFunction lambda:DeleteFunctionConcurrency "
        "lambda:GetFunction lambda:GetLayerVersion lambda:PutFunctionConcurrency lambda:TagResource "
        "lambda:UntagResource lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration"
    ),
    "AWS::Lambda::LayerVersion": (
        "lambda:DeleteLayerVersion lambda:GetLayerVersion lambda:PublishLayerVersion"
    ),
    "AWS::Lambda::Permission": "lambda:AddPermission lambda:GetPolicy lambda:RemovePermission",
    "AWS::Logs::LogGroup": (
        "logs:AssociateKmsKey logs:CreateLogDelivery logs:CreateLogGroup logs:DeleteLogGroup "
        "logs:DeleteRetentionPolicy logs:DescribeLogGroups logs:DescribeResourcePolicies "
        "logs:DisassociateKmsKey logs:ListTagsForResource logs:PutRetentionPolicy logs:TagResource "
        "logs:UntagResource"
    ),
    "AWS::Logs::MetricFilter": "logs:DeleteMetricFilter logs:DescribeMetricFilters logs:PutMetricFilter",
    "AWS::S3::Bucket": (
        "s3:CreateBucket s3:DeleteBucket s3:GetBucketOwnershipControls s3:GetBucketPublicAccessBlock "
        "s3:GetBucketTagging s3:GetEncryptionConfiguration s3:GetLifecycleConfiguration "
        "s3:ListTagsForResource s3:PutBucketOwnershipControls s3:PutBucketPublicAccessBlock "
        "s3:PutBucketTagging s3:PutEncryptionConfiguration s3:PutLifecycleConfiguration s3:TagResource "
        "s3:UntagResource"
    ),
    "AWS::S3::BucketPolicy": "s3:DeleteBucketPolicy s3:GetBucketPolicy s3:PutBucketPolicy",
    "AWS::SNS::Subscription": (
        "sns:GetSubscriptionAttributes sns:SetSubscriptionAttributes sns:Subscribe sns:Unsubscribe"
    ),
    "AWS::SNS::Topic": (
        "sns:CreateTopic sns:DeleteTopic sns:GetTopicAttributes sns:ListSubscriptionsByTopic "
        "sns:ListTagsForResource sns:SetTopicAttributes sns:Subscribe sns:TagResource sns:Unsubscribe "
        "sns:UntagResource"
    ),
    "AWS::SQS::Queue": (
        "sqs:CreateQueue sqs:DeleteQueue sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueueTags "
        "sqs:SetQueueAttributes sqs:TagQueue sqs:UntagQueue"
    ),
    "AWS::Scheduler::Schedule": (
        "iam:PassRole scheduler:CreateSchedule scheduler:DeleteSchedule scheduler:GetSchedule "
        "scheduler:UpdateSchedule"
    ),
    "AWS::Scheduler::ScheduleGroup": (
        "scheduler:CreateScheduleGroup scheduler:DeleteSchedule scheduler:DeleteScheduleGroup "
        "scheduler:GetScheduleGroup scheduler:ListTagsForResource scheduler:TagResource "
        "scheduler:UntagResource"
    ),
}
"""Actions by type, separated by spaces."""

WITHOUT_RESOURCE = frozenset(
    {
        "cognito-idp:CreateUserPool",
        "cognito-idp:DescribeUserPoolDomain",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
        "lambda:CreateEventSourceMapping",
        "logs:CreateLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:PutResourcePolicy",
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
    }
)
"""Those that AWS checks against no resource: only a statement whose resource is `*` allows them."""

WITH_BOUNDARY = frozenset(
    {
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    }
)
"""Those that give a role rights. The condition `iam:PermissionsBoundary` applies to each of them."""

ACCOUNT = "eu-west-2:123456789012"
EXAMPLES = {
    "apigateway": "arn:aws:apigateway:eu-west-2::/apis/a1b2c3d4e5/stages",
    "budgets": "arn:aws:budgets::123456789012:budget/doseexport-Budget-A1B2",
    "cognito-idp": f"arn:aws:cognito-idp:{ACCOUNT}:userpool/eu-west-2_A1B2",
    "dynamodb": f"arn:aws:dynamodb:{ACCOUNT}:table/doseexport-ExportsTable-A1B2",
    "ec2": f"arn:aws:ec2:{ACCOUNT}:security-group/sg-0a1b",
    "logs": f"arn:aws:logs:{ACCOUNT}:log-group:/doseexport/functions:*",
    "scheduler": f"arn:aws:scheduler:{ACCOUNT}:schedule/default/doseexport-SweepExportsEveryMinute-A1B2",
    "sns": f"arn:aws:sns:{ACCOUNT}:doseexport-NotificationTopic-A1B2",
    "sqs": f"arn:aws:sqs:{ACCOUNT}:doseexport-ExportQueue-A1B2",
    "s3": "arn:aws:s3:::doseexport-bucket-a1b2",
    "iam": "arn:aws:iam::123456789012:role/doseexport-RunExportRole-A1B2",
    "lambda": f"arn:aws:lambda:{ACCOUNT}:function:doseexport-RunExport-A1B2",
    "cloudwatch": f"arn:aws:cloudwatch:{ACCOUNT}:alarm:doseexport-QueueAgeAlarm-A1B2",
}
"""The ARN of a resource of each service. EXAMPLES_BY_TYPE has those that differ by type."""

EXAMPLES_BY_TYPE = {
    "AWS::CloudWatch::Dashboard": "arn:aws:cloudwatch::123456789012:dashboard/doseexport-Dashboard-A1B2",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::123456789012:policy/doseexport-KmsKeyPolicy-A1B2",
    "AWS::Lambda::LayerVersion": f"arn:aws:lambda:{ACCOUNT}:layer:doseexport-core:1",
    "AWS::Scheduler::ScheduleGroup": f"arn:aws:scheduler:{ACCOUNT}:schedule-group/doseexport-A1B2",
}
