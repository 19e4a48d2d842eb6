// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"cmp"
	"context"
	"fmt"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// moveRegion takes a number off the Cloud API whose data shall rest in another country: only while it isn't registered can
// the country be chosen. The next step registers it again; together that costs two of Meta's ten calls of each kind
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/local-storage).
func (n *numbers) moveRegion(ctx context.Context, p *numberRun, s *situation, pin lifecycle.SecretValue) *lifecycle.Result {
	want, r := string(p.Object.Spec.Registration.DataLocalizationRegion), n.registration(p)
	if want == "" || want == r.DataLocalizationRegion || !number.OnCloudAPI(s.live) {
		return nil
	}
	if r.DataLocalizationRegion == regionUnknown && !p.ChangedByUser() && !p.Requested() {
		return nil
	}
	moves, o := n.restsElsewhere(ctx, p, want)
	if o != nil {
		return o
	}
	if !moves {
		return nil
	}
	if o := mayDeregister(s.attempts, p.Now, p.Requested()); o != nil {
		return o.AssetUnaffected() // it works where it is
	}
	if n.ReadOnly {
		return lifecycle.DryRunDiffers(n.wouldSetPIN(p), n.wouldAttempt(p, callDeregister))
	}
	if err := n.record(ctx, p, lifecycle.Waiting(v1alpha1.ReasonProgressing, "moving the number's data to "+want, 0).AssetUnaffected(), true); err != nil {
		return lifecycle.WriteFailed("record the move of the number's data", err)
	}
	// With a wrong PIN the number couldn't be registered again, so it is set while that needs no old one.
	if o := n.setPIN(ctx, p, pin); o != nil {
		return o
	}
	if _, o := n.Destroy(ctx, p.Object, n.deregistration(p, nil)); o != nil {
		return o
	}
	return n.reread(ctx, p, p.Status.ID, "deregistered, to be registered with data in "+want)
}

// restsElsewhere asks Meta whether the data of a number rests in another country. Only its word counts: the status may be restored,
// and older than the last registration.
func (n *numbers) restsElsewhere(ctx context.Context, p *numberRun, want string) (bool, *lifecycle.Result) {
	r := n.registration(p)
	known, o := n.region(ctx, p)
	if o != nil {
		return false, o
	}
	if before := r.DataLocalizationRegion; known == regionUnknown && before != "" && before != regionUnknown {
		return false, awaiting("Meta doesn't say where the number's data rests, so the number isn't deregistered to move it to "+want+
			"; remove dataLocalizationRegion, or deregister the number by hand", 0).AssetUnaffected() // it works where it is
	}
	r.DataLocalizationRegion = known
	return known != want && known != regionUnknown, nil
}

// regionUnknown and regionNone stand for a region that Meta doesn't show, and for none in particular.
const (
	regionUnknown = "UNKNOWN"
	regionNone    = "NONE"
)

// region asks Meta in which country the data of a number rests.
func (n *numbers) region(ctx context.Context, p *numberRun) (string, *lifecycle.Result) {
	settings, err := p.Session.Client().ReadSettings(ctx, p.Status.ID)
	if err != nil {
		return "", lifecycle.Failed("read where the number's data rests", err).AssetUnaffected().Pausing(lifecycle.SlowPause)
	}
	if settings.Storage == nil {
		return regionUnknown, nil
	}
	switch storage := settings.Storage; storage.Status {
	case graph.StorageInCountry:
		return cmp.Or(metavalues.Clip(storage.Region), regionUnknown), nil
	case graph.StorageDefault, graph.StorageInCountryDisabled, graph.StorageNone:
		return regionNone, nil
	}
	return regionUnknown, nil // an unknown status isn't a reason to deregister a number
}

// keepPIN sets the PIN when its Secret changes, for which Meta doesn't need the old one
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/two-step-verification).
// The operator assumes that a number registered by another client has the PIN in the Secret, unless there is none. The same holds
// for a resource that was restored.
func (n *numbers) keepPIN(ctx context.Context, p *numberRun, s *situation, pin lifecycle.SecretValue) *lifecycle.Result {
	if !number.OnCloudAPI(s.live) {
		return nil
	}
	r := n.registration(p)
	if a := last(s.attempts, callRegister); r.PINSecret == nil && a != nil && a.Result == resultDone {
		r.PINSecret = a.Secret
	}
	without := s.live.PinEnabled != nil && !*s.live.PinEnabled
	switch {
	case pin.Content.Same(r.PINSecret):
		return nil
	case r.PINSecret == nil && !without, lifecycle.RestoredSecret(r.PINSecret, pin.Version):
		r.PINSecret = pin.Version
		return nil
	}
	if refused := r.RefusedPINSecret; refused != nil && !p.Requested() {
		switch pin.Content.Since(refused) {
		case lifecycle.ContentSame, lifecycle.ContentUnknown:
			return pinRefused(p)
		}
	} else if hold := p.RefusedFor(); hold > 0 {
		return lifecycle.Unchanged(hold)
	}
	if n.ReadOnly {
		return lifecycle.DryRunDiffers(n.wouldSetPIN(p))
	}
	return n.setPIN(ctx, p, pin)
}

// pinField is what the PIN comes from.
const pinField = "registration.pinSecretRef"

func (n *numbers) wouldSetPIN(p *numberRun) lifecycle.Intent {
	return n.DryRun(p.Object, CallSetPIN, pinField)
}

func (n *numbers) setPIN(ctx context.Context, p *numberRun, pin lifecycle.SecretValue) *lifecycle.Result {
	lifecycle.LogStep(ctx, "About to write to Meta", "call", CallSetPIN)
	err := p.Session.Client().SetPIN(ctx, p.Status.ID, pin.Text)
	p.AuditWrite(n.Base, CallSetPIN, []string{pinField}, err)
	if err != nil {
		o := lifecycle.Failed("set the PIN", err).AssetUnaffected().Pausing(lifecycle.SlowPause)
		if e, ok := graph.AsError(err); ok && (e.Class == graph.ClassInvalidSpec || e.Class == graph.ClassRefused) {
			n.registration(p).RefusedPINSecret = pin.Version
			return pinRefused(p).Join(o.Steps()...)
		}
		return o
	}
	r := n.registration(p)
	r.PINSecret, r.RefusedPINSecret = pin.Version, nil
	return nil
}

// pinRefused says that the number keeps the PIN that it has.
func pinRefused(p *numberRun) *lifecycle.Result {
	return lifecycle.Waiting(v1alpha1.ReasonRefusedByMeta, fmt.Sprintf("Meta doesn't take the PIN in %s; put another one there, or annotate %s to try the same one again",
		secretKey(p.Object.Spec.Registration.PINSecretRef), v1alpha1.AnnotationRequestedAt), lifecycle.SecretRecheck).AssetUnaffected()
}
