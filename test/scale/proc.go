// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// memory is what a process has in memory now and had at most, in MB.
type memory struct {
	Now  float64 `json:"rssMB"`
	Peak float64 `json:"peakMB"`
}

// memoryOf reads proc(5).
func memoryOf(pid int) (memory, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, err
	}
	now, err := sizeIn(string(status), "VmRSS:")
	if err != nil {
		return memory{}, err
	}
	peak, err := sizeIn(string(status), "VmHWM:")
	return memory{Now: now, Peak: peak}, err
}

// resetPeak makes what a process has in memory now its peak.
func resetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// sizeIn is a size of a process's status, in MB.
func sizeIn(status, name string) (float64, error) {
	_, rest, found := strings.Cut(status, name)
	var kib float64
	if _, err := fmt.Sscanf(rest, "%f kB", &kib); err != nil || !found {
		return 0, fmt.Errorf("the status of the process has no %s", name)
	}
	return kib * 1024 / 1e6, nil
}

// cpuOf is how much time processors spent on a process, in seconds.
func cpuOf(pid int) (float64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return cpuIn(string(stat))
}

func cpuIn(stat string) (float64, error) {
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:]) // the name before may contain anything
	const userTime, systemTime = 11, 12                             // utime and stime of proc(5), behind pid and name
	if len(fields) <= systemTime {
		return 0, fmt.Errorf("no times of a process: %q", stat)
	}
	var ticks float64
	for _, i := range []int{userTime, systemTime} {
		n, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	const ticksPerSecond = 100 // on all of Go's platforms with Linux
	return ticks / ticksPerSecond, nil
}
