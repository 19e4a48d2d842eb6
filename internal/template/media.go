// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/canonical"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// mediaSuffix ends the names of fields that stand for a sample file.
const mediaSuffix = "header.media"

// Media is a header whose sample file is uploaded before the template is sent. Meta keeps the sample for its review and
// never gives it back; a sender sends a file of his own each time.
type Media struct {
	// Path of the field below spec.
	Path string
	// Format of the header: IMAGE, VIDEO, DOCUMENT or GIF.
	Format string
	// Source says where the file comes from.
	Source *v1alpha1.MediaSource
}

// MediaOf lists the sample files of a template, in the order in which they stand in the spec.
func MediaOf(spec *v1alpha1.MessageTemplateSpec) []Media {
	var out []Media
	if h := spec.Header; h != nil && h.Media != nil {
		out = append(out, Media{Path: mediaSuffix, Format: string(h.Format), Source: h.Media})
	}
	if spec.Carousel == nil {
		return out
	}
	for i := range spec.Carousel.Cards {
		if h := &spec.Carousel.Cards[i].Header; h.Media != nil {
			out = append(out, Media{Path: cardPath(i) + mediaSuffix, Format: string(h.Format), Source: h.Media})
		}
	}
	return out
}

func cardPath(i int) string { return fmt.Sprintf("carousel.cards[%d].", i) }

// needsMedia are the headers that Meta takes only with a sample
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components).
func needsMedia(format string) bool {
	switch format {
	case "IMAGE", "VIDEO", "DOCUMENT", "GIF":
		return true
	}
	return false
}

// OnlyMedia reports that the named fields are all sample files.
func OnlyMedia(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !strings.HasSuffix(name, mediaSuffix) })
}

// SetMedia records the hash of a sample file. Meta never shows the file, so it is compared with the one sent last.
func (f Fields) SetMedia(path, sha256 string) { f.set(canonical.WriteOnly+path, sha256) }

// WithHandles returns the components with the handles of uploaded samples, by path; the ones given stay as they are.
func WithHandles(components []graph.Component, handles map[string]string) []graph.Component {
	return withHandles("", components, handles)
}

func withHandles(path string, components []graph.Component, handles map[string]string) []graph.Component {
	out := make([]graph.Component, len(components))
	for i, c := range components {
		if handle := handles[path+mediaSuffix]; c.Type == componentHeader && handle != "" {
			c.Example = &graph.Example{HeaderHandle: []string{handle}}
		}
		if len(c.Cards) > 0 {
			cards := make([]graph.Card, len(c.Cards))
			for j, card := range c.Cards {
				cards[j] = graph.Card{Components: withHandles(cardPath(j), card.Components, handles)}
			}
			c.Cards = cards
		}
		out[i] = c
	}
	return out
}
