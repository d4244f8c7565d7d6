package envelope

import "strings"

// isJSON says whether a content type, in lower case, is one JSON document: application/json, or a type that ends in
// +json (RFC 6839 section 3.1).
func isJSON(kind string) bool {
	media, parameters, _ := strings.Cut(kind, ";")
	media = strings.TrimSpace(media)
	// "application/json;stream=watch" is Kubernetes', the other Spring's: documents without end.
	if strings.Contains(parameters, "stream") || media == "application/stream+json" {
		return false
	}
	if media == "application/json" {
		return true
	}
	return strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}

// isPlainJSON says whether a content type is application/json and no other.
func isPlainJSON(kind string) bool {
	media, _, _ := strings.Cut(kind, ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}
