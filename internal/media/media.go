// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package media makes a checked file that can be uploaded to Meta from a sample file that a manifest names. Authors of manifests
// are not trusted: a URL must not give access to networks that only the operator reaches, and a large or slow file must not harm
// it. The package knows neither Kubernetes nor the Graph API.
package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Format says what a file is for, and by that which files fit.
type Format string

// The formats of headers have Meta's spelling; a profile picture is no header.
const (
	Image          Format = "IMAGE"
	Video          Format = "VIDEO"
	Document       Format = "DOCUMENT"
	GIF            Format = "GIF"
	ProfilePicture Format = "PROFILE_PICTURE"
)

// mb is Meta's MB. Its pages don't say whether they mean 10^6 or 2^20 bytes; the smaller one is right in both cases.
const mb = 1_000_000

// rule is what a format asks of a file.
type rule struct {
	needs string
	types []string
	limit int64 // in bytes
}

// formats are the files that Meta takes. The resumable upload knows PDF, JPEG, PNG and MP4 only, so that the other
// documents and videos that can be sent (DOCX, 3GPP, …) can't be samples.
//
// Sources: https://developers.facebook.com/docs/graph-api/guides/upload (types),
// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media (sizes),
// https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components (GIF: MP4, 3.5 MB).
var formats = map[Format]rule{
	Image:    {needs: "a JPEG or PNG file", types: []string{typeJPEG, typePNG}, limit: 5 * mb},
	Video:    {needs: "an MP4 file", types: []string{typeMP4}, limit: 16 * mb},
	Document: {needs: "a PDF file", types: []string{typePDF}, limit: 100 * mb},
	GIF:      {needs: "an MP4 file, in spite of its name", types: []string{typeMP4}, limit: 3.5 * mb},
	// Meta names no size for it; it is an image.
	ProfilePicture: {needs: "a JPEG or PNG file", types: []string{typeJPEG, typePNG}, limit: 5 * mb},
}

// Error is a file that can't be fetched or used, in words for the author of the manifest. It never contains the URL, which may
// hold a signature, nor why a host can't be reached.
type Error struct {
	// Retry is set where the manifest may be right as it is: the cause lies with a server, the network or the operator.
	Retry   bool
	Message string
	// Cause is for the log alone: a status must not reveal to authors of manifests what answers in the operator's network.
	Cause string
}

// Error is for logs.
func (e *Error) Error() string {
	if e.Cause != "" {
		return e.Message + ": " + e.Cause
	}
	return e.Message
}

// File is a checked file. It may be read by several at a time.
type File struct {
	// Name is made up from the type: Meta wants a name, and that of the source is none of its business.
	Name string
	// Type is the MIME type that the content shows.
	Type string
	// SHA256 is in lower case hexadecimal digits.
	SHA256 string
	// Size is in bytes.
	Size int64

	content content
}

type content interface {
	io.ReaderAt
	io.Closer
}

// ReadAt is that of io.ReaderAt.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.content.ReadAt(p, off) }

// Close frees the file; it must be called once.
func (f *File) Close() error { return f.content.Close() }

// memory is content that needs no freeing.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// Inline checks bytes that are at hand, such as a key of a ConfigMap. The file refers to them: they must not change.
func Inline(format Format, data []byte) (*File, error) {
	r, err := ruleOf(format)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	file := &File{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data)), content: memory{bytes.NewReader(data)}}
	if err := r.checkSize(format, file.Size); err != nil {
		return nil, err
	}
	if err := r.checkType(format, file); err != nil {
		return nil, err
	}
	return file, nil
}

func ruleOf(format Format) (rule, error) {
	r, ok := formats[format]
	if !ok {
		return rule{}, &Error{Message: fmt.Sprintf("the format %q takes no file", format)}
	}
	return r, nil
}

// checkSize judges a size in bytes; one above the limit may be a lower bound.
func (r rule) checkSize(format Format, size int64) error {
	switch {
	case size == 0:
		return &Error{Message: "the file is empty"}
	case size > r.limit:
		return &Error{Message: fmt.Sprintf("the file is too large: for %s it may have at most %d bytes (%g MB); make it smaller",
			format, r.limit, float64(r.limit)/mb)}
	}
	return nil
}

// checkType names and types the file by its content: names and Content-Type headers are often wrong, and Meta checks the content
// too.
func (r rule) checkType(format Format, file *File) error {
	found, err := file.kind()
	if err != nil {
		return err
	}
	if !slices.Contains(r.types, found.mime) {
		return &Error{Message: fmt.Sprintf("%s needs %s; this one is %s; %s", format, r.needs, found.is, found.advice())}
	}
	file.Type, file.Name = found.mime, found.name
	return nil
}

func (f *File) kind() (kind, error) {
	head := make([]byte, min(f.Size, headSize))
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return kind{}, newStorageError()
	}
	return sniff(head), nil
}

// newStorageError is a failure of the operator's own disk. Its cause would reveal details of the operator's machine.
func newStorageError() error {
	return &Error{Retry: true, Message: "the operator can't store the file while it checks it; " +
		"ask who runs it for a writable temporary directory with enough room"}
}
