// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"fmt"
	"net/http"
	"path"
	"slices"
)

type fault struct {
	Fault
	left int // -1: for ever
	// matched counts the calls that match, for Percent.
	matched int
	// number distinguishes faults that match the same calls.
	number int
}

// Fail installs a fault; the function returned removes it. Of several faults with an outcome the oldest that matches
// answers.
func (s *Simulator) Fail(f Fault) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := &fault{Fault: f, left: f.Times}
	if f.Times == 0 {
		own.left = 1
	}
	if f.Percent != 0 {
		own.number = int(s.nextSequence())
	}
	s.faults = append(s.faults, own)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.faults = slices.DeleteFunc(s.faults, func(x *fault) bool { return x == own })
	}
}

// ClearFaults removes all faults.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// outcome says whether the fault answers itself.
func (f *Fault) outcome() bool {
	return f.Code != 0 || f.Status != 0 || f.Body != "" || f.Cut != None || f.RegainMinutes != 0 || f.Message != ""
}

// match takes the faults that a call hits, and names the call for the log.
func (s *Simulator) match(c *call) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = s.now()
	s.settle(c.now)
	s.route(c)
	var hit []Fault
	for _, f := range s.faults {
		if !s.hits(f, c) {
			continue
		}
		if f.left > 0 {
			f.left--
		}
		hit = append(hit, f.Fault)
		if f.outcome() {
			break
		}
	}
	s.faults = slices.DeleteFunc(s.faults, func(f *fault) bool { return f.left == 0 })
	return hit
}

// hits reports whether a call is one that the fault is for, and that its percentage takes.
func (s *Simulator) hits(f *fault, c *call) bool {
	if f.Method != "" && f.Method != c.method {
		return false
	}
	if f.Path != "" {
		if ok, err := path.Match(f.Path, c.path); err != nil || !ok {
			return false
		}
	}
	f.matched++
	return f.Percent == 0 || s.percent(f.Percent, "fault", itoa(f.number), itoa(f.matched))
}

type faultAnswer struct {
	reply reply
	Fault
	handleFirst bool
}

// faultReply returns the answer of the fault that has an outcome; there is at most one, the last.
func faultReply(hit []Fault) (faultAnswer, bool) {
	if len(hit) == 0 || !hit[len(hit)-1].outcome() {
		return faultAnswer{}, false
	}
	f := hit[len(hit)-1]
	return faultAnswer{Fault: f, handleFirst: f.Cut == AfterCommit || f.Commit}, true
}

func (s *Simulator) finishFault(c *call, a *faultAnswer) {
	if c.token == nil { // not authenticated: find the name for the log
		c.token, c.appToken = s.tokens[c.bearer], s.appToken(c.bearer)
	}
	switch {
	case a.Cut != None:
		a.reply = reply{cut: true}
		return
	case a.Body != "":
		a.reply = reply{status: a.Status, code: a.Code, body: []byte(a.Body), header: http.Header{}}
		if a.reply.status == 0 {
			a.reply.status = httpStatus(a.Code)
		}
	default:
		a.reply = errorReply(a.envelope(), s.traceID())
	}
	if a.RegainMinutes != 0 && c.account != nil {
		a.reply.header.Set(businessUsageHeader, businessUsage(c.account.ID, 100, a.RegainMinutes))
	}
}

func (f *Fault) envelope() *apiError {
	code := f.Code
	if code == 0 {
		code = 1
	}
	message := f.Message
	if message == "" {
		message = defaultMessage(code)
	}
	return &apiError{Status: f.Status, Code: code, Subcode: f.Subcode, Message: message, Title: f.UserTitle, Text: f.UserMessage, Details: f.Details, Transient: f.Transient}
}

func defaultMessage(code int) string {
	switch code {
	case 1:
		return "An unknown error occurred"
	case 2:
		return "Service temporarily unavailable"
	case 4:
		return "(#4) Application request limit reached"
	case 10:
		return "(#10) Application does not have permission for this action"
	case 100:
		return "Invalid parameter"
	case 190:
		return "Error validating access token: The session is invalid because the user logged out."
	case 200:
		return "(#200) Permissions error"
	case 80007, 80008:
		return tooManyCalls(code)
	case 131000:
		return "(#131000) Something went wrong"
	case 131031:
		return "(#131031) Business Account locked"
	}
	return fmt.Sprintf("(#%d) An error occurred", code)
}
