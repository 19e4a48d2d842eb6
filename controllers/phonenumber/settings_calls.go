// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"context"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/number"
)

// readSection reads the section and shows it in the status.
func (n *numbers) readSection(ctx context.Context, s *sectionRun) (number.Live, error) {
	live, err := number.Read(ctx, s.Session.Client(), s.live.ID, s.section)
	if err != nil {
		return number.Live{}, err
	}
	n.schedule.done(s.key())
	n.Retries.Release(s.key().retry())
	s.show(live)
	return live, nil
}

// updateSection makes the one call that changes fields of the section.
func (n *numbers) updateSection(ctx context.Context, s *sectionRun, live number.Live, fields []string, handle string) error {
	c, id, spec := s.Session.Client(), s.live.ID, &s.Object.Spec
	switch s.section {
	case number.Profile:
		return c.UpdateProfile(ctx, id, number.ProfileUpdate(spec.Profile, fields, handle))
	case number.Commerce:
		return c.UpdateCommerce(ctx, id, number.CommerceUpdate(spec.Commerce, fields))
	case number.Automation:
		return c.UpdateAutomation(ctx, id, number.AutomationUpdate(spec.ConversationalAutomation, fields))
	case number.Calling:
		return c.UpdateCalling(ctx, id, number.CallingUpdate(spec.Calling, fields, live.Calling))
	case number.Encryption:
		return c.SetEncryption(ctx, id, spec.FlowsEncryption.PublicKey)
	case number.Compliance:
		return c.SetCompliance(ctx, id, number.ComplianceUpdate(spec.ComplianceInfo, live.Compliance))
	case number.Identity:
		return c.SetIdentityCheck(ctx, id, spec.IdentityKeyCheck == v1alpha1.SettingStatusEnabled)
	default:
		return n.updateUsername(ctx, s)
	}
}

func (n *numbers) updateUsername(ctx context.Context, s *sectionRun) error {
	c, name := s.Session.Client(), s.want[string(number.Username)]
	if name == "" {
		return c.DeleteUsername(ctx, s.live.ID)
	}
	_, err := c.SetUsername(ctx, s.live.ID, name)
	return err
}
