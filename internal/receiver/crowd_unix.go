// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package receiver

import (
	"net"
	"syscall"
)

// unread looks into the kernel's buffer of a connection, without taking anything out.
func unread(conn net.Conn) bool {
	socket, ok := plain(conn).(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	n := 0
	// An error means that there is nothing, or that the connection is closed.
	_ = raw.Control(func(fd uintptr) {
		n, _, _ = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return n > 0
}
