// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import "net/netip"

// special are the addresses that no file on the Internet has: what answers there is the operator's own machine, its
// network, or something that passes packets on to them.
//
// Sources: the RFCs named, as collected in
// https://www.iana.org/assignments/iana-ipv4-special-registry and
// https://www.iana.org/assignments/iana-ipv6-special-registry.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),        // RFC 791: this network, with the unspecified address
	netip.MustParsePrefix("10.0.0.0/8"),       // RFC 1918: private
	netip.MustParsePrefix("100.64.0.0/10"),    // RFC 6598: carrier-grade NAT; pods and metadata at some clouds
	netip.MustParsePrefix("127.0.0.0/8"),      // RFC 1122: loopback
	netip.MustParsePrefix("168.63.129.16/32"), // no RFC: Azure's channel to its machines, inside public space
	netip.MustParsePrefix("169.254.0.0/16"),   // RFC 3927: link-local, with the metadata of most clouds
	netip.MustParsePrefix("172.16.0.0/12"),    // RFC 1918: private
	netip.MustParsePrefix("192.0.0.0/24"),     // RFC 6890: protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),     // RFC 5737: documentation
	netip.MustParsePrefix("192.88.99.0/24"),   // RFC 7526: relays of 6to4
	netip.MustParsePrefix("192.168.0.0/16"),   // RFC 1918: private
	netip.MustParsePrefix("198.18.0.0/15"),    // RFC 2544: benchmarks
	netip.MustParsePrefix("198.51.100.0/24"),  // RFC 5737: documentation
	netip.MustParsePrefix("203.0.113.0/24"),   // RFC 5737: documentation
	netip.MustParsePrefix("224.0.0.0/4"),      // RFC 5771: multicast
	netip.MustParsePrefix("240.0.0.0/4"),      // RFC 1112, RFC 919: reserved, with the broadcast address
	netip.MustParsePrefix("::/96"),            // RFC 4291: unspecified, loopback, IPv4-compatible
	netip.MustParsePrefix("::ffff:0:0/96"),    // RFC 4291: IPv4-mapped
	netip.MustParsePrefix("64:ff9b::/96"),     // RFC 6052: NAT64; any IPv4 address may hide in it
	netip.MustParsePrefix("64:ff9b:1::/48"),   // RFC 8215: local NAT64
	netip.MustParsePrefix("100::/64"),         // RFC 6666: discard
	netip.MustParsePrefix("2001::/23"),        // RFC 2928, RFC 4380: protocol assignments, with Teredo (2001::/32)
	netip.MustParsePrefix("2001:db8::/32"),    // RFC 3849: documentation
	netip.MustParsePrefix("2002::/16"),        // RFC 3056: 6to4; any IPv4 address may hide in it
	netip.MustParsePrefix("3fff::/20"),        // RFC 9637: documentation
	netip.MustParsePrefix("5f00::/16"),        // RFC 9602: segment routing
	netip.MustParsePrefix("fc00::/7"),         // RFC 4193: unique local (ULA)
	netip.MustParsePrefix("fe80::/10"),        // RFC 4291: link-local
	netip.MustParsePrefix("fec0::/10"),        // RFC 3879: site-local
	netip.MustParsePrefix("ff00::/8"),         // RFC 4291: multicast
}

// global is the part of IPv6 that is given out for use on the Internet; the rest may get any meaning.
//
// Source: RFC 4291 section 2.4, https://www.iana.org/assignments/ipv6-address-space.
var global = netip.MustParsePrefix("2000::/3")

// public reports whether an address is one of the Internet.
func public(addr netip.Addr) bool {
	for _, prefix := range special {
		if prefix.Contains(addr) {
			return false
		}
	}
	// An address with a zone is in no prefix, so neither in this one: it means something on this machine only.
	return addr.Is4() || global.Contains(addr)
}
