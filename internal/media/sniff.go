// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// headSize is how much of a file is inspected, in bytes. Signatures need a few; the rest is for comments at the start of HTML and
// SVG.
const headSize = 1024

// The types that Meta's upload takes.
const (
	typeJPEG = "image/jpeg"
	typePNG  = "image/png"
	typePDF  = "application/pdf"
	typeMP4  = "video/mp4"
)

// kind is what a file is.
type kind struct {
	// mime and name are set for the types that Meta takes.
	mime, name string
	// is ends the sentence "this one is …".
	is string
	// do is what to do about it; "" stands for what can be done about most.
	do string
}

func (k kind) advice() string {
	switch {
	case k.do != "":
		return k.do
	case k.mime != "":
		return "use another file or another format"
	default:
		return "convert it"
	}
}

const (
	useFileItself = "use the URL of the file itself, which must need no login"
	exportAsPDF   = "export it in a type that fits, such as PDF for documents"
)

var (
	jpeg = kind{mime: typeJPEG, name: "sample.jpg", is: "a JPEG image"}
	png  = kind{mime: typePNG, name: "sample.png", is: "a PNG image"}
	pdf  = kind{mime: typePDF, name: "sample.pdf", is: "a PDF document"}
	mp4  = kind{mime: typeMP4, name: "sample.mp4", is: "an MP4 video"}

	quickTime = kind{is: "a QuickTime (MOV) video"}
	threeGPP  = kind{is: "a 3GPP video"}
	heic      = kind{is: "an HEIC image"}
	avif      = kind{is: "an AVIF image"}
	m4a       = kind{is: "an M4A audio file"}
	otherISO  = kind{is: "a relative of MP4 that is not recognised"}

	svg      = kind{is: "an SVG image"}
	html     = kind{is: "an HTML page, perhaps an error or a login page", do: useFileItself}
	xml      = kind{is: "an XML document, perhaps an error message", do: useFileItself}
	json     = kind{is: "a JSON document, perhaps an error message", do: useFileItself}
	pointer  = kind{is: "a pointer of Git LFS", do: "use the file that it stands for"}
	inBase64 = kind{is: "a file in base64", do: "decode it; in a ConfigMap such a file belongs under binaryData, encoded once"}
	text     = kind{is: "a text", do: "use another file"}
	unknown  = kind{is: "of a type that is not recognised", do: "convert it or use another file"}
)

// signatures identify files by their first bytes. Where inner is set, it must stand at the offset too.
var signatures = []struct {
	start  string
	offset int
	inner  string
	kind   kind
}{
	{start: "\xff\xd8\xff", kind: jpeg},
	{start: "\x89PNG\r\n\x1a\n", kind: png},
	{start: "%PDF-", kind: pdf},
	{start: "GIF87a", kind: kind{is: "a GIF image"}},
	{start: "GIF89a", kind: kind{is: "a GIF image"}},
	{start: "RIFF", offset: 8, inner: "WEBP", kind: kind{is: "a WebP image"}},
	{start: "RIFF", offset: 8, inner: "AVI ", kind: kind{is: "an AVI video"}},
	{start: "RIFF", offset: 8, inner: "WAVE", kind: kind{is: "a WAV audio file"}},
	{start: "BM", offset: 6, inner: "\x00\x00\x00\x00", kind: kind{is: "a BMP image"}},
	{start: "II*\x00", kind: kind{is: "a TIFF image"}},
	{start: "MM\x00*", kind: kind{is: "a TIFF image"}},
	{start: "\x00\x00\x01\x00", kind: kind{is: "an icon (ICO)"}},
	{start: "\x00\x00\x00\x0cjP  \r\n\x87\n", kind: kind{is: "a JPEG 2000 image"}},
	{start: "\x00\x00\x00\x0cJXL \r\n\x87\n", kind: kind{is: "a JPEG XL image"}},
	{start: "\xff\x0a", kind: kind{is: "a JPEG XL image"}},
	{start: "8BPS", kind: kind{is: "a Photoshop document"}},
	{start: "%!PS", kind: kind{is: "a PostScript document"}},
	{start: "{\\rtf", kind: kind{is: "an RTF document"}},
	{start: "\x1a\x45\xdf\xa3", kind: kind{is: "a WebM or Matroska video"}},
	{start: "FLV\x01", kind: kind{is: "a Flash video"}},
	{start: "OggS", kind: kind{is: "an Ogg file"}},
	{start: "ID3", kind: kind{is: "an MP3 audio file"}},
	{start: "PK\x03\x04", kind: kind{is: "a ZIP archive or a file of Word, Excel or PowerPoint", do: exportAsPDF}},
	{start: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", kind: kind{is: "an old file of Word, Excel or PowerPoint", do: exportAsPDF}},
	{start: "\x1f\x8b", kind: kind{is: "compressed with gzip", do: "use it uncompressed"}},
	{start: "version https://git-lfs.github.com/", kind: pointer},
}

// brands distinguish the relatives of MP4: all begin with a box "ftyp" that names a major brand. The standard library
// knows only brands that begin with "mp4".
//
// Sources: ISO/IEC 14496-12 section 4.3 (the box), https://mp4ra.org/registered-types/brands (the brands).
var brands = map[string]kind{
	"isom": mp4, "iso2": mp4, "iso3": mp4, "iso4": mp4, "iso5": mp4, "iso6": mp4, "iso7": mp4, "iso8": mp4, "iso9": mp4,
	"mp41": mp4, "mp42": mp4, "mp71": mp4, "avc1": mp4, "M4V ": mp4, "M4VH": mp4, "M4VP": mp4, "MSNV": mp4, "dash": mp4,
	"qt  ": quickTime,
	"heic": heic, "heix": heic, "heim": heic, "heis": heic, "hevc": heic, "hevx": heic, "mif1": heic, "msf1": heic,
	"avif": avif, "avis": avif,
	"M4A ": m4a, "M4B ": m4a, "M4P ": m4a,
}

// sniff returns the kind of a file from its first bytes.
func sniff(head []byte) kind {
	if k, ok := sniffBinary(head); ok {
		return k
	}
	return sniffText(head)
}

func sniffBinary(head []byte) (kind, bool) {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.start)) && has(head, s.offset, s.inner) {
			return s.kind, true
		}
	}
	switch {
	case has(head, 4, "ftyp"):
		return sniffBrand(head), true
	// Films of QuickTime that are older than the box.
	case has(head, 4, "moov"), has(head, 4, "mdat"), has(head, 4, "wide"):
		return quickTime, true
	}
	return kind{}, false
}

func has(head []byte, offset int, want string) bool {
	return len(head) >= offset+len(want) && string(head[offset:offset+len(want)]) == want
}

// sniffBrand reads the box "ftyp": its size, its name, the major brand, a version, and the brands that a reader may
// take the file for as well.
func sniffBrand(head []byte) kind {
	const fixed = 16
	if len(head) < fixed {
		return otherISO
	}
	major := string(head[8:12])
	if k, ok := brands[major]; ok {
		return k
	}
	if strings.HasPrefix(major, "3g") {
		return threeGPP
	}
	// Cameras put a brand of their own first. Only what lies within the box is a brand.
	compatible := head[fixed:max(fixed, min(int64(len(head)), int64(binary.BigEndian.Uint32(head))))]
	for ; len(compatible) >= 4; compatible = compatible[4:] {
		if brands[string(compatible[:4])] == mp4 {
			return mp4
		}
	}
	return otherISO
}

func sniffText(head []byte) kind {
	for _, b := range head {
		if b < ' ' && !strings.ContainsRune("\t\n\f\r\x1b", rune(b)) {
			return unknown
		}
	}
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))) // a byte order mark
	lower := bytes.ToLower(trimmed)
	switch {
	case bytes.HasPrefix(lower, []byte("<")):
		return sniffMarkup(lower)
	case bytes.HasPrefix(lower, []byte("{")), bytes.HasPrefix(lower, []byte("[")):
		return json
	case holdsBase64(trimmed):
		return inBase64
	}
	return text
}

func sniffMarkup(lower []byte) kind {
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<body", "<script", "<title"} {
		if bytes.HasPrefix(lower, []byte(tag)) {
			return html
		}
	}
	switch {
	case bytes.Contains(lower, []byte("<html")): // after a comment or as XHTML; before any image in it
		return html
	case bytes.Contains(lower, []byte("<svg")):
		return svg
	case bytes.HasPrefix(lower, []byte("<?xml")), bytes.HasPrefix(lower, []byte("<error")):
		return xml
	}
	return html
}

// holdsBase64 reports whether a text is a file that Meta takes, in base64: so it comes out of a ConfigMap when it was
// put under data, or was encoded twice.
func holdsBase64(trimmed []byte) bool {
	const enough = 64 // below the shortest customary line, 64 to 76 characters
	start := trimmed[:min(len(trimmed), enough)/4*4]
	raw, err := base64.StdEncoding.DecodeString(string(start))
	if err != nil {
		return false
	}
	k, _ := sniffBinary(raw)
	return k.mime != ""
}
