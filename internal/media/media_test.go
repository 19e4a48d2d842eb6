// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
)

// The beginnings of files, as far as they are inspected.
const (
	aJPEG = "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01"
	aPNG  = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	aPDF  = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
	aWebP = "RIFF\x24\x00\x00\x00WEBPVP8 "
)

var anMP4 = ftyp("isom", "isom", "iso2", "avc1", "mp41")

// ftyp is the first box of an MP4 file or one of its relatives, with the beginning of the next one.
func ftyp(major string, compatible ...string) string {
	box := "ftyp" + major + "\x00\x00\x02\x00" + strings.Join(compatible, "")
	return string([]byte{0, 0, 0, byte(4 + len(box))}) + box + "\x00\x00\x00\x08free"
}

func hashOf(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:])
}

// wantError checks that an error is one for authors.
func wantError(t *testing.T, err error, retry bool, message string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want an *Error", err)
	}
	if e.Retry != retry || e.Message != message {
		t.Errorf("error is\n%q, retry %v; want\n%q, retry %v", e.Message, e.Retry, message, retry)
	}
}

func TestSniffTypes(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"jpeg":                    {aJPEG, typeJPEG},
		"png":                     {aPNG, typePNG},
		"pdf":                     {aPDF, typePDF},
		"mp4 of ffmpeg":           {anMP4, typeMP4},
		"mp4 version 2":           {ftyp("mp42", "mp42", "isom"), typeMP4},
		"brand avc1":              {ftyp("avc1"), typeMP4},
		"brand iso2":              {ftyp("iso2"), typeMP4},
		"brand iso6":              {ftyp("iso6", "dash"), typeMP4},
		"brand M4V":               {ftyp("M4V ", "M4A ", "mp42"), typeMP4},
		"brand MSNV":              {ftyp("MSNV", "MSNV", "mp42"), typeMP4},
		"camera, compatible":      {ftyp("XAVC", "XAVC", "mp42"), typeMP4},
		"compatible MOV":          {ftyp("qt  ", "qt  ", "mp42"), ""},
		"unknown brand":           {ftyp("abcd", "efgh"), ""},
		"brand behind the box":    {ftyp("abcd", "efgh") + "mp42", ""},
		"compatible, box cut off": {ftyp("abcd", "efgh", "mp42")[:22], ""},
		"ftyp cut off":            {anMP4[:10], ""},
		"size of box too small":   {"\x00\x00\x00\x01ftypabcd\x00\x00\x00\x00mp42", ""},
		"size of box too large":   {"\xff\xff\xff\xffftypabcd\x00\x00\x00\x00mp42", typeMP4},
		"jpeg cut off":            {"\xff\xd8", ""},
		"png with broken newline": {"\x89PNG\n\x1a\n\x00", ""},
		"pdf after junk":          {"\n%PDF-1.7", ""},
		"nothing":                 {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sniff([]byte(test.data)).mime; got != test.want {
				t.Errorf("type %q, want %q", got, test.want)
			}
		})
	}
}

func TestWrongTypesAreNamed(t *testing.T) {
	const login = "; use the URL of the file itself, which must need no login"
	for name, test := range map[string]struct{ data, want string }{
		"webp":        {aWebP, "a WebP image; convert it"},
		"gif":         {"GIF89a\x01\x00", "a GIF image; convert it"},
		"svg":         {`<svg xmlns="http://www.w3.org/2000/svg"/>`, "an SVG image; convert it"},
		"svg in xml":  {"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- drawn -->\n<SVG>", "an SVG image; convert it"},
		"heic":        {ftyp("heic", "mif1", "heic"), "an HEIC image; convert it"},
		"avif":        {ftyp("avif", "mif1", "isom"), "an AVIF image; convert it"},
		"mov":         {ftyp("qt  ", "qt  "), "a QuickTime (MOV) video; convert it"},
		"old mov":     {"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat", "a QuickTime (MOV) video; convert it"},
		"3gp":         {ftyp("3gp5", "3gp5", "isom"), "a 3GPP video; convert it"},
		"m4a":         {ftyp("M4A ", "M4A ", "mp42", "isom"), "an M4A audio file; convert it"},
		"other ftyp":  {ftyp("abcd"), "a relative of MP4 that is not recognised; convert it"},
		"webm":        {"\x1a\x45\xdf\xa3\x01", "a WebM or Matroska video; convert it"},
		"mp4":         {anMP4, "an MP4 video; use another file or another format"},
		"html":        {"\n <!DOCTYPE html><title>Sign in</title>", "an HTML page, perhaps an error or a login page" + login},
		"xhtml":       {"<?xml version=\"1.0\"?><html><svg/></html>", "an HTML page, perhaps an error or a login page" + login},
		"html piece":  {"<div>Not found</div>", "an HTML page, perhaps an error or a login page" + login},
		"xml":         {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "an XML document, perhaps an error message" + login},
		"json":        {`{"message":"Not Found"}`, "a JSON document, perhaps an error message" + login},
		"docx":        {"PK\x03\x04\x14\x00[Content_Types].xml", "a ZIP archive or a file of Word, Excel or PowerPoint; export it in a type that fits, such as PDF for documents"},
		"doc":         {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old file of Word, Excel or PowerPoint; export it in a type that fits, such as PDF for documents"},
		"gzip":        {"\x1f\x8b\x08", "compressed with gzip; use it uncompressed"},
		"lfs":         {"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a pointer of Git LFS; use the file that it stands for"},
		"base64":      {base64.StdEncoding.EncodeToString([]byte(aJPEG+aJPEG)) + "\n", "a file in base64; decode it; in a ConfigMap such a file belongs under binaryData, encoded once"},
		"base64, mp4": {base64.StdEncoding.EncodeToString([]byte(anMP4)), "a file in base64; decode it; in a ConfigMap such a file belongs under binaryData, encoded once"},
		"text":        {"Lorem ipsum", "a text; use another file"},
		"noise":       {"\x00\x01\x02\x03", "of a type that is not recognised; convert it or use another file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Inline(Image, []byte(test.data))
			wantError(t, err, false, "IMAGE needs a JPEG or PNG file; this one is "+test.want)
		})
	}
}

func TestInline(t *testing.T) {
	samples := map[string]string{"sample.jpg": aJPEG, "sample.png": aPNG, "sample.pdf": aPDF, "sample.mp4": anMP4}
	for format, want := range map[Format]map[string]string{
		Image:          {"sample.jpg": typeJPEG, "sample.png": typePNG},
		ProfilePicture: {"sample.jpg": typeJPEG, "sample.png": typePNG},
		Video:          {"sample.mp4": typeMP4},
		GIF:            {"sample.mp4": typeMP4},
		Document:       {"sample.pdf": typePDF},
	} {
		for name, data := range samples {
			file, err := Inline(format, []byte(data))
			if want[name] == "" {
				if err == nil {
					t.Errorf("%s takes %s", format, name)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", format, name, err)
				continue
			}
			if file.Name != name || file.Type != want[name] || file.Size != int64(len(data)) || file.SHA256 != hashOf(data) {
				t.Errorf("%s, %s: got %+v", format, name, file)
			}
			if got := read(t, file); got != data {
				t.Errorf("%s, %s: content %q", format, name, got)
			}
		}
	}
}

// read reads a file to its end and closes it.
func read(t *testing.T, file *File) string {
	t.Helper()
	data, err := io.ReadAll(io.NewSectionReader(file, 0, file.Size+1))
	if err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	return string(data)
}

func TestSizes(t *testing.T) {
	for format, test := range map[Format]struct {
		start, limit string
		most         int
	}{
		Image:          {aPNG, "5000000 bytes (5 MB)", 5_000_000},
		ProfilePicture: {aPNG, "5000000 bytes (5 MB)", 5_000_000},
		Video:          {anMP4, "16000000 bytes (16 MB)", 16_000_000},
		Document:       {aPDF, "100000000 bytes (100 MB)", 100_000_000},
		GIF:            {anMP4, "3500000 bytes (3.5 MB)", 3_500_000},
	} {
		t.Run(string(format), func(t *testing.T) {
			data := make([]byte, test.most+1)
			copy(data, test.start)
			if _, err := Inline(format, data[:test.most]); err != nil {
				t.Error(err)
			}
			_, err := Inline(format, data)
			wantError(t, err, false,
				"the file is too large: for "+string(format)+" it may have at most "+test.limit+"; make it smaller")
			_, err = Inline(format, nil)
			wantError(t, err, false, "the file is empty")
		})
	}
	_, err := Inline("LOCATION", []byte(aPNG))
	wantError(t, err, false, `the format "LOCATION" takes no file`)
}

// FuzzSniff identifies any content: it must not panic, and must return a description. A type that it finds must be one that Meta
// accepts, with a name, and never that of a file without its signature.
func FuzzSniff(f *testing.F) {
	for _, seed := range []string{
		"", aJPEG, aPNG, aPDF, aWebP, anMP4, ftyp("qt  "), ftyp("abcd", "mp42"), "<?xml?><svg", "{}", "/9j/4AAQSkZJRgAB",
	} {
		f.Add([]byte(seed))
	}
	taken := map[string]bool{}
	for _, r := range formats {
		for _, name := range r.types {
			taken[name] = true
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found := sniff(data)
		if found.is == "" || found.advice() == "" {
			t.Errorf("%q: nothing is said: %+v", data, found)
		}
		if (found.mime == "") != (found.name == "") {
			t.Errorf("%q: a type without a name or a name without a type: %+v", data, found)
		}
		if found.mime == "" {
			return
		}
		if !taken[found.mime] {
			t.Errorf("%q: type %q", data, found.mime)
		}
		signature := map[string]string{typeJPEG: "\xff\xd8\xff", typePNG: "\x89PNG", typePDF: "%PDF-", typeMP4: "ftyp"}[found.mime]
		if !bytes.Contains(data[:min(len(data), 8)], []byte(signature)) {
			t.Errorf("%q: type %q", data, found.mime)
		}
		for format := range formats {
			if file, err := Inline(format, data); err == nil && file.Type != found.mime && len(data) <= headSize {
				t.Errorf("%q: type %q, then %q", data, found.mime, file.Type)
			}
		}
	})
}
