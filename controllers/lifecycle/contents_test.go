// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

func unitVersion(uid, version string, written time.Time) v1alpha1.SecretVersion {
	return v1alpha1.SecretVersion{UID: uid, ResourceVersion: version, Key: "pin", ResourceUID: "n", WrittenTime: WrittenTime(written)}
}

func TestUnitContents(t *testing.T) {
	c := newContents()
	from := contentKey{"s", "pin", v1alpha1.SecretPurposePIN}
	first := c.read("n", from, "1", unitVersion("a", "1", lifecycletest.Start))
	if got := c.read("n", from, "1", unitVersion("b", "7", lifecycletest.Start.Add(time.Hour))); got.Version != first.Version || len(got.others) > 0 {
		t.Errorf("the same content is another: %+v", got)
	}
	second := c.read("n", from, "2", unitVersion("a", "9", time.Time{}))
	if second.Since(&first.Version) != ContentChanged || first.Same(&second.Version) {
		t.Errorf("another content is the same: %+v", second)
	}
	if again := c.read("n", from, "1", unitVersion("a", "12", time.Time{})); !again.Same(&first.Version) || again.Since(&second.Version) != ContentChanged {
		t.Errorf("the first content isn't known again: %+v", again)
	}
	if other := c.read("m", from, "1", unitVersion("a", "12", time.Time{})); other.Version.ResourceVersion != "12" {
		t.Errorf("resources share a memory: %+v", other)
	}
	if newContents().key == c.key {
		t.Error("two processes have the same key")
	}
	c.Forget(Gone{UID: "n"})
	if len(c.known) != 1 {
		t.Errorf("kept: %v", c.known)
	}
}

// TestUnitContentsAreBounded: who writes on and on fills no memory.
func TestUnitContentsAreBounded(t *testing.T) {
	c := newContents()
	for i := range 10 * contentsPerKey {
		c.read("n", contentKey{"s", "pin", "pin"}, fmt.Sprint(i), unitVersion("a", fmt.Sprint(i), lifecycletest.Start))
	}
	if n := len(c.known["n"][contentKey{"s", "pin", "pin"}]); n != contentsPerKey {
		t.Errorf("%d contents of a key", n)
	}
	for i := range 3 * keysPerResource {
		c.read("n", contentKey{"s", fmt.Sprint(i), "pin"}, "1", unitVersion("a", "1", lifecycletest.Start))
	}
	if n := len(c.known["n"]); n > keysPerResource {
		t.Errorf("%d keys", n)
	}
}

// TestUnitContentAfterRestart: what an earlier process recorded is compared by what the managed fields say.
func TestUnitContentAfterRestart(t *testing.T) {
	now := &Content{Version: unitVersion("a", "9", lifecycletest.Start)}
	restored := unitVersion("b", "2", lifecycletest.Start)
	restored.ResourceUID = "m"
	otherKey := unitVersion("a", "9", lifecycletest.Start)
	otherKey.Key = "code"
	for name, c := range map[string]struct {
		recorded v1alpha1.SecretVersion
		want     ContentChange
	}{
		"untouched":                 {unitVersion("a", "9", time.Time{}), ContentSame},
		"annotated":                 {unitVersion("a", "2", lifecycletest.Start), ContentSame},
		"in another time zone":      {v1alpha1.SecretVersion{UID: "a", Key: "pin", WrittenTime: &metav1.Time{Time: lifecycletest.Start.In(time.FixedZone("", 3600))}}, ContentSame},
		"written since":             {unitVersion("a", "2", lifecycletest.Start.Add(-time.Second)), ContentRewritten},
		"by an operator before":     {unitVersion("a", "2", time.Time{}), ContentUnknown},
		"another Secret":            {unitVersion("b", "2", lifecycletest.Start), ContentRewritten},
		"another Secret and user":   {restored, ContentUnknown},
		"another key of the Secret": {otherKey, ContentChanged},
	} {
		if got := now.Since(&c.recorded); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	var missing *Content
	if now.Same(nil) || missing.Same(&now.Version) || missing.Record() != nil {
		t.Error("nothing is the same as something")
	}
}
