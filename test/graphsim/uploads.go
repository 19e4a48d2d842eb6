// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	sessionPrefix = "upload:"
	// sessionLife is a guess: Meta says that a session can be continued, but not for how long.
	sessionLife = 24 * time.Hour
	// maxUpload is more than any file may have, so that too long ones are refused with a reason.
	maxUpload = 100<<20 + 1<<10
)

// uploadLimits are the types that can be uploaded, and how large a file of them may be. That the limits of the media pages
// hold when a session is opened is a guess; they hold when the file is used at the latest.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media.
var uploadLimits = map[string]int64{
	"application/pdf": 100 << 20, "image/jpeg": 5 << 20, "image/jpg": 5 << 20, "image/png": 5 << 20, "video/mp4": 16 << 20,
}

const uploadTypes = "application/pdf, image/jpeg, image/jpg, image/png, video/mp4"

// fileNamePattern is what partners of Meta demand of names; the reference page only says that there is a pattern.
var fileNamePattern = regexp.MustCompile(`^[^/\\<@%\pC]*$`)

type upload struct {
	Upload
	signature string // of the id; empty: none
	token     string // value
	arrived   hash.Hash
}

// uploadPath says whether a path without version, or with one, is that of an upload session.
func uploadPath(path string) bool {
	segments := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 3)
	if len(segments) > 1 && versionPattern.MatchString(segments[0]) {
		segments = segments[1:]
	}
	first, err := url.PathUnescape(segments[0])
	return err == nil && strings.HasPrefix(first, sessionPrefix)
}

func (s *Simulator) routeUpload(c *call) {
	id, err := url.PathUnescape(strings.TrimPrefix(c.path, "/"))
	if err == nil {
		c.upload = s.uploads[id]
	}
	switch c.method {
	case http.MethodPost:
		c.op, c.handler = OpSendUpload, s.sendUpload
	case http.MethodGet:
		c.op, c.handler = OpReadUpload, s.readUpload
	}
}

// openUpload is POST /{app}/uploads.
// See https://developers.facebook.com/docs/graph-api/reference/application/uploads.
func (s *Simulator) openUpload(c *call) (any, *apiError) {
	if c.token == nil || c.token.AppID != c.app.ID || c.token.NoAppRole {
		// The page wants a user's or system user's token and a role on the app, and lists the code; the text is a guess.
		return nil, &apiError{Code: 200, Message: "(#200) The user must be an administrator or developer of the application to upload files to it"}
	}
	kind, name := strings.ToLower(c.param("file_type")), c.param("file_name")
	size, err := strconv.ParseInt(c.param("file_length"), 10, 64)
	limit, known := uploadLimits[kind]
	switch {
	case c.param("session_type") != "" && c.param("session_type") != "attachment":
		return nil, badParam("Param session_type must be one of {ATTACHMENT} - got %q.", c.param("session_type"))
	case !known:
		return nil, badParam("Param file_type must be one of {%s} - got %q.", uploadTypes, c.param("file_type"))
	case err != nil || size <= 0:
		return nil, badParam("Param file_length must be an integer greater than 0")
	case size > limit:
		return nil, badParam("Param file_length must be at most %d for the type %s", limit, kind)
	case len(name) > 255 || !fileNamePattern.MatchString(name):
		return nil, badParam("Param file_name must be a valid file name")
	}
	u := &upload{token: c.token.Value, arrived: sha256.New(), Upload: Upload{
		AppID: c.app.ID, UserID: c.token.UserID, FileName: name, Type: kind, Size: size, Opened: c.now,
	}}
	s.nameSession(u)
	s.uploads[u.ID] = u
	s.uploadOrder = append(s.uploadOrder, u)
	return map[string]any{"id": u.wholeID()}, nil
}

// nameSession invents the id. Users quote some with a signature behind a question mark and some without.
func (s *Simulator) nameSession(u *upload) {
	random := fmt.Sprintf("%016x%016x", s.rand.Uint64(), s.rand.Uint64())
	uuid := strings.Join([]string{random[:8], random[8:12], random[12:16], random[16:20], random[20:]}, "-")
	u.ID = sessionPrefix + base64.StdEncoding.EncodeToString([]byte("1:attachment:"+uuid+"?"))
	if s.rand.IntN(3) > 0 {
		u.signature = "AR" + s.letters(17)
	}
}

func (u *upload) wholeID() string {
	if u.signature == "" {
		return u.ID
	}
	return u.ID + "?sig=" + u.signature
}

// letters returns random characters as they stand in Meta's signatures.
func (s *Simulator) letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = traceAlphabet[s.rand.IntN(len(traceAlphabet))]
	}
	return string(b)
}

// session finds the session of a call. That one of another token, one that is over and one called without its signature
// look like a missing object is a guess.
func (s *Simulator) session(c *call) (*upload, *apiError) {
	u := c.upload
	if u == nil || c.token == nil || u.token != c.token.Value || c.now.Sub(u.Opened) >= sessionLife || c.query.Get("sig") != u.signature {
		return nil, missingObject(c.method, strings.TrimPrefix(c.path, "/"))
	}
	return u, nil
}

// sendUpload is POST /upload:…, with the rest of the file as body. Everything must come at once: that a shorter body is
// refused, unless the connection broke, is a guess, and so is every text here.
// See https://developers.facebook.com/docs/graph-api/guides/upload.
func (s *Simulator) sendUpload(c *call) (any, *apiError) {
	switch c.scheme {
	case "OAuth":
	case "": // as a parameter, or for a whole batch; the guide says that it fails, the code is a guess
		return nil, &apiError{Code: 104, Message: "An access token is required to request this resource."}
	default: // the guide's word is OAuth; which error Bearer meets is a guess
		return nil, unreadableToken()
	}
	u, problem := s.session(c)
	if problem != nil {
		return nil, problem
	}
	offset, err := strconv.ParseInt(c.request.Header.Get("file_offset"), 10, 64)
	end := offset + int64(len(c.body))
	switch {
	case err != nil:
		return nil, badParam("The header file_offset is required")
	case offset != u.Offset:
		return nil, badParam("The header file_offset must be %d, got %d", u.Offset, offset)
	case end > u.Size, end < u.Size && !c.torn:
		return nil, badParam("The length of the file is %d, got %d bytes", u.Size, end)
	case u.Handle != "" && s.loseHandles:
		return nil, badParam("The upload is complete")
	}
	u.Offset = end
	_, _ = u.arrived.Write(c.body) // a hash takes everything
	s.stats.UploadBytes += int64(len(c.body))
	if c.torn {
		return nil, nil // no client is there to read an answer
	}
	if u.Handle == "" {
		u.Handle = s.giveHandle(Handle{AppID: u.AppID, UserID: u.UserID, Type: u.Type, Size: u.Size}, c.now)
		s.stats.Uploads++
	}
	return map[string]any{"h": u.Handle}, nil
}

// readUpload is GET /upload:…, which returns the offset to go on from.
func (s *Simulator) readUpload(c *call) (any, *apiError) {
	if c.scheme == "" {
		return nil, &apiError{Code: 104, Message: "An access token is required to request this resource."}
	}
	u, problem := s.session(c)
	if problem != nil {
		return nil, problem
	}
	return map[string]any{"id": u.wholeID(), "file_offset": u.Offset}, nil
}

// tear keeps half of the body of a file being sent. Other calls have nothing to keep.
func (c *call) tear() bool {
	if c.op != OpSendUpload {
		return false
	}
	c.body, c.torn = c.body[:len(c.body)/2], true
	return true
}

// Uploads returns copies of all uploads, oldest first.
func (s *Simulator) Uploads() []Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Upload, 0, len(s.uploadOrder))
	for _, u := range s.uploadOrder {
		one := u.Upload
		one.SHA256 = hex.EncodeToString(u.arrived.Sum(nil))
		out = append(out, one)
	}
	return out
}
