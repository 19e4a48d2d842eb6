// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// What Meta is known to say. Anything else is counted as Other.
var (
	// https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management
	templateStatuses = append(slices.Clone(metavalues.TemplateStatuses), None, Other)
	// accountTemplateStatuses are those that the status of a WABA counts.
	accountTemplateStatuses = []string{
		metavalues.TemplateApproved, metavalues.TemplatePending, metavalues.TemplateRejected, metavalues.TemplatePaused, metavalues.TemplateDisabled,
		Other,
	}
	// https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-quality
	qualities  = []string{"GREEN", "YELLOW", "RED", unknown, Other}
	categories = []string{"MARKETING", "UTILITY", "AUTHENTICATION", None, Other}
	// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers
	numberStatuses = append(slices.Clone(metavalues.NumberStatuses), unknown, None, Other)
	banStates      = []string{"SCHEDULE_FOR_DISABLE", "DISABLE", Other}

	policies = []string{
		string(v1alpha1.ManagementPolicyManaged), string(v1alpha1.ManagementPolicyObserved), string(v1alpha1.ManagementPolicyPaused),
	}
	conditionStatuses = []string{"True", "False", "Unknown"}
	accountConditions = []string{
		v1alpha1.ConditionReady, v1alpha1.ConditionSynced, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled,
		v1alpha1.ConditionCredentialsValid, v1alpha1.ConditionApproved, v1alpha1.ConditionBusinessVerified,
		v1alpha1.ConditionCanSendMessages, v1alpha1.ConditionBillingReady, v1alpha1.ConditionPolicyCompliant,
	}
)

const (
	reclassified       = "reclassified"
	reclassifiedSoon   = "planned"
	ofReason           = "reason of the condition, one of the API's constants"
	ofMeta             = "as Meta says it"
	ofAccountNamespace = "namespace of the WABA resource"
	ofAccountName      = "name of the WABA resource"
)

// perAccount are the labels of everything about one account. Never Meta's ids: a name is what people know.
func perAccount(more ...Label) []Label {
	return append([]Label{{Name: labelNamespace, Of: ofAccountNamespace}, {Name: labelName, Of: ofAccountName}}, more...)
}

// perResource are the labels of everything about one resource.
func perResource(more ...Label) []Label {
	return append([]Label{
		{Name: labelNamespace, Of: "namespace of the resource"}, {Name: labelName, Of: "name of the resource"},
		{Name: "account", Of: "namespace and name of the WABA resource, with a slash between", Derived: true},
	}, more...)
}

func reasonLabel() Label { return Label{Name: "reason", Of: ofReason, Derived: true} }

// What the leader says of all resources together.
var (
	resources = define(Definition{
		Name: "waba_operator_resources", Type: Gauge, Scope: Cluster,
		Help:   "Resources by kind.",
		Labels: []Label{kindLabel},
	})
	unreconciled = define(Definition{
		Name: "waba_operator_unreconciled_resources", Type: Gauge, Scope: Cluster,
		Help:   "Resources by kind that the leader hasn't reconciled since it started. 0 once the start is over; new ones are there for a moment.",
		Labels: []Label{kindLabel},
	})
	resourceConditions = define(Definition{
		Name: "waba_operator_resource_conditions", Type: Gauge, Scope: Cluster,
		Help: "Resources by kind, condition, and the condition's status and reason.",
		Labels: []Label{kindLabel, {Name: "condition", Of: "type of the condition, such as `Ready`"},
			{Name: "status", Values: conditionStatuses}, {Name: "reason", Of: ofReason}},
	})
	versionAccounts = define(Definition{
		Name: "waba_operator_graph_api_version_accounts", Type: Gauge, Scope: Cluster,
		Help:   "Accounts for which this version of the Graph API is used.",
		Labels: []Label{{Name: "version", Of: "version of the Graph API, such as `v25.0`"}},
	})
	versionEnd = define(Definition{
		Name: "waba_operator_graph_api_version_end_timestamp_seconds", Type: Gauge, Scope: Cluster,
		Help: "When Meta ends a version of the Graph API that is used here, according to its changelog; absent where no end is known. " +
			"Afterwards Meta answers with an other version.",
		Labels: []Label{{Name: "version", Of: "version of the Graph API, such as `v25.0`"}},
	})
)

// What the leader says of each account.
var (
	accountInfo = define(Definition{
		Name: "whatsapp_account_info", Type: Gauge, Scope: Account,
		Help: "1 for each account, with what Meta reports about it.",
		Labels: perAccount(Label{Name: "policy", Values: policies, Derived: true}, Label{Name: "status", Of: ofMeta, Derived: true},
			Label{Name: "review", Of: ofMeta, Derived: true}, Label{Name: "verification", Of: ofMeta, Derived: true},
			Label{Name: "health", Of: ofMeta, Derived: true}, Label{Name: "messaging_limit", Of: ofMeta, Derived: true},
			Label{Name: "graph_api_version", Of: "version of the Graph API that is used", Derived: true}),
	})
	accountCondition = define(Definition{
		Name: "whatsapp_account_condition", Type: Gauge, Scope: Account,
		Help: "1 for each condition of an account, with its status and reason.",
		Labels: perAccount(Label{Name: "condition", Values: accountConditions}, Label{Name: "status", Values: conditionStatuses, Derived: true},
			reasonLabel()),
	})
	accountRestrictions = define(Definition{
		Name: "whatsapp_account_restrictions", Type: Gauge, Scope: Account,
		Help: "Restrictions that Meta put on the account and that are in force; only webhooks report them.", Labels: perAccount(),
	})
	accountViolations = define(Definition{
		Name: "whatsapp_account_violations", Type: Gauge, Scope: Account,
		Help: "Violations of Meta's policies reported in the last 30 days; only webhooks report them.", Labels: perAccount(),
	})
	accountBan = define(Definition{
		Name: "whatsapp_account_ban", Type: Gauge, Scope: Account,
		Help:   "1 while the account is banned or a ban is announced, by its state; absent otherwise. Only webhooks report it.",
		Labels: perAccount(Label{Name: "state", Values: banStates, Derived: true}),
	})
	accountUnapprovedApps = define(Definition{
		Name: "whatsapp_account_unapproved_apps", Type: Gauge, Scope: Account,
		Help:   "Apps that receive the account's webhooks and aren't in spec.approvedApps; 0 without that list.",
		Labels: perAccount(),
	})
	accountTokenExpiry = define(Definition{
		Name: "whatsapp_account_token_expiry_timestamp_seconds", Type: Gauge, Scope: Account,
		Help: "When the access token expires; absent where it doesn't, or nothing is known.", Labels: perAccount(),
	})
	accountCurrencyDeadline = define(Definition{
		Name: "whatsapp_account_currency_deadline_timestamp_seconds", Type: Gauge, Scope: Account,
		Help:   "From when on Meta delivers nothing of the account because of its currency, as far as its country shows; absent where no deadline is known.",
		Labels: perAccount(),
	})
	accountMessagingLimit = define(Definition{
		Name: "whatsapp_account_messaging_limit", Type: Gauge, Scope: Account,
		Help: "How many people the business portfolio may write to in 24 hours; +Inf without limit, absent where it isn't known. " +
			"All accounts of a portfolio share one limit: don't add them up.",
		Labels: perAccount(),
	})
	accountRateUsage = define(Definition{
		Name: "whatsapp_account_rate_usage_ratio", Type: Gauge, Scope: Account,
		Help:   "Share of Meta's hourly quota of calls that is used, 1 for all of it, as Meta last reported it; the app's where that is higher.",
		Labels: perAccount(),
	})
	accountRateRegain = define(Definition{
		Name: "whatsapp_account_rate_regain_timestamp_seconds", Type: Gauge, Scope: Account,
		Help: "Until when no call is made because Meta throttles; absent while it doesn't.", Labels: perAccount(),
	})
	accountTemplates = define(Definition{
		Name: "whatsapp_account_templates", Type: Gauge, Scope: Account,
		Help:   "Templates in the account by status, those without a resource included; each language counts.",
		Labels: perAccount(Label{Name: "status", Values: accountTemplateStatuses}),
	})
	accountTemplateLimit = define(Definition{
		Name: "whatsapp_account_template_limit", Type: Gauge, Scope: Account,
		Help: "How many templates Meta allows in the account; absent where it isn't known.", Labels: perAccount(),
	})
	accountUnmanagedTemplates = define(Definition{
		Name: "whatsapp_account_unmanaged_templates", Type: Gauge, Scope: Account,
		Help: "Templates in the account that have no MessageTemplate resource.", Labels: perAccount(),
	})
	accountNumbers = define(Definition{
		Name: "whatsapp_account_numbers", Type: Gauge, Scope: Account,
		Help:   "Phone numbers in the account, those without a resource included.",
		Labels: perAccount(Label{Name: "status", Values: []string{"CONNECTED", Other}}),
	})
	accountUnmanagedNumbers = define(Definition{
		Name: "whatsapp_account_unmanaged_numbers", Type: Gauge, Scope: Account,
		Help: "Phone numbers in the account that have no PhoneNumber resource.", Labels: perAccount(),
	})
	accountInterval = define(Definition{
		Name: "whatsapp_account_observation_interval_seconds", Type: Gauge, Scope: Account,
		Help:   "How often the account is really observed: the longer one of what was requested and what half of Meta's hourly quota allows.",
		Labels: perAccount(),
	})
	accountObserved = define(Definition{
		Name: "whatsapp_account_last_observed_timestamp_seconds", Type: Gauge, Scope: Account,
		Help: "When the account was last observed; absent before the first time.", Labels: perAccount(),
	})
	accountLastWebhook = define(Definition{
		Name: "whatsapp_account_last_webhook_timestamp_seconds", Type: Gauge, Scope: Account,
		Help: "When the last event of the account arrived at the operator, or else when Meta verified its address; to within 10 minutes. " +
			"Absent without a WebhookSubscription with delivery: Operator.",
		Labels: perAccount(),
	})
	accountLastDecision = define(Definition{
		Name: "whatsapp_account_last_decision_timestamp_seconds", Type: Gauge, Scope: Account,
		Help: "When Meta last approved, rejected, paused or disabled a template that has a resource: " +
			"something that a webhook should have reported. Absent before the first time.",
		Labels: perAccount(),
	})
	accountHeld = define(Definition{
		Name: "waba_operator_account_changes_held", Type: Gauge, Scope: Account,
		Help: "1 while changes are held because unusually many were due at once.", Labels: perAccount(),
	})
	unsynced = define(Definition{
		Name: "waba_operator_unsynced_resources", Type: Gauge, Scope: Account,
		Help:   "Templates, numbers and webhook subscriptions of the account that aren't synced, by the reason of the condition Synced.",
		Labels: perAccount(kindLabel, Label{Name: "reason", Of: ofReason}),
	})
)

// What the leader says of the templates and numbers of each account that have resources.
var (
	templates = define(Definition{
		Name: "whatsapp_templates", Type: Gauge, Scope: Account,
		Help:   "MessageTemplate resources of the account by the template's status at Meta.",
		Labels: perAccount(Label{Name: "status", Values: templateStatuses}),
	})
	templatesByQuality = define(Definition{
		Name: "whatsapp_templates_by_quality", Type: Gauge, Scope: Account,
		Help:   "MessageTemplate resources of the account by the template's quality score.",
		Labels: perAccount(Label{Name: "quality", Values: qualities}),
	})
	templatesByCategory = define(Definition{
		Name: "whatsapp_templates_by_category", Type: Gauge, Scope: Account,
		Help:   "MessageTemplate resources of the account by the category for which Meta charges.",
		Labels: perAccount(Label{Name: "category", Values: categories}),
	})
	templatesArchivedEnd = define(Definition{
		Name: "whatsapp_templates_archived_end_timestamp_seconds", Type: Gauge, Scope: Account,
		Help: "When Meta deletes the first of the account's archived templates that have a MessageTemplate resource, 28 days after it was archived; " +
			"absent where none is archived.",
		Labels: perAccount(),
	})
	templatesReclassified = define(Definition{
		Name: "whatsapp_templates_reclassified", Type: Gauge, Scope: Account,
		Help:   "MessageTemplate resources of the account whose category Meta changed, or has announced to change.",
		Labels: perAccount(Label{Name: "state", Values: []string{reclassified, reclassifiedSoon}}),
	})
	numbers = define(Definition{
		Name: "whatsapp_numbers", Type: Gauge, Scope: Account,
		Help:   "PhoneNumber resources of the account by the number's status at Meta.",
		Labels: perAccount(Label{Name: "status", Values: numberStatuses}),
	})
	numbersByQuality = define(Definition{
		Name: "whatsapp_numbers_by_quality", Type: Gauge, Scope: Account,
		Help:   "PhoneNumber resources of the account by the number's quality rating.",
		Labels: perAccount(Label{Name: "quality", Values: qualities}),
	})
)

// What the leader says of each resource, if it is asked to.
var (
	resourceReady = define(Definition{
		Name: "waba_operator_resource_ready", Type: Gauge, Scope: Resource,
		Help: "1 while the resource is ready, 0 otherwise.",
		Labels: append([]Label{kindLabel}, Label{Name: labelNamespace, Of: "namespace of the resource"},
			Label{Name: labelName, Of: "name of the resource"}, Label{Name: "reason", Of: ofReason, Derived: true}),
	})
	templateInfo = define(Definition{
		Name: "whatsapp_template_info", Type: Gauge, Scope: Resource,
		Help: "1 for each MessageTemplate resource, with what Meta reports about it.",
		Labels: perResource(Label{Name: "status", Values: templateStatuses, Derived: true}, Label{Name: "quality", Values: qualities, Derived: true},
			Label{Name: "category", Values: categories, Derived: true}),
	})
	numberInfo = define(Definition{
		Name: "whatsapp_number_info", Type: Gauge, Scope: Resource,
		Help: "1 for each PhoneNumber resource, with what Meta reports about it.",
		Labels: perResource(Label{Name: "status", Values: numberStatuses, Derived: true}, Label{Name: "quality", Values: qualities, Derived: true},
			Label{Name: "messaging_limit", Of: ofMeta, Derived: true}),
	})
)
