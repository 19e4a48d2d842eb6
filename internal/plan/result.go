// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/messagetemplate"
	"github.com/waba-operator/waba-operator/controllers/phonenumber"
	"github.com/waba-operator/waba-operator/controllers/webhooksubscription"
	"github.com/waba-operator/waba-operator/internal/lint"
	"github.com/waba-operator/waba-operator/internal/output"
)

// Action is what would happen with a resource.
type Action string

const (
	// Create makes something at Meta that isn't there.
	Create Action = "create"
	// Edit changes something at Meta.
	Edit Action = "edit"
	// Adopt takes charge of what is at Meta already, without a write.
	Adopt Action = "adopt"
	// Nothing writes nothing.
	Nothing Action = "nothing"
	// Blocked writes nothing though Meta isn't as the manifest says: Reason says what it waits for.
	Blocked Action = "blocked"
	// Invalid is a manifest that the API server or the operator would refuse.
	Invalid Action = "invalid"
	// Failed is a resource of which nothing can be said, because something can't be read.
	Failed Action = "failed"
)

// DocumentKind is the kind of a Plan for programs.
const DocumentKind = "Plan"

// Plan is what the operator would do.
type Plan struct {
	output.TypeMeta

	Accounts []Account `json:"accounts"`
	// Invalid are manifests that can't be planned.
	Invalid []Resource `json:"invalid,omitempty"`
	Summary Summary    `json:"summary"`
	// Notes say what the plan takes for granted.
	Notes []string `json:"notes,omitempty"`
}

// Account is what would be done for one account.
type Account struct {
	// WABA is the resource of the account: NAMESPACE/NAME.
	WABA string `json:"waba"`
	// ID is the account's at Meta, empty where there is no such resource.
	ID        string     `json:"id,omitempty"`
	Resources []Resource `json:"resources"`
}

// Resource is what would be done for one resource.
type Resource struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	Action    Action `json:"action"`
	// Adopts is set where the asset at Meta becomes the resource's, whatever is written besides.
	Adopts bool `json:"adopts,omitempty"`
	// Writes are the calls that change something at Meta.
	Writes []Write `json:"writes,omitempty"`
	// Reason and Message are those of the condition Synced, where something is in the way.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// NotBefore is when a wait is over, as far as that is known.
	NotBefore *metav1.Time `json:"notBefore,omitempty"`
	// Differs are fields that differ at Meta and that no write is about, because they wait or are left alone.
	Differs []Change `json:"differs,omitempty"`
	// UnknownProperties are those at Meta that this version doesn't know.
	UnknownProperties []string `json:"unknownProperties,omitempty"`

	// repeated is set where a resource before it failed in the same way, which counts it in alike.
	repeated bool
	alike    int
}

// Write is one call.
type Write struct {
	// Call names it as the operator's audit log does.
	Call string `json:"call"`
	// Changes are the fields of the spec that it is about; of a new asset all that it gets.
	Changes []Change `json:"changes,omitempty"`
}

// Change is a field that differs: Old is its value at Meta, New the one of the manifest. The elements of a list are lines. A value is
// nil where there is none; both are nil where the value is a secret, or one that Meta doesn't return.
type Change struct {
	Field string `json:"field"`
	// ButtonType is the type of the button to which the field belongs.
	ButtonType string  `json:"buttonType,omitempty"`
	Old        *string `json:"old,omitempty"`
	New        *string `json:"new,omitempty"`
}

// Summary counts resources by what would happen with them.
type Summary struct {
	Create    int `json:"create"`
	Edit      int `json:"edit"`
	Adopt     int `json:"adopt"`
	Blocked   int `json:"blocked"`
	Unchanged int `json:"unchanged"`
	Invalid   int `json:"invalid"`
	Failed    int `json:"failed"`
}

// Changes reports that Meta isn't as the manifests say: something would be written, or is blocked.
func (p *Plan) Changes() bool { return p.Summary.Create+p.Summary.Edit+p.Summary.Blocked > 0 }

// Problem says why the plan isn't complete, nil where it is.
func (p *Plan) Problem() error {
	s := p.Summary
	if s.Invalid+s.Failed == 0 {
		return nil
	}
	for _, r := range p.Invalid {
		return fmt.Errorf("%s can't be planned, the first: %s", count(s.Invalid+s.Failed, "resource"), r.Message)
	}
	for _, a := range p.Accounts {
		for _, r := range a.Resources {
			if r.Action == Failed {
				return fmt.Errorf("%s can't be planned, the first: %s: %s", count(s.Failed, "resource"), r.title(), r.Message)
			}
		}
	}
	return nil
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (r *Resource) title() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// invalid notes a manifest that can't be planned.
func (p *Plan) invalid(obj *unstructured.Unstructured, findings ...lint.Finding) {
	r := Resource{Action: Invalid, Reason: v1alpha1.ReasonInvalidSpec}
	if obj != nil {
		r.Kind, r.Namespace, r.Name = obj.GetKind(), obj.GetNamespace(), obj.GetName()
	}
	var messages []string
	for _, f := range findings {
		where := f.Source
		if f.Line > 0 {
			where = fmt.Sprintf("%s:%d", f.Source, f.Line)
		}
		if f.Field != "" {
			where += ": " + f.Field
		}
		messages = append(messages, where+": "+f.Message)
	}
	r.Message = strings.Join(messages, "; ")
	p.Invalid = append(p.Invalid, r)
	p.Summary.Invalid++
}

// unusable are the reasons for which an account can't be planned: the caller's token, or Meta.
var unusable = map[string]bool{
	v1alpha1.ReasonCredentialsInvalid: true, v1alpha1.ReasonPermissionDenied: true, v1alpha1.ReasonTransientError: true,
	v1alpha1.ReasonRateLimited: true, v1alpha1.ReasonUnknownError: true,
}

// buildPlan makes the plan of what was found.
func (p *planner) buildPlan() {
	for _, r := range p.planned {
		if n := len(p.plan.Accounts); n == 0 || p.plan.Accounts[n-1].WABA != r.waba.String() {
			a := Account{WABA: r.waba.String()}
			if waba, ok := p.store.find(&v1alpha1.WABA{}, r.waba).(*v1alpha1.WABA); ok {
				a.ID = waba.Spec.ID
			}
			p.plan.Accounts = append(p.plan.Accounts, a)
		}
		a := &p.plan.Accounts[len(p.plan.Accounts)-1]
		a.Resources = append(a.Resources, p.judge(r))
		a.fold()
		p.plan.Summary.add(a.Resources[len(a.Resources)-1].Action)
	}
	p.plan.Notes = append(p.plan.Notes, p.others.sortedNotes()...)
}

func (s *Summary) add(a Action) {
	switch a {
	case Create:
		s.Create++
	case Edit:
		s.Edit++
	case Adopt:
		s.Adopt++
	case Blocked:
		s.Blocked++
	case Failed:
		s.Failed++
	default:
		s.Unchanged++
	}
}

// judge says in a plan's words what the reconcilers came to.
func (p *planner) judge(r *resource) Resource {
	out := Resource{Kind: r.kind, Namespace: r.name.Namespace, Name: r.name.Name, Action: Nothing}
	after := p.store.find(newObject(r.kind), r.name)
	if r.failed != "" || after == nil {
		out.Action, out.Message = Failed, r.failed
		return out
	}
	now := synced(after)
	for _, i := range r.intents {
		w := Write{Call: i.Call, Changes: r.values.changes(i.Fields)}
		switch {
		case i.Call == webhooksubscription.CallSubscribe:
			w.Changes = r.values.changes([]string{"app"})
		case creates(w):
			w.Changes = r.values.all()
		}
		out.Writes = append(out.Writes, w)
	}
	out.Differs = r.values.changes(left(slices.Concat(r.values.differing, after.CommonStatus().Drift), out.Writes))
	out.UnknownProperties = after.CommonStatus().UnknownProperties
	if now.waits() {
		out.Reason, out.Message = now.reason, planned(now.message)
		if t := after.CommonStatus().NextAttemptTime; t != nil && t.After(p.Clock.Now()) {
			out.NotBefore = &metav1.Time{Time: t.UTC().Truncate(time.Second)}
		}
	}
	adopts := !r.before.HoldsAsset() && after.HoldsAsset() && p.policy(r, after) == v1alpha1.ManagementPolicyManaged
	out.Action = p.action(r, now, out.Writes, adopts)
	out.Adopts = adopts && (out.Action == Adopt || out.Action == Edit)
	return out
}

func (p *planner) action(r *resource, now syncedState, writes []Write, adopts bool) Action {
	settled := now.reason == v1alpha1.ReasonDriftDetected || now.reason == v1alpha1.ReasonPaused
	switch {
	case slices.ContainsFunc(writes, creates):
		return Create
	case len(writes) > 0:
		return Edit
	case now == syncedState{}, now.waits() && p.blind(r):
		return Failed
	case now.waits() && !settled:
		return Blocked
	case adopts:
		return Adopt
	}
	return Nothing
}

// waits reports that something else than the operator's reading is in the way.
func (s syncedState) waits() bool {
	return s.status == string(metav1.ConditionFalse) && !strings.HasPrefix(s.message, lifecycle.Withheld)
}

// blind reports that the account couldn't be read, so that nothing can be said of what it has.
func (p *planner) blind(r *resource) bool {
	waba, ok := p.store.find(&v1alpha1.WABA{}, r.waba).(*v1alpha1.WABA)
	if !ok || waba.Status.LastObservedTime != nil {
		return false
	}
	return unusable[synced(waba).reason]
}

// policy is what the operator may do: the account's policy is the ceiling.
func (p *planner) policy(r *resource, obj v1alpha1.Asset) v1alpha1.ManagementPolicy {
	if waba, ok := p.store.find(&v1alpha1.WABA{}, r.waba).(*v1alpha1.WABA); ok {
		return lifecycle.EffectivePolicy(obj.Policies().ManagementPolicy, waba.Spec.ManagementPolicy)
	}
	return lifecycle.EffectivePolicy(obj.Policies().ManagementPolicy)
}

// creates reports that a call makes something that wasn't there.
func creates(w Write) bool {
	return slices.Contains([]string{messagetemplate.CallCreateTemplate, phonenumber.CallAddNumber, webhooksubscription.CallSubscribe}, w.Call)
}

// left are the differing fields that no write is about.
func left(differing []string, writes []Write) []string {
	slices.Sort(differing)
	return slices.DeleteFunc(slices.Compact(differing), func(field string) bool {
		return slices.ContainsFunc(writes, func(w Write) bool {
			return len(w.Changes) == 0 || slices.ContainsFunc(w.Changes, func(c Change) bool { return c.Field == field || strings.HasPrefix(field, c.Field+".") })
		})
	})
}

func synced(obj v1alpha1.Asset) syncedState {
	c := meta.FindStatusCondition(obj.CommonStatus().Conditions, v1alpha1.ConditionSynced)
	if c == nil {
		return syncedState{}
	}
	return syncedState{string(c.Status), c.Reason, c.Message}
}
