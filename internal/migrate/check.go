// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/manifest"
	"github.com/waba-operator/waba-operator/internal/plan"
)

// defaultNamespace is where the check takes resources to be whose namespace isn't known.
const defaultNamespace = "default"

// Verdict is what the operator would do with the rewritten manifests.
type Verdict struct {
	// Identical counts the templates that need no write.
	Identical int
	// Differences are the other templates.
	Differences []Finding
	// Others say what would happen with other resources that aren't as they should be.
	Others []Finding
	// Problem is why the check isn't complete, nil where it is.
	Problem error
}

// Finding is what would happen with one resource.
type Finding struct {
	// Resource is kind, namespace and name.
	Resource string
	// What says it in a sentence.
	What string
}

// Check makes the operator's plan for the rewritten manifests. It reads from Meta, and from the cluster if the options name one, and
// writes nowhere.
func (r *Result) Check(ctx context.Context, o plan.Options) (*Verdict, error) {
	account, err := r.account(ctx, &o)
	if err != nil {
		return nil, err
	}
	o.Documents, o.Namespace = slices.Concat(account, r.documents), cmp.Or(r.Namespace, defaultNamespace)
	p, err := plan.Run(ctx, o)
	if err != nil {
		return nil, err
	}
	v := &Verdict{Problem: p.Problem()}
	for i := range p.Invalid {
		v.add(&p.Invalid[i])
	}
	for i := range p.Accounts {
		for j := range p.Accounts[i].Resources {
			v.add(&p.Accounts[i].Resources[j])
		}
	}
	return v, nil
}

// account stands for a WABA that is neither in the manifests nor in the cluster. It permits everything: what the real one permits isn't
// known.
func (r *Result) account(ctx context.Context, o *plan.Options) ([]manifest.Document, error) {
	for i := range r.documents {
		if isKind(r.documents[i].Object, v1alpha1.KindWABA) {
			return nil, nil
		}
	}
	if o.Cluster != nil {
		err := o.Cluster.Get(ctx, r.NewWABA, &v1alpha1.WABA{})
		if err == nil || !apierrors.IsNotFound(err) {
			return nil, err
		}
	}
	documents, failed := manifest.Parse("(WABA "+r.NewWABA.Name+")", fmt.Appendf(nil, `apiVersion: %s
kind: %s
metadata: {name: %q, namespace: %q}
spec:
  id: %q
  credentialsSecretRef: {name: unknown}
  allowedReferences:
  - kinds: [MessageTemplate, PhoneNumber, WebhookSubscription]
    namespaces: {from: All}
`, v1alpha1.GroupVersion, v1alpha1.KindWABA, r.NewWABA.Name, cmp.Or(r.NewWABA.Namespace, defaultNamespace), r.To))
	if len(failed) > 0 {
		return nil, failed[0]
	}
	return documents, nil
}

// add notes what would happen with a resource.
func (v *Verdict) add(p *plan.Resource) {
	name := p.Name
	if p.Namespace != "" {
		name = p.Namespace + "/" + p.Name
	}
	f := Finding{Resource: strings.TrimSpace(p.Kind + " " + name), What: what(p)}
	switch {
	case f.What == "" && p.Kind == v1alpha1.KindMessageTemplate:
		v.Identical++
	case f.What == "":
	case p.Kind == v1alpha1.KindMessageTemplate, p.Action == plan.Invalid, p.Action == plan.Failed:
		v.Differences = append(v.Differences, f)
	default:
		v.Others = append(v.Others, f)
	}
}

// what says what would happen with a resource, "" where it is as it should be.
func what(p *plan.Resource) string {
	reason := p.Message
	if p.Reason != "" && p.Action != plan.Invalid {
		reason = p.Reason + ": " + p.Message
	}
	switch {
	case p.Action == plan.Create && p.Kind == v1alpha1.KindMessageTemplate:
		return "the new account doesn't have it; the operator would create it, and Meta would review it anew"
	case p.Kind == v1alpha1.KindPhoneNumber && p.Reason == v1alpha1.ReasonNotFound:
		return "not in the new account yet; Meta moves numbers when the migration is resumed"
	case len(p.Writes) > 0:
		return "the operator would " + writes(p)
	case p.Reason != "", p.Action == plan.Invalid, p.Action == plan.Failed:
		return cmp.Or(reason, string(p.Action))
	case len(p.Differs) > 0:
		return "differs in " + fields(p.Differs)
	}
	return ""
}

func writes(p *plan.Resource) string {
	var out []string
	for _, w := range p.Writes {
		call := w.Call
		if len(w.Changes) > 0 {
			call += " (" + fields(w.Changes) + ")"
		}
		out = append(out, call)
	}
	return strings.Join(out, ", ")
}

func fields(changes []plan.Change) string {
	names := make([]string, 0, len(changes))
	for _, c := range changes {
		names = append(names, c.Field)
	}
	return strings.Join(names, ", ")
}
