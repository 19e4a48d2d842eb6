// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"math"
	"runtime/debug"
	"strings"
	"testing"
)

func TestGarbageIsCollectedEarly(t *testing.T) {
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	for own, want := range map[string]int{"": garbagePercent, "200": 100} { // the runtime has read it at the start
		debug.SetGCPercent(100)
		t.Setenv("GOGC", own)
		if err := LimitMemory(); err != nil {
			t.Fatal(err)
		}
		if got := debug.SetGCPercent(100); got != want {
			t.Errorf("GOGC=%q: %d %%, want %d", own, got, want)
		}
	}
}

func TestLimitMemory(t *testing.T) {
	percent := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	before := debug.SetMemoryLimit(-1) // a negative one only asks
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	for _, c := range []struct {
		name, limit, own string
		want             int64
		wrong            string
	}{
		{name: "the container's", limit: "536870912", want: 483183810},
		{name: "without a limit", want: math.MaxInt64},
		{name: "an own one", limit: "536870912", own: "100MiB", want: math.MaxInt64},
		{name: "no number", limit: "512Mi", want: math.MaxInt64, wrong: `WABA_OPERATOR_MEMORY_LIMIT must be a number of bytes, such as 536870912, not "512Mi"`},
		{name: "none at all", limit: "0", want: math.MaxInt64, wrong: "must be a number of bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			debug.SetMemoryLimit(math.MaxInt64)
			t.Setenv(MemoryVariable, c.limit)
			t.Setenv("GOMEMLIMIT", c.own)
			if err := LimitMemory(); (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %v", err)
			}
			if got := debug.SetMemoryLimit(-1); got != c.want {
				t.Errorf("the limit is %d, want %d", got, c.want)
			}
		})
	}
}
