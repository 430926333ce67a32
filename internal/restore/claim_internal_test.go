package restore

import (
	"reflect"
	"strings"
	"testing"

	"archiver/internal/lease"
)

const testID = "20261121t030000z-0123abcd"

func sound() Claim {
	return Claim{
		Format: claimFormat, Kind: KindDrill, ID: testID, Mark: lease.Mark{Epoch: 3, Nonce: "n", Holder: "h", LeaseSeconds: 120},
		Stream: "logdata", Date: "2026-11-20", Run: testID, Phase: PhaseUnpack, ClusterUUID: "u",
		Repository: repositoryOf(testID), Files: files(testID), Indices: []Target{{Index: "a", Target: scratchOf(testID) + "a", UUID: "x"}},
	}
}

func TestAClaimIsReadBackAsItWas(t *testing.T) {
	c := sound()
	text, err := lease.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeClaim(testID, text)
	if err != nil || !reflect.DeepEqual(*got, c) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestAClaimThatNamesWhatIsNotItsOwnIsRefused: what a claim says is deleted.
func TestAClaimThatNamesWhatIsNotItsOwnIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Claim){
		"another format":       func(c *Claim) { c.Format = 2 },
		"another ID":           func(c *Claim) { c.ID = "20261121t030000z-00000000" },
		"another repository":   func(c *Claim) { c.Repository = "archiver-logdata" },
		"other files":          func(c *Claim) { c.Files = "snapshots/" },
		"no kind":              func(c *Claim) { c.Kind = "" },
		"no scratch index":     func(c *Claim) { c.Indices[0].Target = "logdata-20112026" },
		"another drill's name": func(c *Claim) { c.Indices[0].Target = "archiver-drill-x" },
	} {
		c := sound()
		change(&c)
		text, err := lease.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeClaim(testID, text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	c := sound()
	text, err := lease.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(string(text), "{", `{"more":1,`, 1)
	if _, err := decodeClaim(testID, []byte(newer)); err == nil {
		t.Error("an unknown field: accepted")
	}
}

func TestANewNameHoldsTheArchivedOneOnce(t *testing.T) {
	for rename, ok := range map[string]bool{"": true, "restored-{index}": true, "{index}": true, "a-{index}-b": true, "restored": false, "{index}-{index}": false} {
		if err := CheckRename(rename); (err == nil) != ok {
			t.Errorf("%q: %v", rename, err)
		}
	}
}
