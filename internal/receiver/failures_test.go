// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr/funcr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// logBook keeps what is logged at level 0.
type logBook struct {
	mu    sync.Mutex
	lines []string
}

func (l *logBook) configure(o *Options) {
	o.Log = funcr.New(func(_, args string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lines = append(l.lines, args)
	}, funcr.Options{})
}

func (l *logBook) failures() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.lines), func(line string) bool { return !strings.Contains(line, "Step failed") })
}

// TestFailuresOfOurOwnAreInTheLog: Meta only learns that it should try again, and the metric only that something is wrong.
func TestFailuresOfOurOwnAreInTheLog(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "acme", errors.New("no rule"))
	invalid := apierrors.NewInvalid(schema.GroupKind{Kind: "WABA"}, "acme", nil)
	for name, c := range map[string]struct {
		begin  func(*rig)
		status int
		want   []string
		hidden string
	}{
		"a Secret may not be read": {func(r *rig) { r.secrets.fail(forbidden) }, http.StatusUnauthorized, []string{"read the app secret of an account", "forbidden", "shop/acme"}, ""},
		"a Secret can't be read":   {func(r *rig) { r.secrets.fail(errors.New("away")) }, http.StatusServiceUnavailable, []string{"read the app secret of an account", "away"}, ""},
		"it can't be recorded":     {func(r *rig) { r.recorder.err = errors.New("away") }, http.StatusServiceUnavailable, []string{"record a delivery", "away", theApp}, ""},
		"it is refused": {func(r *rig) { r.recorder.err = invalid }, http.StatusServiceUnavailable,
			[]string{"record a delivery", "the API server refuses what would be written: Invalid"}, "is invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			book := &logBook{}
			r := newRig(t, book.configure, oneAccount()...)
			c.begin(r)
			body := changesOf(t, theAccount)
			for range 3 {
				if got := r.post(body, theSecret); got != c.status {
					t.Errorf("answered %d", got)
				}
				r.clock.Step(pauseBetweenReadings + pausePerSecret) // the Secrets may be read again
			}
			got := book.failures()
			if len(got) != 1 {
				t.Fatalf("want one line, got %q", got)
			}
			for _, part := range c.want {
				if !strings.Contains(got[0], part) {
					t.Errorf("%q isn't in %s", part, got[0])
				}
			}
			if c.hidden != "" && strings.Contains(got[0], c.hidden) || strings.Contains(got[0], theSecret) {
				t.Errorf("got %s", got[0])
			}
		})
	}
}
