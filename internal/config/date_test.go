package config

import (
	"strings"
	"testing"
	"time"
)

func date(t *testing.T, text string) Date {
	t.Helper()
	d, err := ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDatesAreReadAsTheyAreWritten(t *testing.T) {
	for _, text := range []string{"2026-11-20", "2024-02-29", "0001-01-01", "9999-12-31"} {
		if got := date(t, text).String(); got != text {
			t.Errorf("%s is written as %s", text, got)
		}
	}
	for _, text := range []string{
		"", "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-2", "26-01-02", "2026-01-02 ", "2026/01/02", "20260102",
		"2026-01-02T00:00:00Z", "0000-01-01", "12026-01-02",
	} {
		if d, err := ParseDate(text); err == nil {
			t.Errorf("%q was read as %v", text, d)
		}
	}
}

func TestDaysAreCountedByTheCalendar(t *testing.T) {
	for _, c := range []struct {
		from string
		days int
		want string
	}{
		{"2026-12-31", 1, "2027-01-01"}, {"2024-03-01", -1, "2024-02-29"}, {"2026-03-01", -1, "2026-02-28"}, {"2026-05-05", 0, "2026-05-05"},
	} {
		from, want := date(t, c.from), date(t, c.want)
		if got := from.AddDays(c.days); got != want {
			t.Errorf("%s and %d days: %v", c.from, c.days, got)
		}
		if got, sign := want.Compare(from), c.days; got != sign {
			t.Errorf("%s compared with %s: %d", c.want, c.from, got)
		}
	}
}

func TestYesterdayIsTheDayBeforeInTheZone(t *testing.T) {
	for _, c := range []struct{ now, zone, want string }{
		{"2026-11-20T00:30:00Z", "UTC", "2026-11-19"},
		{"2026-11-20T23:30:00Z", "Europe/Berlin", "2026-11-20"},
		{"2026-11-20T02:30:00Z", "America/New_York", "2026-11-18"},
		{"2026-03-29T22:30:00Z", "Europe/Berlin", "2026-03-29"}, // 23 hours long
		{"2026-10-25T23:30:00Z", "Europe/Berlin", "2026-10-25"}, // 25 hours long
		{"2026-10-25T22:30:00Z", "Europe/Berlin", "2026-10-24"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		var z Timezone
		if err := z.UnmarshalText([]byte(c.zone)); err != nil {
			t.Fatal(err)
		}
		if got := Yesterday(now, z.Location()).String(); got != c.want {
			t.Errorf("at %s in %s: %s, want %s", c.now, c.zone, got, c.want)
		}
	}
}

func TestTimezoneRefusesWhatDependsOnTheMachine(t *testing.T) {
	for _, name := range []string{"", "Local", "Europe/Atlantis", "../etc/passwd", "/etc/localtime"} {
		var z Timezone
		if err := z.UnmarshalText([]byte(name)); err == nil {
			t.Errorf("%q was taken as %v", name, z)
		}
	}
	if got := (Timezone{}).String(); got != "UTC" {
		t.Errorf("no time zone is %s", got)
	}
}

func TestDatesThatNoCalendarHasSayWhy(t *testing.T) {
	for text, says := range map[string]string{
		"2026-02-30": "February 2026 has days 01 to 28", "2024-02-30": "February 2024 has days 01 to 29", "2026-04-31": "April 2026 has days 01 to 30",
		"2026-04-00": "April 2026 has days 01 to 30", "2026-13-01": "the months are 01 to 12", "2026-00-10": "the months are 01 to 12",
		"20-11-2026": "write YYYY-MM-DD",
	} {
		if _, err := ParseDate(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want it to say %q", text, err, says)
		}
	}
}
