package config

import (
	"strings"
	"testing"
)

func TestLocationsAreReadAndWrittenBack(t *testing.T) {
	for text, want := range map[string]Location{
		"":                            {},
		"s3://logs-staging":           {Bucket: "logs-staging"},
		"s3://logs-staging/snapshots": {Bucket: "logs-staging", Prefix: "snapshots"},
		"s3://a.b-c1/x/y=1/z_+.":      {Bucket: "a.b-c1", Prefix: "x/y=1/z_+."},
		"file:///srv/snap shots":      {Dir: "/srv/snap shots"},
	} {
		var l Location
		if err := l.UnmarshalText([]byte(text)); err != nil || l != want || l.String() != text {
			t.Errorf("%s: %+v, %v", text, l, err)
		}
	}
	for text, want := range map[string]string{"s3://abc/": "s3://abc", "s3://abc/x/": "s3://abc/x", "file:///srv//a/../b/": "file:///srv/b"} {
		var l Location
		if err := l.UnmarshalText([]byte(text)); err != nil || l.String() != want {
			t.Errorf("%s: %v, %v", text, l, err)
		}
	}
}

func TestLocationsThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{
		"logs", "/srv/x", "http://a/b", "S3://abc", "s3:/abc", "s3://", "s3:///x", "s3://ab", "s3://Abc", "s3://a_bc", "s3://-abc", "s3://abc.",
		"s3://a..b", "s3://192.168.0.1/x", "s3://" + strings.Repeat("a", 64), "s3://abc//x", "s3://abc/x//y", "s3://abc/../y", "s3://abc/a b",
		"s3://abc/x?versionId=1", "s3://abc:9000/x", "file://srv/x", "file://", "file:///", "file:///../", "file:///a%20b", "file://localhost/x",
	} {
		var l Location
		if err := l.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as %+v", text, l)
		}
	}
}

func TestLocationErrorsKeepCredentials(t *testing.T) {
	for _, text := range []string{"s3://AKIA:hunter2@abc/x", "https://me:hunter2@host/x", "hunter2", "s3:me:hunter2@x"} {
		var l Location
		if err := l.UnmarshalText([]byte(text)); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"s3://abc/x", "s3://abc/y", true}, // staging has its bucket for itself
		{"s3://abc", "s3://abd", false},
		{"file:///srv", "file:///srv", true},
		{"file:///srv", "file:///srv/x", true},
		{"file:///srv/x", "file:///srv", true},
		{"file:///srv", "file:///srv2", false},
		{"file:///srv", "s3://srv", false},
		{"", "", false},
		{"", "s3://abc", false},
	} {
		var a, b Location
		if a.UnmarshalText([]byte(c.a)) != nil || b.UnmarshalText([]byte(c.b)) != nil {
			t.Fatal("the table is wrong")
		}
		if a.overlaps(b) != c.want || b.overlaps(a) != c.want {
			t.Errorf("%s and %s: %v", c.a, c.b, !c.want)
		}
	}
}
