// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/internal/operator"
)

func readFile(t *testing.T, path ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func readValues(t *testing.T, path ...string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := yaml.UnmarshalStrict(readFile(t, path...), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// walk calls see for each leaf; an empty list or map is one.
func walk(v any, path string, see func(path string, leaf any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(v[key], strings.TrimPrefix(path+"."+key, "."), see)
		}
		if len(v) > 0 {
			return
		}
	case []any:
		for i, each := range v {
			walk(each, fmt.Sprintf("%s.%d", path, i), see)
		}
		if len(v) > 0 {
			return
		}
	}
	see(path, v)
}

// leafText is a leaf as it appears in YAML.
func leafText(leaf any) string {
	if f, ok := leaf.(float64); ok {
		return fmt.Sprintf("%d", int64(f))
	}
	return fmt.Sprint(leaf)
}

var position = regexp.MustCompile(`\.[0-9]+$`)

// TestNoValueIsUnused: testdata/all.yaml has every value; each text and number turns up in what is rendered, and each switch
// makes a difference.
func TestNoValueIsUnused(t *testing.T) {
	const simulated = "simulator.enabled=true,graphBaseURL=,shards=null,replicas=1,webhooks.tls.secretName=,webhooks.tls.clientCAConfigMap="
	all := readValues(t, "testdata", "all.yaml")
	// Lists and maps that are empty by default are opened by the user.
	given := map[string]any{}
	walk(all, "", func(path string, leaf any) { given[path] = leaf })
	walk(readValues(t, chartDir(), "values.yaml"), "", func(path string, _ any) {
		for known := range given {
			if known == path || strings.HasPrefix(known, path+".") || known == position.ReplaceAllString(path, ".0") {
				return
			}
		}
		t.Errorf("testdata/all.yaml lacks %s", path)
	})
	text, err := template(t, marshal(t, all))
	if err != nil {
		t.Fatal(err)
	}
	renderings := map[string]string{"": text}
	with := func(change string) string {
		if _, done := renderings[change]; !done {
			if renderings[change], err = template(t, marshal(t, all), "--set", change); err != nil {
				t.Fatal(err)
			}
		}
		return renderings[change]
	}
	// Where one value stands in another's way, that one is taken away.
	inTheWay := map[string]string{
		"image.tag": "image.digest=", "nameOverride": "fullnameOverride=", "global.imageRegistry": "image.registry=",
		"image.repository":           "image.registry=,global.imageRegistry=",
		"simulator.image.tag":        simulated + ",simulator.image.digest=",
		"simulator.image.repository": simulated + ",simulator.image.registry=,global.imageRegistry=",
	}
	for path, leaf := range given {
		if strings.HasPrefix(path, "simulator.") && inTheWay[path] == "" {
			inTheWay[path] = simulated
		}
		if strings.HasPrefix(path, "metrics.podMonitor.") {
			inTheWay[path] = "metrics.serviceMonitor.enabled=false,metrics.podMonitor.enabled=true"
		}
		switch leaf := leaf.(type) {
		case bool:
			if strings.Contains(path, "ecurityContext") {
				continue // taken over whole, as the numbers and texts beside them
			}
			changed, err := template(t, marshal(t, all), "--set", fmt.Sprintf("%s=%t", path, !leaf))
			if err != nil && !strings.Contains(err.Error(), "need") && !strings.Contains(err.Error(), "enable one") {
				t.Error(err)
			}
			if changed == text {
				t.Errorf("%s makes no difference", path)
			}
		case nil: // podDisruptionBudget.minAvailable, which has a test of its own
		default:
			if list, ok := leaf.([]any); ok && len(list) == 0 {
				continue // namespaces, which has a test of its own
			}
			if m, ok := leaf.(map[string]any); ok && len(m) == 0 {
				continue
			}
			if !strings.Contains(with(inTheWay[path]), leafText(leaf)) {
				if path == "webhooks.url" && strings.Contains(text, "hooks.example") {
					continue
				}
				t.Errorf("%s is %s, which isn't in what is rendered", path, leafText(leaf))
			}
		}
	}
}

func marshal(t *testing.T, v any) values {
	t.Helper()
	raw, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return values(raw)
}

func flags() *pflag.FlagSet {
	o := operator.DefaultOptions()
	fs := pflag.NewFlagSet("waba-operator", pflag.ContinueOnError)
	o.BindFlags(fs)
	return fs
}

// TestFlags: every flag can be set by a value of its own, or is named here with the reason why not.
func TestFlags(t *testing.T) {
	withoutValue := map[string]string{
		"leader-elect":         "always on, as a rollout has two pods for a moment; extraArgs can switch it off",
		"controllers":          "follows from shards",
		"watch-label-selector": "follows from shards",
		"check":                "for helm test",
	}
	given := map[string]string{}
	for name, v := range map[string]values{"one": values(readFile(t, "testdata", "all.yaml")), "unsecured": "metrics: {secure: false}\nnamespaces: [a]"} {
		all := render(t, v)
		for key := range all {
			if !strings.HasPrefix(key, "Deployment/") {
				continue
			}
			for _, arg := range args(t, all, strings.TrimPrefix(key, "Deployment/")) {
				flag, value, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
				if flag == "extra-a" {
					continue
				}
				given[flag] = value
				if flags().Lookup(flag) == nil {
					t.Errorf("%s: the operator has no flag %s", name, arg)
				}
			}
		}
	}
	flags().VisitAll(func(f *pflag.Flag) {
		_, given := given[f.Name]
		if _, explained := withoutValue[f.Name]; !given && !explained {
			t.Errorf("no value sets --%s", f.Name)
		}
	})
}

var (
	defaultComment = regexp.MustCompile("(?m)^ *# -- (.*(?:\n *# [^@-].*)*)\n *# @default -- the operator's: `([^`]*)`")
	namedFlag      = regexp.MustCompile("`--([a-z-]+)`")
)

// TestDefaultsInComments: what values.yaml calls the operator's default is.
func TestDefaultsInComments(t *testing.T) {
	found := defaultComment.FindAllStringSubmatch(string(readFile(t, chartDir(), "values.yaml")), -1)
	if len(found) < 10 {
		t.Fatalf("only %d values with a default of the operator's are found", len(found))
	}
	for _, m := range found {
		flag := namedFlag.FindStringSubmatch(m[1])
		if flag == nil {
			t.Errorf("no flag is named in %q", m[1])
			continue
		}
		if f := flags().Lookup(flag[1]); f == nil || f.DefValue != m[2] {
			t.Errorf("--%s: the comment has %s, the operator %+v", flag[1], m[2], f)
		}
	}
}

// TestReadme: no value lacks an explanation.
func TestReadme(t *testing.T) {
	rows := 0
	for line := range strings.Lines(string(readFile(t, chartDir(), "README.md"))) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 4 || cells[0] == "| Key" {
			continue
		}
		rows++
		if strings.Trim(cells[3], " |") == "" {
			t.Errorf("%s isn't explained", cells[0])
		}
		if cells[2] == "`nil`" {
			t.Errorf("%s has no default", cells[0])
		}
	}
	if rows < 80 {
		t.Errorf("only %d values are explained", rows)
	}
}

// TestReadmeExamples: what the README, and the page about monitoring, show can be installed.
func TestReadmeExamples(t *testing.T) {
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(readFile(t, chartDir(), "README.md")), -1)
	ofMetrics := regexp.MustCompile("(?s)```yaml\n(metrics:\n.*?)```").FindAllStringSubmatch(string(readFile(t, root, "docs", "monitoring.md")), -1)
	if len(examples) < 5 || len(ofMetrics) < 5 {
		t.Fatalf("only %d and %d examples are found", len(examples), len(ofMetrics))
	}
	examples = append(examples, ofMetrics...)
	for _, m := range examples {
		render(t, values(m[1]))
	}
}

// TestSchema: no object takes unknown keys, but maps of free keys; and schema and values have the same ones.
func TestSchema(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(readFile(t, chartDir(), "values.schema.json"), &schema); err != nil {
		t.Fatal(err)
	}
	// Those that Kubernetes defines are checked by the API server, which knows them better.
	kubernetes := regexp.MustCompile(`^(resources|.*\.resources|strategy|podSecurityContext|securityContext|affinity|dnsConfig|podSpecExtra)$|\[\]$`)
	known := map[string]bool{}
	var check func(path string, node map[string]any)
	check = func(path string, node map[string]any) {
		if items, ok := node["items"].(map[string]any); ok {
			check(path+"[]", items)
		}
		if node["type"] != "object" {
			known[path] = true
			return
		}
		properties, _ := node["properties"].(map[string]any)
		extra, has := node["additionalProperties"]
		switch {
		case properties != nil && extra != false && path != "global": // which has the values of other charts, too
			t.Errorf("%s takes unknown keys", path)
		case properties == nil && !has && !kubernetes.MatchString(path):
			t.Errorf("%s says nothing about its keys", path)
		}
		known[path] = known[path] || properties == nil
		for name, p := range properties {
			check(strings.TrimPrefix(path+"."+name, "."), p.(map[string]any))
		}
	}
	check("", schema)
	walk(readValues(t, chartDir(), "values.yaml"), "", func(path string, _ any) {
		for prefix := path; ; {
			if known[prefix] {
				return
			}
			cut := strings.LastIndex(prefix, ".")
			if cut < 0 {
				break
			}
			prefix = prefix[:cut]
		}
		t.Errorf("the schema doesn't know %s", path)
	})
}

// TestWrongValues: what can't work is refused with words that lead to the mistake.
func TestWrongValues(t *testing.T) {
	refused := func(v values, wants ...string) {
		t.Helper()
		_, err := template(t, v)
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", v, err, want)
			}
		}
	}
	// The schema names all mistakes at once.
	refused(`
replica: 2
graphAPIVersion: '25'
graphPageSize: 300
observationInterval: 300
logLevel: 8
logFormat: xml
namespaces: team-a
shards: [{name: a}]
extraArgs: [read-only]
webhooks: {url: 'http://hooks.example', relayMemory: 1, ingress: {host: a}}
`,
		"additional properties 'replica' not allowed", "'/graphAPIVersion'", "maximum: got 300, want 250",
		"'/observationInterval': got number, want string", "'/logLevel'", "'/logFormat'", "'/namespaces': got string, want array",
		"missing property 'selector'", "'/extraArgs/0'", "'/webhooks/url'", "'/webhooks/relayMemory'", "additional properties 'host' not allowed")
	for v, want := range map[values]string{
		"webhooks: {ingress: {enabled: true}}":                                               "webhooks.ingress needs webhooks.url",
		"webhooks: {httpRoute: {enabled: true}}":                                             "webhooks.httpRoute needs webhooks.url",
		"{simulator: {enabled: true}, graphBaseURL: 'https://graph.facebook.com'}":           "simulator.enabled needs graphBaseURL to be empty",
		"{simulator: {enabled: true}, extraArgs: ['--graph-base-url=https://a.example']}":    "no --graph-base-url in extraArgs",
		"{simulator: {enabled: true}, replicas: 2}":                                          "simulator.enabled needs replicas: 1",
		"{simulator: {enabled: true}, shards: [{name: a, selector: a}]}":                     "simulator.enabled needs replicas: 1 and no shards",
		"{simulator: {enabled: true}, webhooks: {tls: {secretName: a}}}":                     "simulator.enabled needs webhooks.tls to be empty",
		"podDisruptionBudget: {minAvailable: 1, maxUnavailable: 1}":                          "got number, want null",
		"caBundle: {configMap: a, secret: b}":                                                "'/caBundle",
		"podSpecExtra: {containers: []}":                                                     "podSpecExtra.containers: the chart sets this field",
		"podSpecExtra: {serviceAccountName: a}":                                              "podSpecExtra.serviceAccountName: the chart sets this field",
		"extraObjects: ['text: Hi {{1}}']":                                                   "{{1}} would become 1: write the object as a map",
		"extraObjects: ['{{ 12 }}']":                                                         "{{1}} would become 1: write the object as a map",
		"image: {registry: 'https://mirror.example'}":                                        "'/image/registry'",
		"proxy: {https: 'proxy.example:3128'}":                                               "'/proxy/https'",
		"webhooks: {service: {ipFamilies: [ipv4]}}":                                          "'/webhooks/service/ipFamilies/0'",
		"webhooks: {tls: {clientCAConfigMap: a}}":                                            "needs webhooks.tls.secretName",
		"shards: [{name: a, selector: a=b}, {name: b, selector: a=b}]":                       `two have the selector "a=b"`,
		"shards: [{name: a, selector: a=b}, {name: a, selector: a=c}]":                       `the name "a" is taken`,
		"shards: [{name: receiver, selector: a=b}]":                                          `the name "receiver" is taken`,
		"webhooks: {url: 'https://hooks.example', httpRoute: {enabled: true}}":               "needs parentRefs",
		"webhooks: {enabled: false, url: 'https://hooks.example', ingress: {enabled: true}}": "needs webhooks.enabled",
	} {
		refused(v, want)
	}
	if _, err := template(t, "{enabled: true, global: {some: thing}}"); err != nil {
		t.Errorf("it can't be part of another chart: %v", err)
	}
}
