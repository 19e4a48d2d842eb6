// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"errors"
	"fmt"
	"net"
)

// checkProfiling refuses an address from which others than this machine, or this Pod, could read profiles. A profile of the heap shows
// how much there is of what, and the endpoint has no access control.
func checkProfiling(address string) error {
	if address == "" || address == "0" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--pprof-bind-address must be an address and a port, such as 127.0.0.1:6060, not %q", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && !ip.IsLoopback() {
		return errors.New("--pprof-bind-address must be a loopback address, such as 127.0.0.1:6060: profiles have no access control; reach it with kubectl port-forward")
	}
	return nil
}
