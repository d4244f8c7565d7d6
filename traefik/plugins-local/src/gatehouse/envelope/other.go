package envelope

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// shortPiece is less than what net/http sends on at once by itself.
const shortPiece = 4096

// unknown is what is missing of an answer without a Content-Length.
const unknown = -1

// decide is WriteHeader for whatever isn't the usual answer.
func (a *answer) decide(status int) {
	if a.state != undecided {
		a.ResponseWriter.WriteHeader(status)
		return
	}
	kind := strings.ToLower(a.header.Get("Content-Type"))
	if status < 200 || status == http.StatusNotModified || strings.Contains(kind, "json") {
		a.decideRare(status, kind)
		return
	}
	a.pass(status, kind)
}

// decideRare knows the answers that don't just pass.
func (a *answer) decideRare(status int, kind string) {
	switch {
	case status < 200 && status != http.StatusSwitchingProtocols:
		a.ResponseWriter.WriteHeader(status) // The answer is still to come.
	case isJSON(kind) && a.wrappable(status):
		a.state = gathering
		a.status = status
	default:
		if status == http.StatusNotModified && a.conditional {
			a.settings.tagAnswer(a.header)
		}
		a.pass(status, kind)
	}
}

// wrappable says whether a JSON body with this status can be wrapped.
func (a *answer) wrappable(status int) bool {
	switch status {
	case http.StatusNoContent, http.StatusResetContent, http.StatusPartialContent:
		return false
	}
	if status < 200 || status >= 300 && status < 400 || status >= 400 && a.settings.errors == "keep" {
		return false
	}
	return a.header["Content-Encoding"] == nil
}

// pass lets the header go as it is, and everything that comes after it.
func (a *answer) pass(status int, kind string) {
	a.missing = a.length()
	a.state = passing
	a.ResponseWriter.WriteHeader(status)
	if (a.missing < 0 || strings.HasPrefix(kind, "text/event-stream")) &&
		status != http.StatusNoContent && status != http.StatusNotModified {
		a.state = streaming
		a.flush() // The first event may be long in coming.
	}
}

// length answers the announced length.
func (a *answer) length() int {
	values := a.header["Content-Length"]
	if len(values) != 1 {
		return unknown
	}
	length, err := strconv.Atoi(values[0])
	if err != nil {
		return unknown
	}
	return length
}

// writeOther is Write for whatever isn't the usual answer. What passes is flushed where it would
// otherwise lie in a buffer until more comes: all of a stream, and the short pieces of a body that
// isn't at its end.
func (a *answer) writeOther(piece []byte) (int, error) {
	if a.state == undecided || a.state >= holding {
		return a.hold(piece)
	}
	written, err := a.ResponseWriter.Write(piece)
	a.missing -= written
	if a.state == streaming || a.missing > 0 && written < shortPiece {
		a.flush()
	}
	return written, err
}

func (a *answer) flush() {
	if flusher, ok := a.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
}

// hold keeps a piece back, as long as all of them may become an envelope.
func (a *answer) hold(piece []byte) (int, error) {
	if a.state == undecided {
		a.WriteHeader(http.StatusOK)
		return a.Write(piece)
	}
	if a.body == nil {
		a.state = gathering
		a.missing = a.length()
	}
	most := a.settings.maxBytes
	// Where the length is known there is no place for trailers.
	if a.missing > most || len(a.body)+len(piece) > most || a.header["Trailer"] != nil {
		return a.release(piece)
	}
	if a.body == nil && a.missing > 0 {
		a.body = make([]byte, 0, a.missing)
	}
	a.body = append(a.body, piece...)
	return len(piece), nil
}

// release gives up on wrapping: what was held goes on, and this piece.
func (a *answer) release(piece []byte) (int, error) {
	held := a.body
	a.body = nil
	a.pass(a.heldStatus(), "")
	if len(held) > 0 {
		if _, err := a.writeOther(held); err != nil {
			return 0, err
		}
	}
	return a.writeOther(piece)
}

func (a *answer) heldStatus() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// finish sends what was held when the service has said everything.
func (a *answer) finish() {
	status := a.heldStatus()
	body := a.body
	switch {
	case a.request.Method == http.MethodHead:
		a.seal()
		a.header.Del("Content-Length")
		a.pass(status, "")
		return
	case len(body) == 0:
		body = []byte("null")
	case !json.Valid(body):
		a.release(nil)
		return
	}
	prefix := a.settings.prefix
	if status >= 400 {
		prefix = a.settings.errorPrefix(status, body)
		status = a.errorStatus(status)
	}
	a.seal()
	a.header.Set("Content-Length", strconv.Itoa(len(prefix)+len(body)+len(a.settings.suffix)))
	a.state = passing
	a.ResponseWriter.WriteHeader(status)
	pieces := net.Buffers{prefix, body, a.settings.suffix}
	pieces.WriteTo(a.ResponseWriter)
}

// errorStatus answers the status that a wrapped error goes on with.
func (a *answer) errorStatus(status int) int {
	if a.settings.errors != "status200" {
		return status
	}
	if a.header.Get("Cache-Control") == "" {
		a.header.Set("Cache-Control", "no-store") // No cache can see any more that it's an error.
	}
	return http.StatusOK
}

// seal makes the header that of an envelope, but for its length.
func (a *answer) seal() {
	for _, name := range []string{"Accept-Ranges", "Content-Digest", "Content-Md5", "Digest", "Repr-Digest"} {
		a.header.Del(name)
	}
	a.settings.tagAnswer(a.header)
	if !isPlainJSON(a.header.Get("Content-Type")) {
		a.header.Set("Content-Type", "application/json")
	}
}
