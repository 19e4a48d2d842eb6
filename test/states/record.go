// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package states keeps resources in every state that the tests of the controllers bring them to, so that what other tools
// make of a state can be tested without bringing it about again.
package states

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// fixed stands for every time in a recorded state.
const fixed = "2026-01-01T00:00:00Z"

var (
	timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)
	local     = regexp.MustCompile(`https?://127\.0\.0\.1:\d+`)
	// namespace is one that test/testenv made.
	namespace = regexp.MustCompile(`\btest-[a-z0-9]{5}\b`)
)

// Record writes the object into the directory, unless one in the same state is there already. Objects of other groups are
// left out.
func Record(directory string, object map[string]any) error {
	state := State{Object: normalise(object)}
	if !strings.HasPrefix(state.text("apiVersion"), v1alpha1.GroupName+"/") {
		return nil
	}
	raw, err := yaml.Marshal(state.Object)
	if err != nil {
		return err
	}
	path := filepath.Join(directory, fmt.Sprintf("%x.yaml", sha256.Sum256([]byte(state.Key()))))
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // named by whoever runs the tests
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = file.Write(raw)
	return errors.Join(err, file.Close())
}

// normalise takes off what differs from run to run and what the API server keeps for itself.
func normalise(object map[string]any) map[string]any {
	out, _ := stable(object).(map[string]any)
	metadata, _ := out["metadata"].(map[string]any)
	kept := map[string]any{"namespace": "acme"}
	for _, field := range []string{"name", "generation", "annotations", "finalizers", "creationTimestamp", "deletionTimestamp"} {
		if v, ok := metadata[field]; ok {
			kept[field] = v
		}
	}
	out["metadata"] = kept
	if status, _ := out["status"].(map[string]any); status != nil {
		if conditions, _ := status["conditions"].([]any); conditions != nil {
			conditions = slices.DeleteFunc(conditions, func(c any) bool { return !written(c) })
			slices.SortStableFunc(conditions, func(a, b any) int { return strings.Compare(textOf(a, "type"), textOf(b, "type")) })
			status["conditions"] = conditions
		}
	}
	return out
}

// written reports a condition that the operator wrote. Those that tests put there for somebody else have a reason that only events have.
func written(condition any) bool { return textOf(condition, "reason") != v1alpha1.ReasonLeft }

// stable replaces times, addresses on this machine and versions of Secrets.
func stable(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			switch {
			case item == nil, key == "uid" && textOf(v, key) == "":
			case key == "uid", key == "resourceUID":
				out[key] = "00000000-0000-0000-0000-000000000000"
			case key == "resourceVersion":
				out[key] = "1"
			default:
				out[key] = stable(item)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			out = append(out, stable(item))
		}
		return out
	case string:
		if timestamp.MatchString(v) {
			return fixed
		}
		return namespace.ReplaceAllString(local.ReplaceAllString(v, "https://hooks.acme.example"), "acme")
	}
	return value
}

func textOf(value any, field string) string {
	m, _ := value.(map[string]any)
	s, _ := m[field].(string)
	return s
}
