// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/internal/output"
)

// TestDocuments: the JSON and YAML of every command says what it is.
func TestDocuments(t *testing.T) {
	env := startCluster(t)
	namespace := env.Namespace(t)
	create(t, env, wabaOf(namespace, acmeGarden, wellConditions...), templateOf(namespace, "", "sale", "REJECTED", rejectedConditions...))
	meta := demo(t)
	documents := map[string][]struct {
		kind string
		args []string
	}{
		"doctor": {{"DoctorReport", append([]string{acmeGarden}, meta...)}},
		"lint":   {{"LintResult", []string{"-"}}},
		"plan":   {{"Plan", append([]string{"--no-cluster", "-"}, meta...)}},
		"report": {{"ComplianceRecord", append([]string{"--account", acmeGarden}, meta...)}},
		"status": {{"Status", []string{"-n", namespace}}, {"Problems", []string{"-n", namespace, "--unhealthy"}}},
	}
	for _, c := range New("v1.2.3", Streams{}).Commands() {
		flag := c.Flags().Lookup("output")
		if flag == nil || !strings.Contains(flag.Usage, "json") {
			continue
		}
		if documents[c.Name()] == nil {
			t.Errorf("%s has JSON, and no kind for it", c.Name())
		}
		for _, d := range documents[c.Name()] {
			for _, format := range []string{"json", "yaml"} {
				code, out, stderr := run(t, sale, append([]string{c.Name(), "-o", format}, d.args...)...)
				var got output.TypeMeta
				read := json.Unmarshal
				if format == "yaml" {
					read = func(raw []byte, into any) error { return yaml.Unmarshal(raw, into) }
				}
				if err := read([]byte(out), &got); err != nil || code == ExitFailed || got != output.TypeOf(d.kind) {
					t.Errorf("%s -o %s: exit code %d, %v, %+v\n%s", c.Name(), format, code, err, got, stderr)
				}
			}
		}
	}
}
