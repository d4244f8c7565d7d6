package ratelimit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
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
			table := &spaceTable{byName: map[string]*space{}}
			asked(table.open("x", each.before, 100), "a", 100, each.used)
			space := table.open("x", each.after, 100)
			passed, wait := asked(space, "a", 100, each.passes+1)
			if passed != each.passes || math.Abs(wait-each.wait) > 1e-6 {
				t.Errorf("%d passed, wait %v", passed, wait)
			}
		})
	}
}

func TestNamesDoNotShareABucket(t *testing.T) {
	table := &spaceTable{byName: map[string]*space{}}
	asked(table.open("x", limit{1, 1, ""}, 0), "a", 0, 1)

	if table.open("y", limit{1, 1, ""}, 0).take("a", 0) != 0 {
		t.Error("another name was counted")
	}
	if table.open("x", limit{1, 1, ""}, 0).take("a", 0) == 0 {
		t.Error("the name was forgotten")
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

// Whatever is forgotten must have been full: a space answers as one that forgets nothing does.
func TestForgettingIsNeverSeen(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	space := newSpace(limit{rate: 2, burst: 6}, 0)
	type bucket struct{ used, at float64 }
	remembered := map[string]bucket{}
	now := 0.0
	for step := range 200_000 {
		now += random.ExpFloat64() * 0.01
		source := fmt.Sprint(random.IntN(20))
		if step%10 == 0 {
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

func TestSpacesOfNamesThatAreGoneAreForgotten(t *testing.T) {
	table := &spaceTable{byName: map[string]*space{}}
	for each := range 1000 {
		now := float64(each)
		table.open(fmt.Sprint(each), limit{10, 5, ""}, now).take("a", now)
	}
	if len(table.byName) > 4 {
		t.Errorf("%d spaces held", len(table.byName))
	}
}
