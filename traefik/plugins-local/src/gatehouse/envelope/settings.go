package envelope

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
)

// longestBody bounds what one request may hold in memory.
const longestBody = 64 << 20

// settings is a checked Config, with everything that can be made once.
type settings struct {
	prefix   []byte // of a success: all before the data
	suffix   []byte // all after the data
	around   int    // how many bytes both are
	code     string // of an error: all before the code
	message  string // all between code and message
	data     string // all between message and data
	tag      string // what the entity tag of an envelope ends in
	errors   string
	maxBytes int
}

func newSettings(config *Config) (*settings, error) {
	if err := checkFields(config.Fields); err != nil {
		return nil, err
	}
	code, err := scalar(config.SuccessCode)
	if err != nil {
		return nil, err
	}
	if config.Errors != "wrap" && config.Errors != "keep" && config.Errors != "status200" {
		return nil, fmt.Errorf(`errors: %q is none of "wrap", "keep" and "status200"`, config.Errors)
	}
	if config.MaxBodyBytes < 1 || config.MaxBodyBytes > longestBody {
		return nil, fmt.Errorf("maxBodyBytes: %d is not from 1 to %d", config.MaxBodyBytes, longestBody)
	}
	made := &settings{
		suffix:   []byte("}"),
		code:     "{" + quote(config.Fields.Code) + ":",
		message:  "," + quote(config.Fields.Message) + ":",
		data:     "," + quote(config.Fields.Data) + ":",
		errors:   config.Errors,
		maxBytes: config.MaxBodyBytes,
	}
	made.prefix = []byte(made.code + code + made.message + quote(config.SuccessMessage) + made.data)
	made.around = len(made.prefix) + len(made.suffix)
	// Another shape is another representation, and its tags are others.
	made.tag = fmt.Sprintf("-gh%08x", crc32.ChecksumIEEE(append(made.prefix, made.errors...)))
	return made, nil
}

func checkFields(fields Fields) error {
	if fields.Code == "" || fields.Message == "" || fields.Data == "" {
		return fmt.Errorf("fields: code, message and data each need a name")
	}
	if fields.Code == fields.Message || fields.Code == fields.Data || fields.Message == fields.Data {
		return fmt.Errorf("fields: code, message and data need different names")
	}
	return nil
}

// scalar writes a success code as JSON. Traefik hands every setting of a plugin on as a text, so a
// text that is JSON is what it says, 0 a number and "0" in quotes a text, and any other is a text.
func scalar(code any) (string, error) {
	if code == nil {
		return "0", nil
	}
	written, err := json.Marshal(code)
	if text, isText := code.(string); isText && json.Valid([]byte(text)) {
		written = []byte(strings.TrimSpace(text))
	}
	if err != nil || bytes.ContainsAny(written[:1], "{[n") {
		return "", fmt.Errorf("successCode: %v is not a string, a number or a boolean", code)
	}
	return string(written), nil
}

func quote(text string) string {
	written, _ := json.Marshal(text) // A string can always be written.
	return string(written)
}
