package ratelimit

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// problem is a problem document (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// refuse answers that there were too many requests, and in how many whole seconds there may be one.
func refuse(rw http.ResponseWriter, wait float64, detail string) {
	seconds := strconv.FormatFloat(math.Max(1, math.Ceil(wait/float64(time.Second))), 'f', 0, 64)
	body, _ := json.Marshal(problem{
		Type:   "/problems/too-many-requests",
		Title:  "Too many requests",
		Status: http.StatusTooManyRequests,
		Detail: fmt.Sprintf("%s Try again in %s s.", detail, seconds),
	})
	header := rw.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Retry-After", seconds)
	rw.WriteHeader(http.StatusTooManyRequests)
	_, _ = rw.Write(body)
}
