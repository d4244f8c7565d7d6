package ratelimit

import (
	"fmt"
	"time"
)

// limit is a checked rate: tokens per nanosecond, and at once.
type limit struct {
	rate   float64
	burst  float64
	detail string // for whoever goes beyond it
}

func newLimit(config *Config) (limit, error) {
	if config.Average < 1 {
		return limit{}, fmt.Errorf("average: %d is not a whole number from 1 up", config.Average)
	}
	if config.Burst < 1 {
		return limit{}, fmt.Errorf("burst: %d is not a whole number from 1 up", config.Burst)
	}
	period, err := time.ParseDuration(config.Period)
	if err != nil || period <= 0 {
		return limit{}, fmt.Errorf(`period: %q is not a duration above zero such as "1s" or "1h"`, config.Period)
	}
	return limit{
		rate:   float64(config.Average) / float64(period),
		burst:  float64(config.Burst),
		detail: fmt.Sprintf("At most %d requests per %s, and %d at once.", config.Average, config.Period, config.Burst),
	}, nil
}
