// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"slices"
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

func carouselOfPhotos() *v1alpha1.MessageTemplateSpec {
	card := func(key string) v1alpha1.CarouselCard {
		return v1alpha1.CarouselCard{Header: v1alpha1.CardHeader{Format: "IMAGE", Media: &v1alpha1.MediaSource{
			ConfigMapKeyRef: &v1alpha1.ConfigMapKeyReference{Name: "photos", Key: key},
		}}}
	}
	return &v1alpha1.MessageTemplateSpec{
		Category: "MARKETING", Body: &v1alpha1.TemplateBody{Text: "Look."},
		Carousel: &v1alpha1.TemplateCarousel{Cards: []v1alpha1.CarouselCard{card("a"), card("b")}},
	}
}

func TestHandlesGoWhereTheirFilesBelong(t *testing.T) {
	content, problems := Content(carouselOfPhotos())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	handles := map[string]string{}
	var paths []string
	for _, m := range MediaOf(carouselOfPhotos()) {
		paths = append(paths, m.Path)
		handles[m.Path] = "4::" + m.Source.ConfigMapKeyRef.Key
	}
	if !slices.Equal(paths, []string{"carousel.cards[0].header.media", "carousel.cards[1].header.media"}) {
		t.Fatalf("paths: %q", paths)
	}
	filled := WithHandles(content.Components, handles)
	for i, want := range []string{"4::a", "4::b"} {
		if got := filled[1].Cards[i].Components[0].Example; got == nil || !slices.Equal(got.HeaderHandle, []string{want}) {
			t.Errorf("card %d: %+v", i, got)
		}
		if content.Components[1].Cards[i].Components[0].Example != nil {
			t.Errorf("card %d: the components given were changed", i)
		}
	}
}

// A new sample is a reason to send an edit, but the content is the same: senders of the template notice nothing.
func TestAnotherSampleIsAnotherEditOfTheSameContent(t *testing.T) {
	content, _ := Content(carouselOfPhotos())
	fields := func(hash string) Fields {
		f := WantedFields(content)
		f.SetMedia("carousel.cards[1].header.media", hash)
		return f
	}
	old, changed := fields("aa"), fields("bb")
	if old.Hash() != changed.Hash() || old.Hash() != WantedFields(content).Hash() {
		t.Error("the hash of the content must leave out samples")
	}
	if old.EditHash() == changed.EditHash() {
		t.Error("the hash of the edit must not")
	}
	if got := WriteOnlyChanged(old.WriteOnly(), changed); !slices.Equal(got, []string{"carousel.cards[1].header.media"}) {
		t.Errorf("resent: %q", got)
	}
	if got := WriteOnlyChanged(old.WriteOnly(), old); len(got) > 0 {
		t.Errorf("resent without a change: %q", got)
	}
	if got := WriteOnlyChanged(WantedFields(content).WriteOnly(), changed); len(got) > 0 {
		t.Errorf("what an adopted template was sent with isn't known, and no reason for an edit: %q", got)
	}
}

func TestAManagedTemplateNeedsItsSample(t *testing.T) {
	for _, format := range []v1alpha1.HeaderFormat{"IMAGE", "VIDEO", "DOCUMENT", "GIF", "LOCATION"} {
		spec := &v1alpha1.MessageTemplateSpec{
			Body: &v1alpha1.TemplateBody{Text: "Look."}, Header: &v1alpha1.TemplateHeader{Format: format},
		}
		breaches := Creatable(spec)
		if needs := format != "LOCATION"; needs != (len(breaches) == 1 && breaches[0].Path == "spec.header.media") {
			t.Errorf("%s: %v", format, breaches)
		}
		spec.ManagementPolicy = v1alpha1.ManagementPolicyObserved
		if breaches := Creatable(spec); len(breaches) > 0 {
			t.Errorf("%s, observed: %v", format, breaches)
		}
	}
	spec := carouselOfPhotos()
	spec.Category, spec.Carousel.Cards[1].Header.Media = v1alpha1.TemplateCategoryMarketing, nil
	if breaches := Creatable(spec); len(breaches) != 1 || breaches[0].Path != "spec.carousel.cards[1].header.media" {
		t.Errorf("a card: %v", breaches)
	}
}
