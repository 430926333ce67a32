package store

import (
	"context"
	"errors"
	"strings"
)

// ErrUntold: the store does not tell, for want of a permission or because it
// does not know the question.
var ErrUntold = errors.New("the store does not tell")

// Posture is how a bucket was set up by whoever owns it: what may happen to its
// objects without us. Every call only reads. Errors: ErrUntold.
type Posture interface {
	// Region is where the bucket lies. The call also proves that it exists and
	// that its owner is the expected one.
	Region(ctx context.Context) (string, error)
	// Lifecycle are the rules by which the store moves and deletes objects on
	// its own; none if none are set.
	Lifecycle(ctx context.Context) ([]Rule, error)
	// Versioned tells whether the bucket keeps what is replaced and deleted.
	Versioned(ctx context.Context) (bool, error)
	// Locks tells whether Retain works in the bucket (Object Lock).
	Locks(ctx context.Context) (bool, error)
}

// Rule is one lifecycle rule. Its prefix is meant from the bucket's root, not
// from the store's.
type Rule struct {
	ID      string
	Enabled bool

	Prefix string // of the keys it is about; "": all
	Tagged bool   // only objects with certain tags; this program sets none
	// It is about objects of more than Above and less than Below bytes; 0: no
	// bound.
	Above, Below int64

	// Classes are the storage classes that current objects move to.
	Classes []string
	// ExpireDays is after how many days current objects are deleted; 0: they
	// are not, or at a fixed date, which Expires tells.
	ExpireDays int
	Expires    bool
	// ExpiresOld: what was replaced or deleted goes for good at some time.
	ExpiresOld bool
}

// Acts tells that the rule is in force and does something to current objects
// that carry no tags.
func (r Rule) Acts() bool {
	return r.Enabled && !r.Tagged && (len(r.Classes) > 0 || r.Expires)
}

// Touches tells whether the rule is about any object whose key begins with the
// prefix and that has at most the given size; -1: any size.
func (r Rule) Touches(prefix string, most int64) bool {
	return (strings.HasPrefix(r.Prefix, prefix) || strings.HasPrefix(prefix, r.Prefix)) && (most < 0 || r.Above < most)
}

// Covers tells whether the rule is about every object whose key begins with the
// prefix, apart from small ones.
func (r Rule) Covers(prefix string) bool {
	return strings.HasPrefix(prefix, r.Prefix) && r.Below == 0
}
