package config

import (
	"path"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPatternsBecomeIndexExpressions(t *testing.T) {
	d := date(t, "2026-01-09")
	for p, want := range map[Pattern]string{
		"logdata-{DDMMYYYY}":          "logdata-09012026",
		"logs-{YYYYMMDD}-*":           "logs-20260109-*",
		"app-{YYYY.MM.DD}":            "app-2026.01.09",
		"app_{YYYY}-{MM}-{DD}.v1-0*":  "app_2026-01-09.v1-0*",
		".ds-logs-{YYYY.MM.DD}-*":     ".ds-logs-2026.01.09-*",
		"{DD}{MM}{YYYY}-log":          "09012026-log",
		"by-{YYYY}/x":                 "by-2026/x", // expansion judges nothing
		"logs2-{YYYYMMDD}roll*-*-end": "logs2-20260109roll*-*-end",
	} {
		if got := p.Expand(d); got != want {
			t.Errorf("%s: %s, want %s", p, got, want)
		}
	}
}

func TestPatternsThatAreSafeAreTaken(t *testing.T) {
	for _, p := range []Pattern{
		"logdata-{DDMMYYYY}", "logs-{YYYYMMDD}-*", "a-{YYYY.MM.DD}.*", "a-{DDMMYYYY}_*", "a-{YYYY}-{MM}-{DD}-0*", ".ds-a-{YYYY.MM.DD}-*",
		"{DD}{MM}{YYYY}", "a-{YYYYMMDD}-x*y*", "a1{DDMMYYYY}", "a-{YYYYMMDD}0", "a-{YYYY}-{YYYYMMDD}",
	} {
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestPatternsThatAreNotSafeAreRefused(t *testing.T) {
	for p, why := range map[Pattern]string{
		"":                    "empty",
		"logdata":             "day",
		"logdata-*":           "day",
		"a-{YYYY}.{MM}":       "day",
		"a-{DD}-{MM}":         "year",
		"a-{DD}{YYYY}":        "month",
		"a-{DDMMYYYY}*":       "apart",
		"a-{DDMMYYYY}1*":      "apart",
		"a-*-{DDMMYYYY}":      "before the date",
		"*{DDMMYYYY}":         "before the date",
		"a-{YYYY}-*-{MM}{DD}": "before the date",
		"a-{DDMMYYYY}-*-{DD}": "before the date",
		"a-{ddmmyyyy}":        "{ddmmyyyy} is no token",
		"a-{DDMMYY}":          "no token",
		"a-{YYYYMMDD":         "no token",
		"a-{YYYYMMDD}}":       "'}'",
		"Logs-{DDMMYYYY}":     "upper case",
		"-a-{DDMMYYYY}":       "begin",
		"_a-{DDMMYYYY}":       "begin",
		"+a-{DDMMYYYY}":       "begin",
		"a-{DDMMYYYY},b":      "','",
		"other:a-{DDMMYYYY}":  "':'",
		"<a-{now/d}>":         "no token",
		"a {DDMMYYYY}":        "' '",
		"a-{DDMMYYYY}/b":      "'/'",
		"a-{DDMMYYYY}?":       "'?'",
		"ä-{DDMMYYYY}":        "'ä'",
		"a\n{DDMMYYYY}":       `'\n'`,
		Pattern(strings.Repeat("a", 248) + "{DDMMYYYY}"): "256 bytes",
	} {
		if err := p.Check(); err == nil {
			t.Errorf("%s was taken", p)
		} else if !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want it to say %s", p, err, why)
		}
	}
}

// Whatever a * may stand for, the names of one day must not match another.
func TestNoPatternMatchesAnotherDay(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"a", "-", ".", "_", "*", "0", "1", "20", "{DD}", "{MM}", "{YYYY}", "{DDMMYYYY}", "{YYYYMMDD}", "{YYYY.MM.DD}",
	})
	rapid.Check(t, func(t *rapid.T) {
		p := Pattern("x" + strings.Join(rapid.SliceOfN(piece, 1, 8).Draw(t, "pieces"), ""))
		if p.Check() != nil {
			return
		}
		first := Date{2026, 1, 1}.AddDays(rapid.IntRange(0, 800).Draw(t, "first"))
		second := Date{2026, 1, 1}.AddDays(rapid.IntRange(0, 800).Draw(t, "second"))
		rolled := rapid.StringMatching(`[0-9]{0,3}`).Draw(t, "rolled")
		name := strings.ReplaceAll(p.Expand(second), "*", rolled)
		if match, _ := path.Match(p.Expand(first), name); match && first != second {
			t.Fatalf("%s of %v matches %s, which is of %v", p, first, name, second)
		}
	})
}

func TestNamesTellTheirDate(t *testing.T) {
	for _, c := range []struct {
		pattern Pattern
		index   string
		want    string
	}{
		{"logdata-{DDMMYYYY}", "logdata-09012026", "2026-01-09"},
		{"logdata-{DDMMYYYY}", "logdata-09012026-000001", ""},
		{"logdata-{DDMMYYYY}", "logdata-31022026", ""},
		{"logdata-{DDMMYYYY}", "logdata-9012026", ""},
		{"logdata-{DDMMYYYY}", "metrics-09012026", ""},
		{"logdata-{DDMMYYYY}", "", ""},
		{"logdata-{DDMMYYYY}-*", "logdata-09012026-000001", "2026-01-09"},
		{"logdata-{DDMMYYYY}-*", "logdata-09012026", ""},
		{"logs2-{YYYYMMDD}roll*-*-end", "logs2-20260109rollA-1-end", "2026-01-09"},
		{"logs2-{YYYYMMDD}roll*-*-end", "logs2-20260109rollA-end", ""},
		{"app_{YYYY}-{MM}-{DD}.v1-0*", "app_2026-01-09.v1-0", "2026-01-09"},
		{"a-{YYYY}-{YYYYMMDD}", "a-2026-20260109", "2026-01-09"},
		{"a-{YYYY}-{YYYYMMDD}", "a-2025-20260109", ""},
	} {
		got, ok := c.pattern.DateOf(c.index)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%s of %q: %v, %v, want %q", c.pattern, c.index, got, ok, c.want)
		}
	}
}

// TestWhatIsExpandedTellsItsDateBack: whatever the day.
func TestWhatIsExpandedTellsItsDateBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom([]Pattern{"logdata-{DDMMYYYY}", "logs-{YYYYMMDD}-*", "app_{YYYY}-{MM}-{DD}.v1-0*", "{DD}{MM}{YYYY}-log", "a1{DDMMYYYY}"}).Draw(t, "pattern")
		d := dateOf(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 36500).Draw(t, "day")))
		name := strings.ReplaceAll(p.Expand(d), "*", rapid.StringMatching(`[a-z0-9-]{0,9}`).Draw(t, "rest"))
		if got, ok := p.DateOf(name); !ok || got != d {
			t.Errorf("%s of %s: %v, %v", p, name, got, ok)
		}
	})
}
