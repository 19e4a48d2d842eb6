// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/gitops/argocd"
	"github.com/waba-operator/waba-operator/test/states"
)

const root = "../../.."

// TestGenerated: what is committed is what the scripts and the corpus make, and there is nothing else.
func TestGenerated(t *testing.T) {
	files, err := argocd.Generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s isn't up to date (%v): run make manifests", name, err)
		}
	}
	for _, directory := range []string{argocd.Customizations, states.Corpus} {
		err = filepath.WalkDir(filepath.Join(root, filepath.FromSlash(directory)), func(path string, entry fs.DirEntry, err error) error {
			name, _ := filepath.Rel(root, path)
			if err == nil && !entry.IsDir() && files[filepath.ToSlash(name)] == nil && !isState(name) {
				t.Errorf("%s is left over: remove it", name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// isState reports that a file below the root is a state of the corpus.
func isState(name string) bool {
	return slices.ContainsFunc(states.Kinds, func(kind string) bool {
		match, err := filepath.Match(states.Pattern(kind), name)
		return err == nil && match
	})
}

// TestTablesName: every file that a test table names is there, beside the table as in Argo CD's repository.
func TestTablesName(t *testing.T) {
	const corpus = root + "/" + states.Corpus
	named := regexp.MustCompile(`(?m)(?:inputPath|expectedOutputPath): (.*)$`)
	for _, kind := range states.Kinds {
		for _, table := range []string{"health_test.yaml", "actions/action_test.yaml"} {
			table = filepath.Join(corpus, kind, filepath.FromSlash(table))
			raw, err := os.ReadFile(table)
			if err != nil {
				t.Fatal(err)
			}
			found := named.FindAllSubmatch(raw, -1)
			if len(found) == 0 {
				t.Errorf("%s names no file", table)
			}
			for _, match := range found {
				if _, err := os.Stat(filepath.Join(filepath.Dir(table), filepath.FromSlash(string(match[1])))); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestConfigMap: the patch of argocd-cm holds what Argo CD looks for under the keys that it looks for.
func TestConfigMap(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(argocd.ConfigMap)))
	if err != nil {
		t.Fatal(err)
	}
	var patch struct {
		Kind     string
		Metadata struct{ Name string }
		Data     map[string]string
	}
	if err := yaml.Unmarshal(raw, &patch); err != nil {
		t.Fatal(err)
	}
	if patch.Kind != "ConfigMap" || patch.Metadata.Name != "argocd-cm" || len(patch.Data) != 2*len(states.Kinds) {
		t.Errorf("%s %s with %d keys", patch.Kind, patch.Metadata.Name, len(patch.Data))
	}
	for _, kind := range states.Kinds {
		if got := patch.Data["resource.customizations.health.whatsapp.waba-operator.io_"+kind]; got != script(t, "health") {
			t.Errorf("%s: another health script", kind)
		}
		var actions struct {
			Discovery   string `json:"discovery.lua"`
			Definitions []struct {
				Name string `json:"name"`
				Lua  string `json:"action.lua"`
			} `json:"definitions"`
		}
		if err := yaml.UnmarshalStrict([]byte(patch.Data["resource.customizations.actions.whatsapp.waba-operator.io_"+kind]), &actions); err != nil {
			t.Fatal(err)
		}
		if actions.Discovery != script(t, "discovery") || len(actions.Definitions) != len(argocd.Actions) {
			t.Errorf("%s: %+v", kind, actions)
		}
		for i, name := range argocd.Actions {
			if d := actions.Definitions[i]; d.Name != name || d.Lua != script(t, name) {
				t.Errorf("%s: action %d is %+v", kind, i, d)
			}
		}
	}
}

func script(t *testing.T, name string) string {
	t.Helper()
	text, err := argocd.Script(root, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var machine = argocd.Machine{Clock: func() time.Time { return time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC) }}

// object is a resource with a policy ("" for none) and annotations (nil for none).
func object(policy string, annotations map[string]any) map[string]any {
	o := map[string]any{
		"metadata": map[string]any{"name": "acme", "generation": int64(1)},
		"spec":     map[string]any{"id": "102290129340398", "approvedApps": []any{}, "allowedReferences": []any{map[string]any{"namespaces": map[string]any{}}}},
	}
	if policy != "" {
		o["spec"].(map[string]any)["managementPolicy"] = policy
	}
	if annotations != nil {
		o["metadata"].(map[string]any)["annotations"] = annotations
	}
	return o
}

func act(t *testing.T, o map[string]any, action string) map[string]any {
	t.Helper()
	out, err := machine.Act(runtime.DeepCopyJSON(o), script(t, action))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPauseAndResume: resuming gives back exactly what was there before: above all, what was only observed is never managed.
func TestPauseAndResume(t *testing.T) {
	for _, policy := range []string{"", "Managed", "Observed"} {
		for name, annotations := range map[string]map[string]any{"no annotation": nil, "another annotation": {"team": "shop"}} {
			before := object(policy, annotations)
			paused := act(t, before, "pause")
			if got, _, _ := unstructured.NestedString(paused, "spec", "managementPolicy"); got != string(v1alpha1.ManagementPolicyPaused) {
				t.Errorf("%q, %s: the policy is %q", policy, name, got)
			}
			if diff := cmp.Diff(before, act(t, paused, "resume")); diff != "" {
				t.Errorf("%q, %s: resumed (-before +after):\n%s", policy, name, diff)
			}
		}
	}
}

// TestActionsOffered: what was paused otherwise can't be resumed here.
func TestActionsOffered(t *testing.T) {
	byAction := act(t, object("Observed", nil), "pause")
	for name, c := range map[string]struct {
		object map[string]any
		want   map[string]bool // disabled
	}{
		"managed":          {object("", nil), map[string]bool{"refresh": false, "pause": false, "resume": true}},
		"observed":         {object("Observed", nil), map[string]bool{"refresh": false, "pause": false, "resume": true}},
		"paused by action": {byAction, map[string]bool{"refresh": true, "pause": true, "resume": false}},
		"paused by hand":   {object("Paused", map[string]any{"team": "shop"}), map[string]bool{"refresh": true, "pause": true, "resume": true}},
	} {
		got, err := machine.Disabled(c.object, script(t, "discovery"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestRefresh changes nothing but the annotation that the operator obeys.
func TestRefresh(t *testing.T) {
	for _, annotations := range []map[string]any{nil, {v1alpha1.AnnotationRequestedAt: "long ago"}} {
		want := object("", map[string]any{v1alpha1.AnnotationRequestedAt: "2026-03-01T09:30:00Z"})
		if diff := cmp.Diff(want, act(t, object("", annotations), "refresh")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestScriptsAreHeldToWhatArgoGives: no library that Argo CD withholds, and only a table counts.
func TestScriptsAreHeldToWhatArgoGives(t *testing.T) {
	for _, text := range []string{"return string.rep('a', 2)", "return io.open('/etc/passwd')", "return os.exit(1)", "return 'Healthy'", "while true do end"} {
		if _, err := machine.Health(object("", nil), text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
	if got, err := machine.Health(object("", nil), "return {status = 'Great'}"); err == nil {
		t.Errorf("an unknown status is taken: %+v", got)
	}
}
