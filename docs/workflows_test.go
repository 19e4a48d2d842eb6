// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// workflow is what these tests look at of GitHub's workflows.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Steps       []struct{ Uses, Run string }
	}
}

func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", ".github", "workflows", "*.yaml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	out := map[string]workflow{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(raw, &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[filepath.Base(file)] = w
	}
	return out
}

var (
	pinned = regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40}$`)
	quoted = regexp.MustCompile(`'[^']*'`)
	// began is where a program's name stands in a script: at the begin of a line or after what begins a command.
	began = regexp.MustCompile(`(?m)(?:^|[|(;&] *|\bdo |\bthen )\s*([\w./-]+)(?:[ \n]|$)`)
)

// TestActionsArePinned: actions are named by the hash of a commit, and a workflow has no permissions but those that its jobs name.
func TestActionsArePinned(t *testing.T) {
	count := 0
	for name, w := range workflows(t) {
		if w.Permissions == nil || len(w.Permissions) > 0 {
			t.Errorf("%s: permissions of all jobs: %v", name, w.Permissions)
		}
		for job, j := range w.Jobs {
			if j.Permissions == nil {
				t.Errorf("%s: job %s names no permissions", name, job)
			}
			for _, step := range j.Steps {
				if step.Uses == "" {
					continue
				}
				if count++; !pinned.MatchString(step.Uses) {
					t.Errorf("%s: job %s uses %s", name, job, step.Uses)
				}
			}
		}
	}
	if count < 5 {
		t.Errorf("only %d actions were found", count)
	}
}

// TestSigningBuildsNothing: a job that can sign as this project has no source, builds nothing, and runs nothing but cosign and what the
// runner has.
func TestSigningBuildsNothing(t *testing.T) {
	actions := []string{"actions/download-artifact", "actions/upload-artifact", "actions/attest-build-provenance", "sigstore/cosign-installer"}
	programs := []string{"cosign", "sha256sum", "tar", "jq", "mkdir", "echo", "cd", "for", "do", "done"}
	found := 0
	for name, w := range workflows(t) {
		for job, j := range w.Jobs {
			if j.Permissions["id-token"] == "" {
				continue
			}
			found++
			for _, step := range j.Steps {
				if action, _, _ := strings.Cut(step.Uses, "@"); action != "" && !slices.Contains(actions, action) {
					t.Errorf("%s: job %s uses %s", name, job, action)
				}
				for _, m := range began.FindAllStringSubmatch(quoted.ReplaceAllString(strings.ReplaceAll(step.Run, "\\\n", " "), "x"), -1) {
					if !slices.Contains(programs, m[1]) {
						t.Errorf("%s: job %s runs %s", name, job, m[1])
					}
				}
			}
		}
	}
	if found != 1 {
		t.Errorf("%d jobs can sign, want one", found)
	}
}
