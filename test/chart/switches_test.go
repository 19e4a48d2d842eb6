// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// valueSets are installed as they are by TestInstalls, besides the combinations of all switches.
var valueSets = map[string]values{
	"defaults":         "",
	"namespaces":       "namespaces: [team-a]\nreplicas: 3",
	"minimum of pods":  "replicas: 3\npodDisruptionBudget: {minAvailable: 1}",
	"authorities":      "caBundle: {secret: ca-a, key: ca-bundle.crt}",
	"resources apart":  "namespaceOverride: team-a",
	"objects as texts": "extraObjects: ['{apiVersion: v1, kind: ConfigMap, metadata: {name: {{ .Release.Name }}-extra}}']",
}

// choice is a switch that is on or off.
type choice struct {
	path string
	on   bool
}

// excluded are choices that can't be made together.
var excluded = [][2]choice{
	{{"metrics.enabled", false}, {"metrics.serviceMonitor.enabled", true}},
	{{"metrics.enabled", false}, {"metrics.podMonitor.enabled", true}},
	{{"metrics.enabled", false}, {"metrics.perResource", true}},
	{{"metrics.serviceMonitor.enabled", true}, {"metrics.podMonitor.enabled", true}},
	{{"webhooks.enabled", false}, {"webhooks.ingress.enabled", true}},
	{{"webhooks.enabled", false}, {"webhooks.httpRoute.enabled", true}},
}

func together(a, b choice) bool {
	return !slices.Contains(excluded, [2]choice{a, b}) && !slices.Contains(excluded, [2]choice{b, a})
}

// otherwise are those switches that decide about what all releases of a cluster share. TestLifeOfARelease has them on and off.
var otherwise = []string{"crds.enabled", "crds.keep"}

// switches are all booleans of values.yaml.
func switches(t *testing.T) []string {
	t.Helper()
	var paths []string
	walk(readValues(t, chartDir(), "values.yaml"), "", func(path string, leaf any) {
		if _, is := leaf.(bool); is && !slices.Contains(otherwise, path) {
			paths = append(paths, path)
		}
	})
	return paths
}

// pairs are all pairs of choices that can be made together.
func pairs(paths []string) map[[2]choice]bool {
	all := map[[2]choice]bool{}
	for i, a := range paths {
		for _, b := range paths[i+1:] {
			for _, values := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
				if pair := [2]choice{{a, values[0]}, {b, values[1]}}; together(pair[0], pair[1]) {
					all[pair] = true
				}
			}
		}
	}
	return all
}

// combinations are sets of all switches, in which each pair of choices occurs. They are few, because each set has as many pairs as
// possible that no other one had.
func combinations(paths []string) []map[string]bool {
	left := pairs(paths)
	has := func(a, b choice) bool { return left[[2]choice{a, b}] || left[[2]choice{b, a}] }
	var sets []map[string]bool
	for len(left) > 0 {
		set := map[string]bool{}
		for len(set) < len(paths) {
			var best choice
			most := -1
			for _, path := range paths {
				if _, chosen := set[path]; chosen {
					continue
				}
				for _, c := range []choice{{path, true}, {path, false}} {
					if n := gain(c, set, paths, has); n > most {
						best, most = c, n
					}
				}
			}
			set[best.path] = best.on
		}
		for pair := range left {
			if set[pair[0].path] == pair[0].on && set[pair[1].path] == pair[1].on {
				delete(left, pair)
			}
		}
		sets = append(sets, set)
	}
	return sets
}

// gain is how much a choice adds to a set: first the pairs with what is chosen already, then those that remain possible. It is -1
// where the choice can't be made.
func gain(c choice, set map[string]bool, paths []string, has func(a, b choice) bool) int {
	n := 0
	for _, path := range paths {
		on, chosen := set[path]
		switch {
		case path == c.path:
		case chosen && !together(c, choice{path, on}):
			return -1
		case chosen && has(c, choice{path, on}):
			n += len(paths)
		case !chosen && (has(c, choice{path, true}) || has(c, choice{path, false})):
			n++
		}
	}
	return n
}

// TestCombinations: all choices that can be made together are, with few sets.
func TestCombinations(t *testing.T) {
	paths := switches(t)
	sets := combinations(paths)
	if len(paths) < 25 || len(sets) > 16 {
		t.Errorf("%d switches, %d sets", len(paths), len(sets))
	}
	for pair := range pairs(paths) {
		if !slices.ContainsFunc(sets, func(set map[string]bool) bool {
			return set[pair[0].path] == pair[0].on && set[pair[1].path] == pair[1].on
		}) {
			t.Errorf("no set has %v", pair)
		}
	}
	for _, pair := range excluded {
		for _, c := range pair {
			if !slices.Contains(paths, c.path) {
				t.Errorf("there is no switch %s", c.path)
			}
		}
	}
	t.Logf("%d switches, %d sets", len(paths), len(sets))
}

// TestInstalls: each switch on and off, and each of valueSets, with everything else that the chart can render, is installed by each
// Helm. A warning, which may be a field that the API server dropped, is a failure.
func TestInstalls(t *testing.T) {
	prepare(t)
	sets := maps.Clone(valueSets)
	for i, set := range combinations(switches(t)) {
		sets[fmt.Sprintf("switches %d", i)] = withSwitches(t, set)
	}
	started, number := time.Now(), 0
	t.Run("all", func(t *testing.T) {
		for _, name := range slices.Sorted(maps.Keys(sets)) {
			for _, program := range helms {
				number++
				release := fmt.Sprintf("r%d", number)
				t.Run(name+" by "+program, func(t *testing.T) {
					t.Parallel()
					install(t, program, release, sets[name])
				})
			}
		}
	})
	t.Logf("%d installations took %s", number, time.Since(started).Round(time.Second/10))
}

// install installs a release without CRDs in a namespace of its own name.
func install(t *testing.T, program, release string, v values) {
	t.Helper()
	_, warnings, err := runHelm(t, program, []byte(v), "install", release, chartDir(), "--namespace", release, "--create-namespace",
		"--values", "-", "--set", "crds.enabled=false")
	if err != nil || warnings != "" {
		t.Errorf("%v\n%s\nwith %s", err, warnings, v)
	}
}

// withSwitches is testdata/all.yaml with some switches set, and without what two releases can't both have, or what the simulator excludes.
func withSwitches(t *testing.T, set map[string]bool) values {
	t.Helper()
	v := readValues(t, "testdata", "all.yaml")
	for _, key := range []string{"nameOverride", "fullnameOverride", "namespaceOverride", "extraObjects"} {
		delete(v, key)
	}
	delete(v["webhooks"].(map[string]any)["service"].(map[string]any), "nodePort")
	if !set["metrics.enabled"] || !set["metrics.secure"] {
		delete(v["metrics"].(map[string]any), "tls")
	}
	if set["simulator.enabled"] {
		delete(v, "shards")
		delete(v, "graphBaseURL")
		delete(v["webhooks"].(map[string]any), "tls")
		v["replicas"] = 1
	}
	for path, on := range set {
		keys := strings.Split(path, ".")
		at := v
		for _, key := range keys[:len(keys)-1] {
			at = at[key].(map[string]any)
		}
		at[keys[len(keys)-1]] = on
	}
	return marshal(t, v)
}

// TestWarningsAreSeen: what TestInstalls relies on.
func TestWarningsAreSeen(t *testing.T) {
	for _, program := range helms {
		_, warnings, err := runHelm(t, program, []byte("podSpecExtra: {noSuchField: true}"), "install", "warned", chartDir(),
			"--namespace", "warned-"+program, "--create-namespace", "--values", "-", "--set", "crds.enabled=false,fullnameOverride=warned-"+program)
		if err == nil && !strings.Contains(warnings, "noSuchField") {
			t.Errorf("%s: an unknown field isn't reported: %s", program, warnings)
		}
	}
}
