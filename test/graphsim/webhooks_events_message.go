// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"strings"
)

// MessageMarks are made up personal data that every MessageEvent carries: none of them may turn up anywhere behind a receiver
// of management events.
var MessageMarks = []string{"Pablo Made-Up Morales", "5511999990000", "my secret wish list", "wamid.HBgLMADEUPID"}

// messageShapes are the parts of message fields beside the metadata of the number, with MessageMarks in place of $0 to $3.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference.
var messageShapes = map[string]string{
	"messages": `"contacts":[{"profile":{"name":"$0"},"wa_id":"$1"}],
		"messages":[{"from":"$1","id":"$3","timestamp":"1739321024","type":"text","text":{"body":"$2"}}],
		"statuses":[{"id":"$3","status":"delivered","timestamp":"1739321024","recipient_id":"$1"}]`,
	"message_echoes":     `"message_echoes":[{"from":"15550783881","to":"$1","id":"$3","timestamp":"1739321024","type":"text","text":{"body":"$2"}}]`,
	"smb_message_echoes": `"message_echoes":[{"from":"15550783881","to":"$1","id":"$3","timestamp":"1739321024","type":"text","text":{"body":"$2"}}]`,
	"smb_app_state_sync": `"state_sync":[{"type":"contact","contact":{"full_name":"$0","first_name":"Pablo","phone_number":"$1"},
		"action":"add","metadata":{"timestamp":"1739321024"}}]`,
	"history": `"history":[{"metadata":{"phase":0,"chunk_order":1,"progress":55},"threads":[{"id":"$1","messages":[{"from":"$1","id":"$3",
		"timestamp":"1739321024","type":"text","text":{"body":"$2"},"history_context":{"status":"READ"}}]}]}]`,
	"calls":                     `"calls":[{"id":"$3","to":"15550783881","from":"$1","event":"connect","timestamp":"1739321024","direction":"USER_INITIATED"}]`,
	"user_preferences":          `"contacts":[{"profile":{"name":"$0"},"wa_id":"$1"}],"user_preferences":[{"wa_id":"$1","detail":"$2","category":"marketing_messages","value":"stop","timestamp":1739321024}]`,
	"automatic_events":          `"automatic_events":[{"id":"$3","event_name":"Purchase","timestamp":1739321024,"ctwa_clid":"$2","custom_data":{"currency":"USD","value":2000}}]`,
	"consumer_profile":          `"contacts":[{"profile":{"name":"$0"},"wa_id":"$1"}]`,
	"messaging_handovers":       `"contacts":[{"wa_id":"$1"}],"control_passed":{"metadata":"$2"}`,
	"group_lifecycle_update":    `"groups":[{"group_id":"$3","type":"group_create","subject":"$2"}]`,
	"group_participants_update": `"groups":[{"group_id":"$3","type":"group_participants_add","added_participants":[{"wa_id":"$1"}]}]`,
	"group_settings_update":     `"groups":[{"group_id":"$3","type":"group_settings_update","group_subject":{"text":"$2"}}]`,
	"group_status_update":       `"groups":[{"group_id":"$3","type":"group_suspend"}]`,
	"standby":                   `"messages":[{"from":"$1","id":"$3","type":"text","text":{"body":"$2"}}]`,
	"tracking_events":           `"events":[{"tracking_data":{"click_id":"$3"},"event_name":"ClickThrough"}]`,
}

// MessageFields are the fields that MessageEvent knows.
func MessageFields() []string {
	out := make([]string, 0, len(messageShapes))
	for field := range messageShapes {
		out = append(out, field)
	}
	return sorted(out)
}

// MessageEvent is an event of a message field, about people who don't exist. It panics on other fields.
func MessageEvent(field string, n Number) WebhookChange {
	shape, ok := messageShapes[field]
	if !ok {
		panic("graphsim: " + field + " is no message field")
	}
	for i, mark := range MessageMarks {
		shape = strings.ReplaceAll(shape, "$"+itoa(i), mark)
	}
	x := RawEvent(field, `{"messaging_product":"whatsapp","metadata":{"display_phone_number":"`+digitsOf(n.DisplayPhoneNumber)+`","phone_number_id":"`+n.ID+`"},`+shape+`}`)
	x.NumberID = n.ID
	return x
}
