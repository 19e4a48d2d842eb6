// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"net/netip"

	"code.dny.dev/ssrf"
)

// publicOnly refuses connections to addresses that no file on the Internet has: what answers there is the operator's own
// machine, its network, or something that passes packets on to them. It knows IANA's registries of special addresses, and
// lets no IPv6 address pass that isn't given out for use on the Internet or has a zone.
//
// It checks no ports: checkURL refuses those of URLs before.
//
// Sources: https://www.iana.org/assignments/iana-ipv4-special-registry,
// https://www.iana.org/assignments/iana-ipv6-special-registry.
var publicOnly = ssrf.New(
	ssrf.WithAnyPort(),
	// In no registry: Azure's channel to its machines, inside public space.
	ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix("168.63.129.16/32")),
)
