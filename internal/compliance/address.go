// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"net/url"
	"strings"
)

// Address is a callback address without what may be secret in it: scheme, host and path.
type Address string

// unreadableAddress stands for what isn't an address.
const unreadableAddress Address = "(not a valid address)"

// addressOf drops user information, query and fragment. hide takes known secrets out of the path.
func addressOf(raw string, hide func(string) string) Address {
	if strings.TrimSpace(raw) == "" {
		return ""
	}
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Scheme == "" || u.Host == "" {
		return unreadableAddress
	}
	return Address(strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Host) + hide(u.Path))
}

// host is the host name, without the port.
func (a Address) host() string {
	u, err := url.Parse(string(a))
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// encrypted reports that what is sent there can't be read on the way.
func (a Address) encrypted() bool { return strings.HasPrefix(string(a), "https://") }
