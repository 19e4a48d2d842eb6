// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/waba-operator/waba-operator/internal/media"
)

// What real files begin with; the checks of sample files look at no more than that.
var (
	JPEG = []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01 a photograph of a market stall")
	PNG  = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR a drawing of a market stall")
	PDF  = []byte("%PDF-1.7\n an invoice\n%%EOF\n")
	MP4  = []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x08mdat")
)

// SHA256 is the hash as specs give it.
func SHA256(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// files stands for the web servers that specs refer to.
type files struct{ world *World }

func (f *files) Fetch(_ context.Context, format media.Format, url, want string) (*media.File, error) {
	data, ok := f.world.Files[url]
	if !ok {
		return nil, &media.Error{Retry: true, Message: "the file can't be fetched"}
	}
	if SHA256(data) != want {
		return nil, &media.Error{Message: "the file has another hash"}
	}
	return media.Inline(format, data)
}
