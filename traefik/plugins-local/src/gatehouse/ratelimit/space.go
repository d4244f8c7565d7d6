package ratelimit

import (
	"context"
	"sync"
	"time"
)

// tolerance is how much of a token the arithmetic may be wrong by.
const tolerance = 1e-6

// mostSources is how many sources one space remembers; halfSources of them in each of its two maps.
const (
	mostSources = 65536
	halfSources = mostSources / 2
)

// space holds the buckets of one name. Times are nanoseconds since the start.
//
// A space has a clock of its own that counts tokens: it goes `rate` per nanosecond. A bucket is one
// number, the reading of that clock at which it'll be full again; what is used of it is the
// difference to now. So a changed rate changes the pace of the clock and no bucket, a changed burst
// changes what a difference is compared with, and a full bucket is one that is in the past, which
// is the same as none.
//
// Buckets are in two maps. When the newer one is half of what may be remembered, or is older than
// a bucket takes to fill, it becomes the older one, and what was in that is forgotten: those not
// used since. So nothing is ever searched, and only a crowd of more than halfSources makes buckets
// be forgotten that aren't full.
type space struct {
	mutex  sync.Mutex
	rate   float64
	burst  float64
	spare  float64 // what may be used of a bucket before the last token goes
	offset float64 // the clock's reading is offset + now * rate
	turn   float64 // when the newer map becomes the older one
	newer  map[string]float64
	older  map[string]float64
	// What the table knows of it, and guards by its own mutex.
	opened int     // the reload that opened it last
	unused float64 // since when no middleware that serves holds it, or 0
}

func newSpace(limit limit, now float64) *space {
	made := &space{
		rate:   limit.rate,
		burst:  limit.burst,
		spare:  limit.burst - 1 + tolerance,
		offset: -now * limit.rate,
		newer:  map[string]float64{},
		older:  map[string]float64{},
	}
	made.turn = now + made.refill()
	return made
}

// refill answers how long an empty bucket takes to be full.
func (s *space) refill() float64 { return s.burst / s.rate }

// change sets another limit, from now on and for what is used already.
func (s *space) change(limit limit, now float64) {
	s.mutex.Lock()
	if s.rate != limit.rate || s.burst != limit.burst {
		s.offset += now * (s.rate - limit.rate)
		s.rate = limit.rate
		s.burst = limit.burst
		s.spare = limit.burst - 1 + tolerance
		s.turn = now + s.refill()
	}
	s.mutex.Unlock()
}

// take takes a token for a source and answers zero, or the time until there is one.
func (s *space) take(source string, now float64) float64 {
	s.mutex.Lock()
	clock := s.offset + now*s.rate
	full := s.newer[source]
	if full == 0 {
		full = s.recall(source, now)
	}
	if full < clock {
		full = clock
	}
	if full > clock+s.spare {
		wait := (full - clock - s.burst + 1) / s.rate
		s.mutex.Unlock()
		return wait
	}
	s.newer[source] = full + 1
	s.mutex.Unlock()
	return 0
}

// recall answers the bucket of a source that the newer map doesn't know, and makes room for it.
func (s *space) recall(source string, now float64) float64 {
	if now > s.turn || len(s.newer) >= halfSources {
		s.older = s.newer
		s.newer = map[string]float64{}
		s.turn = now + s.refill()
	}
	full := s.older[source]
	if full > 0 {
		s.newer[source] = full // It's being asked for, even if it'll be refused.
	}
	return full
}

// sweepEvery is how long it takes at least until spaces are looked for again that may be forgotten.
const sweepEvery = float64(time.Minute)

// spaceTable holds the spaces by name. It's what outlives a reload.
//
// Traefik makes all middlewares anew at every reload, one reload after the other, and it ends the
// context of a reload before it makes the first middleware of the next. Until it has made the last
// one, those of the reload before serve. So a space that wasn't opened in the reload before is held
// by no middleware that serves, however long ago that reload was and however long it took. If
// contexts never ended there would be one reload without an end, and nothing would be forgotten.
type spaceTable struct {
	mutex  sync.Mutex
	byName map[string]*space
	reload context.Context // any that was given to New in this reload
	number int             // of this reload
	swept  float64         // when spaces were last looked through
	sweeps int             // how often they were; tests count them
}

var spaces = &spaceTable{byName: map[string]*space{}}

// open answers the space of a name, made or changed to this limit. It's called at every reload for
// every route, so it costs the same however many names there are.
func (t *spaceTable) open(ctx context.Context, name string, limit limit, now float64) *space {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.number == 0 || t.reload.Err() != nil {
		if now >= t.swept+sweepEvery {
			t.sweep(now)
		}
		t.reload = ctx
		t.number++
	}
	known, found := t.byName[name]
	if found {
		known.change(limit, now)
	} else {
		known = newSpace(limit, now)
		t.byName[name] = known
	}
	known.opened = t.number
	known.unused = 0
	return known
}

// sweep forgets spaces that have been unused for as long as an empty bucket takes to be full: then
// nothing is lost with them.
func (t *spaceTable) sweep(now float64) {
	for name, each := range t.byName {
		if each.opened == t.number {
			continue
		}
		if each.unused == 0 {
			each.unused = now
		} else if now > each.unused+each.refill() {
			delete(t.byName, name)
		}
	}
	t.swept = now
	t.sweeps++
}
