package check

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"archiver/crypto"
	"archiver/internal/config"
)

// soon is how many days ahead an expiry is worth a word.
const soon = 90

// keys looks at every key by itself, where a run stops at the first that is
// wrong.
func (r *run) keys(context.Context) {
	r.recipients()
	r.signer()
	r.trusted()
}

func (r *run) recipients() {
	const name = "recipients"
	texts, err := r.Config.Recipients()
	if err != nil {
		r.fail(name, err)
		return
	}
	now, good, failed := r.Now(), 0, false
	var all []*crypto.Key
	for _, t := range texts {
		k, err := crypto.ParsePublic(t.Name, t.Data)
		if err == nil {
			_, err = crypto.NewRecipients([]*crypto.Key{k}, now)
		}
		if err != nil {
			failed = true
			r.failWith(name, "renew the key, or correct encryption.recipients: each is a public key that is valid and can encrypt", err)
			continue
		}
		good++
		all = append(all, k)
		r.lasting(name, "recipient "+k.String(), func(at time.Time) error {
			_, err := crypto.NewRecipients([]*crypto.Key{k}, at)
			return err
		})
		r.testKey(name, k)
	}
	if failed {
		return
	}
	if _, err := crypto.NewRecipients(all, now); err != nil { // given twice
		r.failWith(name, "leave one of them out", err)
		return
	}
	if good == 1 {
		r.warn(name, "add an escrow key to encryption.recipients, whose private half is kept elsewhere",
			"only one, %s: if its private half is lost, no archive can be opened", all[0])
		return
	}
	r.ok(name, "%d, any one of which opens an archive", good)
}

func (r *run) signer() {
	const name = "signing key"
	if r.Config.Signing.KMSKey != "" {
		r.kmsSigner(name)
		return
	}
	text, err := r.Config.SigningKey()
	if err != nil {
		r.fail(name, err)
		return
	}
	passphrase, err := r.Config.SigningPassphrase()
	if err != nil {
		r.fail(name, err)
		return
	}
	s, err := crypto.ParseSigner(text.Name, text.Data, []byte(passphrase.Reveal()))
	if err == nil {
		err = s.Check(r.Now())
	}
	var own *crypto.Key
	if err == nil {
		own, err = crypto.ParsePublic(text.Name, s.PublicKey())
	}
	if err == nil {
		err = provesItself(s, own, r.Now())
	}
	if err != nil {
		r.failWith(name, "correct signing.key_file and signing.passphrase_file, or renew the key", err)
		return
	}
	r.lasting(name, "signing key "+own.String(), s.Check)
	r.testKey(name, own)
	r.ok(name, "%s signs, and its signature verifies", own)
	r.apart(own)
}

// apart fails if the signing key is a recipient, too.
func (r *run) apart(own *crypto.Key) {
	texts, err := r.Config.Recipients()
	if err != nil {
		return // told with the recipients
	}
	for _, t := range texts {
		k, err := crypto.ParsePublic(t.Name, t.Data)
		if err != nil {
			continue // as above
		}
		if err := crypto.Apart(own, []*crypto.Key{k}); err != nil {
			r.fail("recipients", err)
		}
	}
}

// kmsSigner can only be tried as the job has it.
func (r *run) kmsSigner(name string) {
	if r.KeysErr != nil || r.Job.Signer == nil {
		r.fail(name, errors.Join(errors.New("the key in KMS cannot be used"), r.KeysErr))
		return
	}
	if _, err := r.Job.Signer.Detached([]byte("archiver check\n"), r.Now()); err != nil {
		r.failWith(name, "allow kms:Sign and kms:GetPublicKey on it to this role", err)
		return
	}
	r.ok(name, "%s signs", r.Config.Signing.KMSKey)
}

// provesItself signs and verifies.
func provesItself(s *crypto.Signer, own *crypto.Key, at time.Time) error {
	text := []byte("archiver check\n")
	signature, err := s.Detached(text, at)
	if err != nil {
		return err
	}
	if _, _, err := crypto.NewTrust([]*crypto.Key{own}).OpenDetached(text, signature); err != nil {
		return fmt.Errorf("its own signature does not verify: %w", err)
	}
	return nil
}

func (r *run) trusted() {
	const name = "trusted signers"
	texts, err := r.Config.TrustedKeys()
	if err != nil {
		r.fail(name, err)
		return
	}
	if len(texts) == 0 {
		r.ok(name, "only the signing key")
		return
	}
	if err := parse(texts); err != nil {
		r.failWith(name, "correct trusted_signers: each is the public half of a key that signed in the past", err)
		return
	}
	r.ok(name, "%d beside the signing key", len(texts))
}

func parse(texts []config.KeyMaterial) error {
	var errs []error
	for _, t := range texts {
		_, err := crypto.ParsePublic(t.Name, t.Data)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// lasting warns of a key that is good now and will not be soon.
func (r *run) lasting(name, what string, valid func(time.Time) error) {
	now := r.Now()
	days := sort.Search(soon, func(n int) bool { return valid(now.AddDate(0, 0, n)) != nil })
	if days == soon {
		return
	}
	r.warn(name, "extend the key's validity, or add another, before that: runs stop on the day",
		"the %s stops being usable in %d days, about %s", what, days, now.AddDate(0, 0, days).UTC().Format(time.DateOnly))
}

func (r *run) testKey(name string, k *crypto.Key) {
	if k.IsTest() {
		r.warn(name, "make a key of your own before anything real is archived",
			"%s is a throw-away test key without a passphrase", k)
	}
}

// memory reckons whether a volume fits.
func (r *run) memory(context.Context) {
	const name = "memory"
	if r.Job.Sealer == nil {
		r.skip(name, "the keys must be right first")
		return
	}
	if err := r.Job.Budget.Fits(r.Job.VolumeSize, r.Job.Sealer); err != nil {
		r.failWith(name, "raise limits.memory or lower archive.volume_size", err)
		return
	}
	r.ok(name, "limits.memory %v holds volumes of %v", r.Config.Limits.Memory, r.Config.Archive.VolumeSize)
}
