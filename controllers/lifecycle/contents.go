// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

const (
	// contentsPerKey bounds how many contents of one key are remembered, and keysPerResource of how many keys. For forgotten ones
	// the managed fields decide, as after a restart.
	contentsPerKey  = 16
	keysPerResource = 1000
)

// contents distinguishes changes of a Secret's content from those of its metadata. A label, an annotation or an apply of the same
// changes the Secret's resourceVersion, and must cost no call to Meta. A content is known by a keyed hash. The key is random and
// never leaves the process, so that the hash of a PIN can't be searched for. Each resource that uses a Secret has a memory of its
// own.
type contents struct {
	key [sha256.Size]byte

	mu    sync.Mutex
	known map[types.UID]map[contentKey][]knownContent
}

// contentKey is from where a resource reads a content. The namespace is the resource's own.
type contentKey struct {
	secret, key, purpose string
}

type knownContent struct {
	hash [sha256.Size]byte
	// version of the Secret with which the content was first read.
	version v1alpha1.SecretVersion
}

func newContents() *contents {
	c := &contents{known: map[types.UID]map[contentKey][]knownContent{}}
	_, _ = rand.Read(c.key[:]) // never fails
	return c
}

// read notes a content. version is that of the Secret now; the result has the one with which this process first read the same.
func (c *contents) read(user types.UID, from contentKey, text string, version v1alpha1.SecretVersion) *Content {
	mac := hmac.New(sha256.New, c.key[:])
	_, _ = mac.Write([]byte(text)) // never fails
	now := knownContent{hash: [sha256.Size]byte(mac.Sum(nil)), version: version}

	c.mu.Lock()
	defer c.mu.Unlock()
	keys := c.known[user]
	if _, ok := keys[from]; keys == nil || !ok && len(keys) >= keysPerResource {
		keys = map[contentKey][]knownContent{}
		c.known[user] = keys
	}
	out, found := &Content{Version: version}, false
	for _, k := range keys[from] {
		if k.hash == now.hash {
			out.Version, found = k.version, true
		} else {
			out.others = append(out.others, k.version)
		}
	}
	if !found {
		keys[from] = append(keys[from], now)
		keys[from] = keys[from][max(0, len(keys[from])-contentsPerKey):]
	}
	return out
}

func (c *contents) Forget(gone Gone) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, gone.UID)
	return 0
}

// Content is what a key of a Secret holds now, without the text. A nil one is a Secret that isn't there.
type Content struct {
	Version v1alpha1.SecretVersion
	// others are the versions of other contents that this process read from the same place.
	others []v1alpha1.SecretVersion
}

// Record is what is kept in a status.
func (c *Content) Record() *v1alpha1.SecretVersion {
	if c == nil {
		return nil
	}
	v := c.Version
	return &v
}

// ContentChange is what is known of a content since it was recorded.
type ContentChange int

const (
	// ContentSame means that it is the same.
	ContentSame ContentChange = iota
	// ContentChanged means that it is another one, or was changed while this process was looking.
	ContentChanged
	// ContentRewritten means that it was written since, or is in another Secret. It may be the same all the same.
	ContentRewritten
	// ContentUnknown means that there is no evidence for either.
	ContentUnknown
)

// Since compares with a content that was recorded in a status, perhaps by an earlier process.
func (c *Content) Since(recorded *v1alpha1.SecretVersion) ContentChange {
	switch {
	case c == nil, recorded == nil, recorded.Key != c.Version.Key:
		return ContentChanged
	case recorded.UID == c.Version.UID && recorded.ResourceVersion == c.Version.ResourceVersion:
		return ContentSame
	case len(c.others) > 0:
		return ContentChanged
	case RestoredSecret(recorded, &c.Version):
		return ContentUnknown
	case recorded.UID != c.Version.UID:
		return ContentRewritten
	case recorded.WrittenTime == nil || c.Version.WrittenTime == nil:
		return ContentUnknown
	case recorded.WrittenTime.Equal(c.Version.WrittenTime):
		return ContentSame
	}
	return ContentRewritten
}

// Same reports that a content is known to be the recorded one.
func (c *Content) Same(recorded *v1alpha1.SecretVersion) bool {
	return c.Since(recorded) == ContentSame
}

// WrittenTime is the time of a version, nil where it isn't known.
func WrittenTime(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t}
}
