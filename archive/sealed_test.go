package archive

import (
	"testing"
	"time"
)

func TestArchiveEntryIsRefusedUnlessEveryMemberHasItsForm(t *testing.T) {
	k := newKept(t)
	for name, change := range map[string]func(s *Sealed){
		"no date":                 func(s *Sealed) { s.Date = "2026-02-31" },
		"no indices":              func(s *Sealed) { s.Snapshot.Indices = nil },
		"no recipients":           func(s *Sealed) { s.Recipients = nil },
		"recipient in lower case": func(s *Sealed) { s.Recipients = []string{"857d070f3d31ce21dc63c9444583a7a5ef1d00e6"} },
		"signer by its key ID":    func(s *Sealed) { s.Signer = "D51DC540065E781F" },
		"record without hash":     func(s *Sealed) { s.RecordSHA256 = "" },
		"unknown retention":       func(s *Sealed) { s.Retention.Mode = "forever" },
		"retention to a fraction": func(s *Sealed) { s.Retention.Until = noon.Add(time.Millisecond) },
		"retention in local time": func(s *Sealed) { s.Retention.Until = noon.In(time.FixedZone("", 3600)) },
		"no volumes":              func(s *Sealed) { s.Volumes, s.Objects, s.Bytes = nil, 0, 0 },
		"volume without hash":     func(s *Sealed) { s.Volumes[0].SHA256 = "" },
		"volume without manifest": func(s *Sealed) { s.Volumes[0].ManifestSHA256 = "" },
		"volume without digest":   func(s *Sealed) { s.Volumes[0].Digest = "" },
		"CRC in hex":              func(s *Sealed) { s.Volumes[0].CRC64NVME = "0011223344556677" },
		"no session keys":         func(s *Sealed) { s.Volumes[0].SessionKeys = "" },
		"loose base64":            func(s *Sealed) { s.Volumes[0].SessionKeys = "wV5=" },
		"number of a volume":      func(s *Sealed) { s.Volumes[1].Number = 2 },
		"place of a volume":       func(s *Sealed) { s.Volumes[1].Key = s.Volumes[0].Key },
		"gap between volumes":     func(s *Sealed) { s.Volumes[1].After += "x" },
		"volume without blobs": func(s *Sealed) {
			s.Objects -= s.Volumes[1].Objects
			s.Volumes[1].Objects = 0
		},
		"sum of bytes": func(s *Sealed) { s.Bytes++ },
	} {
		e := k.copy(t).chain.Entries[keptEntry-1]
		s := *e.Archive
		s.Volumes = append([]Volume(nil), s.Volumes...)
		if e.Archive = &s; e.check() != nil {
			t.Fatal(e.check())
		}
		if change(&s); e.check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestWithdrawnEntryCountsByItsRun(t *testing.T) {
	k := newKept(t)
	e := k.chain.Next(noon, "archiver test")
	e.Type, e.Withdrawn = TypeWithdrawn, &Ended{Date: "2026-11-01", Run: k.day.Run, Reason: "lost"}
	k.append(t, e)
	if _, stands := k.chain.Sealed(keptDate); stands || len(k.chain.Archives()) != 1 {
		t.Errorf("it stands: %v, among %d", stands, len(k.chain.Archives()))
	}
}
