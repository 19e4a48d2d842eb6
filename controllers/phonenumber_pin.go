// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"fmt"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// moveRegion takes a number off the Cloud API whose data shall rest in another country: only while it isn't registered can
// the country be chosen. The next step registers it again; together that costs two of Meta's ten calls of each kind
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/local-storage).
func (n *numbers) moveRegion(ctx context.Context, p *numberPass, s *situation, pin secretValue) *Result {
	want, r := string(p.obj.Spec.Registration.DataLocalizationRegion), n.registration(p)
	if want == "" || want == r.DataLocalizationRegion || !number.OnCloudAPI(s.live) {
		return nil
	}
	if r.DataLocalizationRegion == regionUnknown && !p.changedByUser() && !p.requested() {
		return nil
	}
	moves, o := n.restsElsewhere(ctx, p, want)
	if o != nil {
		return o
	}
	if !moves {
		return nil
	}
	if o := mayDeregister(s.attempts, p.now, p.requested()); o != nil {
		return o.assetUnaffected() // it works where it is
	}
	if n.readOnly {
		return differs(n.wouldSetPIN(p), n.wouldAttempt(p, callDeregister))
	}
	if err := n.record(ctx, p, waiting(v1alpha1.ReasonProgressing, "moving the number's data to "+want, 0).assetUnaffected(), true); err != nil {
		return notWritten("record the move of the number's data", err)
	}
	// With a wrong PIN the number couldn't be registered again, so it is set while that needs no old one.
	if o := n.setPIN(ctx, p, pin); o != nil {
		return o
	}
	if _, o := n.destroy(ctx, p.obj, n.deregistration(p, nil)); o != nil {
		return o
	}
	return n.reread(ctx, p, p.status.ID, "deregistered, to be registered with data in "+want)
}

// restsElsewhere asks Meta whether the data of a number rests in another country. Only its word counts: the status may be restored,
// and older than the last registration.
func (n *numbers) restsElsewhere(ctx context.Context, p *numberPass, want string) (bool, *Result) {
	r := n.registration(p)
	known, o := n.region(ctx, p)
	if o != nil {
		return false, o
	}
	if before := r.DataLocalizationRegion; known == regionUnknown && before != "" && before != regionUnknown {
		return false, awaiting("Meta doesn't say where the number's data rests, so the number isn't deregistered to move it to "+want+
			"; remove dataLocalizationRegion, or deregister the number by hand", 0).assetUnaffected() // it works where it is
	}
	r.DataLocalizationRegion = known
	return known != want && known != regionUnknown, nil
}

// regionUnknown and regionNone stand for a region that Meta doesn't tell, and for none in particular.
const (
	regionUnknown = "UNKNOWN"
	regionNone    = "NONE"
)

// region asks Meta in which country the data of a number rests.
func (n *numbers) region(ctx context.Context, p *numberPass) (string, *Result) {
	settings, err := p.session.Client().ReadSettings(ctx, p.status.ID)
	if err != nil {
		return "", failure("read where the number's data rests", err).assetUnaffected().pausing(slowPause)
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
	return regionUnknown, nil // a status that nobody knows isn't a reason to deregister a number
}

// keepPIN sets the PIN when its Secret changes, for which Meta doesn't want the old one
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/two-step-verification).
// The PIN of a number that was registered by somebody else is taken to be the one in the Secret, unless there is none; so is
// that of a resource that was restored.
func (n *numbers) keepPIN(ctx context.Context, p *numberPass, s *situation, pin secretValue) *Result {
	if !number.OnCloudAPI(s.live) {
		return nil
	}
	r := n.registration(p)
	if a := last(s.attempts, callRegister); r.PINSecret == nil && a != nil && a.Result == resultDone {
		r.PINSecret = a.Secret
	}
	without := s.live.PinEnabled != nil && !*s.live.PinEnabled
	switch {
	case pin.content.same(r.PINSecret):
		return nil
	case r.PINSecret == nil && !without, restoredSecret(r.PINSecret, pin.version):
		r.PINSecret = pin.version
		return nil
	}
	if refused := r.RefusedPINSecret; refused != nil && !p.requested() {
		switch pin.content.since(refused) {
		case contentSame, contentUnknown:
			return pinRefused(p)
		}
	} else if hold := p.refusedFor(); hold > 0 {
		return unchanged(hold)
	}
	if n.readOnly {
		return differs(n.wouldSetPIN(p))
	}
	return n.setPIN(ctx, p, pin)
}

// pinField is what the PIN comes from.
const pinField = "registration.pinSecretRef"

func (n *numbers) wouldSetPIN(p *numberPass) Intent { return n.would(p.obj, CallSetPIN, pinField) }

func (n *numbers) setPIN(ctx context.Context, p *numberPass, pin secretValue) *Result {
	logStep(ctx, "About to write to Meta", "call", CallSetPIN)
	err := p.session.Client().SetPIN(ctx, p.status.ID, pin.text)
	n.wrote(p.obj, CallSetPIN, []string{pinField}, err)
	if err != nil {
		o := failure("set the PIN", err).assetUnaffected().pausing(slowPause)
		if e, ok := graph.AsError(err); ok && (e.Class == graph.ClassInvalidSpec || e.Class == graph.ClassRefused) {
			n.registration(p).RefusedPINSecret = pin.version
			return pinRefused(p).join(o.failed...)
		}
		return o
	}
	r := n.registration(p)
	r.PINSecret, r.RefusedPINSecret = pin.version, nil
	return nil
}

// pinRefused says that the number keeps the PIN that it has.
func pinRefused(p *numberPass) *Result {
	return waiting(v1alpha1.ReasonRefusedByMeta, fmt.Sprintf("Meta doesn't take the PIN in %s; put another one there, or annotate %s to try the same one again",
		secretKey(p.obj.Spec.Registration.PINSecretRef), v1alpha1.AnnotationRequestedAt), secretRecheck).assetUnaffected()
}
