// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/deadline"
)

// seen runs one run in which Meta shows a status and a quality.
func seen(tmpl *v1alpha1.MessageTemplate, status, quality string, now, updated time.Time) {
	p := &templateRun{Object: tmpl, Before: tmpl.DeepCopy(), Now: now}
	tmpl.Status.Status, tmpl.Status.QualityScore = status, quality
	trackStatusPeriod(p, statusChange{changed: updated})
}

func TestUnitStatusLasts(t *testing.T) {
	for _, c := range []struct {
		status, quality string
		want            time.Duration
	}{
		{"APPROVED", "GREEN", 0}, {"PENDING", "", 24 * time.Hour}, {"IN_APPEAL", "", 24 * time.Hour}, {"REJECTED", "", 0},
		{"PAUSED", "RED", 3 * time.Hour}, {"PAUSED", "YELLOW", 0}, {"PAUSED", "", 0}, {"DISABLED", "RED", 0},
		{"ARCHIVED", "GREEN", 28 * 24 * time.Hour}, {"PENDING_DELETION", "", 30 * 24 * time.Hour}, {"SOMETHING_NEW", "", 0},
	} {
		tmpl := &v1alpha1.MessageTemplate{}
		seen(tmpl, c.status, c.quality, lifecycletest.Start, time.Time{})
		s := tmpl.Status
		if s.StatusChangedTime == nil || !s.StatusChangedTime.Time.Equal(lifecycletest.Start) {
			t.Errorf("%s: since %v", c.status, s.StatusChangedTime)
		}
		switch {
		case c.want == 0 && s.StatusEndTime != nil, c.want > 0 && (s.StatusEndTime == nil || s.StatusEndTime.Sub(lifecycletest.Start) != c.want):
			t.Errorf("%s/%s: until %v, want %s", c.status, c.quality, s.StatusEndTime, c.want)
		}
		if (s.Pause != nil) != (c.status == "PAUSED") {
			t.Errorf("%s: %+v", c.status, s.Pause)
		}
	}
}

func TestUnitPausesAreCounted(t *testing.T) {
	tmpl := &v1alpha1.MessageTemplate{}
	at := func(hours int) time.Time { return lifecycletest.Start.Add(time.Duration(hours) * time.Hour) }
	seen(tmpl, "APPROVED", "GREEN", at(0), at(-5))
	if got := tmpl.Status.StatusChangedTime.Time; !got.Equal(at(-5)) {
		t.Errorf("approved since %s, but Meta says since %s", got, at(-5))
	}
	// Meta changed it an hour ago, and reports the score later than the pause.
	seen(tmpl, "PAUSED", "YELLOW", at(10), at(9))
	seen(tmpl, "PAUSED", "RED", at(11), at(11))
	s := &tmpl.Status
	if !s.StatusChangedTime.Time.Equal(at(9)) || !deadline.Value(s.StatusEndTime).Equal(at(12)) || s.Pause.Title != "FIRST_PAUSE" {
		t.Errorf("first pause: since %v until %v, %+v", s.StatusChangedTime, s.StatusEndTime, s.Pause)
	}
	seen(tmpl, "APPROVED", "YELLOW", at(12), at(12))
	if s.Pause != nil || s.StatusEndTime != nil || len(s.Operator.PauseTimes) != 1 {
		t.Errorf("after it: %+v", s)
	}
	seen(tmpl, "PAUSED", "RED", at(20), time.Time{})
	if !deadline.Value(s.StatusEndTime).Equal(at(26)) || s.Pause.Title != "SECOND_PAUSE" || len(s.Operator.PauseTimes) != 2 {
		t.Errorf("second pause: until %v, %+v", s.StatusEndTime, s.Pause)
	}
	// A change at Meta that says nothing of the status moves nothing.
	seen(tmpl, "PAUSED", "RED", at(21), at(21))
	if !s.StatusChangedTime.Time.Equal(at(20)) || len(s.Operator.PauseTimes) != 2 {
		t.Errorf("the same pause: since %v, %v", s.StatusChangedTime, s.Operator.PauseTimes)
	}
}
