// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/output"
)

// TestDocuments: the JSON and YAML of every command says what it is.
func TestDocuments(t *testing.T) {
	env := startCluster(t)
	namespace := env.Namespace(t)
	create(t, env, wabaOf(namespace, acmeGarden, wellConditions...), templateOf(namespace, "", "sale", "REJECTED", rejectedConditions...))
	meta := demo(t)
	type document struct {
		is   output.TypeMeta
		args []string
	}
	of := func(kind string, args ...string) document { return document{output.TypeOf(kind), args} }
	// changed is a resource as the API server has it.
	changed := func(kind string, args ...string) document {
		return document{output.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind}, append(args, "-n", namespace)}
	}
	documents := map[string][]document{
		"doctor":  {of("DoctorReport", append([]string{acmeGarden}, meta...)...)},
		"lint":    {of("LintResult", "-")},
		"pause":   {changed("MessageTemplate", "wamt", "sale")},
		"plan":    {of("Plan", append([]string{"--no-cluster", "-"}, meta...)...)},
		"refresh": {changed("WABA", "waba", "acme")},
		"release": {changed("WABA", "waba", "acme")},
		"report":  {of("ComplianceRecord", append([]string{"--account", acmeGarden}, meta...)...)},
		"resume":  {changed("MessageTemplate", "wamt", "sale")},
		"status":  {of("Status", "-n", namespace), of("Problems", "-n", namespace, "--unhealthy")},
		"version": {of("Version", "--client")},
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
				if err := read([]byte(out), &got); err != nil || code == ExitFailed || got != d.is {
					t.Errorf("%s -o %s: exit code %d, %v, %+v\n%s", c.Name(), format, code, err, got, stderr)
				}
			}
		}
	}
}
