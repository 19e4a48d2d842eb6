// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"context"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// ReadWith returns an earlier section of All whose read has this one as well; the section itself where there is none.
func ReadWith(section Section) Section {
	if section == Identity {
		return Calling
	}
	return section
}

// Read makes the one call that reads a section of a number.
func Read(ctx context.Context, c *graph.Client, id string, section Section) (live Live, err error) {
	switch section {
	case Profile:
		live.Profile, err = c.ReadProfile(ctx, id)
	case Commerce:
		live.Commerce, err = c.ReadCommerce(ctx, id)
	case Automation:
		live.Automation, err = c.ReadAutomation(ctx, id)
	case Calling, Identity:
		settings, failed := c.ReadSettings(ctx, id)
		if err = failed; err == nil {
			live.Calling, live.IdentityCheck = settings.Calling, settings.IdentityCheck
		}
	case Encryption:
		live.Encryption, err = c.ReadEncryption(ctx, id)
	case Compliance:
		live.Compliance, err = c.ReadCompliance(ctx, id)
	case Username:
		live.Username, err = c.ReadUsername(ctx, id)
	}
	if err != nil {
		return Live{}, err
	}
	return live, nil
}
