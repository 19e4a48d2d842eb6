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

// LimitMemory makes Go collect garbage in time, before the container's limit ends the process: Go doubles its heap between two
// collections otherwise, whatever there is. Who sets GOMEMLIMIT decides instead.
func LimitMemory() error {
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
