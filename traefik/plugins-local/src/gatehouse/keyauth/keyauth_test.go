package keyauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const token = "gate_a1b2c3d4e5f6_secret"

// aKey is what a key file says of the token above, with changes.
func aKey(changes map[string]any) map[string]any {
	entry := map[string]any{"id": "a1b2c3d4e5f6", "consumer": "alice", "scopes": []string{"edge:call"}}
	for name, value := range changes {
		entry[name] = value
	}
	return entry
}

func writeKeys(t *testing.T, path string, entry map[string]any) {
	t.Helper()
	sum := sha256.Sum256([]byte(token))
	keys := map[string]any{hex.EncodeToString(sum[:]): entry}
	content, err := json.Marshal(map[string]any{"version": 1, "keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	replace(t, path, string(content))
}

func replace(t *testing.T, path, content string) {
	t.Helper()
	staged := path + ".staged"
	if err := os.WriteFile(staged, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(staged, path); err != nil {
		t.Fatal(err)
	}
}

// ask sends one request through a new middleware, and answers what came back and what the service
// saw, which is nil where it saw nothing.
func ask(t *testing.T, config *Config, header http.Header) (*httptest.ResponseRecorder, http.Header) {
	t.Helper()
	var seen http.Header
	next := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { seen = req.Header })
	handler, err := New(context.Background(), next, config, "test")
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodGet, "/math", nil)
	req.Header = header
	rw := httptest.NewRecorder()
	handler.ServeHTTP(rw, req)
	return rw, seen
}

func bearer() http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

func TestStatusByKey(t *testing.T) {
	now := time.Now().Unix()
	cases := []struct {
		name   string
		key    map[string]any
		config Config
		want   int
	}{
		{name: "as it should be", want: 200},
		{name: "not expired", key: map[string]any{"expires": now + 60}, want: 200},
		{name: "expired", key: map[string]any{"expires": now}, want: 401},
		{name: "without the scope", key: map[string]any{"scopes": []string{"join"}}, want: 403},
		{name: "without any scope", key: map[string]any{"scopes": nil}, want: 403},
		{name: "of an admin", key: map[string]any{"scopes": []string{"admin"}}, want: 200},
		{name: "with one of two", config: Config{Scopes: []string{"edge:call", "b"}}, want: 403},
		{name: "for this service", key: map[string]any{"services": []string{"math"}}, want: 200},
		{name: "for another", key: map[string]any{"services": []string{"other"}}, want: 403},
		{name: "for no service", key: map[string]any{"services": []string{}}, want: 403},
		{name: "for this prefix", key: map[string]any{"prefixes": []string{"/math"}}, want: 200},
		{name: "for one below", key: map[string]any{"prefixes": []string{"/math/x"}}, want: 403},
		{name: "for half a segment", key: map[string]any{"prefixes": []string{"/mat"}}, want: 403},
		{name: "for all", key: map[string]any{"prefixes": []string{"/"}}, want: 200},
	}
	for _, each := range cases {
		t.Run(each.name, func(t *testing.T) {
			config := each.config
			config.KeyFile = filepath.Join(t.TempDir(), "keys.json")
			config.Service, config.Prefix = "math", "/math"
			writeKeys(t, config.KeyFile, aKey(each.key))

			rw, seen := ask(t, &config, bearer())

			if rw.Code != each.want || (seen != nil) != (each.want == 200) {
				t.Fatalf("got %d, seen %v, want %d: %s", rw.Code, seen, each.want, rw.Body)
			}
		})
	}
}

func TestStatusByHeaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	writeKeys(t, path, aKey(nil))
	good := "Bearer " + token
	cases := []struct {
		name   string
		header http.Header
		want   int
	}{
		{"bearer", http.Header{"Authorization": {good}}, 200},
		{"bearer in lower case", http.Header{"Authorization": {"bearer  " + token}}, 200},
		{"api key", http.Header{"X-Api-Key": {token}}, 200},
		{"beside basic", http.Header{"Authorization": {"Basic YTpi"}, "X-Api-Key": {token}}, 200},
		{"none", http.Header{}, 401},
		{"basic alone", http.Header{"Authorization": {"Basic YTpi"}}, 401},
		{"empty bearer", http.Header{"Authorization": {"Bearer "}}, 401},
		{"empty api key", http.Header{"X-Api-Key": {""}}, 401},
		{"another's", http.Header{"Authorization": {"Bearer a.b.c"}}, 401},
		{"twice", http.Header{"Authorization": {good, good}}, 401},
		{"api key twice", http.Header{"X-Api-Key": {token, token}}, 401},
		{"8 kB", http.Header{"Authorization": {"Bearer gate_" + strings.Repeat("x", 8192)}}, 401},
		{"binary", http.Header{"Authorization": {"Bearer gate_\xff\x00"}}, 401},
	}
	for _, each := range cases {
		t.Run(each.name, func(t *testing.T) {
			rw, seen := ask(t, &Config{KeyFile: path}, each.header)

			if rw.Code != each.want {
				t.Fatalf("got %d, want %d", rw.Code, each.want)
			}
			for name, values := range seen {
				if strings.Contains(strings.Join(values, " "), token) {
					t.Errorf("the service saw the key in %s", name)
				}
			}
			if rw.Code == 401 && !strings.HasPrefix(rw.Header().Get("WWW-Authenticate"), challenge) {
				t.Errorf("no challenge: %v", rw.Header())
			}
		})
	}
}

func TestOutcomeReplacesWhatTheCallerSent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	writeKeys(t, path, aKey(map[string]any{"site": "s1"}))
	header := bearer()
	header["X-Consumer"] = []string{"mallory", "mallory"}
	header["X-Site-Id"] = []string{"mallory"}
	header["X-App-Id"] = []string{"open"}

	_, seen := ask(t, &Config{KeyFile: path}, header)

	want := map[string]string{"X-Consumer": "alice", "X-Consumer-Id": "a1b2c3d4e5f6",
		"X-Site-Id": "s1", "X-App-Id": "open", "Authorization": ""}
	for name, value := range want {
		if got := strings.Join(seen[name], "|"); got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
}

func TestNoFileIsNeverOpen(t *testing.T) {
	rw, seen := ask(t, &Config{KeyFile: filepath.Join(t.TempDir(), "none")}, bearer())

	if rw.Code != 503 || rw.Header().Get("Retry-After") != "1" || seen != nil {
		t.Fatalf("got %d %v", rw.Code, rw.Header())
	}
}

func TestABadFileLeavesTheTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	writeKeys(t, path, aKey(nil))
	file := openKeyFile(path)
	for _, content := range []string{"", "{}", "null", `{"version":2,"keys":{}}`, `{"version":1}`} {
		replace(t, path, content)
		file.look()
		if keys, _, _ := file.current(); len(keys) != 1 {
			t.Errorf("%q: the table has %d keys", content, len(keys))
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	file.look()
	if keys, _, _ := file.current(); len(keys) != 1 {
		t.Error("the table went with the file")
	}
}

func TestAFileIsReadAgainOnlyWhenItIsAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	writeKeys(t, path, aKey(nil))
	file := openKeyFile(path)
	first := file.read
	file.look()
	if file.read != first {
		t.Error("the same file was read again")
	}
	writeKeys(t, path, aKey(map[string]any{"consumer": "carol"}))
	if err := os.Chtimes(path, time.Time{}, first.ModTime()); err != nil {
		t.Fatal(err)
	}
	file.look()
	if file.read == first {
		t.Error("another file of the same size and time was not noticed")
	}
}

func TestOneTableForAllRoutesOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if openKeyFile(path) != openKeyFile(path) {
		t.Error("two tables for one file")
	}
}

func TestUsedIDsAreToldOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	writeKeys(t, path, aKey(nil))
	for _, want := range []string{`{"used":["a1b2c3d4e5f6"]}`, `{"used":["a1b2c3d4e5f6"]}`} {
		ask(t, &Config{KeyFile: path}, bearer())
		ask(t, &Config{KeyFile: path}, bearer())
		for _, body := range []string{want, `{"used":[]}`} {
			rw, _ := ask(t, &Config{KeyFile: path, Report: true}, http.Header{})
			if rw.Body.String() != body {
				t.Errorf("got %s, want %s", rw.Body, body)
			}
		}
	}
}

func TestAPassIsGoodForItsHeaderAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	writeKeys(t, path, aKey(nil))
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	handler, err := New(context.Background(), next, &Config{KeyFile: path}, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct {
		header http.Header
		want   int
	}{
		{http.Header{"X-Api-Key": {token}}, 200},
		{http.Header{"Authorization": {token}}, 401},
		{bearer(), 200},
		{http.Header{"X-Api-Key": {"Bearer " + token}}, 401},
		{http.Header{"Authorization": {"Basic YTpi"}, "X-Api-Key": {token}}, 200},
		{http.Header{"Authorization": {"Basic YTpi"}}, 401},
	} {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header = each.header.Clone()
		rw := httptest.NewRecorder()
		handler.ServeHTTP(rw, req)
		if rw.Code != each.want {
			t.Errorf("%v: got %d, want %d", each.header, rw.Code, each.want)
		}
	}
}

func TestARouteKeepsOnlySoManyPasses(t *testing.T) {
	asks := newGate(&keyFile{}, &Config{})
	for place := 0; place < passesMax+5; place++ {
		header := http.Header{"Authorization": {strconv.Itoa(place)}}
		asks.keep(&pass{carrier: "Authorization"}, header)
	}

	kept := 0
	asks.bearers.Range(func(_, _ any) bool { kept++; return true })
	if kept != 5 {
		t.Errorf("%d passes are kept", kept)
	}
}

func TestTheKeyFileIsInTheEdgeDirectoryByDefault(t *testing.T) {
	t.Setenv("GATEHOUSE_EDGE_DIR", "/edge")
	if path, err := keyFilePath(""); path != "/edge/keys.json" || err != nil {
		t.Errorf("got %q, %v", path, err)
	}
	t.Setenv("GATEHOUSE_EDGE_DIR", "")
	if _, err := New(context.Background(), nil, CreateConfig(), "test"); err == nil {
		t.Error("nowhere to read from, and no error")
	}
}
