// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPercentileOfBuckets(t *testing.T) {
	inf := math.Inf(1)
	for name, test := range map[string]struct {
		buckets buckets
		p, want float64
	}{
		"the middle of the only bucket":      {buckets{1: 10, inf: 10}, 50, 0.5},
		"the end of the only bucket":         {buckets{1: 10, inf: 10}, 100, 1},
		"the second of two":                  {buckets{1: 5, 3: 10, inf: 10}, 75, 2},
		"empty buckets in between":           {buckets{1: 5, 2: 5, 3: 5, 5: 10, inf: 10}, 75, 4},
		"empty buckets before":               {buckets{1: 0, 2: 0, 4: 10, inf: 10}, 50, 3},
		"beyond the highest bound":           {buckets{1: 1, 2: 1, inf: 10}, 50, 2},
		"no observation":                     {buckets{1: 0, inf: 0}, 50, math.NaN()},
		"no bucket":                          {buckets{}, 50, math.NaN()},
		"all observations beyond all bounds": {buckets{1: 0, inf: 4}, 99, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.buckets.percentile(test.p); got != test.want && !(math.IsNaN(got) && math.IsNaN(test.want)) {
				t.Errorf("%g, want %g", got, test.want)
			}
		})
	}
}

func TestBucketsSince(t *testing.T) {
	got := buckets{1: 5, 2: 9}.since(buckets{1: 2, 2: 3})
	if diff := cmp.Diff(buckets{1: 3, 2: 6}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPercentileOf(t *testing.T) {
	for name, test := range map[string]struct {
		values  []float64
		p, want float64
	}{
		"the median of three":     {[]float64{3, 1, 2}, 50, 2},
		"the lower of two":        {[]float64{4, 1}, 50, 1},
		"the largest of a few":    {[]float64{1, 2, 3}, 99, 3},
		"the smallest":            {[]float64{2, 1}, 0, 1},
		"of one":                  {[]float64{7}, 99, 7},
		"of none there is no one": {nil, 50, math.NaN()},
	} {
		t.Run(name, func(t *testing.T) {
			if got := percentileOf(test.values, test.p); got != test.want && !(math.IsNaN(got) && math.IsNaN(test.want)) {
				t.Errorf("%g, want %g", got, test.want)
			}
		})
	}
}

const someMetrics = `# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",group="whatsapp.waba-operator.io",resource="messagetemplates",scope="resource",subresource="status",verb="APPLY",version="v1alpha1"} 7
apiserver_request_total{code="409",component="apiserver",group="whatsapp.waba-operator.io",resource="messagetemplates",scope="resource",subresource="status",verb="APPLY",version="v1alpha1"} 2
apiserver_request_total{code="201",component="apiserver",group="",resource="events",scope="resource",subresource="",verb="POST",version="v1"} 3
apiserver_request_total{code="200",component="apiserver",group="",resource="secrets",scope="resource",subresource="",verb="GET",version="v1"} 4
apiserver_request_total{code="200",component="apiserver",group="",resource="secrets",scope="cluster",subresource="",verb="WATCH",version="v1"} 5
apiserver_request_total{code="200",component="apiserver",group="coordination.k8s.io",resource="leases",scope="resource",subresource="",verb="PUT",version="v1"} 99
# TYPE workqueue_depth gauge
workqueue_depth{controller="waba",name="waba",priority="0"} 2
workqueue_depth{controller="messagetemplate",name="messagetemplate",priority="-100"} 40
# TYPE workqueue_queue_duration_seconds histogram
workqueue_queue_duration_seconds_bucket{controller="waba",name="waba",le="0.1"} 1
workqueue_queue_duration_seconds_bucket{controller="waba",name="waba",le="+Inf"} 2
workqueue_queue_duration_seconds_sum{controller="waba",name="waba"} 3
workqueue_queue_duration_seconds_count{controller="waba",name="waba"} 2
workqueue_queue_duration_seconds_bucket{controller="messagetemplate",name="messagetemplate",le="0.1"} 10
workqueue_queue_duration_seconds_bucket{controller="messagetemplate",name="messagetemplate",le="+Inf"} 20
workqueue_queue_duration_seconds_sum{controller="messagetemplate",name="messagetemplate"} 3
workqueue_queue_duration_seconds_count{controller="messagetemplate",name="messagetemplate"} 20
# TYPE controller_runtime_reconcile_total counter
controller_runtime_reconcile_total{controller="messagetemplate",result="success"} 5
controller_runtime_reconcile_total{controller="messagetemplate",result="requeue_after"} 6
controller_runtime_reconcile_total{controller="messagetemplate",result="error"} 1
`

func TestParseMetrics(t *testing.T) {
	m, err := parseMetrics(strings.NewReader(someMetrics))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ got, want float64 }{
		"a gauge of all":   {m.sum(queueDepth), 42},
		"a gauge of one":   {m.sum(queueDepth, "controller", "waba"), 2},
		"what isn't there": {m.sum("workqueue_length"), 0},
		"reconciliations":  {reconciled(m, "messagetemplate"), 11},
		"short waits":      {m.waits()[0.1], 11},
		"all waits":        {m.waits()[math.Inf(1)], 22},
		"waits of nothing": {float64(len(families{}.waits())), 0},
	} {
		if test.got != test.want {
			t.Errorf("%s: %g, want %g", name, test.got, test.want)
		}
	}
	if _, err := parseMetrics(strings.NewReader("no metrics {")); err == nil {
		t.Error("nonsense is accepted")
	}
}

func TestRequestsIn(t *testing.T) {
	m, err := parseMetrics(strings.NewReader(someMetrics))
	if err != nil {
		t.Fatal(err)
	}
	r := requestsIn(m)
	want := requests{"APPLY messagetemplates/status": 9, "POST events": 3, "GET secrets": 4}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	r["PATCH messagetemplates"] = 1
	for name, test := range map[string]struct{ got, want float64 }{
		"reads":                   {r.total(reads), 4},
		"writes":                  {r.total(writes), 10},
		"events":                  {r.total(eventWrites), 3},
		"writes of templates":     {r.writesTo("messagetemplates"), 10},
		"status writes":           {r.writesTo("messagetemplates", "status"), 9},
		"writes of the main part": {r.writesTo("messagetemplates", ""), 1},
	} {
		if test.got != test.want {
			t.Errorf("%s: %g, want %g", name, test.got, test.want)
		}
	}
	left := r.minus(requests{"APPLY messagetemplates/status": 4, "POST events": 3, "GET wabas": 1, "PATCH messagetemplates": 2})
	if diff := cmp.Diff(requests{"APPLY messagetemplates/status": 5, "GET secrets": 4}, left); diff != "" {
		t.Error(diff)
	}
}

func TestKeyOfRequest(t *testing.T) {
	const ours = "/apis/whatsapp.waba-operator.io/v1alpha1/namespaces/fleet/messagetemplates"
	for _, test := range []struct{ method, path, contentType, want string }{
		{"GET", ours + "/a", "", "GET messagetemplates"},
		{"GET", ours, "", "LIST messagetemplates"},
		{"GET", ours + "?watch=true", "", ""},
		{"POST", ours, "application/json", "POST messagetemplates"},
		{"PATCH", ours + "/a", "application/merge-patch+json", "PATCH messagetemplates"},
		{"PATCH", ours + "/a/status", "application/apply-patch+yaml", "APPLY messagetemplates/status"},
		{"DELETE", ours + "/a", "", "DELETE messagetemplates"},
		{"DELETE", ours, "", "DELETECOLLECTION messagetemplates"},
		{"GET", "/api/v1/namespaces/fleet/secrets/a", "", "GET secrets"},
		{"POST", "/api/v1/namespaces", "application/json", "POST namespaces"},
		{"GET", "/apis/whatsapp.waba-operator.io/v1alpha1/messagetemplates", "", "LIST messagetemplates"},
		{"GET", "/apis/whatsapp.waba-operator.io/v1alpha1", "", ""},
		{"GET", "/metrics", "", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), test.method, "https://127.0.0.1"+test.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", test.contentType)
		got, ok := keyOfRequest(r)
		if !ok {
			got = ""
		}
		if got != test.want {
			t.Errorf("%s %s is %q, want %q", test.method, test.path, got, test.want)
		}
	}
}

func TestProc(t *testing.T) {
	if got, err := sizeIn("VmPeak:\t 9 kB\nVmHWM:\t    2000 kB\nVmRSS:\t    1000 kB\n", "VmRSS:"); err != nil || got != 1.024 {
		t.Errorf("%g, %v", got, err)
	}
	if _, err := sizeIn("VmPeak:\t 9 kB\n", "VmRSS:"); err == nil {
		t.Error("a size that isn't there is found")
	}
	if got, err := cpuIn("42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0"); err != nil || got != 2 {
		t.Errorf("%g, %v", got, err)
	}
	if _, err := cpuIn("42 (a) S 1"); err == nil {
		t.Error("times that aren't there are found")
	}
}
