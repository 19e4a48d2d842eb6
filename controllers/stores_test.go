// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"container/list"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	accounts "github.com/waba-operator/waba-operator/internal/account"
)

const module = "github.com/waba-operator/waba-operator"

// census counts the entries of every map, slice, channel and list that is reachable through types of this module, by the path
// of fields that leads there. A store that is added later is found without being named anywhere.
type census struct {
	entries map[string]int
	seen    map[visit]bool
	own     func(reflect.Type) bool
}

type visit struct {
	of   reflect.Type
	addr unsafe.Pointer
}

// root is where a census begins.
type root struct {
	name string
	at   reflect.Value
}

func countStores(roots []root) map[string]int {
	c := &census{entries: map[string]int{}, seen: map[visit]bool{}, own: ownType}
	for _, r := range roots {
		c.walk(r.name, r.at)
	}
	return c.entries
}

// grown names what has more entries than before.
func grown(before, after map[string]int) []string {
	var out []string
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if after[path] > before[path] {
			out = append(out, fmt.Sprintf("%s: %d entries, %d before", path, after[path], before[path]))
		}
	}
	return out
}

// ownType reports whether values of a type are counted. Test doubles aren't: what they keep is the test's.
func ownType(t reflect.Type) bool {
	if t.PkgPath() == "" {
		return true
	}
	return strings.HasPrefix(t.PkgPath(), module) && !strings.HasPrefix(t.PkgPath(), module+"/test/") &&
		!strings.HasSuffix(t.PkgPath(), "_test") && !strings.HasPrefix(t.PkgPath(), module+"/api/")
}

func (c *census) walk(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			c.walk(path, v.Elem())
		}
	case reflect.Pointer:
		c.pointer(path, v)
	case reflect.Struct:
		c.structure(path, v)
	case reflect.Map:
		c.entries[path] += v.Len()
		for entries := v.MapRange(); entries.Next(); {
			c.walk(path+"[]", entries.Value())
		}
	case reflect.Slice:
		c.entries[path] += v.Len()
		c.elements(path, v)
	case reflect.Array:
		c.elements(path, v)
	case reflect.Chan:
		c.entries[path] += v.Len()
	}
}

func (c *census) elements(path string, v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return
	}
	for i := range v.Len() {
		c.walk(path+"[]", v.Index(i))
	}
}

func (c *census) pointer(path string, v reflect.Value) {
	key := visit{v.Type(), v.UnsafePointer()}
	if v.IsNil() || c.seen[key] {
		return
	}
	c.seen[key] = true
	c.walk(path, v.Elem())
}

func (c *census) structure(path string, v reflect.Value) {
	if !c.own(v.Type()) {
		c.foreign(path, v)
		return
	}
	defer lock(v)()
	for i := range v.NumField() {
		c.walk(path+"."+v.Type().Field(i).Name, v.Field(i))
	}
}

// lock takes the locks of a structure, for as long as it is counted: the last work on a store may be that of a goroutine which nothing
// waits for.
func lock(v reflect.Value) (unlock func()) {
	var locks []sync.Locker
	for i := range v.NumField() {
		if !v.CanAddr() {
			break
		}
		field := v.Field(i).Addr().UnsafePointer()
		switch v.Field(i).Type() {
		case reflect.TypeFor[sync.Mutex]():
			locks = append(locks, (*sync.Mutex)(field))
		case reflect.TypeFor[sync.RWMutex]():
			locks = append(locks, (*sync.RWMutex)(field).RLocker())
		}
	}
	for _, l := range locks {
		l.Lock()
	}
	return func() {
		for _, l := range locks {
			l.Unlock()
		}
	}
}

// foreign counts what is in a container of another module, or of the standard library: one that says how long it is, or a
// sync.Map.
func (c *census) foreign(path string, v reflect.Value) {
	if !v.CanAddr() {
		return // a value such as a time, or the copy of one in a map
	}
	p := reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Interface()
	switch container := p.(type) {
	case *sync.Map:
		container.Range(func(_, value any) bool {
			c.entries[path]++
			c.walk(path+"[]", reflect.ValueOf(value))
			return true
		})
	case interface{ Len() int }:
		c.entries[path] += container.Len()
	}
}

// TestCensus finds a new entry in each kind of store, and counts nothing that isn't the operator's.
func TestCensus(t *testing.T) {
	t.Parallel()
	type inner struct{ list []string }
	type outer struct {
		byName map[string]*inner
		holder any
		synced sync.Map
		queue  chan int
		linked *list.List
		self   *outer
		other  *memoryCluster
	}
	o := &outer{byName: map[string]*inner{"a": {}}, queue: make(chan int, 1), holder: &inner{}, linked: list.New(), other: newMemoryCluster(t)}
	o.self = o
	count := func() map[string]int {
		c := &census{entries: map[string]int{}, seen: map[visit]bool{}, own: func(of reflect.Type) bool {
			return of == reflect.TypeFor[outer]() || of == reflect.TypeFor[inner]()
		}}
		c.walk("o", reflect.ValueOf(o))
		return c.entries
	}
	for path, add := range map[string]func(){
		"o.byName":        func() { o.byName["b"] = &inner{} },
		"o.byName[].list": func() { o.byName["a"].list = []string{"x"} },
		"o.holder.list":   func() { o.holder.(*inner).list = []string{"x"} },
		"o.synced":        func() { o.synced.Store("a", 1) },
		"o.queue":         func() { o.queue <- 1 },
		"o.linked":        func() { o.linked.PushBack(1) },
	} {
		before := count()
		if add(); len(grown(before, count())) != 1 || !strings.HasPrefix(grown(before, count())[0], path+": ") {
			t.Errorf("%s: found %v", path, grown(before, count()))
		}
	}
	if ownType(reflect.TypeFor[memoryCluster]()) || ownType(reflect.TypeFor[v1alpha1.WABA]()) || !ownType(reflect.TypeFor[accounts.Session]()) {
		t.Error("what is counted isn't the operator's own")
	}
}
