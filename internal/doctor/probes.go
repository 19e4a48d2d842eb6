// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	_ "embed" // the templates and the video
	"fmt"
	"image"
	"image/color"
	"image/png"

	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/media"
)

//go:embed probes.yaml
var probeFile []byte

// sampleVideo is a second of one colour: H.264 and AAC, 64 by 64 pixels.
//
//go:embed samples/sample.mp4
var sampleVideo []byte

// probe is one documented kind of template.
type probe struct {
	Kind string                       `json:"kind"`
	Spec v1alpha1.MessageTemplateSpec `json:"spec"`
}

func probes() ([]probe, error) {
	var out []probe
	if err := yaml.UnmarshalStrict(probeFile, &out); err != nil {
		return nil, fmt.Errorf("the templates of the probe: %w", err)
	}
	return out, nil
}

// sampleOf is a file for a media header.
func sampleOf(format string) (*media.File, error) {
	switch format := media.Format(format); format {
	case media.Image:
		picture := image.NewRGBA(image.Rect(0, 0, 64, 64))
		for i := range 64 * 64 {
			picture.Set(i%64, i/64, color.RGBA{R: uint8(4 * (i % 64)), G: uint8(4 * (i / 64)), B: 128, A: 255})
		}
		var out bytes.Buffer
		if err := png.Encode(&out, picture); err != nil {
			return nil, err
		}
		return media.Inline(format, out.Bytes())
	case media.Document:
		return media.Inline(format, samplePDF())
	default:
		return media.Inline(format, sampleVideo)
	}
}

// samplePDF is a document with one empty page.
func samplePDF() []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	var offsets []int
	for i, object := range []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] >>",
	} {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, table)
	return out.Bytes()
}
