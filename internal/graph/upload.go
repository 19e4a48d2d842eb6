// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

const (
	// maxResumes is how often an interrupted upload is continued.
	maxResumes = 3
	// maxSession and maxHandle bound Meta's session ids and handles, in bytes.
	maxSession = 4 << 10
	maxHandle  = 64 << 10
)

// File is what is uploaded.
type File struct {
	// Name is for people: up to 255 bytes without / \ < @ and %.
	Name string
	// Type is the MIME type: image/jpeg, image/png, video/mp4 or application/pdf.
	Type string
	// Size is how many bytes Content has.
	Size int64
	// Content is read in pieces, some of them again when the upload is interrupted; not after Upload returned.
	Content io.ReaderAt
}

// Upload sends a file to an app and returns its handle, which stands for the file in the samples of templates. A handle
// expires after a time that Meta does not document, so the file must be kept, not the handle. An upload that breaks off
// is continued where it stopped; whatever else goes wrong ends it, and nothing is left behind that could be used.
//
// The token's user needs a developer's or administrator's role on the app, which the owner of an account need not have:
// an error of ClassPermission, or of ClassAmbiguous, says nothing about the token's worth for anything else.
//
// Source: https://developers.facebook.com/docs/graph-api/guides/upload and
// https://developers.facebook.com/docs/graph-api/reference/application/uploads
func (c *Client) Upload(ctx context.Context, appID string, f File) (handle string, err error) {
	if err := checkIDs(OpOpenUpload, appID); err != nil {
		return "", err
	}
	if problem := f.problem(); problem != "" {
		return "", invalid(OpOpenUpload, problem)
	}
	content := &source{content: f.Content}
	defer content.close()
	for again := true; ; again = false {
		session, err := c.openUpload(ctx, appID, f)
		if err != nil {
			return "", err
		}
		u := upload{client: c, session: session, content: content, size: f.Size}
		handle, err := u.run(ctx)
		// Meta does not document what happens to a handle whose answer was lost. If Meta does not return it again, the same file
		// is uploaded once more.
		if err == nil || !u.noHandle || !again {
			return handle, err
		}
	}
}

var (
	mediaTypePattern = regexp.MustCompile(`^[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}$`)
	// fileNamePattern excludes characters that Meta refuses in names, according to reports. The length is checked separately: a
	// count would make megabytes of this pattern.
	fileNamePattern = regexp.MustCompile(`^[^/\\<@%\pC]+$`)
)

// problem returns why a file can't be sent at all.
func (f *File) problem() string {
	switch {
	case len(f.Name) > 255 || !fileNamePattern.MatchString(f.Name):
		return `the file name must be 1 to 255 bytes without control characters and / \ < @ %`
	case !mediaTypePattern.MatchString(f.Type):
		return "the file type must look like image/jpeg"
	case f.Size <= 0 || f.Content == nil:
		return "the file is empty"
	}
	return ""
}

// uploadSession is the target of the bytes of one file.
type uploadSession struct {
	path  string
	query url.Values // mostly a signature, with which anyone can write to the session
}

func (c *Client) openUpload(ctx context.Context, appID string, f File) (uploadSession, error) {
	r := request{op: OpOpenUpload, path: "/" + appID + "/uploads", query: url.Values{
		"file_name": {f.Name}, "file_length": {strconv.FormatInt(f.Size, 10)}, "file_type": {f.Type},
	}}
	var session uploadSession
	err := c.do(ctx, r, func(value any) (err error) {
		session, err = sessionFrom(lenient.NodeOf(value).Text("id"))
		return err
	})
	return session, err
}

var (
	sessionPattern = regexp.MustCompile(`^upload:([A-Za-z0-9+/=_-]+)(?:\?([A-Za-z0-9+/=_.~%&-]+))?$`)
	// ownParameters have a meaning on every call, so an answer must not set them.
	ownParameters = []string{"access_token", "appsecret_proof", "method"}
)

// sessionFrom parses an id such as "upload:MTphd…?sig=ARa…". Meta wants it back whole, with the part that looks like a query. The
// id becomes part of a URL, so it must not lead anywhere but below the version.
func sessionFrom(id string) (uploadSession, error) {
	parts := sessionPattern.FindStringSubmatch(id)
	if parts == nil || len(id) > maxSession {
		return uploadSession{}, shapeError("an upload without id, or with an odd one")
	}
	query, err := url.ParseQuery(parts[2])
	if err != nil {
		return uploadSession{}, shapeError("an upload with an odd signature")
	}
	for _, name := range ownParameters {
		if query.Has(name) {
			return uploadSession{}, shapeError("an upload with parameters that are not its own")
		}
	}
	return uploadSession{path: "/upload:" + url.PathEscape(parts[1]), query: query}, nil
}

// upload is the upload of one file through one session.
type upload struct {
	client   *Client
	session  uploadSession
	content  *source
	size     int64
	noHandle bool // Meta has the whole file and returns no handle
}

// run sends the file and resumes after interruptions while Meta receives more of it: it stops after the second attempt in a row
// without another byte.
func (u *upload) run(ctx context.Context) (string, error) {
	var offset int64
	for resumes := 0; ; resumes++ {
		handle, err := u.send(ctx, offset)
		if err == nil {
			return handle, nil
		}
		if offset == u.size && answeredWithoutHandle(err) {
			u.noHandle = true
			return "", err
		}
		if resumes == maxResumes || ClassOf(err) != ClassTransient || ctx.Err() != nil || u.content.readError() != nil {
			return "", err
		}
		next, unread := u.offset(ctx)
		if unread != nil {
			return "", unread
		}
		if resumes > 0 && next <= offset {
			return "", err
		}
		offset = next
	}
}

// send sends everything from offset on; with nothing left it only asks for the handle.
func (u *upload) send(ctx context.Context, offset int64) (handle string, err error) {
	r := u.request(OpSendUpload)
	r.header["file_offset"] = strconv.FormatInt(offset, 10)
	r.body, r.contentType = io.NewSectionReader(u.content, offset, u.size-offset), contentFile
	err = u.client.do(ctx, r, func(value any) (err error) {
		handle, err = handleFrom(lenient.NodeOf(value).Text("h"))
		return err
	})
	failure := u.content.readError()
	switch {
	case err == nil:
		return handle, nil
	case errors.Is(failure, io.EOF):
		return "", invalid(OpSendUpload, "the file is shorter than it should be")
	case failure != nil: // the error of the transport would blame the network
		return "", &Error{
			Op: OpSendUpload, Class: ClassTransient, Message: "the file cannot be read", Err: u.client.withoutURL(ctx, failure),
		}
	}
	return "", err
}

// offset returns how much of the file has arrived at Meta.
func (u *upload) offset(ctx context.Context) (offset int64, err error) {
	err = u.client.do(ctx, u.request(OpReadUpload), func(value any) error {
		n, known := lenient.NodeOf(value).Int64("file_offset")
		if !known || n < 0 || n > u.size {
			return shapeError("an upload without offset, or with an impossible one")
		}
		offset = n
		return nil
	})
	return offset, err
}

// request is a call to the session. Only here Meta wants the word OAuth before the token: with Bearer, or with the token as a
// parameter, the call fails (https://developers.facebook.com/docs/graph-api/guides/upload).
func (u *upload) request(op Operation) request {
	return request{
		op: op, path: u.session.path, query: u.session.query,
		header: map[string]string{"Authorization": "OAuth " + u.client.token},
	}
}

// answeredWithoutHandle reports whether Meta answered, and the answer is neither a handle nor about the token or a limit.
func answeredWithoutHandle(err error) bool {
	e, ok := AsError(err)
	if !ok || e.HTTPStatus == 0 {
		return false
	}
	switch e.Class {
	case ClassTransient, ClassInvalidSpec, ClassRefused, ClassGone, ClassAmbiguous, ClassUnknown:
		return true
	default:
		return false
	}
}

var handlePartPattern = regexp.MustCompile(`^[!-~]+$`)

// handleFrom checks a handle. Those of larger files have several lines, one per piece, and are used whole.
func handleFrom(raw string) (string, error) {
	handle := strings.TrimSpace(raw)
	if len(handle) > maxHandle || strings.Contains(handle, "://") || strings.HasPrefix(handle, "upload:") {
		return "", shapeError("something else than a handle")
	}
	for _, part := range strings.Split(handle, "\n") {
		if !handlePartPattern.MatchString(part) {
			return "", shapeError("an upload without handle, or with an odd one")
		}
	}
	return handle, nil
}

// source is a file's content that remembers its read error, because the transport's error does not contain it. After close it
// doesn't read the file: Go's client may still read a body when the answer has arrived.
type source struct {
	mu      sync.Mutex
	content io.ReaderAt // nil = closed
	err     error
}

// ReadAt reads the whole slice, or fails.
func (s *source) ReadAt(p []byte, offset int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.content == nil {
		return 0, io.ErrClosedPipe
	}
	n, err := s.content.ReadAt(p, offset)
	if n == len(p) {
		return n, nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	s.err = err
	return n, err
}

func (s *source) readError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *source) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content = nil
}
