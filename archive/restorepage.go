package archive

import (
	"bytes"
	_ "embed"
	"text/template"
)

//go:embed RESTORE.md.tmpl
var restoreTemplate string

// restorePage is RESTORE.md for one archive: how to bring it back by hand.
func restorePage(r Record) ([]byte, error) {
	t, err := template.New(restoreName).Parse(restoreTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, r)
	return b.Bytes(), err
}
