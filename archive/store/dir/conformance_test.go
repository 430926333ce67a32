package dir_test

import (
	"testing"

	"archiver/archive/store"
	"archiver/archive/store/storetest"
)

func TestADirectoryKeepsTheContractsOfThePort(t *testing.T) {
	storetest.Run(t, storetest.Capabilities{Checksums: hasAttributes(t, t.TempDir())}, func(t *testing.T) store.Store {
		s, _ := fresh(t)
		return s
	})
}

func TestADirectoryOfOurOwnKeepsTheContractsToo(t *testing.T) {
	storetest.Run(t, storetest.Capabilities{Checksums: hasAttributes(t, t.TempDir())}, func(t *testing.T) store.Store {
		_, root := fresh(t)
		return open(t, root, "")
	})
}
