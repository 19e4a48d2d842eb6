// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const photoAddress = "https://cdn.acme.example/photo.jpg"

// configMap creates the ConfigMap that templates of these tests refer to.
func configMap(w *harness.World, files map[string][]byte) *corev1.ConfigMap {
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "template-media"}, BinaryData: files}
	w.Create(cm)
	return cm
}

// inConfigMap gives a template an image header whose sample is in that ConfigMap.
func inConfigMap(m *v1alpha1.MessageTemplate) {
	m.Spec.Header = &v1alpha1.TemplateHeader{Format: v1alpha1.HeaderFormatImage, Media: &v1alpha1.MediaSource{
		ConfigMapKeyRef: &v1alpha1.ConfigMapKeyReference{Name: "template-media", Key: "photo.jpg"},
	}}
}

// behindAddress gives a template an image header whose sample is behind an address.
func behindAddress(file []byte) func(*v1alpha1.MessageTemplate) {
	return func(m *v1alpha1.MessageTemplate) {
		m.Spec.Header = &v1alpha1.TemplateHeader{Format: v1alpha1.HeaderFormatImage, Media: &v1alpha1.MediaSource{
			URL: photoAddress, SHA256: harness.SHA256(file),
		}}
	}
}

// uploads is how many upload sessions were opened.
func uploads(w *harness.World) int {
	n := 0
	for _, r := range w.Sim.Requests() {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/uploads") {
			n++
		}
	}
	return n
}

// withMedia returns a world whose account can be used, before any template exists.
func withMedia(t *testing.T) (*harness.World, *harness.Operator) {
	t.Helper()
	w := harness.New(t, env, graphsim.WithEditReview(graphsim.EditReviewKeep))
	w.Secret()
	w.WABA()
	w.Files = map[string][]byte{photoAddress: harness.JPEG}
	op := w.Start()
	op.Settle()
	return w, op
}

// TestSampleFromConfigMap follows a sample file from a ConfigMap that comes late to one whose file changes.
func TestSampleFromConfigMap(t *testing.T) {
	t.Parallel()
	w, op := withMedia(t)
	tmpl := w.CreateTemplate("spring_photos", inConfigMap)
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonMediaUnusable)
	if c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionSynced); !strings.HasPrefix(c.Message,
		"spec.header.media.configMapKeyRef: ConfigMap template-media doesn't exist") {
		t.Errorf("message: %s", c.Message)
	}

	cm := configMap(w, map[string][]byte{"photo.jpg": harness.JPEG})
	op.Advance(time.Minute)
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if posts(w) != 1 || uploads(w) != 1 {
		t.Fatalf("%d creates and %d uploads, want one of each", posts(w), uploads(w))
	}

	op.Advance(time.Hour)
	op.Observe()
	if uploads(w) != 1 || edits(w) != 0 {
		t.Fatalf("nothing changed, but %d uploads and %d edits", uploads(w), edits(w))
	}

	w.Edit(cm, func() { cm.BinaryData["photo.jpg"] = append([]byte{}, append(harness.JPEG, " at noon"...)...) })
	op.Advance(11 * time.Minute)
	w.Reload(tmpl)
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if uploads(w) != 2 || edits(w) != 1 {
		t.Errorf("the file changed: %d uploads and %d edits, want 2 and 1", uploads(w), edits(w))
	}
	op.Advance(time.Hour)
	if uploads(w) != 2 || edits(w) != 1 {
		t.Errorf("later: %d uploads and %d edits", uploads(w), edits(w))
	}
	w.CheckInvariants()
}

// TestSampleLost: a ConfigMap that goes away takes nothing from a template that Meta has approved.
func TestSampleLost(t *testing.T) {
	t.Parallel()
	w, op := withMedia(t)
	cm := configMap(w, map[string][]byte{"photo.jpg": harness.JPEG})
	tmpl := w.CreateTemplate("spring_photos", inConfigMap)
	op.Settle()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	w.Delete(cm)
	op.Advance(11 * time.Minute)
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonMediaUnusable)
	configMap(w, map[string][]byte{"photo.jpg": harness.JPEG})
	op.Advance(time.Minute)
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if uploads(w) != 1 || edits(w) != 0 {
		t.Errorf("the same file again: %d uploads and %d edits", uploads(w), edits(w))
	}
	w.CheckInvariants()
}

// TestSampleUnusable: the operator reports a file that Meta wouldn't accept before it makes a call.
func TestSampleUnusable(t *testing.T) {
	t.Parallel()
	w, op := withMedia(t)
	configMap(w, map[string][]byte{"photo.jpg": harness.PDF})
	for name, tc := range map[string]struct {
		change func(*v1alpha1.MessageTemplate)
		want   string
	}{
		"wrong_type": {inConfigMap, "spec.header.media.configMapKeyRef: "},
		"wrong_key": {func(m *v1alpha1.MessageTemplate) {
			inConfigMap(m)
			m.Spec.Header.Media.ConfigMapKeyRef.Key = "foto.jpg"
		}, "spec.header.media.configMapKeyRef: ConfigMap template-media has no key foto.jpg"},
		"wrong_hash": {behindAddress(harness.PNG), "spec.header.media.url: "},
		"no_server": {func(m *v1alpha1.MessageTemplate) {
			behindAddress(harness.JPEG)(m)
			m.Spec.Header.Media.URL = "https://cdn.acme.example/other.jpg"
		}, "spec.header.media.url: "},
	} {
		tmpl := w.CreateTemplate(name, tc.change)
		op.Settle()
		w.Reload(tmpl)
		c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionSynced)
		if c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonMediaUnusable || !strings.HasPrefix(c.Message, tc.want) {
			t.Errorf("%s: %s: %s", name, c.Reason, c.Message)
		}
	}
	op.Advance(3 * time.Hour)
	if n := uploads(w) + posts(w); n != 0 {
		t.Errorf("%d calls were spent", n)
	}
	w.CheckInvariants()
}

// TestSampleBehindAddress: another hash is another file; the text's edit uploads the file again, because an edit replaces
// everything.
func TestSampleBehindAddress(t *testing.T) {
	t.Parallel()
	w, op := withMedia(t)
	tmpl := w.CreateTemplate("spring_photos", behindAddress(harness.JPEG))
	op.Settle()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)

	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Settle()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if uploads(w) != 2 || edits(w) != 1 {
		t.Errorf("after a new text: %d uploads and %d edits, want 2 and 1", uploads(w), edits(w))
	}

	w.Files[photoAddress] = harness.PNG
	w.Edit(tmpl, func() { tmpl.Spec.Header.Media.SHA256 = harness.SHA256(harness.PNG) })
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonEditBudgetExhausted)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	if uploads(w) != 2 {
		t.Error("a file was uploaded for an edit that has to wait")
	}
	op.AdvanceRoughly(25*time.Hour, time.Hour)
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if uploads(w) != 3 || edits(w) != 2 {
		t.Errorf("after a new file: %d uploads and %d edits, want 3 and 2", uploads(w), edits(w))
	}
	w.CheckInvariants()
}

// TestUploadsSurviveFailures: while the create fails, the file isn't uploaded again and again.
func TestUploadsSurviveFailures(t *testing.T) {
	t.Parallel()
	w, op := withMedia(t)
	w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/*/message_templates", Code: 2, Times: 4})
	tmpl := w.CreateTemplate("spring_photos", behindAddress(harness.JPEG))
	op.Settle()
	op.Advance(15 * time.Minute)
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if posts(w) != 5 || uploads(w) != 1 {
		t.Errorf("%d creates and %d uploads, want 5 and 1", posts(w), uploads(w))
	}
	w.CheckInvariants()
}

// TestUploadRefused: where the upload itself fails, the template isn't sent, and the message says what to do.
func TestUploadRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault        graphsim.Fault
		reason, want string
		calls        int // at most, in ten minutes
	}{
		"no role on the app": {
			graphsim.Fault{Method: http.MethodPost, Path: "/*/uploads", Code: 200, Message: "(#200) Permissions error"},
			v1alpha1.ReasonPermissionDenied, "developer or admin role", 10,
		},
		"Meta is down":       {graphsim.Fault{Method: http.MethodPost, Path: "/*/uploads", Code: 2}, v1alpha1.ReasonTransientError, "", 10},
		"the upload is cut":  {graphsim.Fault{Method: http.MethodPost, Path: "/upload:*", Cut: graphsim.BeforeCommit}, v1alpha1.ReasonTransientError, "", 10},
		"throttled":          {graphsim.Fault{Method: http.MethodPost, Path: "/*/uploads", Code: 4}, v1alpha1.ReasonRateLimited, "", 10},
		"the file isn't one": {graphsim.Fault{Method: http.MethodPost, Path: "/*/uploads", Code: 100, Message: "(#100) file type"}, v1alpha1.ReasonMediaUnusable, "spec.header.media: Meta refuses the file", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, op := withMedia(t)
			tc.fault.Times = 1000
			w.Sim.Fail(tc.fault)
			before := len(w.Sim.Requests())
			tmpl := w.CreateTemplate("spring_photos", behindAddress(harness.JPEG))
			w.ResetAPIWrites()
			op.Settle()
			op.Advance(10*time.Minute - 15*time.Second)
			w.Reload(tmpl)
			c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionSynced)
			if c.Reason != tc.reason || !strings.Contains(c.Message, tc.want) {
				t.Errorf("%s: %s", c.Reason, c.Message)
			}
			calls := 0
			for _, r := range w.Sim.Requests()[before:] {
				if strings.Contains(r.Path, "upload") || strings.Contains(r.Path, "/message_templates") {
					calls++
				}
			}
			if calls > tc.calls {
				t.Errorf("%d calls in ten minutes", calls)
			}
			if n := w.APIWrites("PATCH messagetemplates/status"); n > 3 {
				t.Errorf("%d status writes in ten minutes", n)
			}
			if posts(w) != 0 || tmpl.Status.Operator.PendingCreate != nil {
				t.Error("the template was sent without its file")
			}
			w.Sim.ClearFaults()
			op.AdvanceRoughly(25*time.Hour, 30*time.Minute)
			op.Observe()
			w.Reload(tmpl)
			expectReady(t, tmpl)
			w.CheckInvariants()
		})
	}
}

// TestKilledWhileUploading: an upload belongs to no template until a template is sent with it, so nothing is lost with the
// process.
func TestKilledWhileUploading(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]graphsim.Fault{
		"before the upload":           {Path: "/*/uploads", Cut: graphsim.BeforeCommit},
		"after it was opened":         {Path: "/*/uploads", Commit: true, Cut: graphsim.AfterCommit},
		"before the file was sent":    {Path: "/upload:*", Cut: graphsim.BeforeCommit},
		"while the file was sent":     {Path: "/upload:*", Cut: graphsim.MidBody},
		"before the handle was given": {Path: "/upload:*", Commit: true, Cut: graphsim.AfterCommit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, first := withMedia(t)
			fault.Method = http.MethodPost
			if fault.Commit {
				fault.AfterHook = func(*http.Request) { first.Kill() }
			} else {
				fault.Hook = func(*http.Request) { first.Kill() }
			}
			w.Sim.Fail(fault)
			tmpl := w.CreateTemplate("parcel_left", behindAddress(harness.JPEG))
			w.Wait("the upload", func() bool { return uploads(w) > 0 })
			first.StopKilled()
			second := w.Start()
			second.Observe()
			second.Observe()
			w.Reload(tmpl)
			expectReady(t, tmpl)
			expectOnce(t, w, false)
			w.CheckInvariants()
		})
	}
}

// TestAppUnknown: files are uploaded to an app. Where neither the Secret nor Meta names it, the message says what to add.
func TestAppUnknown(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	secret := w.Secret()
	w.WABA()
	w.Sim.Fail(graphsim.Fault{Path: "/debug_token", Code: 2, Times: 1000})
	w.Files = map[string][]byte{photoAddress: harness.JPEG}
	tmpl := w.CreateTemplate("spring_photos", behindAddress(harness.JPEG))
	op := w.Start()
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonAccountNotReady)
	if c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionSynced); !strings.Contains(c.Message, "put the key appID into Secret acme-meta") {
		t.Errorf("message: %s", c.Message)
	}
	w.Edit(secret, func() { secret.Data[v1alpha1.SecretKeyAppID] = []byte(harness.AppID) })
	op.Observe()
	op.Observe()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	w.CheckInvariants()
}
