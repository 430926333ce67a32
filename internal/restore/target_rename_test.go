package restore

import "testing"

func TestNameThatNoIndexMayHaveIsRefusedBeforeAnythingIsUnpacked(t *testing.T) {
	for rename, fine := range map[string]bool{
		"": true, "restored-{index}": true, "{index}.old_2": true,
		"restored": false, "{index}{index}": false, "Old-{index}": false, "-{index}": false, "_{index}": false, "+{index}": false,
		"a {index}": false, "a/{index}": false, "{index}*": false, "{index}:x": false,
	} {
		if err := CheckRename(rename); (err == nil) != fine {
			t.Errorf("%q: %v", rename, err)
		}
	}
}
