// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"math"
	"os"
	"runtime"
	"time"
)

// result is what a run measured.
type result struct {
	Time      time.Time    `json:"time"`
	CPUs      int          `json:"cpus"`
	Accounts  int          `json:"accounts"`
	Templates int          `json:"templatesPerAccount"`
	Numbers   int          `json:"numbersPerAccount"`
	Seed      uint64       `json:"seed"`
	Period    float64      `json:"periodSeconds"`
	Writes    writeFloor   `json:"apiServerAlone"`
	Bare      bareClient   `json:"bareClient"`
	Phases    []*row       `json:"phases"`
	Compared  []comparison `json:"compared"`
}

func newResult(cfg *config) *result {
	return &result{
		Time: time.Now().UTC().Truncate(time.Second), CPUs: runtime.NumCPU(), Accounts: cfg.accounts, Templates: cfg.templates,
		Numbers: cfg.numbers, Seed: cfg.seed, Period: cfg.period.Seconds(),
	}
}

// row is what one phase measured.
type row struct {
	Phase   string  `json:"phase"`
	Seconds float64 `json:"seconds"`
	// GraphCalls by route, and of the account with most of them.
	GraphCalls   map[string]int `json:"graphCalls"`
	MostCalls    int            `json:"mostCallsOfOneAccount"`
	API          requests       `json:"apiServer"`
	APIReads     float64        `json:"apiServerReads"`
	APIWrites    float64        `json:"apiServerWrites"`
	Events       float64        `json:"events"`
	MostWritten  int            `json:"mostWritesOfOneResource"`
	CPUSeconds   float64        `json:"cpuSeconds"`
	Memory       memory         `json:"memory"`
	HeapMB       float64        `json:"heapMB"`
	QueueDepth   float64        `json:"queueDepthMost"`
	QueueSeconds quantiles      `json:"queueSeconds"`
	// Values are what the phase itself is about, and what the ranges are for.
	Values map[string]value `json:"values"`
}

// value is NaN where there was nothing to measure, which JSON doesn't have.
type value float64

// MarshalJSON implements json.Marshaler.
func (v value) MarshalJSON() ([]byte, error) {
	if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return json.Marshal(f)
	}
	return []byte("null"), nil
}

// quantiles are the median and what 1 % exceed.
type quantiles struct {
	P50 value `json:"p50"`
	P99 value `json:"p99"`
}

func quantilesOf(values []float64) quantiles {
	return quantiles{P50: value(percentileOf(values, 50)), P99: value(percentileOf(values, 99))}
}

func (r *row) set(name string, v float64) { r.Values[name] = value(v) }

func (r *row) setQuantiles(name string, q quantiles) {
	r.Values[name+"-p50"], r.Values[name+"-p99"] = q.P50, q.P99
}

func (r *row) graphTotal() int {
	total := 0
	for _, n := range r.GraphCalls {
		total += n
	}
	return total
}

// phase returns the row of a phase, nil if it wasn't played.
func (r *result) phase(name string) *row {
	for _, row := range r.Phases {
		if row.Phase == name {
			return row
		}
	}
	return nil
}

func writeJSON(path string, r *result) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600) //nolint:gosec // the file that the flag names
}
