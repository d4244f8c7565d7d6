package keyauth

import "strings"

// key is what the key file says of one key. Its token is nowhere: the file knows hashes alone.
type key struct {
	ID       string   `json:"id"`
	Consumer string   `json:"consumer"`
	Scopes   []string `json:"scopes"`
	// Services and Prefixes narrow the key, where given.
	Services []string `json:"services"`
	Prefixes []string `json:"prefixes"`
	// Expires is in seconds of the Unix epoch; 0 is never.
	Expires int64  `json:"expires"`
	Site    string `json:"site"`
	App     string `json:"app"`
	User    string `json:"user"`
}

// hasScopes tells whether all the scopes are among those that a key has; admin stands for any.
func hasScopes(has, needed []string) bool {
	for _, scope := range needed {
		if !contains(has, scope) && !contains(has, "admin") {
			return false
		}
	}
	return true
}

// covers tells whether a key may be used for a service that is reached under a prefix.
func covers(known *key, service, prefix string) bool {
	if known.Services != nil && !contains(known.Services, service) {
		return false
	}
	if known.Prefixes == nil {
		return true
	}
	for _, each := range known.Prefixes {
		if lies(prefix, each) {
			return true
		}
	}
	return false
}

// lies tells whether a path is another or lies below it: /math/x below /math, /mathx not.
func lies(path, above string) bool {
	above = strings.TrimRight(above, "/") + "/"
	return path != "" && strings.HasPrefix(strings.TrimRight(path, "/")+"/", above)
}

func contains(all []string, one string) bool {
	for _, each := range all {
		if each == one {
			return true
		}
	}
	return false
}
