package archive

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"archiver/archive/store/dir"
)

// extract does what open.sh does, by this package.
func (k *kept) extract(options ...string) error {
	k.t.Helper()
	s, err := dir.Open(k.path("archive"))
	if err != nil {
		return err
	}
	chain, err := Ledger{Store: s, Stream: "logdata", Trust: k.ledger.Trust}.Load(k.t.Context())
	if err != nil {
		return err
	}
	if len(options) == 2 && options[0] == "-H" {
		head, err := ParseHead(options[1])
		if err != nil {
			return err
		}
		if err := chain.Passes(head); err != nil {
			return err
		}
	}
	entry, ok := chain.Sealed(keptDate)
	if !ok {
		return errors.New("the ledger holds no archive of the day")
	}
	out, err := FolderSink(k.path("opened"))
	if err != nil {
		return err
	}
	u := k.unpacker(openerOf(k.t, "ops-private.asc"))
	u.Entry = entry
	if _, err := u.Unpack(k.t.Context(), out); err != nil {
		return errors.Join(err, out.Discard())
	}
	return out.Release()
}

func TestUnpackerRefusesWhatWasTamperedWithAndSaysWhichRuleIsBroken(t *testing.T) {
	original := newKept(t)
	for _, c := range vectors(t) {
		t.Run(c.name, func(t *testing.T) {
			k := original.copy(t)
			c.tamper(k)
			err := k.extract(c.options...)
			var v *Violation
			if !errors.As(err, &v) || !errors.Is(err, ErrIntegrity) || v.Class != c.class || v.Object == "" || v.Reason == "" {
				t.Errorf("%v (%+v), want a violation of class %s", err, v, c.class)
			}
			if _, err := os.Stat(k.path("opened")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("something was left in the folder: %v", err)
			}
		})
	}
}
