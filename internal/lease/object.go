package lease

import (
	"context"
	"fmt"
	"time"

	"archiver/archive/store"
)

// Mark is what a lease writes into its object. It is embedded in the object's
// type, whose other fields are the user's.
type Mark struct {
	Epoch        int64  `json:"epoch"`  // grows with every write
	Nonce        string `json:"nonce"`  // fresh with every write
	Holder       string `json:"holder"` // for people; "" when released
	LeaseSeconds int    `json:"lease_seconds"`
}

// Object is where a lease lies, and how its object reads.
type Object[T any] struct {
	Store  store.Store
	Key    string
	What   string // it is, for errors
	Mark   func(*T) *Mark
	Decode func([]byte) (*T, error)
}

// Seen is the object as it was read, with the store's word on its age.
type Seen[T any] struct {
	Object *T // nil: there is none
	Info   store.Info
	now    time.Time
	mark   Mark
}

// Look reads the object. Errors: store.ErrNotFound, and Decode's.
func (o Object[T]) Look(ctx context.Context) (Seen[T], error) {
	got, err := o.Store.Get(ctx, o.Key)
	if err != nil {
		return Seen[T]{}, fmt.Errorf("reading %s: %w", o.What, err)
	}
	x, err := o.Decode(got.Body)
	if err != nil {
		return Seen[T]{}, err
	}
	return Seen[T]{Object: x, Info: got.Info, now: got.Now, mark: *o.Mark(x)}, nil
}

// Until is when the lease runs out, by the store's clock.
func (s Seen[T]) Until() time.Time {
	return s.Info.Time.Add(max(shortest, time.Duration(s.mark.LeaseSeconds)*time.Second))
}

// Live tells that its holder counts as alive, judged on the store's clock alone.
func (s Seen[T]) Live() bool { return s.mark.Holder != "" && s.now.Before(s.Until()) }
