package ratelimit

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func asked(space *space, source string, now float64, times int) (passed int, wait float64) {
	for range times {
		if wait = space.take(source, now); wait == 0 {
			passed++
		}
	}
	return passed, wait
}

func TestABucketGivesItsBurstAndThenItsRate(t *testing.T) {
	space := newSpace(limit{rate: 10, burst: 5}, 0)
	for _, step := range []struct {
		now    float64
		passes int
		wait   float64
	}{
		{now: 0, passes: 5, wait: 0.1},
		{now: 0.05, passes: 0, wait: 0.05},
		{now: 0.1, passes: 1, wait: 0.1},
		{now: 0.4, passes: 3, wait: 0.1},
		{now: 100, passes: 5, wait: 0.1},
	} {
		passed, wait := asked(space, "a", step.now, step.passes+1)
		if passed != step.passes || math.Abs(wait-step.wait) > 1e-6 {
			t.Errorf("at %v: %d passed, wait %v; want %d and %v", step.now, passed, wait, step.passes, step.wait)
		}
	}
}

func TestARefusedRequestUsesNothing(t *testing.T) {
	space := newSpace(limit{rate: 1, burst: 1}, 0)
	asked(space, "a", 0, 1000)

	if passed, _ := asked(space, "a", 1, 1); passed != 1 {
		t.Error("refused requests were counted")
	}
}

func TestOverALongTimeTheRateHolds(t *testing.T) {
	space := newSpace(limit{rate: 7, burst: 3}, 0)
	passed := 0
	for tick := range 100_000 {
		if space.take("a", float64(tick)*0.01) == 0 {
			passed++
		}
	}
	if passed < 7000 || passed > 7004 {
		t.Errorf("%d passed in 1000 s at 7 per second and a burst of 3", passed)
	}
}

func TestSourcesDoNotShareABucket(t *testing.T) {
	space := newSpace(limit{rate: 1, burst: 2}, 0)
	asked(space, "a", 0, 10)

	if passed, _ := asked(space, "b", 0, 10); passed != 2 {
		t.Errorf("%d passed", passed)
	}
}

func TestAChangedLimitHoldsAtOnceAndForgetsNothing(t *testing.T) {
	for name, each := range map[string]struct {
		before, after limit
		used, passes  int
		wait          float64
	}{
		"a larger burst":   {limit{1, 5, ""}, limit{1, 8, ""}, 5, 3, 1},
		"a smaller burst":  {limit{1, 5, ""}, limit{1, 2, ""}, 4, 0, 3},
		"a faster rate":    {limit{1, 5, ""}, limit{10, 5, ""}, 5, 0, 0.1},
		"a slower rate":    {limit{10, 5, ""}, limit{1, 5, ""}, 5, 0, 1},
		"nothing at all":   {limit{1, 5, ""}, limit{1, 5, ""}, 3, 2, 1},
		"nothing was used": {limit{1, 5, ""}, limit{100, 7, ""}, 0, 7, 0.01},
	} {
		t.Run(name, func(t *testing.T) {
			reloads := newReloads()
			asked(reloads.open(each.before, 100, "x")["x"], "a", 100, each.used)
			space := reloads.open(each.after, 100, "x")["x"]
			passed, wait := asked(space, "a", 100, each.passes+1)
			if passed != each.passes || math.Abs(wait-each.wait) > 1e-6 {
				t.Errorf("%d passed, wait %v", passed, wait)
			}
		})
	}
}

func TestNamesDoNotShareABucket(t *testing.T) {
	spaces := newReloads().open(limit{1, 1, ""}, 0, "x", "y")
	asked(spaces["x"], "a", 0, 1)

	if spaces["y"].take("a", 0) != 0 {
		t.Error("another name was counted")
	}
	if spaces["x"].take("a", 0) == 0 {
		t.Error("the name was forgotten")
	}
}

func TestWhoAsksAllTheTimeIsNotForgottenForWhoIsNew(t *testing.T) {
	space := newSpace(limit{rate: 1, burst: 2}, 0)
	for now := range 100 {
		asked(space, "often", float64(now), 2)
	}

	space.take("new", 100)

	if passed, _ := asked(space, "often", 100, 2); passed != 1 {
		t.Errorf("%d passed", passed)
	}
}

func TestACrowdIsBoundedAndKeepsWhoAsksOften(t *testing.T) {
	space := newSpace(limit{rate: 0.001, burst: 2}, 0)
	asked(space, "often", 0, 2)
	for each := range 300_000 {
		space.take(fmt.Sprintf("source-%d", each), 0)
		if each%1000 == 0 && space.take("often", 0) == 0 {
			t.Fatalf("forgotten after %d others", each)
		}
		if held := len(space.newer) + len(space.older); held > mostSources+1 {
			t.Fatalf("%d sources held", held)
		}
	}
}

// Whatever is forgotten must have been full: a space answers as one that forgets nothing does. For
// a while there is always somebody new, and then for a while there is nobody.
func TestForgettingIsNeverSeen(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	space := newSpace(limit{rate: 2, burst: 6}, 0)
	type bucket struct{ used, at float64 }
	remembered := map[string]bucket{}
	now := 0.0
	for step := range 200_000 {
		now += random.ExpFloat64() * 0.01
		source := fmt.Sprint(random.IntN(20))
		if step%10 == 0 && step/2000%2 == 0 {
			source = fmt.Sprint("new", step) // Only who isn't known makes the maps turn.
		}
		known := remembered[source]
		used := math.Max(0, known.used-(now-known.at)*2) + 1
		passes := used <= 6+tolerance
		if passes {
			remembered[source] = bucket{used, now}
		}
		if passed := space.take(source, now) == 0; passed != passes {
			t.Fatalf("step %d at %v: %v, though %v were used", step, now, passed, used)
		}
	}
}

func TestFullBucketsAreForgottenInTime(t *testing.T) {
	space := newSpace(limit{rate: 10, burst: 5}, 0)
	for each := range 1000 {
		space.take(fmt.Sprint(each), float64(each)*0.01)
	}
	if held := len(space.newer) + len(space.older); held > 200 {
		t.Errorf("%d sources held, though a bucket fills in half a second", held)
	}
}

const minute = float64(time.Minute)

// reloads opens spaces as Traefik does: it ends the last reload's context and gives a new one.
type reloads struct {
	table *spaceTable
	ended context.CancelFunc
}

func newReloads() *reloads {
	return &reloads{&spaceTable{byName: map[string]*space{}}, func() {}}
}

func (r *reloads) start() context.Context {
	r.ended()
	reload, ended := context.WithCancel(context.Background())
	r.ended = ended
	return reload
}

func (r *reloads) open(limit limit, now float64, names ...string) map[string]*space {
	reload := r.start()
	opened := map[string]*space{}
	for _, name := range names {
		// Every middleware has a context of its own, made of the reload's.
		ctx := context.WithValue(reload, nameKey{}, name)
		opened[name] = r.table.open(ctx, name, limit, now)
	}
	return opened
}

type nameKey struct{}

func TestANewNameMakesNoLimitInUseForgotten(t *testing.T) {
	hourly := limit{rate: 2 / (60 * minute), burst: 2}
	for name, order := range map[string][]string{
		"opened before the new one": {"used", "new"},
		"opened after the new one":  {"new", "used"},
	} {
		t.Run(name, func(t *testing.T) {
			reloads := newReloads()
			reloads.open(hourly, 0, "used")
			now := 1e6 * minute // By now it has been idle for two years.
			asked(reloads.open(hourly, now, order...)["used"], "a", now, 2)

			for later := range 5 {
				now += float64(later)
				if space := reloads.open(hourly, now, append(order, "other")...)["used"]; space.take("a", now) == 0 {
					t.Fatalf("forgotten after reload %d", later+3)
				}
			}
		})
	}
}

// A table answers as one that forgets nothing does, however long reloads take, whatever comes and
// goes, and also for those who still ask the middlewares of the last reload during the next.
func TestForgettingNamesIsNeverSeen(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	reloads, limit := newReloads(), limit{rate: 1 / minute, burst: 2}
	kept, serving := map[string]*space{}, map[string]*space{}
	now, forgotten := 0.0, 0
	pass := func() {
		now += random.ExpFloat64() * minute * []float64{0.01, 1, 10}[random.IntN(3)]
		for name, space := range serving {
			if random.IntN(3) == 0 && (space.take("a", now) == 0) != (kept[name].take("a", now) == 0) {
				t.Fatalf("%s at %v: not what it is without forgetting", name, now)
			}
		}
	}
	for range 5_000 {
		reload, made := reloads.start(), map[string]*space{}
		for _, each := range random.Perm(12)[:random.IntN(12)] {
			name := fmt.Sprint(each)
			if kept[name] == nil {
				kept[name] = newSpace(limit, now)
			} else if reloads.table.byName[name] == nil {
				forgotten++
			}
			made[name] = reloads.table.open(reload, name, limit, now)
			if serves := serving[name]; serves != nil && serves != made[name] {
				t.Fatalf("%s at %v: the one that serves was forgotten", name, now)
			}
			pass()
		}
		serving = made
		pass()
	}
	if forgotten < 100 {
		t.Errorf("only %d were forgotten, so little was tested", forgotten)
	}
}

func TestOpeningManyNamesIsNoSearchForEach(t *testing.T) {
	reloads, names := newReloads(), []string{}
	for each := range 2_000 {
		names = append(names, fmt.Sprint(each))
	}
	for each := range 120 {
		now := 60*minute + float64(each)*minute/60 // A reload per second, all idle but the first time.
		reloads.open(limit{1, 1, ""}, now, names...)
		reloads.open(limit{1, 1, ""}, now, append(names, fmt.Sprint("new", each))...)
	}
	if reloads.table.sweeps > 3 {
		t.Errorf("%d sweeps in two minutes", reloads.table.sweeps)
	}
}

func TestSpacesOfNamesThatAreGoneAreForgotten(t *testing.T) {
	reloads := newReloads()
	for each := range 1000 {
		name, now := fmt.Sprint(each), float64(each)*minute
		reloads.open(limit{10, 5, ""}, now, name)[name].take("a", now)
	}
	if held := len(reloads.table.byName); held > 4 {
		t.Errorf("%d spaces held", held)
	}
}

func TestSpacesInUseAreKeptWhenTheirNamesAreGone(t *testing.T) {
	reloads, daily := newReloads(), limit{rate: 1 / (24 * 60 * minute), burst: 1}
	reloads.open(daily, 0, "a")["a"].take("a", 0)
	for each := range 60 {
		reloads.open(daily, float64(each)*minute, "other")
	}
	if reloads.open(daily, 60*minute, "a")["a"].take("a", 60*minute) == 0 {
		t.Error("forgotten within an hour")
	}
}
