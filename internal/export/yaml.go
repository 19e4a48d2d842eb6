// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/schema"
)

// Resource is one resource without anything that the cluster adds.
type Resource struct {
	Kind, Name, Namespace string
	Labels, Annotations   map[string]string
	// Comments stand above it, a line each.
	Comments []string
	Spec     any
}

// document fixes the order of the fields.
type document struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   *metadata         `json:"metadata,omitempty"`
	Spec       any               `json:"spec,omitempty"`
	Type       string            `json:"type,omitempty"`
	StringData map[string]string `json:"stringData,omitempty"`
	Resources  []string          `json:"resources,omitempty"`
}

type metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

func (r *Resource) document() document {
	return document{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: r.Kind,
		Metadata: &metadata{Name: r.Name, Namespace: r.Namespace, Labels: r.Labels, Annotations: r.Annotations}, Spec: r.Spec,
	}
}

// object is the resource as the API server sees it.
func (r *Resource) object() (*unstructured.Unstructured, error) {
	text, err := json.Marshal(r.document())
	if err != nil {
		return nil, err
	}
	obj := &unstructured.Unstructured{}
	return obj, obj.UnmarshalJSON(text)
}

// Faults says why the API server would refuse a resource.
func (r *Resource) Faults(ctx context.Context, v *schema.Validator) []string {
	obj, err := r.object()
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, fault := range v.Validate(ctx, obj) {
		out = append(out, fmt.Sprintf("%s: %s", fault.Field, schema.Explain(fault)))
	}
	return out
}

// YAML is the resource with its comments, always the same for the same resource.
func (r *Resource) YAML() ([]byte, error) { return encode(r.document(), r.Comments) }

// File is the name of the file for the resource.
func (r *Resource) File() string {
	if r.Kind == v1alpha1.KindMessageTemplate || r.Kind == v1alpha1.KindPhoneNumber {
		return strings.ToLower(r.Kind) + "-" + r.Name + ".yaml"
	}
	return strings.ToLower(r.Kind) + ".yaml" // there is only one
}

// encode writes fields in the order in which they stand in the types.
func encode(v any, comments []string) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	tokens := json.NewDecoder(bytes.NewReader(text))
	tokens.UseNumber()
	node, err := nodeFrom(tokens)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, line := range comments {
		out.WriteString(strings.TrimRight("# "+OneLine(line), " ") + "\n")
	}
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	e.CompactSeqIndent()
	if err := e.Encode(node); err != nil {
		return nil, err
	}
	return out.Bytes(), e.Close()
}

// surprising are texts that readers of YAML 1.1 take for a truth value or a number in base 60, as kubectl's did for long. So is
// all that some reader takes for a number or a date.
var surprising = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null|~|[-+.]?[0-9].*)$`)

// nodeFrom reads one value. It doesn't go through a parser of YAML, which takes fewer characters than JSON has.
func nodeFrom(tokens *json.Decoder) (*yaml.Node, error) {
	token, err := tokens.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if v == '[' {
			node = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		}
		for tokens.More() {
			child, err := nodeFrom(tokens)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		if len(node.Content) == 0 {
			node.Style = yaml.FlowStyle
		}
		_, err := tokens.Token() // the end
		return node, err
	case string:
		return textNode(v), nil
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: v.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v)}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
}

// textNode puts into quotes what could be misread; texts of several lines become blocks where that is possible.
func textNode(s string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	switch {
	case s == "" || surprising.MatchString(s):
		node.Style = yaml.DoubleQuotedStyle
	case strings.Contains(s, "\n"):
		node.Style = yaml.LiteralStyle
	}
	return node
}
