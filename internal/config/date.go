package config

import (
	"fmt"
	"regexp"
	"time"
)

// Date is a day of the calendar, without a time or a zone. Dates compare with
// ==. The zero value is no date.
type Date struct {
	year  int
	month time.Month
	day   int
}

// ParseDate reads YYYY-MM-DD, and nothing else; the day must exist.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if why := notInCalendar(text); err != nil && why != "" {
		return Date{}, fmt.Errorf("%s is not in the calendar: %s", text, why)
	}
	if err != nil || t.Year() == 0 {
		return Date{}, fmt.Errorf("%q is not a date: write YYYY-MM-DD, such as 2026-11-20", text)
	}
	return dateOf(t), nil
}

// notInCalendar says why a text in the form of a date names no day; "" for one
// in another form.
func notInCalendar(text string) string {
	if !regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`).MatchString(text) {
		return ""
	}
	month, err := time.Parse("2006-01", text[:len("2006-01")])
	if err != nil {
		return "the months are 01 to 12"
	}
	return fmt.Sprintf("%s has days 01 to %d", month.Format("January 2006"), month.AddDate(0, 1, -1).Day())
}

// Yesterday is the day before the one that now is in, in a time zone. It is
// calendar arithmetic: a day of 23 or 25 hours counts as one.
func Yesterday(now time.Time, zone *time.Location) Date { return dateOf(now.In(zone)).AddDays(-1) }

func dateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// utc is the day's first moment in UTC.
func (d Date) utc() time.Time { return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC) }

// IsZero tells that there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String is YYYY-MM-DD, and "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format(time.DateOnly)
}

// AddDays is the date n days later; n may be negative.
func (d Date) AddDays(n int) Date { return dateOf(d.utc().AddDate(0, 0, n)) }

// Compare is -1 if d is before other, 0 if it is the same day, and else 1.
func (d Date) Compare(other Date) int { return d.utc().Compare(other.utc()) }

// MarshalText is String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDate.
func (d *Date) UnmarshalText(text []byte) error {
	v, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
