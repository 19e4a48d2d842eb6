// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package admission

import (
	"net"
	"syscall"
)

// unread reports that the kernel's buffer of a connection contains bytes. It removes none.
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
	// An error means that the buffer is empty or the connection closed.
	_ = raw.Control(func(fd uintptr) {
		n, _, _ = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return n > 0
}
