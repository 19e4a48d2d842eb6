// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// Needle is one form in which a secret could be written somewhere.
type Needle struct{ What, Text string }

// FormsOf writes a secret in every form that a search has to know. Inside a longer text in base64 it has one of three
// alignments; characters that its neighbours influence are left out.
func FormsOf(name, secret string) []Needle {
	out := []Needle{
		{name, secret}, {name + " in a URL", url.QueryEscape(secret)}, {name + " in a path", url.PathEscape(secret)},
		{name + " in hex", hex.EncodeToString([]byte(secret))},
	}
	for shift := range 3 {
		for kind, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			text := encoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + secret))
			out = append(out, Needle{
				fmt.Sprintf("%s in %s, shifted by %d", name, kind, shift), text[(shift*8+5)/6 : (shift+len(secret))*8/6],
			})
		}
	}
	return out
}

// Leaks names the needles that a text contains.
func Leaks(needles []Needle, text string) []string {
	var out []string
	for _, n := range needles {
		if strings.Contains(text, n.Text) {
			out = append(out, n.What)
		}
	}
	return out
}

// Dump returns everything in a list of the world's namespace, managed fields included.
func (w *World) Dump(list client.ObjectList) string {
	w.T.Helper()
	if err := w.Client.List(context.Background(), list, client.InNamespace(w.Namespace)); err != nil {
		w.T.Fatal(err)
	}
	raw, err := yaml.Marshal(list)
	if err != nil {
		w.T.Fatal(err)
	}
	return string(raw)
}

// Exported returns the metrics as text.
func (o *Operator) Exported() string {
	o.world.T.Helper()
	families, err := o.Metrics.Gather()
	if err != nil {
		o.world.T.Fatal(err)
	}
	var b strings.Builder
	for _, family := range families {
		b.WriteString(family.String())
	}
	return b.String()
}
