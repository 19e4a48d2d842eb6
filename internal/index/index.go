// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package index names the indexes of the cache by which resources of an account are found.
package index

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// Names of the indexes.
const (
	// Account finds resources by the WABA they refer to; see AccountKey.
	Account = "account"
	// TemplateName finds message templates by account and name, whatever their language; see TemplateNameKey. There is no index for one
	// language: a name has few, and each key of an index takes about 800 bytes for each template.
	TemplateName = "templateName"
	// AccountID finds WABA resources by Meta's id.
	AccountID = "accountID"
	// NumberID finds PhoneNumbers by Meta's id, once they were found in their account.
	NumberID = "numberID"
	// App finds WebhookSubscriptions by the Meta app; and WABA resources by the Meta app to which the account's token was proven
	// to belong, and by AppAccountKey. Nothing but routing may depend on it, as it comes from the status.
	App = "app"
)

// Referenced returns the WABA that a resource in a namespace refers to.
func Referenced(namespace string, ref v1alpha1.WABAReference) types.NamespacedName {
	if ref.Namespace != "" {
		namespace = ref.Namespace
	}
	return types.NamespacedName{Namespace: namespace, Name: ref.Name}
}

// AccountKey is the key under which the resources of a WABA are found.
func AccountKey(waba types.NamespacedName) string { return waba.String() }

// TemplateNameKey is the key of all languages of a template.
func TemplateNameKey(waba types.NamespacedName, name string) string {
	return AccountKey(waba) + "|" + name
}

// TemplateKey identifies one template. Meta prints a language as en_US or en-US.
func TemplateKey(waba types.NamespacedName, name, language string) string {
	return TemplateNameKey(waba, name) + "|" + strings.ReplaceAll(language, "-", "_")
}

// TemplateKeyOf identifies the template of a resource.
func TemplateKeyOf(t *v1alpha1.MessageTemplate) string {
	return TemplateKey(AccountOf(t), t.Spec.Name, t.Spec.Language)
}

// AppAccountKey is the key of one account of an app in App.
func AppAccountKey(appID, accountID string) string { return appID + "/" + accountID }

// Setup registers the indexes with the cache.
func Setup(ctx context.Context, indexer client.FieldIndexer) error {
	for _, i := range []struct {
		obj  client.Object
		name string
		keys client.IndexerFunc
	}{
		{&v1alpha1.MessageTemplate{}, TemplateName, byTemplateName},
		{&v1alpha1.WABA{}, AccountID, ByAccountID},
		{&v1alpha1.PhoneNumber{}, NumberID, ByNumberID},
		{&v1alpha1.WABA{}, App, ByApp},
		{&v1alpha1.WebhookSubscription{}, App, ByApp},
	} {
		if err := indexer.IndexField(ctx, i.obj, i.name, i.keys); err != nil {
			return err
		}
	}
	for _, kind := range v1alpha1.AssetKinds {
		if obj := kind.New(); obj.AccountReference() != nil {
			if err := indexer.IndexField(ctx, obj, Account, byAccount); err != nil {
				return err
			}
		}
	}
	return nil
}

// AccountOf names the WABA that a resource is or refers to.
func AccountOf(obj v1alpha1.Asset) types.NamespacedName {
	if ref := obj.AccountReference(); ref != nil {
		return Referenced(obj.GetNamespace(), *ref)
	}
	return client.ObjectKeyFromObject(obj)
}

// byAccount is for all kinds that refer to an account.
func byAccount(obj client.Object) []string {
	asset, ok := obj.(v1alpha1.Asset)
	if !ok {
		return nil
	}
	return []string{AccountKey(AccountOf(asset))}
}

// ByApp returns the keys of a resource in App.
func ByApp(obj client.Object) []string {
	switch o := obj.(type) {
	case *v1alpha1.WebhookSubscription:
		if o.Status.AppID != "" {
			return []string{o.Status.AppID}
		}
	case *v1alpha1.WABA:
		if c := o.Status.Credentials; c != nil && c.AppID != "" && o.Status.AccountID == o.Spec.ID {
			return []string{c.AppID, AppAccountKey(c.AppID, o.Spec.ID)}
		}
	}
	return nil
}

func byTemplateName(obj client.Object) []string {
	t, ok := obj.(*v1alpha1.MessageTemplate)
	if !ok {
		return nil
	}
	return []string{TemplateNameKey(AccountOf(t), t.Spec.Name)}
}

// ByAccountID returns the key of a WABA in AccountID.
func ByAccountID(obj client.Object) []string {
	w, ok := obj.(*v1alpha1.WABA)
	if !ok {
		return nil
	}
	return []string{w.Spec.ID}
}

// ByNumberID returns the keys of NumberID.
func ByNumberID(obj client.Object) []string {
	n, ok := obj.(*v1alpha1.PhoneNumber)
	if !ok || n.Status.ID == "" {
		return nil
	}
	return []string{n.Status.ID}
}
