package archive

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// check holds an archive against itself: its members are of the form that
// FORMAT.md 5.3 gives them, its volumes are numbered from 0, lie where the run's
// volumes lie, follow each other without a gap, and add up.
func (s *Sealed) check(stream string) error {
	if err := s.checkForm(); err != nil {
		return err
	}
	objects, bytes, after := 0, int64(0), ""
	for n := range s.Volumes {
		v := &s.Volumes[n]
		pack := strings.TrimSuffix(strings.TrimPrefix(v.Key, RunPrefix(stream, s.Date, s.Run)), "/"+volumeName(n)+".tar.pgp")
		switch {
		case v.Number != n:
			return fmt.Errorf("volume %d stands where %d should", v.Number, n)
		case v.Key != VolumeKey(stream, s.Date, s.Run, pack, n) || !packPattern.MatchString(pack):
			return fmt.Errorf("volume %d has the key %q, which is not of this run", n, v.Key)
		case v.After != after || v.Last <= v.After:
			return fmt.Errorf("volume %d does not follow the one before it", n)
		}
		if err := v.checkForm(); err != nil {
			return fmt.Errorf("volume %d: %w", n, err)
		}
		objects, bytes, after = objects+v.Objects, bytes+v.SourceBytes, v.Last
	}
	if len(s.Volumes) == 0 || len(s.Volumes) > maxVolumes || objects != s.Objects || bytes != s.Bytes {
		return fmt.Errorf("%d volumes with %d objects of %d bytes do not make %d of %d", len(s.Volumes), objects, bytes, s.Objects, s.Bytes)
	}
	return nil
}

func (s *Sealed) checkForm() error {
	switch {
	case !hexPattern.MatchString(s.RecordSHA256):
		return fmt.Errorf("the SHA-256 of %s is malformed", recordName)
	case s.Snapshot.Indices == nil:
		return errors.New("its indices are no array")
	case len(s.Recipients) == 0:
		return errors.New("it has no recipients")
	case !slices.Contains([]string{"none", "governance", "compliance"}, s.Retention.Mode):
		return fmt.Errorf("its retention has the mode %q", s.Retention.Mode)
	case !isTime(s.Retention.Until):
		return fmt.Errorf("its retention ends at %v, which is not a whole second in UTC", s.Retention.Until)
	}
	for _, k := range append([]string{s.Signer}, s.Recipients...) {
		if !keyPattern.MatchString(k) {
			return fmt.Errorf("%q is no fingerprint of a signer or recipient", k)
		}
	}
	return nil
}

func (v *Volume) checkForm() error {
	for _, sum := range []string{v.SHA256, v.ManifestSHA256, v.Digest} {
		if !hexPattern.MatchString(sum) {
			return fmt.Errorf("%q is no SHA-256", sum)
		}
	}
	keys, err := base64.StdEncoding.DecodeString(v.SessionKeys)
	switch {
	case !crcPattern.MatchString(v.CRC64NVME):
		return fmt.Errorf("%q is no CRC64NVME", v.CRC64NVME)
	case err != nil || len(keys) == 0 || base64.StdEncoding.EncodeToString(keys) != v.SessionKeys:
		return errors.New("its session keys are not in base64")
	case v.Objects < 1 || v.Objects > maxFiles:
		return fmt.Errorf("it has %d blobs", v.Objects)
	case v.Files < 0 || min(v.SourceBytes, v.PlaintextBytes, v.Bytes) < 0: // readers reserve memory by them
		return errors.New("it has a size below zero")
	}
	return nil
}

// isTime tells a time as this format has them: whole seconds in UTC.
func isTime(t time.Time) bool { return t.Location() == time.UTC && t.Equal(Seconds(t)) }

// isDate tells a day that there is, as YYYY-MM-DD.
func isDate(text string) bool {
	t, err := time.Parse(time.DateOnly, text)
	return err == nil && t.Year() > 0 && t.Format(time.DateOnly) == text
}
