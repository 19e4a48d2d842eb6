// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"github.com/fxamacker/cbor/v2"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// PackedTemplate is a template in the form in which a snapshot keeps it. A template that is decoded takes four times as much memory,
// and nothing reads most of them between two observations. Equal templates have the same form, so comparing two costs no decoding.
type PackedTemplate string

var (
	packing   = packingMode(cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode())
	unpacking = packingMode(cbor.DecOptions{UTF8: cbor.UTF8DecodeInvalid}.DecMode())
)

func packingMode[M any](mode M, err error) M {
	if err != nil {
		panic(err) // options compiled into this binary
	}
	return mode
}

// Pack returns the form of a template.
func Pack(t *graph.Template) PackedTemplate {
	text, err := packing.Marshal(t)
	if err != nil {
		panic(err) // nothing in the type can't be encoded
	}
	return PackedTemplate(text)
}

// Unpack returns the template, which the caller may change.
func (p PackedTemplate) Unpack() graph.Template {
	var t graph.Template
	if err := unpacking.Unmarshal([]byte(p), &t); err != nil {
		panic(err) // only Pack makes the form
	}
	return t
}

// share has a snapshot use the memory of the one before for what is the same in both. Two snapshots exist while their differences are
// looked for, and the older one's listing is kept.
func share(old, snap *Snapshot) {
	same := len(old.Templates) == len(snap.Templates)
	for k, t := range snap.Templates {
		before, known := old.Templates[k]
		if known && before == t {
			snap.Templates[k] = before
		} else {
			same = false
		}
	}
	if same {
		snap.Templates = old.Templates
	}
}
