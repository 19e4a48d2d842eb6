// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package number compares the configuration of a phone number in a spec with what Meta shows, section by section, and builds
// the updates that bring one in line with the other. Only Read makes a call.
package number
