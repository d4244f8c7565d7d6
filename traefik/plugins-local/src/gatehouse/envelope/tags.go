package envelope

import (
	"net/http"
	"strings"
)

// An entity tag of the service names the service's bytes. The envelope's is the same with a suffix
// that stands for the shape, so that it names the envelope's bytes as strictly as the service's did
// its own, and is taken off again where a caller sends it: If-None-Match finds what the service
// knows, and so does If-Match, for which a weak tag would never do (RFC 9110 section 13.1.1).
// If-Range is left alone: the service doesn't know the tag there and answers with the whole.

// tagAnswer marks the tag of an answer as that of an envelope.
func (s *settings) tagAnswer(header http.Header) {
	tag := header.Get("Etag")
	if tag == "" {
		return
	}
	if strings.HasSuffix(tag, `"`) {
		header.Set("Etag", tag[:len(tag)-1]+s.tag+`"`)
		return
	}
	header.Set("Etag", tag+s.tag) // Unquoted, as some services write it.
}

// restoreTags gives the service the tags that it knows.
func (a *answer) restoreTags() {
	a.settings.restore(a.request.Header["If-Match"])
	a.conditional = a.settings.restore(a.request.Header["If-None-Match"])
}

// restore takes our mark off the tags of a header, and says whether there was one.
func (s *settings) restore(values []string) bool {
	found := false
	for place, value := range values {
		if strings.Contains(value, s.tag) {
			values[place] = strings.ReplaceAll(value, s.tag, "")
			found = true
		}
	}
	return found
}
