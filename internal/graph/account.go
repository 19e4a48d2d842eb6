// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

const (
	defaultPageSize = 100
	maxNumbersPage  = 100
)

// DebugToken asks Meta about the client's own token. It goes out as a batch of one: a token in a URL would end up in the
// logs of proxies, and the body of a batch is the only other place that debug_token can be asked from.
//
// Source: https://developers.facebook.com/docs/graph-api/batch-requests and
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging
func (c *Client) DebugToken(ctx context.Context) (*TokenInfo, error) {
	batch, err := json.Marshal([]struct {
		Method      string `json:"method"`
		RelativeURL string `json:"relative_url"`
	}{{http.MethodGet, c.version + "/debug_token?input_token=" + url.QueryEscape(c.token)}})
	if err != nil {
		return nil, err
	}
	form := url.Values{"batch": {string(batch)}, "include_headers": {"false"}}
	if c.proof != "" {
		form.Set("appsecret_proof", c.proof)
	}
	var info *TokenInfo
	r := request{op: OpDebugToken, path: "/", body: inMemory([]byte(form.Encode())), contentType: contentForm}
	err = c.do(ctx, r, func(value any) error {
		items, ok := value.([]any)
		if !ok || len(items) != 1 {
			return shapeError("no batch of one")
		}
		item := lenient.NodeOf(items[0])
		if item == nil { // null: the item timed out at Meta
			return &Error{Class: ClassTransient, Cause: CauseTimeout, Message: "Meta timed out on the item of the batch"}
		}
		status := item.Int("code", 0)
		inner, failure := c.interpret(OpDebugToken, status, []byte(item.Text("body")))
		if failure != nil {
			failure.HTTPStatus = status
			return failure
		}
		data := lenient.NodeOf(inner).Node("data")
		if data.BoolPtr("is_valid") == nil {
			return shapeError("no word about the token's validity")
		}
		info = tokenInfoFrom(data, c.redact.text)
		return nil
	})
	return info, err
}

// ReadAccount reads an account, and in the same request the first page of the nested edges asked for.
//
// Source: https://developers.facebook.com/docs/graph-api/guides/field-expansion
func (c *Client) ReadAccount(ctx context.Context, wabaID string, q AccountQuery) (*Account, error) {
	r := request{op: OpReadAccount, path: "/" + wabaID, account: wabaID, query: url.Values{}}
	if err := checkIDs(r.op, wabaID); err != nil {
		return nil, err
	}
	var (
		account  *Account
		moreApps bool
		fields   string
	)
	err := c.readFields(ctx, r, func() string { fields = c.compositeFields(q); return fields }, func(n lenient.Node) (err error) {
		account = accountFrom(n)
		if account.ID == "" {
			return shapeError("an account without id")
		}
		moreApps, err = account.addEdges(n, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.noteUnknown("account", account.UnknownProperties)
	c.noteNumbers(account.PhoneNumbers)
	account.Templates.noteUnread(fields)
	c.noteTemplates(account.Templates)
	if moreApps { // rare: an account with more apps than a page holds
		if account.SubscribedApps, err = c.ListSubscribedApps(ctx, wabaID); err != nil {
			return nil, err
		}
	}
	return account, nil
}

func (c *Client) compositeFields(q AccountQuery) string {
	fields, size := c.fieldList(accountFields), pageSize(q.PageSize)
	if q.Numbers {
		fields += fmt.Sprintf(",%s.limit(%d){%s}", edgeNumbers, min(size, maxNumbersPage), c.fieldList(numberFields))
	}
	if q.Apps {
		fields += "," + edgeApps // its items have no node type, so their fields can't be listed
	}
	if q.Templates {
		fields += fmt.Sprintf(",%s.limit(%d).summary(%s){%s}",
			edgeTemplates, size, templateSummary, c.fieldList(templateFields))
	}
	return fields
}

// addEdges decodes the nested edges. A missing one is an empty one, see OmittedEdges.
func (a *Account) addEdges(n lenient.Node, q AccountQuery) (moreApps bool, err error) {
	nested := func(edge string) lenient.Node {
		if object := n.Node(edge); object != nil || len(n.List(edge)) > 0 {
			return object
		}
		a.OmittedEdges = append(a.OmittedEdges, edge)
		return lenient.Node{"data": []any{}}
	}
	if q.Numbers {
		if a.PhoneNumbers, err = numberPageFrom(nested(edgeNumbers)); err != nil {
			return false, err
		}
	}
	if q.Apps {
		var after string
		if a.SubscribedApps, after, err = pageFrom(nested(edgeApps), appFrom); err != nil {
			return false, err
		}
		a.SubscribedAppsRead, moreApps = true, after != ""
	}
	if q.Templates {
		if a.Templates, err = templatePageFrom(nested(edgeTemplates)); err != nil {
			return false, err
		}
	}
	return moreApps, nil
}

// OptionalAccountFields are the fields that ReadAccountOptional understands.
func OptionalAccountFields() []string { return append([]string(nil), accountOptionalFields...) }

// ReadAccountOptional reads account fields that may be missing or refused. Fields that Meta does not know are left out;
// fields = nil means all of OptionalAccountFields.
func (c *Client) ReadAccountOptional(ctx context.Context, wabaID string, fields []string) (*AccountOptional, error) {
	r := request{op: OpReadAccountOptional, path: "/" + wabaID, account: wabaID, query: url.Values{}}
	if err := checkIDs(r.op, wabaID); err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		fields = accountOptionalFields
	}
	names := append([]string{"id"}, fields...)
	var optional *AccountOptional
	asked := func() string { return c.optionalFields.list(c.clock.Now(), names) }
	err := c.readFieldsBut(ctx, &c.optionalFields, r, asked, func(n lenient.Node) error {
		optional = accountOptionalFrom(n, r.query.Get("fields"))
		return nil
	})
	return optional, err
}

// ListPhoneNumbers reads one page of an account's numbers.
func (c *Client) ListPhoneNumbers(ctx context.Context, wabaID string, o ListOptions) (*PhoneNumberPage, error) {
	o.PageSize = min(pageSize(o.PageSize), maxNumbersPage)
	r := request{op: OpListPhoneNumbers, path: "/" + wabaID + "/" + edgeNumbers, account: wabaID, query: o.values()}
	if err := checkIDs(r.op, wabaID); err != nil {
		return nil, err
	}
	var page *PhoneNumberPage
	err := c.readFields(ctx, r, func() string { return c.fieldList(numberFields) }, func(n lenient.Node) (err error) {
		page, err = numberPageFrom(n)
		return err
	})
	c.noteNumbers(page)
	return page, err
}

// ListSubscribedApps reads all apps subscribed to an account's webhooks.
func (c *Client) ListSubscribedApps(ctx context.Context, wabaID string) ([]SubscribedApp, error) {
	if err := checkIDs(OpListSubscribedApps, wabaID); err != nil {
		return nil, err
	}
	return collect(OpListSubscribedApps, func(after string) (items []SubscribedApp, next string, err error) {
		r := request{
			op: OpListSubscribedApps, path: "/" + wabaID + "/" + edgeApps, account: wabaID,
			query: ListOptions{After: after}.values(),
		}
		err = c.do(ctx, r, func(value any) (err error) {
			items, next, err = pageFrom(lenient.NodeOf(value), appFrom)
			return err
		})
		return items, next, err
	})
}

// EnableInsights switches template analytics on. It cannot be switched off again.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/analytics
func (c *Client) EnableInsights(ctx context.Context, wabaID string) error {
	if err := checkIDs(OpUpdateAccount, wabaID); err != nil {
		return err
	}
	r := request{
		op: OpUpdateAccount, path: "/" + wabaID, account: wabaID,
		query: url.Values{"is_enabled_for_insights": {"true"}},
	}
	return c.do(ctx, r, checkConfirmed)
}

// UpdateAccount changes what is set in u. What Meta does not let an account change it refuses with ClassRefused.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account
func (c *Client) UpdateAccount(ctx context.Context, wabaID string, u AccountUpdate) error {
	if err := checkIDs(OpUpdateAccount, wabaID); err != nil {
		return err
	}
	freedom, problem := wireFreedomFrom(u.CreativeFeatures)
	if problem != "" {
		return invalid(OpUpdateAccount, problem)
	}
	wire := wireAccount{
		Name: u.Name, TimezoneID: u.TimezoneID, DisableMarketingMessages: u.DisableMarketingMessages,
		TemplateAutoArchival: u.TemplateAutoArchival, DegreesOfFreedom: freedom,
	}
	if wire == (wireAccount{}) {
		return invalid(OpUpdateAccount, "the update changes nothing")
	}
	r, err := jsonRequest(OpUpdateAccount, "/"+wabaID, wire)
	if err != nil {
		return err
	}
	r.account = wabaID
	return c.do(ctx, r, checkConfirmed)
}

func pageSize(size int) int {
	if size <= 0 {
		return defaultPageSize
	}
	return size
}

func (o ListOptions) values() url.Values {
	values := url.Values{"limit": {strconv.Itoa(pageSize(o.PageSize))}}
	if o.After != "" {
		values.Set("after", o.After)
	}
	return values
}
