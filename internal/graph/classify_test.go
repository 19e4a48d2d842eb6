// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"testing"
)

// classifyCase is one case: Meta's error, the call, and the classification.
type classifyCase struct {
	name          string
	op            Operation
	code, subcode int
	title, text   string // error_user_title and message
	userMessage   string
	transient     bool
	class         Class
	cause         Cause
}

var classifiedCases = []classifyCase{
	{name: "missing object", op: OpReadTemplate, code: 100, subcode: 33, class: ClassAmbiguous, cause: CauseMissingObject},
	{name: "missing object on delete", op: OpDeleteTemplate, code: 100, subcode: 33, class: ClassAmbiguous, cause: CauseMissingObject},
	{name: "missing object on unpause", op: OpUnpauseTemplate, code: 100, subcode: 33, class: ClassAmbiguous, cause: CauseMissingObject},
	{name: "expired session", op: OpReadAccount, code: 102, subcode: 463, class: ClassCredentials, cause: CauseTokenExpired},
	{name: "expired token", op: OpReadAccount, code: 190, subcode: 463, class: ClassCredentials, cause: CauseTokenExpired},
	{name: "unverified business", op: OpCreateTemplate, code: 10, subcode: 2388185, class: ClassRefused},
	{name: "certificate", op: OpUpdateAccount, code: 100, subcode: 2388001, class: ClassRefused},
	{name: "template limit", op: OpCreateTemplate, code: 100, subcode: 2388019, class: ClassQuota, cause: CauseTemplateLimit},
	{name: "name locked", op: OpCreateTemplate, code: 100, subcode: 2388023, class: ClassRefused, cause: CauseNameLocked},
	{name: "duplicate", op: OpCreateTemplate, code: 100, subcode: 2388024, class: ClassRefused, cause: CauseDuplicate},
	{name: "duplicate name", op: OpCreateTemplate, code: 100, subcode: 2388026, class: ClassRefused, cause: CauseDuplicate},
	{name: "status locked", op: OpEditTemplate, code: 100, subcode: 2388039, class: ClassRefused, cause: CauseStatusLocked},
	{name: "status locked, unpause", op: OpUnpauseTemplate, code: 100, subcode: 2388039, class: ClassRefused, cause: CauseStatusLocked},
	{name: "edit budget", op: OpEditTemplate, code: 100, subcode: 2388124, class: ClassQuota, cause: CauseEditBudget},
	{name: "policy", op: OpCreateTemplate, code: 200002, subcode: 2388109, class: ClassRefused},

	{name: "wrong proof", op: OpReadAccount, code: 100, text: "Invalid appsecret_proof provided in the API argument", class: ClassCredentials, cause: CauseAppSecretProof},
	{name: "no proof", op: OpCreateTemplate, code: 100, text: "(#100) API calls from the server require an appsecret_proof argument", class: ClassCredentials, cause: CauseAppSecretProof},
	{name: "too much", op: OpReadAccount, code: 1, text: "Please reduce the amount of data you're asking for, then retry your request", class: ClassTransient, cause: CauseReduceData},
	{name: "unknown field", op: OpReadAccount, code: 100, text: "(#100) Tried accessing nonexisting field (x) on node type (WhatsAppBusinessAccount)", class: ClassUnknown, cause: CauseUnknownField},
	{name: "missing, read", op: OpReadTemplate, code: 100, text: "Unsupported get request. Object with ID '1' does not exist, cannot be loaded due to missing permissions", class: ClassAmbiguous, cause: CauseMissingObject},
	{name: "missing, edit", op: OpEditTemplate, code: 100, text: "Unsupported post request. Object with ID '1' does not exist", class: ClassAmbiguous, cause: CauseMissingObject},
	{name: "missing, delete", op: OpDeleteTemplate, code: 100, text: "Unsupported delete request. Object with ID '1' does not exist", class: ClassAmbiguous, cause: CauseMissingObject},
	{name: "category mismatch", op: OpCreateTemplate, code: 100, title: "Template Category Doesn't Match", class: ClassRefused, cause: CauseCategoryMismatch},
	{name: "category mismatch, typeset", op: OpCreateTemplate, code: 100, title: "Template category doesn’t match", class: ClassRefused, cause: CauseCategoryMismatch},
	{name: "category mismatch, other subcode", op: OpCreateTemplate, code: 100, subcode: 2388999, title: "Template Category Doesn't Match", class: ClassRefused, cause: CauseCategoryMismatch},
	{name: "template limit by title", op: OpCreateTemplate, code: 100, title: "Message Template Limit Exceeded", class: ClassQuota, cause: CauseTemplateLimit},
	{name: "duplicate by title", op: OpCreateTemplate, code: 100, title: "Content in This Language Already Exists", class: ClassRefused, cause: CauseDuplicate},
	{name: "status locked by title", op: OpEditTemplate, code: 100, title: "Message template status can't be changed", class: ClassRefused, cause: CauseStatusLocked},
	{name: "name locked by message", op: OpCreateTemplate, code: 100, userMessage: "New English (US) content can't be added while the existing English (US) content is being deleted. Try again in 4 weeks or consider creating a new message template.", class: ClassRefused, cause: CauseNameLocked},
	{name: "disabled", op: OpDeleteTemplate, code: 100, userMessage: "This template is disabled and can't be deleted.", class: ClassRefused, cause: CauseDisabled},
	{name: "disabled, other wording", op: OpEditTemplate, code: 100, userMessage: "You can't edit a disabled template.", class: ClassRefused, cause: CauseDisabled},
	{name: "disabled, long wording", op: OpDeleteTemplate, code: 100, userMessage: "A disabled message template can't be deleted.", class: ClassRefused, cause: CauseDisabled},
	{name: "disabled, unpause", op: OpUnpauseTemplate, code: 100, userMessage: "A disabled template can't be unpaused.", class: ClassRefused, cause: CauseDisabled},
	{name: "repeated user text", op: OpCreateTemplate, code: 100, text: "Param text is not valid: Invalid appsecret_proof. Please reduce the amount of data", class: ClassInvalidSpec},

	{name: "auth", op: OpReadAccount, code: 0, class: ClassCredentials, cause: CauseTokenInvalid},
	{name: "unknown error", op: OpReadAccount, code: 1, class: ClassTransient},
	{name: "service down", op: OpReadAccount, code: 2, class: ClassTransient},
	{name: "capability", op: OpReadAccount, code: 3, class: ClassPermission},
	{name: "app limit", op: OpReadAccount, code: 4, class: ClassThrottled},
	{name: "permission", op: OpReadAccount, code: 10, class: ClassPermission},
	{name: "user limit", op: OpReadAccount, code: 17, class: ClassThrottled},
	{name: "page limit", op: OpReadAccount, code: 32, class: ClassThrottled},
	{name: "number deleted", op: OpReadAccount, code: 33, class: ClassGone},
	{name: "bad query", op: OpListTemplates, code: 100, class: ClassUnknown},
	{name: "no business named", op: OpListAssignedUsers, code: 100, text: "(#100) The parameter business is required", class: ClassUnknown},
	{name: "another's users", op: OpListAssignedUsers, code: 200, text: "(#200) Permissions error", class: ClassPermission},
	{name: "no catalogues", op: OpListCatalogs, code: 200, text: "(#200) Permissions error", class: ClassPermission},
	{name: "no such catalogue", op: OpLinkCatalog, code: 100, text: "(#100) Param catalog_id is not a valid Product Catalog ID", class: ClassRefused},
	{name: "delete refused", op: OpDeleteTemplate, code: 100, class: ClassRefused},
	{name: "unpause refused", op: OpUnpauseTemplate, code: 100, title: "Message template isn't paused", class: ClassRefused},
	{name: "insights refused", op: OpUpdateAccount, code: 100, class: ClassRefused},
	{name: "bad template", op: OpCreateTemplate, code: 100, subcode: 2388299, class: ClassInvalidSpec},
	{name: "bad edit", op: OpEditTemplate, code: 100, class: ClassInvalidSpec},
	{name: "session", op: OpReadAccount, code: 102, class: ClassCredentials, cause: CauseTokenInvalid},
	{name: "signature", op: OpReadAccount, code: 104, class: ClassCredentials, cause: CauseAppSecretProof},
	{name: "signature of an upload", op: OpOpenUpload, code: 104, class: ClassCredentials},
	{name: "signature of a session", op: OpSendUpload, code: 104, class: ClassCredentials},
	{name: "bad file", op: OpOpenUpload, code: 100, class: ClassInvalidSpec},
	{name: "missing app", op: OpOpenUpload, code: 100, subcode: 33, class: ClassAmbiguous, cause: CauseMissingObject},
	{name: "no role on the app", op: OpOpenUpload, code: 200, class: ClassPermission},
	{name: "upload token", op: OpSendUpload, code: 190, class: ClassCredentials, cause: CauseTokenInvalid},
	{name: "abusive upload", op: OpSendUpload, code: 368, class: ClassBlocked},
	{name: "bad question about an upload", op: OpReadUpload, code: 100, class: ClassUnknown},
	{name: "token", op: OpReadAccount, code: 190, subcode: 460, class: ClassCredentials, cause: CauseTokenInvalid},
	{name: "phone number of a button", op: OpCreateTemplate, code: 192, class: ClassInvalidSpec},
	{name: "first permission", op: OpReadAccount, code: 200, class: ClassPermission},
	{name: "last permission", op: OpReadAccount, code: 299, class: ClassPermission},
	{name: "beyond permissions", op: OpReadAccount, code: 300, class: ClassUnknown},
	{name: "temporary app limit", op: OpReadAccount, code: 341, class: ClassThrottled},
	{name: "policy block", op: OpReadAccount, code: 368, class: ClassBlocked},
	{name: "repeated", op: OpCreateTemplate, code: 506, class: ClassRefused},
	{name: "custom limit", op: OpReadAccount, code: 613, subcode: 1996, class: ClassThrottled},
	{name: "alias", op: OpReadAccount, code: 803, class: ClassAmbiguous, cause: CauseMissingObject},
	{name: "callback", op: OpUpdateAccount, code: 2200, class: ClassRefused, cause: CauseCallbackNotVerified},
	{name: "account limit", op: OpCreateTemplate, code: 80007, class: ClassThrottled},
	{name: "account limit, Graph's code", op: OpReadAccount, code: 80008, class: ClassThrottled},
	{name: "agreement not signed", op: OpCreateTemplate, code: 100, text: "(#100) You need to sign the testing legal agreement before sending out messages.", class: ClassRefused, cause: CauseAgreement},
	{name: "template edited too often", op: OpEditTemplate, code: 80012, class: ClassQuota, cause: CauseEditBudget},

	{name: "throughput", op: OpReadAccount, code: 130429, class: ClassThrottled},
	{name: "country", op: OpReadAccount, code: 130497, class: ClassPermission},
	{name: "something went wrong", op: OpReadAccount, code: 131000, class: ClassTransient},
	{name: "access denied", op: OpReadAccount, code: 131005, class: ClassPermission},
	{name: "missing parameter", op: OpCreateTemplate, code: 131008, class: ClassInvalidSpec},
	{name: "bad parameter", op: OpCreateTemplate, code: 131009, class: ClassInvalidSpec},
	{name: "unavailable", op: OpReadAccount, code: 131016, class: ClassTransient},
	{name: "locked account", op: OpReadAccount, code: 131031, class: ClassBlocked},
	{name: "name approval", op: OpUpdateAccount, code: 131037, class: ClassRefused},
	{name: "payment", op: OpReadAccount, code: 131042, class: ClassBlocked},
	{name: "registration", op: OpUpdateAccount, code: 131045, class: ClassRefused, cause: CauseNotRegistered},
	{name: "spam limit", op: OpReadAccount, code: 131048, class: ClassThrottled},
	{name: "pair limit", op: OpReadAccount, code: 131056, class: ClassThrottled},
	{name: "maintenance", op: OpReadAccount, code: 131057, class: ClassTransient},
	{name: "cursor", op: OpListTemplates, code: 131059, class: ClassTransient, cause: CauseBadCursor},
	{name: "misclassification limit", op: OpReadAccount, code: 131064, class: ClassThrottled},
	{name: "server unavailable", op: OpUpdateAccount, code: 133004, class: ClassTransient},
	{name: "registrations used up", op: OpRegisterPhoneNumber, code: 133016, class: ClassQuota, cause: CauseRegistrationLimit},
	{name: "deregistrations used up", op: OpDeregisterPhoneNumber, code: 133016, class: ClassQuota, cause: CauseRegistrationLimit},
	{name: "generic", op: OpUpdateAccount, code: 135000, class: ClassRefused},
	{name: "insights not available", op: OpUpdateAccount, code: 200005, class: ClassRefused},
	{name: "insights stay on", op: OpUpdateAccount, code: 200006, class: ClassRefused},
	{name: "template limit as code", op: OpCreateTemplate, code: 2388019, class: ClassQuota, cause: CauseTemplateLimit},
	{name: "name locked as code", op: OpCreateTemplate, code: 2388023, class: ClassRefused, cause: CauseNameLocked},
	{name: "duplicate as code", op: OpCreateTemplate, code: 2388024, class: ClassRefused, cause: CauseDuplicate},
	{name: "duplicate name as code", op: OpCreateTemplate, code: 2388026, class: ClassRefused, cause: CauseDuplicate},
	{name: "status locked as code", op: OpEditTemplate, code: 2388039, class: ClassRefused, cause: CauseStatusLocked},
	{name: "edit budget as code", op: OpEditTemplate, code: 2388124, class: ClassQuota, cause: CauseEditBudget},
	{name: "bad template as code", op: OpCreateTemplate, code: 2388040, class: ClassInvalidSpec},
	{name: "migration maintenance", op: OpUpdateAccount, code: 2494100, class: ClassTransient},
	{name: "ownership transfer", op: OpUpdateAccount, code: 2593079, class: ClassRefused},
	{name: "ownership transfer 2", op: OpUpdateAccount, code: 2593085, class: ClassRefused},
	{name: "synchronisation", op: OpUpdateAccount, code: 2593108, class: ClassRefused},

	{name: "unknown code", op: OpCreateTemplate, code: 987654, class: ClassUnknown},
	{name: "negative code", op: OpCreateTemplate, code: -1, class: ClassUnknown},
	{name: "transient wins", op: OpCreateTemplate, code: 100, subcode: 2388299, transient: true, class: ClassTransient},
	{name: "transient wins over unknown", op: OpCreateTemplate, code: 987654, transient: true, class: ClassTransient},
	{name: "transient keeps the cause", op: OpReadAccount, code: 190, subcode: 463, transient: true, class: ClassTransient, cause: CauseTokenExpired},
	{name: "throttled wins over transient", op: OpReadAccount, code: 80008, transient: true, class: ClassThrottled},

	{name: "name not processed", op: OpRegisterPhoneNumber, code: 100, subcode: 2388001, title: "Cannot Create Certificate", class: ClassRefused, cause: CauseNameNotProcessed},
	{name: "number in the app", op: OpRegisterPhoneNumber, code: 100, subcode: 2388001, userMessage: "This number is registered to an existing WhatsApp account. Disconnect it first.", class: ClassRefused, cause: CauseNumberInUse},
	{name: "name not processed as code", op: OpRegisterPhoneNumber, code: 2388001, class: ClassRefused, cause: CauseNameNotProcessed},
	{name: "not owned", op: OpAddPhoneNumber, code: 100, subcode: 2388001, class: ClassRefused},
	{name: "number is there", op: OpAddPhoneNumber, code: 100, subcode: 2388012, class: ClassRefused, cause: CauseDuplicate},
	{name: "number is there, as code", op: OpAddPhoneNumber, code: 2388012, class: ClassRefused, cause: CauseDuplicate},
	{name: "not being moved", op: OpRequestCode, code: 100, subcode: 2388091, class: ClassRefused},
	{name: "not being moved 2", op: OpVerifyCode, code: 100, subcode: 2388093, class: ClassRefused},
	{name: "many meanings", op: OpAddPhoneNumber, code: 100, subcode: 2388103, class: ClassRefused},
	{name: "many meanings as code", op: OpAddPhoneNumber, code: 2388103, class: ClassRefused},
	{name: "bad number", op: OpAddPhoneNumber, code: 100, class: ClassInvalidSpec},
	{name: "region expected", op: OpRegisterPhoneNumber, code: 100, text: "Expected data localization region: 'IN'", class: ClassInvalidSpec},

	{name: "no code, localised limit", op: OpRequestCode, code: 136024, subcode: 2388367, userMessage: "Você pediu um código de verificação muitas vezes.", class: ClassQuota, cause: CauseCodeLimit},
	{name: "no code, some time", op: OpRequestCode, code: 136024, subcode: 2388091, class: ClassQuota, cause: CauseCodeLimit},
	{name: "no code, too many", op: OpRequestCode, code: 136024, userMessage: "You have requested a verification code too many times. Try again later.", class: ClassQuota, cause: CauseCodeLimit},
	{name: "no code, try again", op: OpRequestCode, code: 136024, userMessage: "Try again in 10 minutes.", class: ClassQuota, cause: CauseCodeLimit},
	{name: "no code, verified", op: OpRequestCode, code: 136024, text: "Phone number already verified", class: ClassRefused, cause: CauseAlreadyVerified},
	{name: "no code, verified, longer", op: OpRequestCode, code: 136024, text: "The number has already been verified.", class: ClassRefused, cause: CauseAlreadyVerified},
	{name: "no code", op: OpRequestCode, code: 136024, text: "Request code error", class: ClassRefused, cause: CauseCodeNotSent},
	{name: "no code, bad parameter, verified", op: OpRequestCode, code: 100, userMessage: "This number is already verified.", class: ClassRefused, cause: CauseAlreadyVerified},
	{name: "no code, bad parameter, too many", op: OpRequestCode, code: 100, userMessage: "Too many codes. Wait an hour.", class: ClassQuota, cause: CauseCodeLimit},
	{name: "no code, bad language", op: OpRequestCode, code: 100, class: ClassInvalidSpec},
	{name: "throttled, not too many codes", op: OpRequestCode, code: 80008, text: "There have been too many calls to this account. Try again later.", class: ClassThrottled},
	{name: "wrong code", op: OpVerifyCode, code: 136025, text: "Verify code error", userMessage: "The code is wrong. Try again.", class: ClassInvalidSpec, cause: CauseCodeRefused},
	{name: "wrong code, bad parameter", op: OpVerifyCode, code: 100, class: ClassInvalidSpec, cause: CauseCodeRefused},
	{name: "too many wrong codes", op: OpVerifyCode, code: 136025, userMessage: "Too many attempts.", class: ClassQuota, cause: CauseCodeLimit},
	{name: "wrong code is no passing trouble", op: OpVerifyCode, code: 136025, userMessage: "Too many attempts.", transient: true, class: ClassQuota, cause: CauseCodeLimit},
	{name: "app number", op: OpRegisterPhoneNumber, code: 136025, text: "Phone number registration not available for SMB accounts", class: ClassRefused},
	{name: "missing number", op: OpVerifyCode, code: 100, subcode: 33, class: ClassAmbiguous, cause: CauseMissingObject},

	{name: "deregister again", op: OpRegisterPhoneNumber, code: 133000, class: ClassRefused, cause: CauseDeregisterIncomplete},
	{name: "wrong PIN", op: OpRegisterPhoneNumber, code: 133005, class: ClassInvalidSpec, cause: CausePINMismatch},
	{name: "wrong PIN is never tried again", op: OpRegisterPhoneNumber, code: 133005, transient: true, class: ClassInvalidSpec, cause: CausePINMismatch},
	{name: "wrong PIN as locked account", op: OpRegisterPhoneNumber, code: 131031, text: "The two-step PIN included in the request is incorrect", class: ClassInvalidSpec, cause: CausePINMismatch},
	{name: "locked account on registration", op: OpRegisterPhoneNumber, code: 131031, text: "Account has been locked", class: ClassBlocked},
	{name: "not verified", op: OpRegisterPhoneNumber, code: 133006, class: ClassRefused, cause: CauseNotVerified},
	{name: "PIN guesses", op: OpRegisterPhoneNumber, code: 133008, class: ClassQuota, cause: CausePINLocked},
	{name: "PIN guessed too fast", op: OpRegisterPhoneNumber, code: 133009, transient: true, class: ClassQuota, cause: CausePINLocked},
	{name: "not registered", op: OpUpdateProfile, code: 133010, class: ClassRefused, cause: CauseNotRegistered},
	{name: "recently deleted", op: OpRegisterPhoneNumber, code: 133015, class: ClassTransient, cause: CauseRecentlyDeleted},
	{name: "registration limit is no passing trouble", op: OpRegisterPhoneNumber, code: 133016, transient: true, class: ClassQuota, cause: CauseRegistrationLimit},
	{name: "registration maintenance", op: OpRegisterPhoneNumber, code: 131057, class: ClassTransient},
	{name: "registration not allowed", op: OpRegisterPhoneNumber, code: 200, class: ClassPermission},
	{name: "number deleted, profile", op: OpReadProfile, code: 33, class: ClassGone},
	{name: "bad question about a profile", op: OpReadProfile, code: 100, class: ClassUnknown},
	{name: "bad profile", op: OpUpdateProfile, code: 100, class: ClassInvalidSpec},
	{name: "coexistence number", op: OpDeregisterPhoneNumber, code: 100, class: ClassRefused},
	{name: "username", op: OpUpdateUsername, code: 147001, class: ClassRefused, cause: CauseUsernameRefused},
	{name: "username before its limit", op: OpUpdateUsername, code: 147002, class: ClassQuota, cause: CauseUsernameLimit},
	{name: "username of a Facebook Page", op: OpUpdateUsername, code: 147003, class: ClassRefused, cause: CauseUsernameLink},
	{name: "username of an Instagram account", op: OpUpdateUsername, code: 147004, class: ClassRefused, cause: CauseUsernameLink},
	{name: "username of another number", op: OpUpdateUsername, code: 147005, class: ClassRefused, cause: CauseUsernameRefused},
	{name: "handshake failed", op: OpSetAppSubscription, code: 2200, text: "(#2200) Callback verification failed with the following errors: HTTP Status Code = 403", class: ClassRefused, cause: CauseCallbackNotVerified},
	{name: "handshake failed, override", op: OpOverrideAccountCallback, code: 2200, class: ClassRefused, cause: CauseCallbackNotVerified},
	{name: "override too early", op: OpOverrideAccountCallback, code: 100, text: "(#100) Before override the current callback uri, your app must be subscribed to receive messages for WhatsApp Business Account", class: ClassRefused, cause: CauseNotSubscribed},
	{name: "override too early, other wording", op: OpOverrideAccountCallback, code: 100, text: "The app must first be subscribed to messages", class: ClassRefused, cause: CauseNotSubscribed},
	{name: "number too early", op: OpSetNumberCallback, code: 100, text: "The app is not subscribed to this account", class: ClassRefused, cause: CauseNotSubscribed},
	{name: "bad override", op: OpOverrideAccountCallback, code: 100, class: ClassInvalidSpec},
	{name: "dashboard", op: OpSetAppSubscription, code: 100, text: "Subscriptions to this object can only be changed in the App Dashboard", class: ClassPermission, cause: CauseDashboardOnly},
	{name: "no capability on the app", op: OpSetAppSubscription, code: 3, class: ClassPermission, cause: CauseDashboardOnly},
	{name: "no permission on the app", op: OpReadAppSubscription, code: 10, class: ClassPermission, cause: CauseDashboardOnly},
	{name: "no permission on the app 2", op: OpDeleteAppSubscription, code: 200, class: ClassPermission, cause: CauseDashboardOnly},
	{name: "wrong app secret", op: OpReadAppSubscription, code: 1, text: "Error validating client secret.", class: ClassPermission, cause: CauseAppToken},
	{name: "wrong app secret 2", op: OpReadAppSubscription, code: 101, class: ClassPermission, cause: CauseAppToken},
	{name: "wrong app secret 3", op: OpSetAppSubscription, code: 190, class: ClassPermission, cause: CauseAppToken},
	{name: "bad fields", op: OpSetAppSubscription, code: 100, class: ClassInvalidSpec},
	{name: "app is there no more", op: OpDeleteAppSubscription, code: 100, class: ClassRefused},
	{name: "subscribe refused", op: OpSubscribeApp, code: 100, class: ClassRefused},
	{name: "subscribe not permitted", op: OpSubscribeApp, code: 200, class: ClassPermission},
	{name: "beyond usernames", op: OpUpdateUsername, code: 147006, class: ClassUnknown},
}

func TestClassification(t *testing.T) {
	for _, tc := range classifiedCases {
		t.Run(tc.name, func(t *testing.T) {
			fields := map[string]any{"code": tc.code, "message": tc.text, "is_transient": tc.transient}
			for key, value := range map[string]string{"error_user_title": tc.title, "error_user_msg": tc.userMessage} {
				if value != "" {
					fields[key] = value
				}
			}
			if tc.subcode != 0 {
				fields["error_subcode"] = tc.subcode
			}
			body := envelope(t, fields)
			if tc.op == OpDebugToken {
				t.Fatal("errors of a batch are tested elsewhere")
			}
			// A field that is unknown or a cursor that is bad makes some calls repeat themselves.
			answers := make([]fakeAnswer, fieldRetries+2)
			for i := range answers {
				answers[i] = fakeAnswer{status: http.StatusBadRequest, body: body}
			}
			server := newFakeGraph(t, answers...)
			e := mustError(t, everyCall(server.client(t, withSecret))[tc.op](t.Context()))
			if e.Class != tc.class || e.Cause != tc.cause {
				t.Errorf("got %s/%s, want %s/%s", e.Class, e.Cause, tc.class, tc.cause)
			}
			if e.Op != tc.op || e.Code != tc.code || e.Subcode != tc.subcode || e.Transient != tc.transient || e.HTTPStatus != 400 {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// Every row must decide at least one case, else it is dead or untested.
func TestEveryRuleIsTested(t *testing.T) {
	used := make([]bool, len(rules))
	for _, tc := range classifiedCases {
		e := &Error{Op: tc.op, Code: tc.code, Subcode: tc.subcode, UserTitle: tc.title, UserMessage: tc.userMessage, Message: tc.text}
		texts := searchable(e.UserTitle, e.UserMessage, e.Details, e.Message)
		for i := range rules {
			if rules[i].matches(e, texts) {
				used[i] = true
				break
			}
		}
	}
	for i, hit := range used {
		if !hit {
			t.Errorf("no case reaches rule %d: %+v", i, rules[i])
		}
	}
}
