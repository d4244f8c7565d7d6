package envelope

import (
	"net/http"
	"testing"
)

func TestErrorsSayWhatTheServiceSaid(t *testing.T) {
	for name, each := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"a problem":             {404, `{"title":"No such thing","detail":"'x' is not here."}`, "'x' is not here."},
		"a problem with title":  {404, `{"title":"No such thing","status":404}`, "No such thing"},
		"a detail":              {404, `{"detail":"Not Found"}`, "Not Found"},
		"a list of FastAPI's":   {422, `{"detail":[{"loc":["body","items",0],"msg":"field required"},{"loc":["query","q"],"msg":"bad"}]}`, "body.items.0: field required; query.q: bad"},
		"a list of texts":       {400, `{"detail":["a","b"]}`, "a; b"},
		"a message":             {400, `{"message":"no"}`, "no"},
		"an error":              {400, `{"error":"no"}`, "no"},
		"an error with members": {400, `{"error":{"message":"no","code":3}}`, "no"},
		"an empty detail":       {400, `{"detail":"","message":"no"}`, "no"},
		"a text":                {400, `"no"`, "no"},
		"nothing useful":        {418, `{"a":1}`, "I'm a teapot"},
		"a number":              {500, `5`, "Internal Server Error"},
		"an unknown status":     {599, `{}`, "status 599"},
		"an odd detail":         {400, `{"detail":{"a":1}}`, "Bad Request"},
	} {
		if got := errorMessage(each.status, []byte(each.body)); got != each.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestErrors(t *testing.T) {
	problem := service(404, `{"title": "No","status":404}`, "Content-Type", "application/problem+json")
	for name, each := range map[string]struct {
		service spoken
		errors  string
		status  int
		kind    string
		body    string
	}{
		"wrapped": {problem, "wrap", 404, "application/json", `{"code":404,"message":"No","data":{"title": "No","status":404}}`},
		"as 200":  {problem, "status200", 200, "application/json", `{"code":404,"message":"No","data":{"title": "No","status":404}}`},
		"kept":    {problem, "keep", 404, "application/problem+json", `{"title": "No","status":404}`},
		"in pieces": {
			service(500, "").in(`{"message"`, `:"x"}`), "wrap", 500, "application/json",
			`{"code":500,"message":"x","data":{"message":"x"}}`,
		},
		"empty":    {service(503, ""), "wrap", 503, "application/json", `{"code":503,"message":"Service Unavailable","data":null}`},
		"not JSON": {service(500, "oops"), "wrap", 500, "application/json", "oops"},
		"a message to be escaped": {
			service(400, `{"detail":"a \"b\"\n"}`), "wrap", 400, "application/json",
			`{"code":400,"message":"a \"b\"\n","data":{"detail":"a \"b\"\n"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			answer := ask(t, each.service, func(config *Config) { config.Errors = each.errors })
			if answer.Code != each.status || answer.Body.String() != each.body || answer.Header().Get("Content-Type") != each.kind {
				t.Errorf("%d %s %s", answer.Code, answer.Header().Get("Content-Type"), answer.Body)
			}
			checkLength(t, answer)
		})
	}
}

func TestAnErrorAs200IsNotCached(t *testing.T) {
	as200 := func(config *Config) { config.Errors = "status200" }
	for given, want := range map[string]string{"": "no-store", "max-age=1": "max-age=1"} {
		answer := ask(t, service(http.StatusNotFound, "{}", "Cache-Control", given), as200)
		if got := answer.Header().Get("Cache-Control"); got != want {
			t.Errorf("%q: %q", given, got)
		}
	}
}
