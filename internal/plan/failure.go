// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// unplanned are the reasons for which a single resource can't be planned, though its account could be read.
var unplanned = map[string]bool{
	v1alpha1.ReasonCredentialsInvalid: true, v1alpha1.ReasonTransientError: true, v1alpha1.ReasonUnknownError: true,
}

// cause says why Meta couldn't be queried for an account. The operator's conditions speak of retries, the log and the status: a plan
// has none of them.
func (p *planner) cause(waba types.NamespacedName) string {
	text := p.failure.ExplainCall(p.tokenSource(waba))
	switch {
	case p.failure.Class == graph.ClassPermission, p.failure.Class == graph.ClassAmbiguous:
		text += "; check the account's id, its assignment to the token's system user, and the token's scopes"
	case p.failure.RetryAfter > 0:
		text += "; try again in " + p.failure.RetryAfter.Round(time.Second).String()
	}
	return text
}

// because is cause for an error of a part of the account.
func (p *planner) because(err error, waba types.NamespacedName) string {
	e, ok := graph.AsError(err)
	if !ok {
		return ""
	}
	return ": " + e.ExplainCall(p.tokenSource(waba))
}

// tokenSource says where the access token of an account comes from.
func (p *planner) tokenSource(name types.NamespacedName) string {
	waba, ok := p.store.find(&v1alpha1.WABA{}, name).(*v1alpha1.WABA)
	if !ok {
		return ""
	}
	return p.others.sources[types.NamespacedName{Namespace: name.Namespace, Name: waba.Spec.CredentialsSecretRef.Name}]
}

// fold counts the last resource with the first one that failed in the same way: an account that can't be read is one problem.
func (a *Account) fold() {
	last := &a.Resources[len(a.Resources)-1]
	for i := range a.Resources[:len(a.Resources)-1] {
		first := &a.Resources[i]
		if last.Action == Failed && first.Action == Failed && !first.repeated && first.Message == last.Message {
			last.repeated = true
			first.alike++
			return
		}
	}
}
