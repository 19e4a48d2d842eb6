// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// TestPackLosesNothing: every field comes back, and what Meta reports as false or 0 isn't taken for what it doesn't report.
func TestPackLosesNothing(t *testing.T) {
	for name, pointed := range map[string]bool{"values": true, "pointers to zero": false} {
		var want graph.Template
		fill(reflect.ValueOf(&want).Elem(), pointed, 0)
		packed := Pack(&want)
		if got := packed.Unpack(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v\nwant %+v", name, got, want)
		}
		if again := packed.Unpack(); Pack(&again) != packed {
			t.Errorf("%s: equal templates differ", name)
		}
	}
	if got := Pack(&graph.Template{}).Unpack(); !reflect.DeepEqual(got, graph.Template{}) {
		t.Errorf("an empty template came back as %+v", got)
	}
	broken := graph.Template{Name: "a\xff"}
	if got := Pack(&broken).Unpack(); got.Name != broken.Name {
		t.Errorf("a text that isn't UTF-8 came back as %q", got.Name)
	}
}

// deepest is where fill ends: in the type, though not at Meta, the components of a card may have cards.
const deepest = 6

// fill sets all fields; what pointers point to only if pointed.
func fill(v reflect.Value, pointed bool, depth int) {
	switch v.Kind() { //nolint:exhaustive // the others don't occur, which default reports
	case reflect.String:
		v.SetString("text " + strconv.Itoa(depth))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(-7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if pointed && depth < deepest {
			fill(v.Elem(), pointed, depth+1)
		}
	case reflect.Slice:
		if depth < deepest {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			fill(v.Index(1), pointed, depth+1)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 11, 2, 8, 0, 0, 5, time.UTC)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), pointed, depth+1)
		}
	default:
		panic(v.Kind())
	}
}

// parcel is a template of ordinary size.
func parcel(n int) *graph.Template {
	return &graph.Template{
		ID: "5942000000" + strconv.Itoa(100000+n), Name: "order_confirmation_" + strconv.Itoa(n), Language: "en_US", Status: "APPROVED",
		Category: "UTILITY", PreviousCategory: "UTILITY", RejectedReason: "NONE", ParameterFormat: "POSITIONAL", QualityScore: "GREEN",
		LastUpdatedTime: testStart,
		Components: []graph.Component{
			{Type: "HEADER", Format: "TEXT", Text: "Your order"},
			{Type: "BODY", Text: "Hello {{1}}, parcel {{2}} has left our warehouse this morning and is on its way to you.",
				Example: &graph.Example{BodyText: [][]string{{"Ana", "A-1042"}}}},
			{Type: "FOOTER", Text: "Acme, Reply STOP to opt out"},
			{Type: "BUTTONS", Buttons: []graph.Button{{Type: "URL", Text: "Track", URL: "https://acme.example/t/{{1}}", Example: []string{"https://acme.example/t/1"}}}},
		},
	}
}

func BenchmarkPack(b *testing.B) {
	b.ReportAllocs()
	t := parcel(1)
	b.ReportMetric(float64(len(Pack(t))), "B")
	for b.Loop() {
		Pack(t)
	}
}

func BenchmarkUnpack(b *testing.B) {
	b.ReportAllocs()
	p := Pack(parcel(1))
	for b.Loop() {
		p.Unpack()
	}
}

// BenchmarkCompare compares a listing of 1,000 templates with an equal one before.
func BenchmarkCompare(b *testing.B) {
	b.ReportAllocs()
	listing := func() *Snapshot {
		s := &Snapshot{Templates: map[TemplateKey]PackedTemplate{}, TemplatesSection: Section{Complete: true}}
		for i := range 1000 {
			t := parcel(i)
			s.Templates[NewTemplateKey(t.Name, t.Language)] = Pack(t)
		}
		return s
	}
	old, cur := listing(), listing()
	for b.Loop() {
		if c := diff(old, cur); !c.Empty() {
			b.Fatal(c)
		}
	}
}
