// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// announce reports news that no condition shows as an event of Kubernetes: those that conditions show are reported when the
// condition changes.
func (s *store) announce(obj client.Object, e event) {
	kind, reason, text := corev1.EventTypeNormal, "", ""
	_, account := obj.(*v1alpha1.WABA)
	switch v := e.Value.(type) {
	case webhook.AccountUpdate:
		switch {
		case v.Violation != nil:
			kind, reason, text = corev1.EventTypeWarning, v1alpha1.ReasonPolicyViolation, "Meta reported a violation of its policies: "+v.Violation.Type
		case v.Ban == nil && len(v.Restrictions) == 0:
			reason, text = v1alpha1.ReasonAccountEvent, strings.TrimSuffix(v.Event+": "+v.Detail, ": ")
		}
	case webhook.Alert:
		if !account || v.Status == "NONE" {
			return
		}
		if v.Severity != "INFORMATIONAL" {
			kind = corev1.EventTypeWarning
		}
		reason, text = v1alpha1.ReasonMetaAlert, fmt.Sprintf("%s (%s %s): %s", v.Type, v.EntityType, v.EntityID, v.Description)
	case webhook.NumberSecurity:
		kind, reason = corev1.EventTypeWarning, v1alpha1.ReasonPINEvent
		text = v.Event + ": somebody did this in WhatsApp Manager; if it wasn't you, secure the business account"
	}
	if reason != "" {
		s.recorder.Eventf(obj, nil, kind, reason, "Webhook", "%s", text)
	}
}
