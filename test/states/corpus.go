// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package states

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Corpus is the directory of the states, below the root of the repository. It has the layout of the test data of Argo CD's health
// scripts.
const Corpus = "test/gitops/argocd/testdata/whatsapp.waba-operator.io"

// Kinds that have states.
var Kinds = []string{"MessageTemplate", "PhoneNumber", "WABA", "WebhookSubscription"}

// Pattern matches the files of a kind, below the root of the repository.
func Pattern(kind string) string {
	return filepath.Join(filepath.FromSlash(Corpus), kind, "testdata", "*.yaml")
}

// Load returns the states of all kinds, in a fixed order.
func Load(root string) ([]State, error) {
	var all []State
	for _, kind := range Kinds {
		found, err := LoadFiles(filepath.Join(root, Pattern(kind)))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// LoadFiles returns the states in the files that match.
func LoadFiles(pattern string) ([]State, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	out := make([]State, 0, len(paths))
	for _, path := range paths {
		raw, err := os.ReadFile(path) //nolint:gosec // the developer's own files
		if err != nil {
			return nil, err
		}
		converted, err := yaml.YAMLToJSON(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		u := &unstructured.Unstructured{} // reads numbers as clients do
		if err := u.UnmarshalJSON(converted); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, State{Object: u.Object, File: filepath.Base(path)})
	}
	return out, nil
}

// Select picks the states to keep out of those recorded: one for each verdict, and as many more as it takes to show every
// condition of every kind with every status and reason. What is kept already stays, so that little changes, unless it no longer fits
// the API; each state gets the name of its file.
func Select(kept, recorded []State) []State {
	all := slices.Concat(present(kept, recorded), sorted(recorded))
	var out []State
	verdicts, shown := map[string]bool{}, map[string]bool{}
	take := func(s State) {
		out = append(out, s)
		verdicts[s.Verdict()] = true
		for _, c := range s.Conditions() {
			shown[s.Kind()+" "+c.String()] = true
		}
	}
	for _, s := range all {
		if !verdicts[s.Verdict()] {
			take(s)
		}
	}
	for _, s := range all {
		if slices.ContainsFunc(s.Conditions(), func(c Condition) bool { return !shown[s.Kind()+" "+c.String()] }) {
			take(s)
		}
	}
	return named(out)
}

// present are the kept states that still come about and fit the API.
func present(kept, recorded []State) []State {
	keys := map[string]bool{}
	for _, s := range recorded {
		keys[s.Key()] = true
	}
	return slices.DeleteFunc(slices.Clone(kept), func(s State) bool { return !keys[s.Key()] || s.Fits() != nil })
}

// sorted puts the smallest objects first, and makes the order of the recording irrelevant.
func sorted(recorded []State) []State {
	out := slices.Clone(recorded)
	size := func(s State) int { return len(fmt.Sprint(s.Object)) }
	slices.SortFunc(out, func(a, b State) int {
		if d := size(a) - size(b); d != 0 {
			return d
		}
		return strings.Compare(a.Key(), b.Key())
	})
	return out
}

func named(selected []State) []State {
	taken := map[string]bool{}
	for _, s := range selected {
		taken[s.Kind()+"/"+s.File] = true
	}
	for i, s := range selected {
		if s.File != "" {
			continue
		}
		name := s.name()
		for n := 2; taken[s.Kind()+"/"+name+".yaml"]; n++ {
			name = fmt.Sprintf("%s-%d", s.name(), n)
		}
		taken[s.Kind()+"/"+name+".yaml"] = true
		selected[i].File = name + ".yaml"
	}
	return selected
}

// name says what the state is: ready or not and why, and what came of the last attempt if that isn't the same.
func (s State) name() string {
	if phase := s.phase(); phase != current {
		return phase
	}
	ready, synced := s.Condition("Ready"), s.Condition("Synced")
	parts := []string{"notready", ready.Reason}
	if ready.Status == "True" {
		parts[0] = "ready"
	}
	if synced.Reason != ready.Reason && synced.Status != "True" {
		parts = append(parts, synced.Reason)
	}
	if s.Condition("Stalled").Type != "" {
		parts = append(parts, "stalled")
	}
	return strings.ToLower(strings.Join(parts, "-"))
}

// Write replaces the corpus.
func Write(root string, selected []State) error {
	for _, kind := range Kinds {
		directory := filepath.Dir(filepath.Join(root, Pattern(kind)))
		if err := os.RemoveAll(directory); err != nil {
			return err
		}
		if err := os.MkdirAll(directory, 0o750); err != nil {
			return err
		}
		for _, s := range selected {
			if s.Kind() != kind {
				continue
			}
			raw, err := yaml.Marshal(s.Object)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(directory, s.File), raw, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}
