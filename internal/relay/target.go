// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Target is one address to which verified deliveries are forwarded.
type Target struct {
	// URL is an https address, or an http address of the same machine.
	URL string
	// Apps are the ids of the Meta apps whose deliveries are forwarded; empty means all.
	Apps []string
	// Fields are Meta's fields whose deliveries are forwarded; empty means all.
	Fields []string
}

var (
	fieldPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)
	appIDPattern = regexp.MustCompile(`^[0-9]{1,32}$`)
)

// ParseTargets reads the values of a flag: an address, or apps, fields and an address, such as
//
//	https://bot.example.com/whatsapp
//	messages,calls=https://bot.example.com/whatsapp
//	1034859671428390,messages=https://bot.example.com/whatsapp
//
// The flag may occur several times, and must not split its values at commas. Errors don't contain addresses, because addresses may
// contain passwords.
func ParseTargets(specs []string) ([]Target, error) {
	var (
		targets []Target
		errs    []error
	)
	for i, spec := range specs {
		target, err := parseTarget(strings.TrimSpace(spec))
		if err == nil && slices.ContainsFunc(targets, func(other Target) bool { return other.URL == target.URL }) {
			err = errors.New("the address is there twice; put all its apps and fields into one target")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("relay target %d: %w", i+1, err))
			continue
		}
		targets = append(targets, target)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return targets, nil
}

func parseTarget(spec string) (Target, error) {
	target := Target{URL: spec}
	// An equals sign in a query comes after the scheme, and a field contains no colon.
	if fields, address, found := strings.Cut(spec, "="); found && !strings.Contains(fields, ":") {
		target.URL = address
		for field := range strings.SplitSeq(fields, ",") {
			switch field = strings.TrimSpace(field); {
			case appIDPattern.MatchString(field):
				target.Apps = append(target.Apps, field)
			case fieldPattern.MatchString(field):
				target.Fields = append(target.Fields, field)
			default:
				return Target{}, fmt.Errorf("%.50q is no field and no id of an app; write them as messages,calls=https://host/path", field)
			}
		}
		slices.Sort(target.Apps)
		slices.Sort(target.Fields)
		target.Apps, target.Fields = slices.Compact(target.Apps), slices.Compact(target.Fields)
	}
	return target, checkURL(target.URL)
}

func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("write https://host/path, or messages,calls=https://host/path for deliveries with these fields only")
	}
	if u.User != nil || u.Fragment != "" {
		return errors.New("the address must not have a user name or a fragment; write https://host/path")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return errors.New("the address must begin with https:// (http:// is for localhost only), because messages are sent there")
	}
	return nil
}

// loopback reports whether a host is this machine, without a DNS lookup.
func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
