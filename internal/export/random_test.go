// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// dice makes up templates of parts that exist, in combinations that mostly don't.
type dice struct{ *rand.Rand }

func (d dice) pick(from ...string) string { return from[d.IntN(len(from))] }

func (d dice) text() string {
	return d.pick("", "Yes", "Hi {{1}}, it ships.", "Hi {{name}}, it ships.", "{{1}}", "Two\n\nlines\n", "a }} b", "{{2}} and {{1}} here", "🎉\u200b\x00")
}

func (d dice) number() *int64 {
	n := []int64{-1, 0, 60, 1440, 50000, 1 << 40}[d.IntN(6)]
	return &n
}

func (d dice) button() graph.Button {
	return graph.Button{
		Type: d.pick("QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE", "FLOW", "VOICE_CALL", "CATALOG", "MPM", "SPM", "OTP", "BOOKING_STATUS"),
		Text: d.pick("", "Go", "View", "View catalog"), URL: d.pick("", "https://a.example/{{1}}", "https://x/otp/code/?otp_type=ZERO_TAP", "%zz"),
		PhoneNumber: d.pick("", "+1 555-005-1310", "x"), FlowID: d.pick("", "12", "x"), FlowAction: d.pick("", "navigate", "odd"),
		Example: []string{d.pick("", "A-1")}, TTLMinutes: d.number(), AutofillText: d.pick("", "Fill in"),
	}
}

func (d dice) components(depth int) (out []graph.Component) {
	for range d.IntN(4) + 1 {
		c := graph.Component{
			Type:   d.pick("HEADER", "BODY", "BODY", "FOOTER", "BUTTONS", "LIMITED_TIME_OFFER", "CALL_PERMISSION_REQUEST", "CAROUSEL", "ALBUM"),
			Format: d.pick("TEXT", "IMAGE", "PRODUCT", "LOCATION", "ODD"), Text: d.text(), CodeExpirationMinutes: d.number(),
			Example: &graph.Example{BodyText: [][]string{{"Ana", "Bo"}}, HeaderText: []string{"A"}, BodyTextNamed: []graph.NamedExample{{ParamName: "name", Example: "Ana"}}},
		}
		for range d.IntN(3) {
			c.Buttons = append(c.Buttons, d.button())
		}
		for range d.IntN(4) * depth {
			c.Cards = append(c.Cards, graph.Card{Components: d.components(0)})
		}
		out = append(out, c)
	}
	return out
}

// TestRandomTemplates asks of made-up templates what FuzzTemplate asks, in every run of the tests.
func TestRandomTemplates(t *testing.T) {
	e, d := newExporter(t), dice{rand.New(rand.NewPCG(1, 2))}
	managed := 0
	for i := range 400 {
		live := &graph.Template{
			ID: "1", Name: fmt.Sprintf("order_%d", i), Language: d.pick("en_US", "de", "pt-BR"), Category: d.pick("UTILITY", "MARKETING", "AUTHENTICATION", "OTP"),
			ParameterFormat: d.pick("", "POSITIONAL", "NAMED"), SubCategory: d.pick("", "CUSTOM", "ORDER_STATUS"), LibraryTemplateName: d.pick("", "", "", "lib_1"),
			Components: d.components(1),
		}
		if d.IntN(3) == 0 {
			live.MessageSendTTLSeconds = d.number()
		}
		if d.IntN(3) == 0 {
			live.MaxPrice = &graph.MaxPrice{AmountPer1000: 1 + d.Int64N(1<<33), Strategy: d.pick(graph.StrategyBidCap, graph.StrategyBidCap, "COST_CAP")}
		}
		r := describedAsMetaHasIt(t, e, live)
		if r == nil {
			t.Fatalf("not described at all: %+v", live)
		}
		if len(r.Comments) == 0 {
			managed++
		}
	}
	if managed == 0 || managed == 400 {
		t.Errorf("%d of 400 are managed, which proves little", managed)
	}
}
