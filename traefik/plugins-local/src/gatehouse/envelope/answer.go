package envelope

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
)

// What becomes of an answer.
const (
	undecided = iota // its header isn't there yet
	passing          // it goes on as it is, or has gone on as an envelope
	streaming        // it goes on as it is, and every piece at once
	holding          // a 200 of which nothing goes on before its body is whole
	gathering        // so is any other, and one that comes in pieces
)

// jsonKinds are the usual spellings; isJSON knows the others.
var jsonKinds = map[string]bool{"application/json": true, "application/json; charset=utf-8": true}

// answer is the ResponseWriter that the service's answer is written to. The interpreter hands it on
// with the methods of that interface and no other, so nobody inside can flush or hijack it: it
// flushes by itself. Header isn't here because the real writer's own, compiled, is as good.
type answer struct {
	http.ResponseWriter

	settings    *settings
	request     *http.Request
	header      http.Header
	state       int
	status      int    // where it isn't 200
	missing     int    // of the announced length; below zero where nobody knows
	body        []byte // what is held
	conditional bool   // the request named a tag of ours
}

// WriteHeader decides what becomes of the answer.
func (a *answer) WriteHeader(status int) {
	header := a.header
	if status == http.StatusOK && a.state == undecided && jsonKinds[header.Get("Content-Type")] &&
		header["Content-Encoding"] == nil {
		a.state = holding
		return
	}
	a.decide(status)
}

// Write wraps a body that comes in one piece, as most do. Whatever else is written is writeOther's.
func (a *answer) Write(piece []byte) (int, error) {
	header := a.header
	settings := a.settings
	if a.state != holding || header.Get("Content-Length") != strconv.Itoa(len(piece)) ||
		len(piece) > settings.maxBytes || !json.Valid(piece) {
		return a.writeOther(piece)
	}
	delete(header, "Accept-Ranges") // Ranges would be of the service's bytes.
	delete(header, "Content-Digest")
	delete(header, "Content-Md5")
	delete(header, "Digest")
	delete(header, "Repr-Digest")
	if header["Etag"] != nil {
		settings.tagAnswer(header)
	}
	header["Content-Length"][0] = strconv.Itoa(len(piece) + settings.around)
	a.state = passing
	// The first write brings the status. This way nothing is copied, and three writes are one call.
	pieces := net.Buffers{settings.prefix, piece, settings.suffix}
	pieces.WriteTo(a.ResponseWriter)
	return len(piece), nil
}
