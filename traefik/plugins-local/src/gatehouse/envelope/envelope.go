// Package envelope wraps the JSON answers of a service into {code, message, data}, the shape that a
// caller's core system expects.
//
// Traefik interprets it, and every operation and every local value of every function called costs
// something like 100 ns. So the way of most answers (2xx, known length, one piece) is three
// functions that call no other of ours, all that is rarer has functions of its own, and what
// touches every byte is the standard library's, which is compiled.
package envelope

import (
	"context"
	"net/http"
)

// Config is what a middleware may set; newSettings says what is accepted.
type Config struct {
	// Fields are the names of the three members.
	Fields Fields `json:"fields,omitempty" yaml:"fields,omitempty"`
	// SuccessCode is the code of a 2xx answer: a string, a number or a boolean, by default 0. That
	// isn't in CreateConfig because a decoder turns what is given into the type of what is there.
	SuccessCode any `json:"successCode,omitempty" yaml:"successCode,omitempty"`
	// SuccessMessage is the message of a 2xx answer.
	SuccessMessage string `json:"successMessage,omitempty" yaml:"successMessage,omitempty"`
	// Errors says what happens to 4xx and 5xx: "wrap", "keep" or "status200".
	Errors string `json:"errors,omitempty" yaml:"errors,omitempty"`
	// MaxBodyBytes is the longest body that is wrapped; a longer one passes as it is.
	MaxBodyBytes int `json:"maxBodyBytes,omitempty" yaml:"maxBodyBytes,omitempty"`
}

// Fields names the members of an envelope.
type Fields struct {
	Code    string `json:"code,omitempty" yaml:"code,omitempty"`
	Message string `json:"message,omitempty" yaml:"message,omitempty"`
	Data    string `json:"data,omitempty" yaml:"data,omitempty"`
}

// CreateConfig answers the defaults.
func CreateConfig() *Config {
	return &Config{
		Fields:         Fields{Code: "code", Message: "message", Data: "data"},
		SuccessMessage: "ok",
		Errors:         "wrap",
		MaxBodyBytes:   1 << 20,
	}
}

// Envelope is the middleware.
type Envelope struct {
	next     http.Handler
	settings *settings
}

// New makes the middleware, or says which setting is wrong.
func New(_ context.Context, next http.Handler, config *Config, _ string) (http.Handler, error) {
	checked, err := newSettings(config)
	if err != nil {
		return nil, err
	}
	return &Envelope{next: next, settings: checked}, nil
}

var plain = []string{"identity"}

// ServeHTTP asks the service for a plain answer and holds it back until it can be wrapped.
func (e *Envelope) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	asked := req.Header
	if asked["Upgrade"] != nil {
		e.next.ServeHTTP(rw, req) // Only the real writer can be hijacked.
		return
	}
	// An encoded body can't be wrapped; without this, Traefik would ask for gzip by itself. What the
	// caller sent has been read already by `compress`, which stands outside.
	asked["Accept-Encoding"] = plain
	held := &answer{ResponseWriter: rw, settings: e.settings, request: req, header: rw.Header()}
	if asked["If-None-Match"] != nil || asked["If-Match"] != nil {
		held.restoreTags()
	}
	e.next.ServeHTTP(held, req)
	if held.state >= holding {
		held.finish()
	}
}
