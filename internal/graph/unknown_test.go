// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/internal/properties"
)

// TestUnknownProperties: what this version doesn't know is named, wherever in an answer it is, and counted.
func TestUnknownProperties(t *testing.T) {
	f := newFakeGraph(t, fakeAnswer{body: `{"id":"1","name":"Acme","lane":{"secret":"x"},"health_status":{"can_send_message":"AVAILABLE","entities":[{"entity_type":"WABA","mood":"good"}]},
		"phone_numbers":{"data":[{"id":"2","display_phone_number":"+1 555","throughput":{"level":"STANDARD","burst":9}}]},
		"message_templates":{"data":[{"id":"3","name":"a","language":"en","status":"APPROVED","category":"UTILITY","surface":1,"components":[
			{"type":"BODY","text":"x","tone":"warm"},{"type":"CAROUSEL","cards":[{"components":[{"type":"BUTTONS","buttons":[{"type":"URL","text":"a","label_color":"red"}]}]}]}]}]}}`})
	counted := map[string]int{}
	client := f.client(t, func(c *Config) { c.ObserveUnknown = func(object, path string) { counted[object+" "+path]++ } })
	account, err := client.ReadAccount(context.Background(), "1", AccountQuery{Numbers: true, Templates: true})
	if err != nil {
		t.Fatal(err)
	}
	template := account.Templates.Items[0].UnknownProperties
	if want := []string{"components[0].tone", "components[1].cards[0].components[0].buttons[0].label_color"}; !slices.Equal(template, want) {
		t.Errorf("template: %q", template)
	}
	if got, want := account.UnknownProperties, []string{"health_status.entities[0].mood", "lane"}; !slices.Equal(got, want) {
		t.Errorf("account: %q", got)
	}
	if got, want := account.PhoneNumbers.Items[0].UnknownProperties, []string{"throughput.burst"}; !slices.Equal(got, want) {
		t.Errorf("number: %q", got)
	}
	want := []string{
		"account health_status.entities[0].mood", "account lane", "phone_number throughput.burst", "template components[0].tone",
		"template components[1].cards[0].components[0].buttons[0].label_color",
	}
	if got := slices.Sorted(maps.Keys(counted)); !slices.Equal(got, want) {
		t.Errorf("counted: %q", got)
	}
}

// TestEverythingSentIsKnown: what the operator can send is never unknown when Meta gives it back.
func TestEverythingSentIsKnown(t *testing.T) {
	component, ok := filled(reflect.TypeFor[Component](), 0).Interface().(Component)
	if !ok {
		t.Fatal("no component")
	}
	component.Cards[0].Components[0].Cards = nil // a card has none
	sent, err := json.Marshal(map[string]any{"components": []Component{component}, fieldMaxPrice: filled(reflect.TypeFor[wireMaxPrice](), 0).Interface()})
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(sent, &value); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(sent), "supported_apps") || !strings.Contains(string(sent), "app_deep_link") {
		t.Errorf("not all is sent: %s", sent)
	}
	if got := properties.Unknown(value, templateProperties); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

// filled is a value of a type in which nothing is empty.
func filled(of reflect.Type, depth int) reflect.Value {
	v := reflect.New(of).Elem()
	switch of.Kind() {
	case reflect.String:
		v.SetString("1")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(1)
	case reflect.Pointer:
		v.Set(filled(of.Elem(), depth).Addr())
	case reflect.Slice:
		if depth < 4 {
			v.Set(reflect.Append(v, filled(of.Elem(), depth+1)))
		}
	case reflect.Struct:
		for i := range of.NumField() {
			v.Field(i).Set(filled(of.Field(i).Type, depth))
		}
	}
	return v
}
