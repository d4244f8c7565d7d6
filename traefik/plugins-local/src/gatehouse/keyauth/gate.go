package keyauth

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"net/http"
	"sync"
	"time"
)

// passesMax is how many passes a route makes before it forgets all that it kept.
const passesMax = 10_000

// pass is what a route found out about a key, so that it need not find it out for every request.
// It is good for one round of the key file: until the table changes or somebody asks for the keys
// in use. It never changes once it is made.
type pass struct {
	round   int
	expires int64
	// carrier is the header that the key came in.
	carrier      string
	consumer, id string
	// bound is whom the key is bound to, or nil.
	bound *key
}

// gate is what one route asks of a key, and what it found out.
type gate struct {
	file            *keyFile
	scopes          []string
	service, prefix string

	// bearers and apiKeys hold passes by the SHA-256 of the header that brings a key; never the
	// header itself, so that no key stays in memory. They are apart because a key that is good in
	// one header isn't in the other.
	bearers, apiKeys sync.Map
	mutex            sync.Mutex
	kept             int
}

func newGate(file *keyFile, config *Config) *gate {
	scopes := config.Scopes
	if len(scopes) == 0 {
		scopes = []string{"edge:call"}
	}
	return &gate{file: file, scopes: scopes, service: config.Service, prefix: config.Prefix}
}

// admit looks at a request closely. It answers those that may not pass, and gives nil.
func (asks *gate) admit(rw http.ResponseWriter, header http.Header) *pass {
	keys, round, ready := asks.file.current()
	if !ready {
		refuseNotReady(rw)
		return nil
	}
	token, carrier := findToken(header)
	sum := sha256.Sum256([]byte(token))
	known := keys[hex.EncodeToString(sum[:])]
	if known == nil || token == "" || known.Expires != 0 && known.Expires <= time.Now().Unix() {
		refuseUnknown(rw, carrier != "")
		return nil
	}
	if !hasScopes(known.Scopes, asks.scopes) {
		refuseScope(rw, asks.scopes)
		return nil
	}
	if !covers(known, asks.service, asks.prefix) {
		refuseElsewhere(rw, asks.scopes)
		return nil
	}
	asks.file.use(known.ID)
	given := newPass(known, carrier, round)
	asks.keep(given, header)
	return given
}

func newPass(known *key, carrier string, round int) *pass {
	given := &pass{round: round, carrier: carrier, consumer: known.Consumer, id: known.ID}
	given.expires = known.Expires
	if known.Expires == 0 {
		given.expires = math.MaxInt64
	}
	if known.Site != "" || known.App != "" || known.User != "" {
		given.bound = known
	}
	return given
}

// keep keeps a pass for requests with the same header.
func (asks *gate) keep(given *pass, header http.Header) {
	passes := &asks.bearers
	if given.carrier == "X-Api-Key" {
		if header["Authorization"] != nil {
			return // Looked up by Authorization, which isn't ours.
		}
		passes = &asks.apiKeys
	}
	asks.mutex.Lock()
	defer asks.mutex.Unlock()
	if asks.kept == passesMax {
		forget(&asks.bearers)
		forget(&asks.apiKeys)
		asks.kept = 0
	}
	asks.kept++
	passes.Store(sha256.Sum256([]byte(header[given.carrier][0])), given)
}

func forget(passes *sync.Map) {
	passes.Range(func(header, _ any) bool {
		passes.Delete(header)
		return true
	})
}
