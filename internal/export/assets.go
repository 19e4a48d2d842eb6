// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/number"
)

const (
	// verifyTokenSuffix ends the name of the Secret with the verify tokens.
	verifyTokenSuffix = "-verify-tokens"
	// fieldMessages is the field without which an override has no effect.
	fieldMessages = "messages"
)

func (e *Exporter) waba() *Resource {
	a := &e.source.Snapshot.Account
	spec := &v1alpha1.WABASpec{ID: a.ID, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: e.SecretName}}
	if e.Observed {
		spec.ManagementPolicy = v1alpha1.ManagementPolicyObserved
	}
	r := e.resource(v1alpha1.KindWABA, e.WABAName, spec)
	if a.Name != "" {
		r.Comments = []string{a.Name}
	}
	e.unknown(r, a.UnknownProperties)
	return r
}

// number describes a number by its id, with the sections that were read and that lead to no write.
func (e *Exporter) number(ctx context.Context, n *graph.PhoneNumber) *Resource {
	spec := &v1alpha1.PhoneNumberSpec{CommonSpec: e.common(false), ID: n.ID}
	r := e.resource(v1alpha1.KindPhoneNumber, e.names[n.ID], spec)
	if about := strings.Join(slices.DeleteFunc([]string{n.DisplayPhoneNumber, n.VerifiedName}, func(s string) bool { return s == "" }), ", "); about != "" {
		r.Comments = append(r.Comments, about)
	}
	e.unknown(r, n.UnknownProperties)
	for _, section := range number.All {
		live, read := e.source.Settings[n.ID][section]
		if !read {
			continue
		}
		alone := &v1alpha1.PhoneNumberSpec{CommonSpec: spec.CommonSpec, ID: n.ID}
		if !number.Describe(alone, section, live) {
			continue
		}
		faults := e.faults(ctx, e.resource(v1alpha1.KindPhoneNumber, r.Name, alone))
		if len(faults) == 0 {
			for _, field := range number.Differs(alone, section, live) {
				faults = append(faults, "spec."+field+": applying it would write to Meta")
			}
		}
		if len(faults) > 0 {
			why := fmt.Sprintf("%s isn't described: %s", section, strings.Join(faults, "; "))
			r.Comments = append(r.Comments, why)
			e.report.warn("PhoneNumber %s: %s", r.Name, why)
			continue
		}
		number.Describe(spec, section, live)
	}
	return r
}

// unknown names what Meta has that this version doesn't know, and that no manifest describes.
func (e *Exporter) unknown(r *Resource, paths []string) {
	if len(paths) == 0 {
		return
	}
	why := "this version doesn't know " + strings.Join(paths, ", ")
	r.Comments = append(r.Comments, why)
	e.report.warn("%s %s: %s", r.Kind, r.Name, why)
}

// subscription describes where the events of the token's app go, if that app is subscribed. It is only observed: managing it
// takes verify tokens, which Meta never gives back.
func (e *Exporter) subscription(ctx context.Context) *Resource {
	own := e.ownApp()
	if own == nil {
		return nil
	}
	spec := &v1alpha1.WebhookSubscriptionSpec{CommonSpec: e.common(true)}
	r := e.resource(v1alpha1.KindWebhookSubscription, e.WABAName, spec)
	if url := own.OverrideCallbackURI; url != "" {
		e.part(ctx, r, "messages", func() {
			spec.Messages = &v1alpha1.WebhookOverride{CallbackURL: url, VerifyTokenSecretRef: e.verifyToken("messages")}
		},
			func() { spec.Messages = nil })
	}
	for i := range e.numbers {
		n := &e.numbers[i]
		if n.Webhook == nil || n.Webhook.PhoneNumber == "" {
			continue
		}
		before := slices.Clone(spec.PhoneNumbers)
		e.part(ctx, r, "the override of "+e.names[n.ID], func() {
			spec.PhoneNumbers = append(spec.PhoneNumbers, v1alpha1.PhoneNumberWebhookOverride{
				PhoneNumberRef:  v1alpha1.PhoneNumberReference{Name: e.names[n.ID]},
				WebhookOverride: v1alpha1.WebhookOverride{CallbackURL: n.Webhook.PhoneNumber, VerifyTokenSecretRef: e.verifyToken(e.names[n.ID])},
			})
		}, func() { spec.PhoneNumbers = before })
	}
	e.appSection(ctx, r, spec)
	if spec.App == nil && spec.Messages == nil && len(spec.PhoneNumbers) == 0 {
		r.Comments = slices.Concat([]string{"Only observed. To have the operator keep the app subscribed, remove managementPolicy."}, r.Comments)
		return r
	}
	r.Comments = slices.Concat([]string{
		"Only observed: Meta doesn't give verify tokens back. To manage this, put them into the Secret",
		e.WABAName + verifyTokenSuffix + " and remove managementPolicy.",
	}, r.Comments)
	return r
}

// appSection describes the app's own callback, where it could be read whole.
func (e *Exporter) appSection(ctx context.Context, r *Resource, spec *v1alpha1.WebhookSubscriptionSpec) {
	app := e.source.App
	if app == nil {
		r.Comments = append(r.Comments, "The app's own callback isn't described: reading it takes the app secret.")
		return
	}
	if app.CallbackURL == "" {
		return // none is set
	}
	if overridden := spec.Messages != nil || len(spec.PhoneNumbers) > 0; overridden && !slices.Contains(app.Fields, fieldMessages) {
		why := "spec.app isn't described: the app isn't subscribed to messages, without which the overrides have no effect"
		r.Comments = append(r.Comments, why)
		e.report.warn("WebhookSubscription %s: %s", r.Name, why)
		return
	}
	ref := e.verifyToken("app")
	e.part(ctx, r, "spec.app", func() {
		spec.App = &v1alpha1.AppWebhook{
			Delivery: v1alpha1.WebhookDeliveryCustom, CallbackURL: app.CallbackURL, VerifyTokenSecretRef: &ref,
			Fields: slices.Compact(slices.Sorted(slices.Values(app.Fields))),
		}
	}, func() { spec.App = nil })
}

// part adds a part to a resource, and takes it away again if the API server would refuse it.
func (e *Exporter) part(ctx context.Context, r *Resource, what string, add, remove func()) {
	add()
	faults := e.faults(ctx, r)
	if len(faults) == 0 {
		return
	}
	remove()
	why := fmt.Sprintf("%s isn't described: %s", what, strings.Join(faults, "; "))
	r.Comments = append(r.Comments, why)
	e.report.warn("%s %s: %s", r.Kind, r.Name, why)
}

func (e *Exporter) verifyToken(key string) v1alpha1.SecretKeyReference {
	return v1alpha1.SecretKeyReference{Name: e.WABAName + verifyTokenSuffix, Key: key}
}

// ownApp is the subscription of the token's app, nil where it has none.
func (e *Exporter) ownApp() *graph.SubscribedApp {
	if e.source.AppID == "" {
		return nil
	}
	return account.AppsView{Apps: e.source.Snapshot.Apps}.App(e.source.AppID)
}
