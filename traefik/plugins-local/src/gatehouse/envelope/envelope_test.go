package envelope

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// spoken is what a service says: its status, its header and the pieces of its body.
type spoken struct {
	status int
	header map[string]string
	pieces []string
}

func (s spoken) ServeHTTP(rw http.ResponseWriter, _ *http.Request) {
	for name, value := range s.header {
		rw.Header().Set(name, value)
	}
	rw.WriteHeader(s.status)
	for _, piece := range s.pieces {
		_, _ = rw.Write([]byte(piece))
	}
}

// service says one JSON document of a known length.
func service(status int, body string, header ...string) spoken {
	made := spoken{status, map[string]string{
		"Content-Type":   "application/json",
		"Content-Length": strconv.Itoa(len(body)),
	}, []string{body}}
	for place := 0; place < len(header); place += 2 {
		made.header[header[place]] = header[place+1]
	}
	return made
}

func (s spoken) in(pieces ...string) spoken {
	s.pieces = pieces
	delete(s.header, "Content-Length")
	return s
}

func middleware(t *testing.T, next http.Handler, change func(*Config)) http.Handler {
	t.Helper()
	config := CreateConfig()
	if change != nil {
		change(config)
	}
	handler, err := New(context.Background(), next, config, "x@file")
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func ask(t *testing.T, next http.Handler, change func(*Config), header ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	for place := 0; place < len(header); place += 2 {
		req.Header.Set(header[place], header[place+1])
	}
	answer := httptest.NewRecorder()
	middleware(t, next, change).ServeHTTP(answer, req)
	return answer
}

func checkLength(t *testing.T, answer *httptest.ResponseRecorder) {
	t.Helper()
	length := answer.Header().Get("Content-Length")
	if length != "" && length != strconv.Itoa(answer.Body.Len()) {
		t.Errorf("Content-Length %s with %d bytes", length, answer.Body.Len())
	}
}

func TestWhatIsWrapped(t *testing.T) {
	const wrapped = `{"code":0,"message":"ok","data":{"a": 1.50}}`
	for name, each := range map[string]struct {
		service spoken
		body    string
	}{
		"one piece":          {service(200, `{"a": 1.50}`), wrapped},
		"created":            {service(201, `{"a": 1.50}`), wrapped},
		"an odd success":     {service(226, `{"a": 1.50}`), wrapped},
		"pieces":             {spoken{200, service(200, `{"a": 1.50}`).header, []string{`{"a"`, `: 1`, `.50}`}}, wrapped},
		"an unknown length":  {service(200, "").in(`{"a": 1.50}`), wrapped},
		"unknown, in pieces": {service(200, "").in(`{"a": `, `1.50}`), wrapped},
		"with a charset":     {service(200, `{"a": 1.50}`, "Content-Type", "application/json; charset=utf-8"), wrapped},
		"oddly spelled":      {service(200, `{"a": 1.50}`, "Content-Type", "Application/JSON ;charset=UTF-8"), wrapped},
		"a +json":            {service(200, `{"a": 1.50}`, "Content-Type", "application/vnd.api+json"), wrapped},
		"an array":           {service(200, `[]`), `{"code":0,"message":"ok","data":[]}`},
		"a text":             {service(200, `"x"`), `{"code":0,"message":"ok","data":"x"}`},
		"null":               {service(200, `null`), `{"code":0,"message":"ok","data":null}`},
		"nothing":            {spoken{200, map[string]string{"Content-Type": "application/json"}, nil}, `{"code":0,"message":"ok","data":null}`},
		"nothing, and known": {service(200, ``), `{"code":0,"message":"ok","data":null}`},
		"an envelope":        {service(200, `{"code":1,"data":2}`), `{"code":0,"message":"ok","data":{"code":1,"data":2}}`},
		"large numbers":      {service(200, `12345678901234567890.10`), `{"code":0,"message":"ok","data":12345678901234567890.10}`},
		"other alphabets":    {service(200, `"Việt <&>"`), `{"code":0,"message":"ok","data":"Việt <&>"}`},
	} {
		t.Run(name, func(t *testing.T) {
			answer := ask(t, each.service, nil)
			if answer.Code != each.service.status || answer.Body.String() != each.body {
				t.Errorf("%d %s", answer.Code, answer.Body)
			}
			if kind := answer.Header().Get("Content-Type"); !strings.HasPrefix(strings.ToLower(kind), "application/json") {
				t.Errorf("Content-Type %s", kind)
			}
			if answer.Header().Get("Content-Length") == "" {
				t.Error("no Content-Length")
			}
			checkLength(t, answer)
		})
	}
}

func TestWhatIsLeftAsItIs(t *testing.T) {
	long := `"` + strings.Repeat("x", 1000) + `"`
	for name, service := range map[string]spoken{
		"HTML":                    service(200, "<p>", "Content-Type", "text/html"),
		"no type":                 service(200, "{}", "Content-Type", ""),
		"newline JSON":            service(200, "{}\n{}", "Content-Type", "application/x-ndjson"),
		"a JSON sequence":         service(200, "{}", "Content-Type", "application/json-seq"),
		"an event stream":         service(200, "").in("data: 1\n\n", "data: 2\n\n"),
		"a watch":                 service(200, `{}`, "Content-Type", "application/json;stream=watch"),
		"Spring's stream":         service(200, `{}`, "Content-Type", "application/stream+json"),
		"JSON in name only":       service(200, `{}`, "Content-Type", "text/json-ish"),
		"no content":              {204, map[string]string{"Content-Type": "application/json", "Etag": `"a"`}, nil},
		"not modified":            {304, map[string]string{"Content-Type": "application/json", "Etag": `"a"`}, nil},
		"a range":                 service(206, `12`, "Content-Range", "bytes 0-1/10"),
		"a redirect":              service(302, `{}`, "Location", "/"),
		"compressed":              service(200, "{}", "Content-Encoding", "br"),
		"compressed, and created": service(201, "{}", "Content-Encoding", "br"),
		"not JSON at all":         service(200, `{"a":`),
		"two documents":           service(200, `1,"x":2`),
		"a byte order mark":       service(200, "\ufeff{}"),
		"broken, in pieces":       service(200, "").in(`{"a"`, `:`),
		"over the limit":          service(200, long),
		"over, in pieces":         {200, service(200, long).header, []string{long[:400], long[400:]}},
		"over, unknown":           service(200, "").in(long[:90], long[90:400], long[400:]),
		"with trailers":           {200, map[string]string{"Content-Type": "application/json", "Trailer": "X-Sum"}, []string{"{}"}},
		"an error in HTML":        service(502, "Bad Gateway", "Content-Type", "text/plain"),
	} {
		t.Run(name, func(t *testing.T) {
			if name == "an event stream" {
				service.header["Content-Type"] = "text/event-stream"
			}
			answer := ask(t, service, func(config *Config) { config.MaxBodyBytes = 100 })
			if answer.Code != service.status || answer.Body.String() != strings.Join(service.pieces, "") {
				t.Errorf("%d %s", answer.Code, answer.Body)
			}
			for header, value := range service.header {
				if answer.Header().Get(header) != value {
					t.Errorf("%s: %s", header, answer.Header().Get(header))
				}
			}
		})
	}
}

func TestALimitIsExact(t *testing.T) {
	for _, body := range []string{`"123456"`, `"1234567"`} {
		for _, service := range []spoken{service(200, body), service(200, "").in(body[:3], body[3:])} {
			answer := ask(t, service, func(config *Config) { config.MaxBodyBytes = 8 })
			if wrapped := answer.Body.String() != body; wrapped != (len(body) <= 8) {
				t.Errorf("%s: %s", body, answer.Body)
			}
		}
	}
}

func TestOtherNamesCodesAndMessages(t *testing.T) {
	for name, each := range map[string]struct {
		change func(*Config)
		body   string
	}{
		"a text code":      {func(c *Config) { c.SuccessCode = "00" }, `{"code":"00","message":"ok","data":1}`},
		"a number's text":  {func(c *Config) { c.SuccessCode = "1.50" }, `{"code":1.50,"message":"ok","data":1}`},
		"a quoted number":  {func(c *Config) { c.SuccessCode = `"0"` }, `{"code":"0","message":"ok","data":1}`},
		"a boolean's text": {func(c *Config) { c.SuccessCode = "true" }, `{"code":true,"message":"ok","data":1}`},
		"no code":          {func(c *Config) { c.SuccessCode = nil }, `{"code":0,"message":"ok","data":1}`},
		"a number":         {func(c *Config) { c.SuccessCode = 200.5 }, `{"code":200.5,"message":"ok","data":1}`},
		"a boolean":        {func(c *Config) { c.SuccessCode = true }, `{"code":true,"message":"ok","data":1}`},
		"names": {
			func(c *Config) { c.Fields = Fields{Code: "status", Message: `a"b`, Data: "kết quả"} },
			`{"status":0,"a\"b":"ok","kết quả":1}`,
		},
		"a message":  {func(c *Config) { c.SuccessMessage = "thành công\n" }, `{"code":0,"message":"thành công\n","data":1}`},
		"no message": {func(c *Config) { c.SuccessMessage = "" }, `{"code":0,"message":"","data":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			if answer := ask(t, service(200, "1"), each.change); answer.Body.String() != each.body {
				t.Error(answer.Body)
			} else {
				checkLength(t, answer)
			}
		})
	}
}

func TestABadSettingIsNamed(t *testing.T) {
	for _, each := range []struct {
		named  string
		change func(*Config)
	}{
		{"fields", func(c *Config) { c.Fields.Code = "" }},
		{"fields", func(c *Config) { c.Fields.Message = "" }},
		{"fields", func(c *Config) { c.Fields.Data = "" }},
		{"fields", func(c *Config) { c.Fields.Data = "code" }},
		{"fields", func(c *Config) { c.Fields.Message = "data" }},
		{"fields", func(c *Config) { c.Fields.Message = "code" }},
		{"successCode", func(c *Config) { c.SuccessCode = []any{1} }},
		{"successCode", func(c *Config) { c.SuccessCode = "[1]" }},
		{"successCode", func(c *Config) { c.SuccessCode = "null" }},
		{"successCode", func(c *Config) { c.SuccessCode = `{"a":1}` }},
		{"successCode", func(c *Config) { c.SuccessCode = map[string]any{"a": 1} }},
		{"errors", func(c *Config) { c.Errors = "hide" }},
		{"errors", func(c *Config) { c.Errors = "" }},
		{"maxBodyBytes", func(c *Config) { c.MaxBodyBytes = 0 }},
		{"maxBodyBytes", func(c *Config) { c.MaxBodyBytes = -1 }},
		{"maxBodyBytes", func(c *Config) { c.MaxBodyBytes = 1 << 40 }},
	} {
		config := CreateConfig()
		each.change(config)
		if _, err := New(context.Background(), nil, config, "x@file"); err == nil || !strings.Contains(err.Error(), each.named) {
			t.Errorf("%s: %v", each.named, err)
		}
	}
}

func TestTheServiceIsNotAskedForCompression(t *testing.T) {
	seen := "?"
	next := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { seen = req.Header.Get("Accept-Encoding") })

	ask(t, next, nil, "Accept-Encoding", "gzip")

	if seen != "identity" {
		t.Error(seen)
	}
}

func TestAHandlerThatWritesWithoutAStatus(t *testing.T) {
	for kind, body := range map[string]string{
		"application/json": `{"code":0,"message":"ok","data":1}`, "text/plain": "1",
	} {
		next := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", kind)
			_, _ = rw.Write([]byte("1"))
		})
		if answer := ask(t, next, nil); answer.Body.String() != body {
			t.Error(answer.Body)
		}
	}
}

func TestAnUpgradeSeesTheRealWriter(t *testing.T) {
	var seen http.ResponseWriter
	next := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { seen = rw })

	if answer := ask(t, next, nil, "Upgrade", "websocket"); seen != answer {
		t.Errorf("%T", seen)
	}
}
