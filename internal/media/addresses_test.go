// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"net/netip"
	"testing"
)

// dial returns what the check says before a connection to an address is made.
func dial(address string) error {
	addr := netip.MustParseAddr(address)
	network := "tcp4"
	if addr.Is6() {
		network = "tcp6"
	}
	return publicOnly.Safe(network, netip.AddrPortFrom(addr, 443).String(), nil)
}

func TestPublic(t *testing.T) {
	for _, address := range []string{
		"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
		"198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15", "157.240.1.35",
		"2001:200::1", "2001:4860:4860::8888", "2003::1", "2606:4700::1111", "2a03:2880:f103::1", "3ffe::1",
	} {
		if err := dial(address); err != nil {
			t.Errorf("%s is refused: %v", address, err)
		}
	}
}

func TestNotPublic(t *testing.T) {
	for address, why := range map[string]string{
		"0.0.0.0": "unspecified", "0.1.2.3": "this network",
		"127.0.0.1": "loopback", "127.255.255.255": "loopback",
		"10.0.0.0": "private", "10.255.255.255": "private", "172.16.0.0": "private", "172.31.255.255": "private",
		"192.168.0.0": "private", "192.168.255.255": "private",
		"169.254.0.1": "link-local", "169.254.169.254": "metadata",
		"100.64.0.0": "carrier-grade NAT", "100.100.100.200": "metadata", "100.127.255.255": "carrier-grade NAT",
		"168.63.129.16": "Azure", "192.0.0.1": "protocol assignments", "192.0.0.192": "metadata",
		"192.0.2.1": "documentation", "198.51.100.1": "documentation", "203.0.113.1": "documentation",
		"192.88.99.1": "6to4 relay", "198.18.0.0": "benchmarks", "198.19.255.255": "benchmarks",
		"192.31.196.1": "AS112 name servers", "192.175.48.1": "AS112 name servers", "192.52.193.1": "multicast relays", "2620:4f:8000::1": "AS112 name servers",
		"224.0.0.1": "multicast", "239.255.255.255": "multicast", "240.0.0.0": "reserved", "255.255.255.255": "broadcast",
		"::": "unspecified", "::1": "loopback", "::127.0.0.1": "IPv4-compatible", "::8.8.8.8": "IPv4-compatible",
		"::ffff:127.0.0.1": "mapped", "::ffff:8.8.8.8": "mapped",
		"64:ff9b::7f00:1": "NAT64", "64:ff9b::808:808": "NAT64", "64:ff9b:1::a00:1": "local NAT64", "64:ff9b:1:ffff::": "local NAT64",
		"100::1": "discard", "2001::1": "Teredo", "2001:0:ffff::": "Teredo", "2001:10::1": "ORCHID", "2001:20::1": "ORCHIDv2",
		"2001:db8::1": "documentation", "3fff::1": "documentation", "2002:7f00:1::": "6to4", "2002:808:808::1": "6to4",
		"5f00::1": "segment routing", "fc00::1": "ULA", "fd00:ec2::254": "metadata", "fdff::": "ULA",
		"fe80::1": "link-local", "fe80::1%eth0": "link-local with a zone", "febf::": "link-local", "fec0::1": "site-local",
		"ff02::1": "multicast", "4000::1": "not given out", "::1%lo": "loopback with a zone", "64:ff9b::a00:1%x": "NAT64 with a zone",
		"2606:4700::1111%eth0": "public with a zone",
	} {
		if dial(address) == nil {
			t.Errorf("%s is taken for public (%s)", address, why)
		}
	}
}
