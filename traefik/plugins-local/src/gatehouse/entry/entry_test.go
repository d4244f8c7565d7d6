package entry

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// made is what an id of ours looks like.
var made = regexp.MustCompile(`^[0-9a-f]{10}-[0-9a-z]{1,13}$`)

// ask sends one request, and answers the header that the service saw and that of the answer.
func ask(t *testing.T, header http.Header) (seen, answered http.Header) {
	t.Helper()
	next := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { seen = req.Header })
	handler, err := New(context.Background(), next, CreateConfig(), "test")
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	req.Header = header
	rw := httptest.NewRecorder()
	handler.ServeHTTP(rw, req)
	return seen, rw.Header()
}

func TestAWellFormedIDIsKept(t *testing.T) {
	for _, id := range []string{"12345678", strings.Repeat("a", 128), "Az09._-Az09._-"} {
		seen, answered := ask(t, http.Header{"X-Request-Id": {id}})

		if got := seen["X-Request-Id"]; len(got) != 1 || got[0] != id {
			t.Errorf("the service saw %q", got)
		}
		if got := answered[answerName]; len(got) != 1 || got[0] != id {
			t.Errorf("the caller saw %q", got)
		}
	}
}

func TestAnyOtherIDIsReplaced(t *testing.T) {
	for _, ids := range [][]string{
		nil,
		{""},
		{"1234567"},
		{strings.Repeat("a", 129)},
		{"with space"},
		{"käse-käse"},
		{"\xff\xff\xff\xff\xff\xff\xff\xff"},
		{"12345678", "12345678"},
	} {
		seen, answered := ask(t, http.Header{"X-Request-Id": ids})

		got := seen["X-Request-Id"]
		if len(got) != 1 || !made.MatchString(got[0]) || answered[answerName][0] != got[0] {
			t.Errorf("%q: the service saw %q, the caller %q", ids, got, answered[answerName])
		}
	}
}
