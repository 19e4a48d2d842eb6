// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
)

// MemoryVariable names the environment variable with the memory limit of the container in bytes, as the manifests pass it on.
const MemoryVariable = "WABA_OPERATOR_MEMORY_LIMIT"

// memoryPercent is how much of the container's memory Go may use before it collects garbage more eagerly: the rest is for stacks of
// the kernel, files in memory, and what is allocated during a collection.
const memoryPercent = 90

// garbagePercent is how much the heap may grow between two collections, in percent of what is in use. Go's 100 would double it. Most of the
// operator's heap is the cache, which stays, and little garbage is made in quiet times: taking over 10,000 templates took 136 MB at most
// with 50 and 182 MB with 100, in about the same CPU time.
const garbagePercent = 50

// LimitMemory makes Go collect garbage in time, before the container's limit ends the process. Who sets GOGC or GOMEMLIMIT decides instead.
func LimitMemory() error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	text, limited := os.LookupEnv(MemoryVariable)
	if !limited || text == "" || os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	bytes, err := strconv.ParseInt(text, 10, 64)
	if err != nil || bytes <= 0 {
		return fmt.Errorf("%s must be a number of bytes, such as 536870912, not %.50q", MemoryVariable, text)
	}
	debug.SetMemoryLimit(bytes / 100 * memoryPercent)
	return nil
}
