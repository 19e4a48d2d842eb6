// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// register stores which resource uses which name and asset, to find resources that conflict with each other.
type register struct {
	// seen are the places of resources and of assets.
	seen map[string]string
	// categories are those of templates that have the same name in several languages, with the place of the first.
	categories map[string][2]string
}

func newRegister() *register {
	return &register{seen: map[string]string{}, categories: map[string][2]string{}}
}

// note remembers a resource, and reports what it collides with.
func (r *register) note(c *check) {
	obj := c.document.Object
	place := c.document.At("")
	if name := obj.GetName(); name != "" {
		key := strings.Join([]string{"resource", obj.GetKind(), obj.GetNamespace(), name}, "|")
		if before, taken := r.claim(key, place); taken {
			c.found(Error, RuleDuplicate, "metadata.name", "the same resource is in %s; the one that is applied last wins", before)
			return
		}
	}
	if path, asset := assetOf(obj); asset != "" {
		if before, taken := r.claim(asset, place); taken {
			c.found(Error, RuleDuplicate, path, "the resource in %s is about the same asset at Meta; one of the two will say Conflict", before)
		}
	}
	r.category(c, place)
	r.content(c, place)
}

func (r *register) claim(key, place string) (before string, taken bool) {
	if before, taken = r.seen[key]; !taken {
		r.seen[key] = place
	}
	return before, taken
}

// text returns a field of the spec, "" where it is absent.
func text(obj *unstructured.Unstructured, path ...string) string {
	s, _, _ := unstructured.NestedString(obj.Object, append([]string{"spec"}, path...)...) // the schema has its say about other types
	return s
}

// account names the account that a resource refers to.
func account(obj *unstructured.Unstructured) string {
	return cmp.Or(text(obj, "wabaRef", "namespace"), obj.GetNamespace()) + "/" + text(obj, "wabaRef", "name")
}

// assetOf names the asset at Meta that a resource is about, and the field that says so; "" where that is unknown.
func assetOf(obj *unstructured.Unstructured) (path, asset string) {
	key := func(path string, parts ...string) (string, string) {
		for _, p := range parts {
			if p == "" {
				return "", ""
			}
		}
		return path, strings.Join(append([]string{"asset", obj.GetKind()}, parts...), "|")
	}
	switch obj.GetKind() {
	case "WABA":
		return key("spec.id", text(obj, "id"))
	case "PhoneNumber":
		if id := text(obj, "id"); id != "" {
			return key("spec.id", id)
		}
		return key("spec.number", text(obj, "number"))
	case "MessageTemplate":
		return key("spec.name", account(obj), text(obj, "name"), text(obj, "language"))
	}
	return "", ""
}

// content reports a template with the body and footer of another one: Meta rejects it in review
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-review).
func (r *register) content(c *check, place string) {
	obj := c.document.Object
	body := strings.TrimSpace(text(obj, "body", "text"))
	if obj.GetKind() != v1alpha1.KindMessageTemplate || body == "" || text(obj, "category") == string(v1alpha1.TemplateCategoryAuthentication) {
		return
	}
	key := strings.Join([]string{"content", account(obj), body, strings.TrimSpace(text(obj, "footer", "text"))}, "|")
	if before, taken := r.claim(key, place); taken {
		c.found(Warning, RuleReview, "spec.body.text", "the template in %s has the same body and footer; Meta rejects the second as a duplicate", before)
	}
}

// category reports a template whose category differs from that of the same name in another language: at Meta a name has one.
func (r *register) category(c *check, place string) {
	obj := c.document.Object
	name, category := text(obj, "name"), text(obj, "category")
	if obj.GetKind() != v1alpha1.KindMessageTemplate || name == "" || category == "" {
		return
	}
	key := account(obj) + "|" + name
	first, ok := r.categories[key]
	if !ok {
		r.categories[key] = [2]string{category, place}
		return
	}
	if first[0] != category {
		c.found(Error, RuleDuplicate, "spec.category", "%s has the category %s in %s; all languages of a name share one", name, first[0], first[1])
	}
}
