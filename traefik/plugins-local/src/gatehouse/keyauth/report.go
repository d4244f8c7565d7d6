package keyauth

import "net/http"

// report is what the sidecar reads the times of last use from.
type report struct {
	Used []string `json:"used"`
}

// reporter answers the handler that tells which keys were used since it last did.
func reporter(file *keyFile) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodGet {
			rw.Header().Set("Allow", http.MethodGet)
			rw.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		answer(rw, "application/json", http.StatusOK, report{Used: file.takeUsed()})
	})
}
