// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// ownKinds is a cluster in which commands find this project's kinds by all their names, and no others. It takes no request to know them.
type ownKinds struct{ *clusterFlags }

// ToRESTConfig is how the API server is reached; each request has a deadline.
func (k ownKinds) ToRESTConfig() (*rest.Config, error) {
	cfg, err := k.config()
	if err == nil && cfg.Timeout == 0 {
		cfg.Timeout = clusterTimeout
	}
	return cfg, err
}

// ToRESTMapper knows the kinds.
func (ownKinds) ToRESTMapper() (meta.RESTMapper, error) {
	m := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion})
	for _, kind := range v1alpha1.AssetKinds {
		for _, name := range kindNames(kind) {
			m.AddSpecific(v1alpha1.GroupVersion.WithKind(kind.Name), v1alpha1.GroupVersion.WithResource(kind.Resource),
				v1alpha1.GroupVersion.WithResource(name), meta.RESTScopeNamespace)
		}
	}
	return ownMapper{m}, nil
}

// ToDiscoveryClient knows the category of the kinds.
func (ownKinds) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return ownCategory{}, nil
}

type ownCategory struct {
	discovery.CachedDiscoveryInterface
}

// ServerGroupsAndResources lists the kinds.
func (ownCategory) ServerGroupsAndResources() ([]*metav1.APIGroup, []*metav1.APIResourceList, error) {
	list := &metav1.APIResourceList{GroupVersion: v1alpha1.GroupVersion.String()}
	for _, kind := range v1alpha1.AssetKinds {
		list.APIResources = append(list.APIResources, metav1.APIResource{Name: kind.Resource, Categories: []string{"whatsapp"}})
	}
	return nil, []*metav1.APIResourceList{list}, nil
}

// kindNames are the names by which one resource of a kind is called: the short one, and then the one that kubectl prints.
func kindNames(kind v1alpha1.AssetKind) (names []string) {
	if kind.ShortName != "" {
		names = append(names, kind.ShortName)
	}
	return append(names, strings.ToLower(kind.Name))
}

// ownMapper explains which kinds there are.
type ownMapper struct{ *meta.DefaultRESTMapper }

// RESTMapping is asked last, with what was typed.
func (m ownMapper) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	mapping, err := m.DefaultRESTMapper.RESTMapping(kind, versions...)
	if meta.IsNoMatchError(err) {
		return nil, unknownKind(kind.String())
	}
	return mapping, err
}

// unknownKind says what to write instead of a kind that isn't ours.
func unknownKind(typed string) error {
	names := &cobra.Command{SuggestionsMinimumDistance: 2}
	var all []string
	for _, kind := range v1alpha1.AssetKinds {
		name := strings.ToLower(kind.Name)
		c := &cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}}
		if len(typed) > 2 && strings.Contains(name, strings.ToLower(strings.TrimSuffix(typed, "s"))) {
			c.SuggestFor = []string{typed}
		}
		names.AddCommand(c)
		if kind.ShortName != "" {
			name += " (" + kind.ShortName + ")"
		}
		all = append(all, name)
	}
	text := "use " + strings.Join(all, ", ")
	if suggestions := names.SuggestionsFor(typed); len(suggestions) > 0 {
		text = "did you mean " + strings.Join(suggestions, " or ") + "?"
	}
	return fmt.Errorf("there is no kind %q: %s", typed, text)
}
