// Package entry gives every request an id before anything else sees it.
//
// Traefik interprets this package: an operation costs some 100 ns, a call some 400 ns, and every
// expression of a function is paid for when it is entered, run or not.
package entry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mathrand "math/rand"
	"net/http"
	"strconv"
	"strings"
)

// allowed are the characters of an id that a caller may choose.
const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

// answerName is how X-Request-Id is spelled in answers. Names have no case for whoever reads them,
// but Traefik's headers middleware, which stands behind this one and takes the id off that a
// service may have answered with, only finds the canonical spelling, and so leaves ours.
const answerName = "X-Request-ID"

// Config has no settings.
type Config struct{}

// CreateConfig answers the defaults.
func CreateConfig() *Config { return &Config{} }

// New makes the middleware.
func New(_ context.Context, next http.Handler, _ *Config, _ string) (http.Handler, error) {
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		header := req.Header
		ids := header["X-Request-Id"]
		if ids == nil || !isWellFormed(ids) {
			ids = []string{process + strconv.FormatUint(mathrand.Uint64(), 36)}
			header["X-Request-Id"] = ids
		}
		rw.Header()[answerName] = ids
		next.ServeHTTP(rw, req)
	}), nil
}

// isWellFormed tells whether a caller sent one id, of 8 to 128 allowed characters.
func isWellFormed(ids []string) bool {
	return len(ids) == 1 && len(ids[0]) >= 8 && len(ids[0]) <= 128 &&
		strings.Trim(ids[0], allowed) == ""
}

// process begins the ids of this Traefik. Together with 64 bits of chance an id is as good as
// unique among all there ever are, at two calls; it need not be hard to guess.
var process = newProcess()

func newProcess() string {
	some := make([]byte, 5)
	if _, err := rand.Read(some); err != nil {
		panic(fmt.Errorf("entry: no random numbers: %w", err))
	}
	return hex.EncodeToString(some) + "-"
}
