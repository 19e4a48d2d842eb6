// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// catalogsRead is what was last read of the account's catalogues.
type catalogsRead struct {
	// hourly is the hourly read with which they were read; 0: never.
	hourly   int
	catalogs []graph.Catalog
	err      error
}

// Catalogs returns the product catalogues that are linked to the account. They aren't part of an observation, because a token without
// further scopes can't read them, and a request fails as a whole. They are read anew after each hourly read, or now. What Meta refused
// isn't requested again before that.
func (s *Session) Catalogs(ctx context.Context, now bool) ([]graph.Catalog, error) {
	s.mu.RLock()
	known, hourly := s.catalogs, s.hourlyReads
	s.mu.RUnlock()
	if known.hourly == hourly && hourly > 0 && !now {
		return known.catalogs, known.err
	}
	catalogs, err := s.Client().ListCatalogs(ctx, s.ref.AccountID)
	if graph.ClassOf(err) == graph.ClassTransient || graph.ClassOf(err) == graph.ClassThrottled {
		return nil, err // the next observation tries it again
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catalogs = catalogsRead{hourly: hourly, catalogs: catalogs, err: err}
	return catalogs, err
}
