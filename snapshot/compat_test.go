package snapshot

import (
	"errors"
	"strings"
	"testing"
)

func TestOnlyVersionsThatCanReadASnapshotAreLetAtIt(t *testing.T) {
	const es, os = Elasticsearch, OpenSearch
	for _, c := range []struct {
		from    Origin
		to, ver string
		why     string // "": it can
	}{
		{Origin{es, "7.17.29", nil}, es, "7.17.29", ""},
		{Origin{es, "7.17.29", nil}, es, "8.19.21", ""},
		{Origin{es, "7.17.29", []string{"7.2.0"}}, es, "8.0.0", ""},
		{Origin{es, "7.17.29", nil}, es, "9.0.0", "too many"},
		{Origin{es, "7.17.29", []string{"7.17.29", "6.8.23"}}, es, "8.0.0", "too many"},
		{Origin{es, "7.17.29", []string{"6.8.23"}}, es, "7.17.30", ""},
		{Origin{es, "7.17.29", nil}, es, "7.17.28", "no older"},
		{Origin{es, "7.17.29", nil}, es, "7.16.30", "no older"},
		{Origin{es, "8.19.21", []string{"8"}}, es, "7.17.29", "no older"},
		{Origin{es, "8.19.21", []string{"8"}}, es, "9.1.0", ""},
		{Origin{es, "8.19.21", []string{"7.17.0", ""}}, es, "9.1.0", "too many"},
		{Origin{es, "8.19.21", nil}, os, "2.19.6", "6.0 to 7.10"},
		{Origin{es, "8.19.21", nil}, os, "9.0.0", "6.0 to 7.10"},
		{Origin{es, "7.17.29", nil}, os, "2.19.6", "6.0 to 7.10"},
		{Origin{es, "7.11.0", nil}, os, "1.3.0", "6.0 to 7.10"},
		{Origin{es, "7.10.2", nil}, os, "1.0.0", ""},
		{Origin{es, "7.10.2", nil}, os, "2.19.6", ""},
		{Origin{es, "7.10.2", nil}, os, "3.6.0", "too many"},
		{Origin{es, "7.10.2", []string{"6.8.0"}}, os, "1.3.0", ""},
		{Origin{es, "7.10.2", []string{"6.8.0"}}, os, "2.0.0", "too many"},
		{Origin{es, "5.6.0", nil}, os, "1.3.0", "6.0 to 7.10"},
		{Origin{os, "2.19.6", nil}, os, "2.19.6", ""},
		{Origin{os, "2.19.6", []string{"2.0.0"}}, os, "3.6.0", ""},
		{Origin{os, "2.19.6", []string{"1.3.0"}}, os, "3.6.0", "too many"},
		{Origin{os, "2.19.6", []string{"7.10.2"}}, os, "3.6.0", "too many"},
		{Origin{os, "2.19.6", []string{"7.10.2"}}, os, "2.19.7", ""},
		{Origin{os, "1.3.0", []string{"6.8.0"}}, os, "2.0.0", "too many"},
		{Origin{os, "1.3.0", []string{"6.8.0"}}, os, "1.3.1", ""},
		{Origin{os, "7.1.0", []string{"6.8.0"}}, os, "8.0.0", "too many"},
		{Origin{os, "7.1.0", []string{"6.8.0"}}, os, "7.2.0", ""}, // an index of OpenSearch 6, one day
		{Origin{os, "3.6.0", nil}, os, "2.19.6", "no older"},
		{Origin{os, "3.6.0", nil}, os, "3.5.9", "no older"},
		{Origin{os, "3.6.0", nil}, os, "5.0.0", "too many"},
		{Origin{os, "2.19.6", nil}, es, "7.17.29", "does not go"},
		{Origin{os, "2.19.6", nil}, es, "9.0.0", "does not go"},
		{Origin{es, "8.0.0-beta1", nil}, es, "8.0.0-SNAPSHOT", ""},
	} {
		err := CanRestore(c.from, Info{Distribution: c.to, Version: c.ver})
		switch {
		case c.why == "" && err != nil:
			t.Errorf("%v to %s %s: %v", c.from, c.to, c.ver, err)
		case c.why != "" && (!errors.Is(err, ErrCannotRestore) || !strings.Contains(err.Error(), c.why)):
			t.Errorf("%v to %s %s: %v, want something with %q", c.from, c.to, c.ver, err, c.why)
		}
	}
}

func TestVersionsThatAreNotUnderstoodAreNotGuessedAt(t *testing.T) {
	for _, c := range []struct{ from, created, to string }{
		{"", "", "8.0.0"}, {"8.0.0", "eight", "8.0.0"}, {"8.0.0", "", ""}, {"8.0.0", "8.0.0.1", "8.0.0"}, {"0.1", "", "8.0.0"}, {"8.-1", "", "8.0.0"},
	} {
		err := CanRestore(Origin{Elasticsearch, c.from, []string{c.created}}, Info{Distribution: Elasticsearch, Version: c.to})
		if err == nil || errors.Is(err, ErrCannotRestore) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestReadersAreNamedInWords(t *testing.T) {
	for _, c := range []struct {
		from Origin
		want string
	}{
		{Origin{OpenSearch, "2.19.6", nil}, "opensearch 2.19.6 or later 2.x, and 3.x"},
		{Origin{OpenSearch, "2.19.6", []string{"7.10.2"}}, "opensearch 2.19.6 or later 2.x"},
		{Origin{Elasticsearch, "8.19.21", []string{"8", ""}}, "elasticsearch 8.19.21 or later 8.x, and 9.x"},
		{Origin{Elasticsearch, "7.17.29", nil}, "elasticsearch 7.17.29 or later 7.x, and 8.x"},
		{Origin{Elasticsearch, "7.10.2", nil}, "elasticsearch 7.10.2 or later 7.x, and 8.x, and opensearch 1.x to 2.x"},
		{Origin{Elasticsearch, "7.10.2", []string{"6.8.0"}}, "elasticsearch 7.10.2 or later 7.x, and opensearch 1.x"},
		{Origin{Elasticsearch, "8.19.21", []string{"6.8.0"}}, "no version"},
		{Origin{Elasticsearch, "?", nil}, "nobody knows which version"},
	} {
		if got := Readers(c.from); got != c.want {
			t.Errorf("%v: %s", c.from, got)
		}
	}
}

func TestCreatedVersionsOfBothDistributionsAreRead(t *testing.T) {
	for number, want := range map[string]string{
		"137277827": "3.6.0", "136408427": "2.19.6", "7172999": "7.17.29", "6082399": "6.8.23", "7100299": "7.10.2",
		"8100499": "8.10.4", "8537000": "8", "8500003": "8", "9009000": "9",
		"": "", "-1": "", "0": "", "12": "", "x": "", "99999999999999999999": "",
	} {
		if got := createdVersion(number); got != want {
			t.Errorf("%s: %q, want %q", number, got, want)
		}
	}
}
