// Package ratelimit limits how often a source may ask, by token buckets that outlive Traefik's
// reloads. They live in this process and nowhere else, so no store can be away.
//
// Traefik interprets it, and every operation counts: a request that passes takes one lock, one look
// at the clock and two at a map. Traefik's own makes a request wait where a token is about to come;
// this one refuses it.
package ratelimit

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// Config is what a middleware may set, in the words of Traefik's own rateLimit.
type Config struct {
	// Average is how many requests may come per Period in the long run, at least 1.
	Average int64 `json:"average,omitempty" yaml:"average,omitempty"`
	// Period is a Go duration such as "1s" or "1h".
	Period string `json:"period,omitempty" yaml:"period,omitempty"`
	// Burst is how many requests may come at once, at least 1.
	Burst int64 `json:"burst,omitempty" yaml:"burst,omitempty"`
	// SourceCriterion says who is counted as one; without it, a remote address is.
	SourceCriterion *SourceCriterion `json:"sourceCriterion,omitempty" yaml:"sourceCriterion,omitempty"`
	// Name is the space of buckets; middlewares of one name share them. By default it's the
	// middleware's own name.
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
}

// SourceCriterion takes one of its members.
type SourceCriterion struct {
	IPStrategy        *IPStrategy `json:"ipStrategy,omitempty" yaml:"ipStrategy,omitempty"`
	RequestHeaderName string      `json:"requestHeaderName,omitempty" yaml:"requestHeaderName,omitempty"`
	RequestHost       bool        `json:"requestHost,omitempty" yaml:"requestHost,omitempty"`
	// Consumer counts per key (X-Consumer-Id, which keyauth sets), and per remote address where
	// there is none.
	Consumer bool `json:"consumer,omitempty" yaml:"consumer,omitempty"`
}

// IPStrategy is Traefik's: Depth counts from the right of X-Forwarded-For and goes before
// ExcludedIPs; with neither the remote address counts.
type IPStrategy struct {
	Depth       int      `json:"depth,omitempty" yaml:"depth,omitempty"`
	ExcludedIPs []string `json:"excludedIPs,omitempty" yaml:"excludedIPs,omitempty"`
	IPv6Subnet  int      `json:"ipv6Subnet,omitempty" yaml:"ipv6Subnet,omitempty"`
}

// CreateConfig answers the defaults.
func CreateConfig() *Config { return &Config{Period: "1s", Burst: 1} }

// started is what times are counted from; the difference of two times is monotonic.
var started = time.Now()

// Limiter is the middleware.
type Limiter struct {
	next   http.Handler
	space  *space
	source *source
	detail string
	// The two sources that aren't worth a call.
	header    string
	byAddress bool
}

// New makes the middleware, or says which setting is wrong.
func New(ctx context.Context, next http.Handler, config *Config, name string) (http.Handler, error) {
	limit, err := newLimit(config)
	if err != nil {
		return nil, err
	}
	source, err := newSource(config.SourceCriterion)
	if err != nil {
		return nil, err
	}
	if config.Name != "" {
		name = config.Name
	} else if at := strings.LastIndexByte(name, '@'); at >= 0 {
		name = name[:at]
	}
	return &Limiter{
		next:      next,
		space:     spaces.open(ctx, name, limit, float64(time.Since(started))),
		source:    source,
		header:    source.header,
		byAddress: source.kind == byAddress,
		detail:    limit.detail,
	}, nil
}

// ServeHTTP passes a request on, or answers 429. The usual request, of a source that is remembered
// and has a token left, needs no other function of ours: a call costs as much as ten operations.
func (l *Limiter) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	source := ""
	if l.header != "" {
		source = req.Header.Get(l.header)
	} else if l.byAddress {
		source = req.RemoteAddr[:strings.LastIndexByte(req.RemoteAddr, ':')+1]
	}
	if source == "" || len(source) > longSource {
		source = l.source.of(req)
	}
	now := float64(time.Since(started))
	space := l.space
	space.mutex.Lock()
	clock := space.offset + now*space.rate
	full := space.newer[source]
	if full > 0 && full < clock {
		full = clock
	}
	if full > 0 && full <= clock+space.spare {
		space.newer[source] = full + 1
		space.mutex.Unlock()
		l.next.ServeHTTP(rw, req)
		return
	}
	space.mutex.Unlock()
	l.serveOther(rw, req, source, now)
}

// serveOther is ServeHTTP for a source that is new or has to wait.
func (l *Limiter) serveOther(rw http.ResponseWriter, req *http.Request, source string, now float64) {
	if wait := l.space.take(source, now); wait > 0 {
		refuse(rw, wait, l.detail)
		return
	}
	l.next.ServeHTTP(rw, req)
}
