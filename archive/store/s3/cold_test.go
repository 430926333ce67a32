package s3_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"archiver/archive/store"
	"archiver/archive/store/s3"
	"archiver/internal/lab"
)

func TestReadingAColdObjectSaysSo(t *testing.T) {
	behind, _, p := faulty(t)
	for name, read := range map[string]func() error{
		"Get": func() error {
			_, err := behind.Get(t.Context(), "k")
			return err
		},
		"Open": func() error {
			_, err := behind.Open(t.Context(), "k", 0, 10, store.Pin{ETag: `"e"`})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			p.times(1, "GET", say(http.StatusForbidden, "InvalidObjectState"))
			err := read()
			wantError(t, err, store.ErrCold)
			if hintOf(err) == "" {
				t.Error("there is no hint")
			}
		})
	}
}

func TestStatTellsWhatIsColdFromWhatWasThawed(t *testing.T) {
	headers := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		w.Header().Set("ETag", `"e"`)
	}))
	t.Cleanup(server.Close)
	(&lab.S3Server{AccessKey: "any", SecretKey: "any"}).Env(t)
	s := open(t, s3.Options{Bucket: "b", Endpoint: server.URL, PathStyle: true})
	const thawed = `ongoing-request="false", expiry-date="Sat, 05 Dec 2026 00:00:00 GMT"`
	for _, c := range []struct {
		class, restore, status string
		want                   string
		cold                   bool
	}{
		{"", "", "", "", false},
		{"STANDARD", "", "", "", false},
		{"STANDARD_IA", "", "", "STANDARD_IA", false},
		{"GLACIER_IR", "", "", "GLACIER_IR", false},
		{"GLACIER", "", "", "GLACIER", true},
		{"DEEP_ARCHIVE", "", "", "DEEP_ARCHIVE", true},
		{"DEEP_ARCHIVE", `ongoing-request="true"`, "", "DEEP_ARCHIVE", true},
		{"DEEP_ARCHIVE", thawed, "", "DEEP_ARCHIVE", false},
		{"INTELLIGENT_TIERING", "", "", "INTELLIGENT_TIERING", false},
		{"INTELLIGENT_TIERING", "", "DEEP_ARCHIVE_ACCESS", "INTELLIGENT_TIERING", true},
	} {
		headers = map[string]string{}
		for name, value := range map[string]string{"X-Amz-Storage-Class": c.class, "X-Amz-Restore": c.restore, "X-Amz-Archive-Status": c.status} {
			if value != "" {
				headers[name] = value
			}
		}
		info, err := s.Stat(t.Context(), "k", "")
		if err != nil || info.StorageClass != c.want || info.Cold != c.cold {
			t.Errorf("%v: %+v, %v", headers, info, err)
		}
	}
}
