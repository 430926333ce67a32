package store

import "testing"

func TestRuleTouchesWhatItsFilterLeaves(t *testing.T) {
	const small, any = 64 << 20, -1
	for name, c := range map[string]struct {
		rule    Rule
		prefix  string
		most    int64
		touches bool
		covers  bool
	}{
		"the whole bucket":             {Rule{}, "prod/ledger/", small, true, true},
		"the prefix itself":            {Rule{Prefix: "prod/archives/"}, "prod/archives/", any, true, true},
		"a part of it":                 {Rule{Prefix: "prod/archives/web/"}, "prod/archives/", any, true, false},
		"what it lies in":              {Rule{Prefix: "prod/"}, "prod/ledger/", small, true, true},
		"without the slash":            {Rule{Prefix: "prod/ledger"}, "prod/ledger/", small, true, true},
		"another name":                 {Rule{Prefix: "prod/archives/"}, "prod/ledger/", small, false, false},
		"a name that begins alike":     {Rule{Prefix: "prod/ledger-old/"}, "prod/ledger/", small, false, false},
		"another prefix of the store":  {Rule{Prefix: "archives/"}, "prod/archives/", any, false, false},
		"only larger than what is":     {Rule{Above: small}, "prod/ledger/", small, false, true},
		"only larger than some":        {Rule{Above: 128 << 10}, "prod/ledger/", small, true, true},
		"only smaller ones":            {Rule{Below: 1 << 20}, "prod/archives/", any, true, false},
		"larger ones, whatever's size": {Rule{Above: 1 << 40}, "snapshots/", any, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.rule.Touches(c.prefix, c.most); got != c.touches {
				t.Errorf("touches: %v", got)
			}
			if got := c.rule.Covers(c.prefix); got != c.covers {
				t.Errorf("covers: %v", got)
			}
		})
	}
}

func TestRuleActsOnlyInForceAndOnCurrentObjects(t *testing.T) {
	for name, c := range map[string]struct {
		rule Rule
		acts bool
	}{
		"moves":                  {Rule{Enabled: true, Classes: []string{"GLACIER"}}, true},
		"deletes":                {Rule{Enabled: true, Expires: true, ExpireDays: 30}, true},
		"switched off":           {Rule{Classes: []string{"GLACIER"}, Expires: true}, false},
		"tagged objects only":    {Rule{Enabled: true, Tagged: true, Expires: true}, false},
		"old versions only":      {Rule{Enabled: true, ExpiresOld: true}, false},
		"unfinished uploads etc": {Rule{Enabled: true}, false},
	} {
		if got := c.rule.Acts(); got != c.acts {
			t.Errorf("%s: %v", name, got)
		}
	}
}
