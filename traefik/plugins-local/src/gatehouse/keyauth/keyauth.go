// Package keyauth lets a request pass that brings a known key, and tells the service whose it is.
//
// Traefik interprets this package: an operation on the way of a request costs some 100 ns, a call
// some 400 ns, and every expression of a function is paid for when it is entered, run or not. That
// is why the usual way of a request is one short closure, and why what was found out about a key is
// kept: see pass.
package keyauth

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"os"
	"path/filepath"
)

// Config is what a middleware of this plugin is given.
type Config struct {
	// KeyFile is where the keys are read from; by default keys.json in GATEHOUSE_EDGE_DIR.
	KeyFile string `json:"keyFile,omitempty"`
	// Scopes are all needed; by default edge:call.
	Scopes []string `json:"scopes,omitempty"`
	// Service and Prefix are what the narrowing of a key is compared with.
	Service string `json:"service,omitempty"`
	Prefix  string `json:"prefix,omitempty"`
	// ForwardKey leaves the key in the request.
	ForwardKey bool `json:"forwardKey,omitempty"`
	// Report makes an endpoint of it that tells which keys were used, instead of a guard.
	Report bool `json:"report,omitempty"`
}

// CreateConfig answers the defaults; New fills in that of Scopes, because Traefik would merge a
// list that stands here with the given one.
func CreateConfig() *Config { return &Config{} }

// New makes the middleware for one route. Traefik calls it again for every route at every reload.
func New(_ context.Context, next http.Handler, config *Config, _ string) (http.Handler, error) {
	path, err := keyFilePath(config.KeyFile)
	if err != nil {
		return nil, err
	}
	file := openKeyFile(path)
	if config.Report {
		return reporter(file), nil
	}
	return guard(next, file, config), nil
}

func keyFilePath(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	dir := os.Getenv("GATEHOUSE_EDGE_DIR")
	if dir == "" {
		return "", errors.New("keyauth: give keyFile, or GATEHOUSE_EDGE_DIR in Traefik's environment")
	}
	return filepath.Join(dir, "keys.json"), nil
}

// guard answers the handler that asks every request for a key.
func guard(next http.Handler, file *keyFile, config *Config) http.Handler {
	asks := newGate(file, config)
	forwardKey := config.ForwardKey
	bearers, apiKeys := &asks.bearers, &asks.apiKeys

	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		header := req.Header
		sent, carrier, passes := header["Authorization"], "Authorization", bearers
		if sent == nil {
			sent, carrier, passes = header["X-Api-Key"], "X-Api-Key", apiKeys
		}
		var known *pass
		if len(sent) == 1 {
			found, _ := passes.Load(sha256.Sum256([]byte(sent[0])))
			known, _ = found.(*pass)
		}
		// Compared without the lock, see keyFile.round.
		if known == nil || known.round != file.round || known.expires <= file.now {
			known = asks.admit(rw, header)
			if known == nil {
				return
			}
			carrier = known.carrier
		}

		// No caller can have what is set here removed again by naming it in Connection: Traefik takes
		// that header away before any middleware.
		if !forwardKey {
			delete(header, carrier)
			if header["X-Api-Key"] != nil {
				dropSecondKey(header)
			}
		}
		header["X-Consumer"] = []string{known.consumer}
		header["X-Consumer-Id"] = []string{known.id}
		if known.bound != nil {
			bind(header, known.bound)
		}
		next.ServeHTTP(rw, req)
	})
}
