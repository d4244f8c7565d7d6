package keyauth

import (
	"net/http"
	"strings"
)

// findToken answers the key of a request and the header that carried it. Without a key the second
// value tells whether something was sent that should have been one.
//
// What stands in Authorization and is no key of ours is the service's own, if there is an X-API-Key.
func findToken(header http.Header) (token, carrier string) {
	authorization, apiKey := header["Authorization"], header["X-Api-Key"]
	if len(authorization) > 1 || len(apiKey) > 1 && len(authorization) == 0 {
		return "", "ambiguous"
	}
	bearer := ""
	if len(authorization) == 1 {
		bearer = bearerOf(authorization[0])
	}
	switch {
	case strings.HasPrefix(bearer, "gate_"):
		return bearer, "Authorization"
	case len(apiKey) > 1:
		return "", "ambiguous"
	case len(apiKey) == 1 && apiKey[0] != "":
		return apiKey[0], "X-Api-Key"
	case bearer != "":
		return "", "Authorization"
	}
	return "", ""
}

// bearerOf answers the token of a bearer authorization: RFC 6750, section 2.1. The name of the
// scheme has no case: RFC 9110, section 11.1.
func bearerOf(authorization string) string {
	if len(authorization) < 7 || !strings.EqualFold(authorization[:7], "Bearer ") {
		return ""
	}
	return strings.TrimSpace(authorization[7:])
}

// dropSecondKey removes another key of ours that came in X-API-Key beside the one that counted.
// Another value there is the service's own.
func dropSecondKey(header http.Header) {
	if strings.Contains("\n"+strings.Join(header["X-Api-Key"], "\n"), "\ngate_") {
		delete(header, "X-Api-Key")
	}
}

// bind sets whom the key belongs to. What the key leaves open stays as the caller said it.
func bind(header http.Header, known *key) {
	if known.Site != "" {
		header["X-Site-Id"] = []string{known.Site}
	}
	if known.App != "" {
		header["X-App-Id"] = []string{known.App}
	}
	if known.User != "" {
		header["X-User-Id"] = []string{known.User}
	}
}
