// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package receiver

import "net"

// unread isn't known here.
func unread(net.Conn) bool { return false }
