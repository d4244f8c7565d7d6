// Package entry is a part of Gatehouse.
package entry

import (
	"context"
	"net/http"
)

// Config has no settings yet.
type Config struct{}

// CreateConfig answers the defaults.
func CreateConfig() *Config { return &Config{} }

// New makes the middleware.
func New(_ context.Context, next http.Handler, _ *Config, _ string) (http.Handler, error) {
	return next, nil
}
