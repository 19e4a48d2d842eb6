// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// BenchmarkCollect is a scrape of a partner's cluster: 1,000 accounts and 10,000 templates.
func BenchmarkCollect(b *testing.B) {
	s := &store{}
	for i := range 1000 {
		objects := well(fmt.Sprintf("account-%d", i))
		s.objects = append(s.objects, objects...)
		for n := range 7 {
			o, _ := objects[1].DeepCopyObject().(*v1alpha1.MessageTemplate)
			o.Name = fmt.Sprintf("more-%d-%d", i, n)
			s.objects = append(s.objects, o)
		}
	}
	for name, per := range map[string]bool{"accounts": false, "resources": true} {
		b.Run(name, func(b *testing.B) {
			c := collector(s, func(o *AssetOptions) { o.PerResource = per })
			b.ReportAllocs()
			for b.Loop() {
				ch, n := make(chan prometheus.Metric, 1024), 0
				go func() { c.Collect(ch); close(ch) }()
				for range ch {
					n++
				}
				b.ReportMetric(float64(n), "series")
			}
		})
	}
}
