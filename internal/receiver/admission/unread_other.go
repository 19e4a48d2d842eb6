// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package admission

import "net"

// unread reports nothing: this system has no way to inspect the kernel's buffer.
func unread(net.Conn) bool { return false }
