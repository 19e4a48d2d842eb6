// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/credentials"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// constants returns the string constants of a file whose names begin with prefix, and which of them are documented.
func constants(t *testing.T, file, prefix string) (values map[string]string, documented map[string]bool) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	values, documented = map[string]string{}, map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
			name := spec.Names[0].Name
			values[name], _ = strconv.Unquote(literal.Value)
			documented[name] = strings.HasPrefix(spec.Doc.Text(), name+": ")
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s: no constant %s…", file, prefix)
	}
	return values, documented
}

// row is what an error must lead to.
type row struct {
	reason                             string
	after                              time.Duration
	wait, backoff, stalled, unaffected bool
	first                              time.Duration
}

func (r *Result) row() row {
	return row{r.reason, r.after, r.shown, r.backoff, KstatusOf[r.reason] == KstatusStalled, r.unaffected, r.first}
}

var classRows = map[graph.Class]row{
	graph.ClassTransient:   {reason: "TransientError", backoff: true, unaffected: true},
	graph.ClassThrottled:   {reason: "RateLimited", after: time.Second, wait: true, unaffected: true},
	graph.ClassCredentials: {reason: "CredentialsInvalid", stalled: true, backoff: true, first: SlowPause, unaffected: true},
	graph.ClassPermission:  {reason: "PermissionDenied", stalled: true, backoff: true, first: SlowPause, unaffected: true},
	graph.ClassInvalidSpec: {reason: "InvalidSpec", after: 24 * time.Hour, wait: true, stalled: true},
	graph.ClassRefused:     {reason: "RefusedByMeta", after: 24 * time.Hour, wait: true, stalled: true},
	graph.ClassQuota:       {reason: "QuotaExceeded", after: time.Hour, wait: true},
	graph.ClassBlocked:     {reason: "AccountBlocked", stalled: true, backoff: true, first: SlowPause, unaffected: true},
	graph.ClassGone:        {reason: "TransientError", backoff: true, first: SlowPause},
	graph.ClassAmbiguous:   {reason: "PermissionDenied", stalled: true, backoff: true, first: SlowPause, unaffected: true},
	graph.ClassUnknown:     {reason: "UnknownError", backoff: true, first: SlowPause, unaffected: true},
}

// causeRows has the class a cause comes with, and what it leads to; no row of its own means that of the class.
var causeRows = map[graph.Cause]struct {
	class graph.Class
	want  *row
}{
	graph.CauseNameLocked:       {graph.ClassRefused, &row{reason: "NameLocked", after: 30 * 24 * time.Hour, wait: true, stalled: true}},
	graph.CauseDuplicate:        {graph.ClassRefused, &row{reason: "TransientError", backoff: true, first: SlowPause}},
	graph.CauseEditBudget:       {graph.ClassQuota, &row{reason: "EditBudgetExhausted", after: 24 * time.Hour, wait: true}},
	graph.CauseStatusLocked:     {graph.ClassRefused, &row{reason: "InReview", backoff: true, first: SlowPause}},
	graph.CauseTemplateLimit:    {graph.ClassQuota, &row{reason: "QuotaExceeded", after: 24 * time.Hour, wait: true}},
	graph.CauseCategoryMismatch: {graph.ClassRefused, nil},
	graph.CauseDisabled:         {graph.ClassRefused, nil},
	graph.CauseAgreement:        {graph.ClassRefused, &row{reason: "ActionRequired", after: 24 * time.Hour, wait: true, stalled: true}},
	graph.CauseMissingObject:    {graph.ClassAmbiguous, nil},
	graph.CauseTokenExpired:     {graph.ClassCredentials, nil},
	graph.CauseTokenInvalid:     {graph.ClassCredentials, nil},
	graph.CauseAppSecretProof:   {graph.ClassCredentials, nil},
	graph.CauseBadCursor:        {graph.ClassTransient, nil},
	graph.CauseReduceData:       {graph.ClassTransient, nil},
	graph.CauseTimeout:          {graph.ClassTransient, nil},
	graph.CauseNetwork:          {graph.ClassTransient, nil},
	graph.CauseBadBody:          {graph.ClassTransient, nil},
	graph.CauseUnknownField:     {graph.ClassUnknown, nil},

	// The account's call log decides when a scarce call may be made again, not these reasons.
	graph.CausePINMismatch:          {graph.ClassInvalidSpec, nil},
	graph.CausePINLocked:            {graph.ClassQuota, nil},
	graph.CauseNotVerified:          {graph.ClassRefused, nil},
	graph.CauseNotRegistered:        {graph.ClassRefused, nil},
	graph.CauseRegistrationLimit:    {graph.ClassQuota, nil},
	graph.CauseDeregisterIncomplete: {graph.ClassRefused, nil},
	graph.CauseRecentlyDeleted:      {graph.ClassTransient, nil},
	graph.CauseNameNotProcessed:     {graph.ClassRefused, nil},
	graph.CauseNumberInUse:          {graph.ClassRefused, nil},
	graph.CauseAlreadyVerified:      {graph.ClassRefused, nil},
	graph.CauseCodeLimit:            {graph.ClassQuota, nil},
	graph.CauseCodeNotSent:          {graph.ClassRefused, nil},
	graph.CauseCodeRefused:          {graph.ClassInvalidSpec, nil},
	graph.CauseUsernameRefused:      {graph.ClassRefused, nil},
	graph.CauseUsernameLimit:        {graph.ClassQuota, &row{reason: "QuotaExceeded", after: 24 * time.Hour, wait: true}},
	graph.CauseUsernameLink:         {graph.ClassRefused, &row{reason: "ActionRequired", after: 24 * time.Hour, wait: true, stalled: true}},

	graph.CauseCallbackNotVerified: {graph.ClassRefused, &row{reason: "CallbackNotVerified", backoff: true, first: SlowPause, unaffected: true}},
	graph.CauseNotSubscribed:       {graph.ClassRefused, nil},
	graph.CauseDashboardOnly:       {graph.ClassPermission, &row{reason: "ActionRequired", after: 24 * time.Hour, wait: true, stalled: true, unaffected: true}},
	graph.CauseAppToken:            {graph.ClassPermission, &row{reason: "PermissionDenied", stalled: true, backoff: true, first: SlowPause, unaffected: true}},
}

func TestUnitFailureOfEveryClass(t *testing.T) {
	known, _ := constants(t, "../../internal/graph/errors.go", "Class")
	for name, value := range known {
		class := graph.Class(value)
		want, ok := classRows[class]
		if _, decided := classReactions[class]; !ok || !decided {
			t.Errorf("graph.%s has no row", name)
			continue
		}
		err := &graph.Error{Op: graph.OpEditTemplate, Class: class, Code: 1, Message: "Meta's words", TraceID: "Atrace"}
		for _, e := range []error{err, fmt.Errorf("while editing: %w", err)} {
			if got := Failed("edit the template", e); got.row() != want || got.synced != metav1.ConditionFalse || got.message == "" || got.unchanged {
				t.Errorf("%s: got %+v, want %+v", name, got, want)
			}
		}
	}
}

func TestUnitFailureOfEveryCause(t *testing.T) {
	known, _ := constants(t, "../../internal/graph/errors.go", "Cause")
	for name, value := range known {
		c, ok := causeRows[graph.Cause(value)]
		if !ok {
			t.Errorf("graph.%s has no row", name)
			continue
		}
		want := classRows[c.class]
		if c.want != nil {
			want = *c.want
		}
		if got := Failed("edit the template", &graph.Error{Class: c.class, Cause: graph.Cause(value), Message: "Meta's words"}); got.row() != want {
			t.Errorf("%s: got %+v, want %+v", name, got.row(), want)
		}
	}
}

func TestUnitFailureWaitsAsLongAsMetaSays(t *testing.T) {
	for retryAfter, want := range map[time.Duration]time.Duration{0: time.Second, time.Millisecond: time.Second, 7 * time.Minute: 7 * time.Minute} {
		if got := Failed("edit the template", &graph.Error{Class: graph.ClassThrottled, RetryAfter: retryAfter}); got.after != want || !got.shown {
			t.Errorf("%s: got %+v", retryAfter, got)
		}
	}
}

// Two answers to the same trouble must give the same message, or each run would write the status.
func TestUnitFailureMessagesAreStable(t *testing.T) {
	for class := range classReactions {
		text := func(trace, clock string) string {
			return Failed("edit the template", &graph.Error{
				Class: class, Code: 190, TraceID: trace, RetryAfter: time.Duration(len(clock)) * time.Minute,
				Message: "Something is wrong, trace " + trace + ". The current time is " + clock + ".",
			}).message
		}
		first, second := text("Aaaaaaaaaaa", "Monday, 1-Jan"), text("Bbbbbbbbbbb", "Tuesday, 2-Feb-26")
		if first != second || strings.Contains(first, "Aaaa") {
			t.Errorf("%s: %q and %q", class, first, second)
		}
	}
}

func TestUnitFailureOfOtherErrors(t *testing.T) {
	got := Failed("read Secret x", fmt.Errorf("connect: %w", &credentials.Error{Message: "Secret x doesn't exist"}))
	if want := (row{reason: "CredentialsInvalid", stalled: true, after: 30 * time.Second, unaffected: true}); got.row() != want || got.message != "Secret x doesn't exist" {
		t.Errorf("a Secret that can't be used: %+v", got)
	}
	for _, err := range []error{errors.New("10.0.0.7: refused"), apierrors.NewInternalError(errors.New("10.0.0.7"))} {
		got := Failed("do something", err)
		if want := (row{reason: "TransientError", backoff: true, unaffected: true}); got.row() != want || strings.Contains(got.message, "10.0.0.7") {
			t.Errorf("an error of the API server: %+v", got)
		}
	}
}

func TestUnitResults(t *testing.T) {
	for name, c := range map[string]struct {
		got    *Result
		synced metav1.ConditionStatus
		want   row
	}{
		"done":       {Done("m"), metav1.ConditionTrue, row{reason: "Synced"}},
		"stalled":    {NotSynced("InvalidSpec", "m"), metav1.ConditionFalse, row{reason: "InvalidSpec", stalled: true}},
		"unaffected": {NotSynced("AccountChanged", "m").AssetUnaffected(), metav1.ConditionFalse, row{reason: "AccountChanged", stalled: true, unaffected: true}},
		"waiting":    {Waiting("InReview", "m", time.Minute), metav1.ConditionFalse, row{reason: "InReview", after: time.Minute}},
		"neutral":    {NotSynced("Paused", "m").AssetUnaffected(), metav1.ConditionFalse, row{reason: "Paused", unaffected: true}},
		"shown":      {Waiting("RateLimited", "m", time.Minute).Showing(true), metav1.ConditionFalse, row{reason: "RateLimited", after: time.Minute, wait: true}},
	} {
		if c.got.synced != c.synced || c.got.row() != c.want || c.got.message != "m" || c.got.unchanged {
			t.Errorf("%s: %+v", name, c.got)
		}
	}
	if o := Unchanged(time.Minute); !o.unchanged || o.after != time.Minute || o.reason != "" {
		t.Errorf("unchanged: %+v", o)
	}
}

// TestUnitResultNeverChanges: a result that is kept, in a memory or by another step, isn't altered by what is made of it.
func TestUnitResultNeverChanges(t *testing.T) {
	o := Failed("edit the template", &graph.Error{Class: graph.ClassUnknown, Message: "m"})
	text := func(r *Result) string { return fmt.Sprintf("%+v", *r) }
	before := text(o)
	for name, other := range map[string]*Result{
		"retryAfter": o.RetryAfter(time.Hour), "sooner": o.Sooner(time.Hour), "withBackoff": o.WithBackoff(time.Hour), "pausing": o.Pausing(time.Hour),
		"showing": o.Showing(true), "assetUnaffectedIf": o.AssetUnaffectedIf(false), "saying": o.Saying("other"), "because": o.Because("Paused", "other"),
		"like": o.Like(&metav1.Condition{Status: metav1.ConditionTrue}), "endingEarly": o.EndingEarly(), "keepingGeneration": o.keepingGeneration(),
		"join": o.Join(FailedStep{"read", errors.New("e")}),
	} {
		if other == o || text(other) == before {
			t.Errorf("%s: the same", name)
		}
		if text(o) != before {
			t.Fatalf("%s changed it", name)
		}
	}
	var nothing *Result
	if nothing.RetryAfter(time.Hour) != nil || nothing.AssetUnaffected() != nil || nothing.Join(FailedStep{}) != nil || nothing.Err() != nil {
		t.Error("nothing stays nothing")
	}
}

// TestUnitEveryReasonHasOneKstatus: each reason of the API is in the table, or in the list here. With those in the list no work
// is in progress and no person must act.
func TestUnitEveryReasonHasOneKstatus(t *testing.T) {
	neutral := []string{
		"Approved", "AsRequested", "Compliant", "CurrencyDeadline", "ExpiringSoon", "Flagged", "Healthy", "Limited", "LowQuality", "MediumQuality",
		"MissingScope", "NoPaymentMethod", "NotAssigned", "NotRated", "NotVerified", "Observed", "Paused", "PaymentMethodPresent", "PolicyViolation",
		"ReclassificationPlanned", "Registered", "Restricted", "Subscribed", "Synced", "UnapprovedApp", "Unknown", "Valid",
		"Verified",
	}
	events := []string{
		"AccountEvent", "DryRun", "Left", "LimitsChanged", "MetaAlert", "OBARequestHandled", "PINChanged", "ReviewRisk", "UnarchiveHandled", "UnpauseHandled", "UsernameChanged",
	}
	values, _ := constants(t, "../../api/v1alpha1/conditions.go", "Reason")
	for name, reason := range values {
		_, listed := KstatusOf[reason]
		if other := slices.Contains(neutral, reason) || slices.Contains(events, reason); listed == other {
			t.Errorf("%s: in the table %t, else known %t", name, listed, other)
		}
	}
	if want := len(KstatusOf) + len(neutral) + len(events); len(values) != want {
		t.Errorf("the API has %d reasons, this test and the table have %d", len(values), want)
	}
	for reason, k := range KstatusOf {
		if k == kstatusNeutral {
			t.Errorf("%s: neutral reasons aren't listed", reason)
		}
	}
}

// TestUnitTroubleshootingListsKstatus: the page says of each reason what the table says.
func TestUnitTroubleshootingListsKstatus(t *testing.T) {
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	for condition, k := range map[string]kstatus{v1alpha1.ConditionStalled: KstatusStalled, v1alpha1.ConditionReconciling: KstatusReconciling} {
		var of []string
		for reason, is := range KstatusOf {
			if is == k {
				of = append(of, "`"+reason+"`")
			}
		}
		slices.Sort(of)
		if line := "- `" + condition + "`: " + strings.Join(of, ", ") + ".\n"; !strings.Contains(string(page), line) {
			t.Errorf("docs/troubleshooting.md must have the line\n%s", line)
		}
	}
}

// usedReasons are the constants v1alpha1.Reason… that the controllers use.
func usedReasons(t *testing.T) map[string]string {
	t.Helper()
	used := map[string]string{}
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := s.X.(*ast.Ident); ok && pkg.Name == "v1alpha1" && strings.HasPrefix(s.Sel.Name, "Reason") {
					used[s.Sel.Name] = set.Position(s.Pos()).String()
				}
			}
			return true
		})
		return nil
	})
	if err != nil || len(used) < 30 {
		t.Fatalf("found %d reasons: %v", len(used), err)
	}
	return used
}

func TestUnitEveryReasonIsAConstantWithAMeaning(t *testing.T) {
	values, documented := constants(t, "../../api/v1alpha1/conditions.go", "Reason")
	byValue := map[string]string{}
	for name, value := range values {
		if other, taken := byValue[value]; taken {
			t.Errorf("%s and %s have the same value", name, other)
		}
		byValue[value] = name
		if !documented[name] {
			t.Errorf("the comment on %s must say what the reader should do", name)
		}
	}
	for name, where := range usedReasons(t) {
		if values[name] == "" {
			t.Errorf("%s: %s isn't in conditions.go", where, name)
		}
	}
	for class, v := range classReactions {
		if byValue[v.reason] == "" {
			t.Errorf("class %s: reason %q isn't in conditions.go", class, v.reason)
		}
	}
	for cause, v := range causeReactions {
		if byValue[v.reason] == "" {
			t.Errorf("cause %s: reason %q isn't in conditions.go", cause, v.reason)
		}
	}
	for reason := range Unsettled {
		if byValue[reason] == "" {
			t.Errorf("unsettled: reason %q isn't in conditions.go", reason)
		}
	}
	for from, to := range accountUnusableReasons {
		if byValue[from] == "" || byValue[to] == "" {
			t.Errorf("hard: %q leads to %q", from, to)
		}
	}
}

func TestUnitNextAttempt(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 500, time.UTC)
	at := func(d time.Duration) *metav1.Time { return &metav1.Time{Time: now.Truncate(time.Second).Add(d)} }
	shown := Waiting(v1alpha1.ReasonRateLimited, "m", time.Hour).Showing(true)
	for name, c := range map[string]struct {
		current *metav1.Time
		o       *Result
		want    *metav1.Time
	}{
		"a wait begins":                   {nil, shown, at(time.Hour)},
		"a wait goes on":                  {at(time.Minute), shown, at(time.Minute)},
		"the wait is over, another comes": {at(-time.Second), shown, at(time.Hour)},
		"a shorter wait takes its place":  {at(24 * time.Hour), shown, at(time.Hour)},
		"the clocks differ a little":      {at(time.Hour + 2*time.Second), shown, at(time.Hour + 2*time.Second)},
		"a wait that isn't shown":         {at(time.Minute), Waiting(v1alpha1.ReasonInReview, "m", time.Hour), nil},
		"a wait for an event":             {at(time.Minute), Waiting(v1alpha1.ReasonInReview, "m", 0).Showing(true), nil},
		"nothing to wait for":             {at(time.Minute), Done("m"), nil},
	} {
		got := nextAttempt(c.current, c.o, now)
		if (got == nil) != (c.want == nil) || got != nil && !got.Equal(c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
