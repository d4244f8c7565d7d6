package envelope

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// errorPrefix writes all of an error's envelope that stands before the data.
func (s *settings) errorPrefix(status int, body []byte) []byte {
	return []byte(s.code + strconv.Itoa(status) + s.message + quote(errorMessage(status, body)) + s.data)
}

// errorMessage finds what an error body says for people: `detail` and `title` of a problem document
// (RFC 9457), FastAPI's `detail` (a text or a list), or `message` or `error` of everybody else.
func errorMessage(status int, body []byte) string {
	var document any
	if json.Unmarshal(body, &document) == nil {
		if text := said(document); text != "" {
			return text
		}
	}
	if text := http.StatusText(status); text != "" {
		return text
	}
	return fmt.Sprintf("status %d", status)
}

func said(document any) string {
	switch known := document.(type) {
	case string:
		return known
	case []any:
		return saidOfAll(known)
	case map[string]any:
		return saidOfMembers(known)
	}
	return ""
}

func saidOfMembers(members map[string]any) string {
	for _, name := range []string{"detail", "title", "message", "msg", "error"} {
		text := said(members[name])
		if text == "" {
			continue
		}
		if where := location(members["loc"]); where != "" {
			return where + ": " + text
		}
		return text
	}
	return ""
}

func saidOfAll(entries []any) string {
	texts := []string{}
	for _, entry := range entries {
		if text := said(entry); text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}

// location writes where FastAPI found a fault, as in body.items.0.name.
func location(value any) string {
	steps, _ := value.([]any)
	texts := []string{}
	for _, step := range steps {
		texts = append(texts, fmt.Sprint(step))
	}
	return strings.Join(texts, ".")
}
