package keyauth

import (
	"encoding/json"
	"net/http"
	"strings"
)

const challenge = `Bearer realm="gatehouse"`

// problem is a problem document: RFC 9457.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func refuseNotReady(rw http.ResponseWriter) {
	rw.Header().Set("Retry-After", "1")
	refuse(rw, problem{
		Type:   "/problems/keys-not-ready",
		Title:  "The keys are not there yet",
		Status: http.StatusServiceUnavailable,
		Detail: "The gateway has not read its keys yet. Try again in a second.",
	})
}

// refuseUnknown answers a request without a key that counts, the same for all reasons.
func refuseUnknown(rw http.ResponseWriter, sent bool) {
	with, detail := challenge, "Send your key as `Authorization: Bearer KEY` or `X-API-Key: KEY`."
	if sent {
		with += `, error="invalid_token"`
		detail = "The key is not known here, has expired or was revoked, or was sent more than once."
	}
	rw.Header().Set("WWW-Authenticate", with)
	refuse(rw, problem{
		Type:   "/problems/unauthorized",
		Title:  "A key is needed",
		Status: http.StatusUnauthorized,
		Detail: detail,
	})
}

func refuseScope(rw http.ResponseWriter, scopes []string) {
	forbid(rw, scopes, "The key needs every scope of: "+strings.Join(scopes, ", ")+".")
}

func refuseElsewhere(rw http.ResponseWriter, scopes []string) {
	forbid(rw, scopes, "The key is for other services or other paths.")
}

func forbid(rw http.ResponseWriter, scopes []string, detail string) {
	needed := `, error="insufficient_scope", scope="` + strings.Join(scopes, " ") + `"`
	rw.Header().Set("WWW-Authenticate", challenge+needed)
	refuse(rw, problem{
		Type:   "/problems/forbidden",
		Title:  "This key may not do that",
		Status: http.StatusForbidden,
		Detail: detail,
	})
}

func refuse(rw http.ResponseWriter, why problem) {
	answer(rw, "application/problem+json", why.Status, why)
}

func answer(rw http.ResponseWriter, kind string, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		status = http.StatusInternalServerError
	}
	rw.Header().Set("Content-Type", kind)
	rw.Header().Set("Cache-Control", "no-store")
	rw.WriteHeader(status)
	_, _ = rw.Write(body)
}
