package ratelimit

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func made(t *testing.T, name string, config *Config) http.Handler {
	t.Helper()
	next := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) })
	handler, err := New(context.Background(), next, config, name)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func ask(handler http.Handler, address string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, "http://api.example/", nil)
	req.RemoteAddr = address
	for place := 0; place < len(headers); place += 2 {
		if headers[place] == "Host" {
			req.Host = headers[place+1]
		} else {
			req.Header.Set(headers[place], headers[place+1])
		}
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, req)
	return answer
}

func TestARefusalIsAProblemDocumentThatSaysWhenToTryAgain(t *testing.T) {
	handler := made(t, t.Name(), &Config{Average: 2, Period: "1h", Burst: 1})
	ask(handler, "10.0.0.1:1")

	answer := ask(handler, "10.0.0.1:2")

	var body problem
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	want := problem{
		"/problems/too-many-requests", "Too many requests", 429,
		"At most 2 requests per 1h, and 1 at once. Try again in 1800 s.",
	}
	if answer.Code != 429 || body != want {
		t.Errorf("%d %+v", answer.Code, body)
	}
	for name, value := range map[string]string{"Content-Type": "application/problem+json", "Retry-After": "1800"} {
		if answer.Header().Get(name) != value {
			t.Errorf("%s: %q", name, answer.Header().Get(name))
		}
	}
}

func TestRetryAfterIsNeverLessThanASecond(t *testing.T) {
	handler := made(t, t.Name(), &Config{Average: 50, Period: "1s", Burst: 1})
	ask(handler, "10.0.0.1:1")

	if after := ask(handler, "10.0.0.1:1").Header().Get("Retry-After"); after != "1" {
		t.Errorf("%q", after)
	}
}

func TestTheNameOfTheMiddlewareIsTheSpaceUnlessOneIsGiven(t *testing.T) {
	ask(made(t, "alpha@file", &Config{Average: 1, Period: "1h", Burst: 1}), "10.0.0.1:1")

	for name, each := range map[string]struct {
		middleware string
		config     Config
		status     int
	}{
		"the same after a reload": {"alpha@file", Config{}, 429},
		"another middleware":      {"beta@file", Config{}, 204},
		"one that names it":       {"gamma@file", Config{Name: "alpha"}, 429},
	} {
		t.Run(name, func(t *testing.T) {
			each.config.Average, each.config.Period, each.config.Burst = 1, "1h", 1
			if answer := ask(made(t, each.middleware, &each.config), "10.0.0.1:1"); answer.Code != each.status {
				t.Errorf("%d", answer.Code)
			}
		})
	}
}

// Every case: a first request that takes the only token, and a second one that is of the same
// source or isn't.
func TestSources(t *testing.T) {
	long := strings.Repeat("x", 8192)
	type request struct {
		address string
		headers []string
	}
	for name, each := range map[string]struct {
		criterion     *SourceCriterion
		first, second request
		same          bool
	}{
		"no criterion, same address": {nil, request{"10.0.0.1:1", nil}, request{"10.0.0.1:2", nil}, true},
		"no criterion, another":      {nil, request{"10.0.0.1:1", nil}, request{"10.0.0.2:1", nil}, false},
		"no criterion, IPv6":         {nil, request{"[2001:db8::1]:1", nil}, request{"[2001:db8::1]:2", nil}, true},
		"empty criterion":            {&SourceCriterion{}, request{"10.0.0.1:1", nil}, request{"10.0.0.1:2", nil}, true},
		"a subnet": {
			&SourceCriterion{IPStrategy: &IPStrategy{IPv6Subnet: 64}},
			request{"[2001:db8::1]:1", nil}, request{"[2001:db8::2]:1", nil}, true,
		},
		"another subnet": {
			&SourceCriterion{IPStrategy: &IPStrategy{IPv6Subnet: 64}},
			request{"[2001:db8::1]:1", nil}, request{"[2001:db8:0:1::1]:1", nil}, false,
		},
		"a subnet of IPv4 is nothing": {
			&SourceCriterion{IPStrategy: &IPStrategy{IPv6Subnet: 8}},
			request{"10.0.0.1:1", nil}, request{"10.0.0.2:1", nil}, false,
		},
		"depth counts from the right": {
			&SourceCriterion{IPStrategy: &IPStrategy{Depth: 2}},
			request{"10.0.0.1:1", []string{"X-Forwarded-For", "9.9.9.9, 1.1.1.1, 2.2.2.2"}},
			request{"10.0.0.2:1", []string{"X-Forwarded-For", "1.1.1.1,3.3.3.3"}}, true,
		},
		"too short for the depth": {
			&SourceCriterion{IPStrategy: &IPStrategy{Depth: 3}},
			request{"10.0.0.1:1", []string{"X-Forwarded-For", "1.1.1.1"}},
			request{"10.0.0.2:1", []string{"X-Forwarded-For", "2.2.2.2, 3.3.3.3"}}, true,
		},
		"depth with a subnet": {
			&SourceCriterion{IPStrategy: &IPStrategy{Depth: 1, IPv6Subnet: 64}},
			request{"10.0.0.1:1", []string{"X-Forwarded-For", "2001:db8::1"}},
			request{"10.0.0.1:1", []string{"X-Forwarded-For", "2001:db8::2"}}, true,
		},
		"excluded addresses are skipped": {
			&SourceCriterion{IPStrategy: &IPStrategy{ExcludedIPs: []string{"10.0.0.0/8", "2.2.2.2"}}},
			request{"10.0.0.1:1", []string{"X-Forwarded-For", "1.1.1.1, 2.2.2.2, 10.1.1.1"}},
			request{"10.0.0.2:1", []string{"X-Forwarded-For", "7.7.7.7, 1.1.1.1"}}, true,
		},
		"excluded, and another is left": {
			&SourceCriterion{IPStrategy: &IPStrategy{ExcludedIPs: []string{"10.0.0.0/8"}}},
			request{"10.0.0.1:1", []string{"X-Forwarded-For", "1.1.1.1, 10.1.1.1"}},
			request{"10.0.0.1:1", []string{"X-Forwarded-For", "1.1.1.1, 3.3.3.3"}}, false,
		},
		"a header": {
			&SourceCriterion{RequestHeaderName: "x-api-client"},
			request{"10.0.0.1:1", []string{"X-Api-Client", "a"}}, request{"10.0.0.2:1", []string{"X-Api-Client", "a"}}, true,
		},
		"another value of a header": {
			&SourceCriterion{RequestHeaderName: "x-api-client"},
			request{"10.0.0.1:1", []string{"X-Api-Client", "a"}}, request{"10.0.0.1:1", []string{"X-Api-Client", "b"}}, false,
		},
		"all without the header are one": {
			&SourceCriterion{RequestHeaderName: "x-api-client"},
			request{"10.0.0.1:1", nil}, request{"10.0.0.2:1", nil}, true,
		},
		"a long value": {
			&SourceCriterion{RequestHeaderName: "x-api-client"},
			request{"10.0.0.1:1", []string{"X-Api-Client", long}}, request{"10.0.0.1:1", []string{"X-Api-Client", long}}, true,
		},
		"another long value": {
			&SourceCriterion{RequestHeaderName: "x-api-client"},
			request{"10.0.0.1:1", []string{"X-Api-Client", long}}, request{"10.0.0.1:1", []string{"X-Api-Client", long + "y"}}, false,
		},
		"a host in any spelling": {
			&SourceCriterion{RequestHost: true},
			request{"10.0.0.1:1", []string{"Host", "Api.Example"}}, request{"10.0.0.2:1", []string{"Host", "api.example"}}, true,
		},
		"a consumer": {
			&SourceCriterion{Consumer: true},
			request{"10.0.0.1:1", []string{"X-Consumer-Id", "a1b2"}}, request{"10.0.0.2:1", []string{"X-Consumer-Id", "a1b2"}}, true,
		},
		"another consumer": {
			&SourceCriterion{Consumer: true},
			request{"10.0.0.1:1", []string{"X-Consumer-Id", "a1b2"}}, request{"10.0.0.1:1", []string{"X-Consumer-Id", "c3d4"}}, false,
		},
		"no consumer is the address": {
			&SourceCriterion{Consumer: true}, request{"10.0.0.1:1", nil}, request{"10.0.0.1:2", nil}, true,
		},
		"no consumer, another address": {
			&SourceCriterion{Consumer: true}, request{"10.0.0.1:1", nil}, request{"10.0.0.2:1", nil}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			handler := made(t, t.Name(), &Config{Average: 1, Period: "1h", Burst: 1, SourceCriterion: each.criterion})
			if first := ask(handler, each.first.address, each.first.headers...); first.Code != 204 {
				t.Fatalf("the first was answered with %d", first.Code)
			}
			second := ask(handler, each.second.address, each.second.headers...)
			if same := second.Code == 429; same != each.same {
				t.Errorf("the second was answered with %d", second.Code)
			}
		})
	}
}

func TestABadSettingIsNamed(t *testing.T) {
	ip := func(strategy IPStrategy) *SourceCriterion { return &SourceCriterion{IPStrategy: &strategy} }
	for _, each := range []struct {
		named  string
		config Config
	}{
		{"average", Config{Average: 0, Period: "1s", Burst: 1}},
		{"average", Config{Average: -5, Period: "1s", Burst: 1}},
		{"burst", Config{Average: 1, Period: "1s", Burst: 0}},
		{"burst", Config{Average: 1, Period: "1s", Burst: -1}},
		{"period", Config{Average: 1, Period: "", Burst: 1}},
		{"period", Config{Average: 1, Period: "10", Burst: 1}},
		{"period", Config{Average: 1, Period: "0s", Burst: 1}},
		{"period", Config{Average: 1, Period: "-1s", Burst: 1}},
		{"period", Config{Average: 1, Period: "soon", Burst: 1}},
		{"requestHost and consumer", Config{Average: 1, Period: "1s", Burst: 1, SourceCriterion: &SourceCriterion{RequestHost: true, Consumer: true}}},
		{"ipStrategy and requestHeaderName", Config{Average: 1, Period: "1s", Burst: 1, SourceCriterion: &SourceCriterion{IPStrategy: &IPStrategy{}, RequestHeaderName: "x"}}},
		{"requestHeaderName", Config{Average: 1, Period: "1s", Burst: 1, SourceCriterion: &SourceCriterion{RequestHeaderName: "x y"}}},
		{"depth", Config{Average: 1, Period: "1s", Burst: 1, SourceCriterion: ip(IPStrategy{Depth: -1})}},
		{"ipv6Subnet", Config{Average: 1, Period: "1s", Burst: 1, SourceCriterion: ip(IPStrategy{IPv6Subnet: 129})}},
		{"ipv6Subnet", Config{Average: 1, Period: "1s", Burst: 1, SourceCriterion: ip(IPStrategy{IPv6Subnet: -1})}},
		{"excludedIPs", Config{Average: 1, Period: "1s", Burst: 1, SourceCriterion: ip(IPStrategy{ExcludedIPs: []string{"10.0.0.0/8", "ten"}})}},
	} {
		if _, err := New(context.Background(), nil, &each.config, "x@file"); err == nil || !strings.Contains(err.Error(), each.named) {
			t.Errorf("%s: %v", each.named, err)
		}
	}
}

func TestTheDefaultsNeedAnAverageAndNothingElse(t *testing.T) {
	config := CreateConfig()
	config.Average = 1

	if _, err := New(context.Background(), nil, config, "x@file"); err != nil {
		t.Error(err)
	}
}

func TestManyAtOnceGetNoMoreThanThereIsThroughReloads(t *testing.T) {
	var all sync.WaitGroup
	var passed atomic.Int64
	for range 16 {
		handler := made(t, t.Name(), &Config{Average: 1, Period: "1h", Burst: 50})
		all.Add(1)
		go func() {
			defer all.Done()
			for range 100 {
				if ask(handler, "10.0.0.1:1").Code == http.StatusNoContent {
					passed.Add(1)
				}
			}
		}()
	}
	all.Wait()
	if passed.Load() != 50 {
		t.Errorf("%d passed", passed.Load())
	}
}
