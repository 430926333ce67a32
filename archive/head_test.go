package archive

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestHeadIsOneTextInJSON: the one that --head takes, and none is none.
func TestHeadIsOneTextInJSON(t *testing.T) {
	sum := strings.Repeat("5c", 32)
	for text, h := range map[string]Head{
		`""`:                     {},
		`"000007:` + sum + `"`:   {Sequence: 7, SHA256: sum},
		`"12345678:` + sum + `"`: {Sequence: 12345678, SHA256: sum},
	} {
		got, err := json.Marshal(h)
		if err != nil || string(got) != text {
			t.Errorf("%v is %s (%v), want %s", h, got, err, text)
		}
		again := Head{Sequence: 1}
		if err := json.Unmarshal(got, &again); err != nil || again != h {
			t.Errorf("%s is read as %v (%v), want %v", got, again, err, h)
		}
	}
	if err := json.Unmarshal([]byte(`"7"`), new(Head)); err == nil {
		t.Error("a number is taken for a head")
	}
}
