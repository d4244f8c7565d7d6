package envelope

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
)

func TestWhatNamesOtherBytesGoes(t *testing.T) {
	names := []string{"Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges"}
	header := []string{"Cache-Control", "max-age=5"}
	for _, name := range names {
		header = append(header, name, "x")
	}
	for _, each := range []spoken{service(200, "{}", header...), service(201, "{}", header...), service(404, "{}", header...)} {
		answer := ask(t, each, nil)
		for _, name := range names {
			if answer.Header().Get(name) != "" {
				t.Errorf("%d: %s", each.status, name)
			}
		}
		if answer.Header().Get("Cache-Control") != "max-age=5" {
			t.Errorf("%d: %v", each.status, answer.Header())
		}
	}
}

// known answers 304 to the tag it knows, and 412 to If-Match with another, as services do that
// compare texts.
func known(tag string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		rw.Header().Set("ETag", tag)
		if req.Header.Get("If-None-Match") == tag {
			rw.WriteHeader(http.StatusNotModified)
			return
		}
		if match := req.Header.Get("If-Match"); match != "" && match != tag {
			rw.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		service(200, "{}").ServeHTTP(rw, req)
	})
}

func TestATagOfAnEnvelopeIsAnotherAndComesBackAsTheServices(t *testing.T) {
	for _, tag := range []string{`"abc"`, `W/"abc"`, `""`, `unquoted`, `"a-gh00000000"`} {
		first := ask(t, known(tag), nil).Header().Get("Etag")
		if first == tag || strings.HasPrefix(first, "W/") != strings.HasPrefix(tag, "W/") {
			t.Errorf("%s became %s", tag, first)
		}
		second := ask(t, known(tag), nil, "If-None-Match", first)
		if second.Code != http.StatusNotModified || second.Header().Get("Etag") != first || second.Body.Len() != 0 {
			t.Errorf("%s: %d %v", tag, second.Code, second.Header())
		}
		if third := ask(t, known(tag), nil, "If-Match", first); third.Code != http.StatusOK {
			t.Errorf("%s: If-Match gave %d", tag, third.Code)
		}
		if fourth := ask(t, known(tag), nil, "If-Match", `"other"`); fourth.Code != http.StatusPreconditionFailed {
			t.Errorf("%s: another If-Match gave %d", tag, fourth.Code)
		}
	}
}

func TestAnotherShapeHasOtherTags(t *testing.T) {
	first := ask(t, known(`"abc"`), nil).Header().Get("Etag")

	answer := ask(t, known(`"abc"`), func(config *Config) { config.SuccessCode = 1 }, "If-None-Match", first)

	if answer.Code != http.StatusOK {
		t.Errorf("%d: what the caller has is of another shape", answer.Code)
	}
}

func TestTagsOfWhatIsNotWrappedStay(t *testing.T) {
	answer := ask(t, service(200, "<p>", "Content-Type", "text/html", "Etag", `"abc"`), nil)

	if tag := answer.Header().Get("Etag"); tag != `"abc"` {
		t.Error(tag)
	}
}

func TestHeadHasTheHeaderOfAnEnvelopeAndNoBody(t *testing.T) {
	req := httptest.NewRequest(http.MethodHead, "/", nil)
	for _, each := range []struct{ kind, length, tag string }{
		{"application/json", "", `"a-gh`}, {"application/vnd.api+json", "", `"a-gh`}, {"text/html", "10", `"a"`},
	} {
		service := service(200, "0123456789", "Content-Type", each.kind, "Etag", `"a"`)
		service.pieces = nil
		answer := httptest.NewRecorder()
		middleware(t, service, nil).ServeHTTP(answer, req)
		if answer.Code != 200 || answer.Body.Len() != 0 || answer.Header().Get("Content-Length") != each.length ||
			!strings.HasPrefix(answer.Header().Get("Etag"), each.tag) {
			t.Errorf("%s: %d %v", each.kind, answer.Code, answer.Header())
		}
	}
}

// The rest needs a real server: early hints, and what arrives when.

func serve(t *testing.T, next http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(middleware(t, next, nil))
	t.Cleanup(server.Close)
	return server.URL
}

func TestEveryPieceOfAStreamArrivesBeforeTheNextIsSent(t *testing.T) {
	for _, kind := range []string{"text/event-stream", "application/x-ndjson", "text/plain"} {
		arrived := make(chan struct{})
		address := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", kind)
			rw.WriteHeader(http.StatusOK)
			for range 3 {
				<-arrived // The header, and then each piece, before the next.
				_, _ = io.WriteString(rw, "x\n")
			}
		})
		answer, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			arrived <- struct{}{}
			piece := make([]byte, 2)
			if _, err := io.ReadFull(answer.Body, piece); err != nil || string(piece) != "x\n" {
				t.Errorf("%s: %q %v", kind, piece, err)
			}
		}
		_ = answer.Body.Close()
	}
}

func TestAShortPieceOfALongBodyArrives(t *testing.T) {
	arrived := make(chan struct{})
	address := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/pdf")
		rw.Header().Set("Content-Length", "6")
		_, _ = io.WriteString(rw, "abc")
		<-arrived
		_, _ = io.WriteString(rw, "def")
	})
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	piece := make([]byte, 3)
	_, err = io.ReadFull(answer.Body, piece)
	close(arrived)
	if err != nil || string(piece) != "abc" {
		t.Errorf("%q %v", piece, err)
	}
}

func TestEarlyHintsGoAhead(t *testing.T) {
	address := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Link", "</a.css>")
		rw.WriteHeader(http.StatusEarlyHints)
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, "1")
	})
	hints := 0
	req := traced(t, address, func(status int, header textproto.MIMEHeader) {
		if status == http.StatusEarlyHints && header.Get("Link") == "</a.css>" {
			hints++
		}
	})
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	if hints != 1 || string(body) != `{"code":0,"message":"ok","data":1}` {
		t.Errorf("%d hints, %s", hints, body)
	}
}

func traced(t *testing.T, address string, early func(int, textproto.MIMEHeader)) *http.Request {
	t.Helper()
	trace := &httptrace.ClientTrace{Got1xxResponse: func(status int, header textproto.MIMEHeader) error {
		early(status, header)
		return nil
	}}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}
