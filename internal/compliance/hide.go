// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import "reflect"

// hideSecrets removes what may be secret from every text of the record, whatever its origin: Meta may repeat what it was sent.
// Addresses have been cleaned already, and would be dropped as a whole.
func hideSecrets(r *Record, hide func(string) string) { hideIn(reflect.ValueOf(r).Elem(), hide) }

var addressType = reflect.TypeFor[Address]()

func hideIn(v reflect.Value, hide func(string) string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			hideIn(v.Elem(), hide)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				hideIn(v.Field(i), hide)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			hideIn(v.Index(i), hide)
		}
	case reflect.Map: // map[string]int: names that Meta chose
		for _, key := range v.MapKeys() {
			if hidden := hide(key.String()); hidden != key.String() {
				v.SetMapIndex(reflect.ValueOf(hidden), v.MapIndex(key))
				v.SetMapIndex(key, reflect.Value{})
			}
		}
	case reflect.String:
		if v.Type() != addressType {
			v.SetString(hide(v.String()))
		}
	}
}
