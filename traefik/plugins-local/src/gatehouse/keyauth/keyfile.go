package keyauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"sync"
	"time"
)

// lookEvery is how often a key file is looked at.
const lookEvery = time.Second

// files holds every key file in use by its path. It is package-level because Traefik makes new
// middlewares at every reload, and keeps the interpreter that this package lives in.
var (
	files      = map[string]*keyFile{}
	filesMutex sync.Mutex
)

// keyFile is the table of one file, shared by all routes. Once read it never becomes empty again:
// a file that goes away or can't be read leaves the table as it was.
type keyFile struct {
	path string

	// Only the goroutine that watches the file has to do with these.
	read    os.FileInfo
	problem string

	mutex sync.Mutex
	// keys are the keys by their hash, nil before the file was first read.
	keys map[string]*key
	// used are the ids that were used since somebody last asked.
	used map[string]bool
	// round ends when the table changes or somebody asks for the used ids, and now is the second in
	// which the file was last looked at. They are written under the lock but read without, on the
	// way of every request: each is one word, so that whoever sees an old one merely counts as a
	// request that came a moment earlier.
	round int
	now   int64
}

// document is version 1 of the file.
type document struct {
	Version int             `json:"version"`
	Keys    map[string]*key `json:"keys"`
}

// openKeyFile answers the table of a file. The first one that asks reads it and has it watched.
func openKeyFile(path string) *keyFile {
	filesMutex.Lock()
	defer filesMutex.Unlock()
	file := files[path]
	if file == nil {
		file = &keyFile{path: path, used: map[string]bool{}}
		file.look()
		files[path] = file
		go file.watch()
	}
	return file
}

// watch looks at the file for as long as Traefik runs: there is one per file, however many reloads.
func (file *keyFile) watch() {
	for range time.Tick(lookEvery) {
		file.look()
	}
}

// look reads the file if it isn't the one that was read last, and says so once where it can't.
func (file *keyFile) look() {
	file.mutex.Lock()
	file.now = time.Now().Unix()
	file.mutex.Unlock()
	found, err := os.Stat(file.path)
	if err == nil && file.isRead(found) {
		return
	}
	var keys map[string]*key
	if err == nil {
		keys, err = readKeys(file.path)
	}
	if err != nil {
		file.read = nil
		file.complain(err.Error())
		return
	}
	file.mutex.Lock()
	file.keys = keys
	file.round++
	file.mutex.Unlock()
	file.read = found
	file.problem = ""
	fmt.Printf("keyauth: %s read, keys: %d\n", file.path, len(keys))
}

func (file *keyFile) isRead(found os.FileInfo) bool {
	last := file.read
	return last != nil && os.SameFile(last, found) &&
		last.Size() == found.Size() && last.ModTime().Equal(found.ModTime())
}

func (file *keyFile) complain(problem string) {
	if problem != file.problem {
		log.Printf("keyauth: %s; the keys stay as they are", problem)
		file.problem = problem
	}
}

// readKeys answers what a file holds. All work per key is done by compiled code.
func readKeys(path string) (map[string]*key, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var read document
	if err := json.Unmarshal(content, &read); err != nil {
		// The error itself might quote the file.
		return nil, errors.New(path + " is not JSON of the expected form")
	}
	if read.Version != 1 || read.Keys == nil {
		return nil, errors.New(path + " is not a key file of version 1")
	}
	return read.Keys, nil
}

// current answers the table, its round, and whether there is a table yet.
func (file *keyFile) current() (keys map[string]*key, round int, ready bool) {
	file.mutex.Lock()
	defer file.mutex.Unlock()
	return file.keys, file.round, file.keys != nil
}

// use notes that a key is in use. Guards say so once a round for each key and route.
func (file *keyFile) use(id string) {
	file.mutex.Lock()
	defer file.mutex.Unlock()
	file.used[id] = true
}

// takeUsed answers the ids that were used since it was last called.
func (file *keyFile) takeUsed() []string {
	file.mutex.Lock()
	used := file.used
	file.used = map[string]bool{}
	file.round++
	file.mutex.Unlock()
	ids := make([]string, 0, len(used))
	for id := range used {
		ids = append(ids, id)
	}
	return ids
}
