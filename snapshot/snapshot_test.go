package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func recorded(t *testing.T, name string) Snapshot {
	t.Helper()
	list, err := connect(t, replay(t, name)).Snapshots(t.Context(), "staging")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 {
		t.Fatalf("%d snapshots", len(list))
	}
	return list[0]
}

func TestCreateAsksForAllOrNothingAndDoesNotWait(t *testing.T) {
	h := &counted{HandlerFunc: replay(t, "created")}
	err := connect(t, h).Create(t.Context(), "staging", "s1", CreateOptions{
		Indices: []string{"a", "b"}, Metadata: map[string]string{"stream": "logdata"},
	})
	if err != nil {
		t.Fatal(err)
	}
	call, body := h.last()
	if call != "PUT /_snapshot/staging/s1?wait_for_completion=false" {
		t.Error(call)
	}
	if want := `{"indices":["a","b"],"include_global_state":false,"partial":false,"ignore_unavailable":false,"metadata":{"stream":"logdata"}}`; body != want {
		t.Error(body)
	}
}

func TestSnapshotReadsWhatTheServerRecorded(t *testing.T) {
	got := recorded(t, "snapshot-success")
	want := Snapshot{
		Name: "s1", UUID: got.UUID, State: StateSuccess, Version: "3.6.0",
		Indices: []string{"logdata-01112026", "logdata-01112026-2"},
		Shards:  Shards{Total: 3, Successful: 3}, Failures: []Failure{},
		Start: got.Start, End: got.End,
		Metadata: map[string]any{"stream": "logdata", "date": "2026-11-01"},
	}
	slices.Sort(got.Indices)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Start.Location() != time.UTC || got.Start.Year() != 2026 || got.End.Before(got.Start) || !got.Ended() || len(got.UUID) != 22 {
		t.Errorf("%+v", got)
	}
	running := recorded(t, "snapshot-in-progress")
	if running.Ended() || !running.End.IsZero() || running.Start.IsZero() || running.UUID == "" {
		t.Errorf("%+v", running)
	}
	if list, err := connect(t, replay(t, "snapshots-none")).Snapshots(t.Context(), "staging"); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestSnapshotTakesNoOtherAnswerThanTheOneAskedFor(t *testing.T) {
	if s, err := connect(t, replay(t, "snapshot-success")).Snapshot(t.Context(), "staging", "s1"); err != nil || s.Name != "s1" {
		t.Fatalf("%v, %v", s, err)
	}
	for name, body := range map[string]string{
		"another":  `{"snapshots":[{"snapshot":"s2","uuid":"u","state":"SUCCESS"}]}`,
		"none":     `{"snapshots":[]}`,
		"no list":  `{}`,
		"no state": `{"snapshots":[{"snapshot":"s1","uuid":"u"}]}`,
	} {
		if s, err := connect(t, say(200, "application/json", body)).Snapshot(t.Context(), "staging", "s1"); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
	odd := `{"snapshots":[{"snapshot":"s1","uuid":"u","state":"SUCCESS","metadata":{"policy":{"a":[1]},"n":null}}]}`
	if _, err := connect(t, say(200, "application/json", odd)).Snapshot(t.Context(), "staging", "s1"); err != nil {
		t.Errorf("metadata that is not of strings: %v", err)
	}
}

func TestVerifyAcceptsOnlyAWholeSnapshotOfExactlyTheIndices(t *testing.T) {
	whole := func() Snapshot {
		return Snapshot{Name: "s1", State: StateSuccess, Indices: []string{"b", "a"}, Shards: Shards{Total: 3, Successful: 3}}
	}
	if err := whole().Verify([]string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		spoil func(*Snapshot)
		says  string
	}{
		{"in progress", func(s *Snapshot) { s.State = StateInProgress }, "IN_PROGRESS"},
		{"partial", func(s *Snapshot) { s.State = StatePartial }, "PARTIAL"},
		{"an unknown state", func(s *Snapshot) { s.State = "GREAT" }, "GREAT"},
		{"a failed shard", func(s *Snapshot) { s.Shards = Shards{Total: 3, Successful: 2, Failed: 1} }, "2 of 3 shards were taken, 1 failed"},
		{"a shard not taken", func(s *Snapshot) { s.Shards.Successful = 2 }, "2 of 3"},
		{"no shards", func(s *Snapshot) { s.Shards = Shards{} }, "0 of 0"},
		{"a listed failure", func(s *Snapshot) { s.Failures = []Failure{{Index: "a", Shard: 1, Reason: "disk"}} }, "a shard 1: disk"},
		{"an index is missing", func(s *Snapshot) { s.Indices = []string{"a"} }, "it lacks b"},
		{"an index too many", func(s *Snapshot) { s.Indices = append(s.Indices, "c") }, "it also holds c"},
		{"only references", func(s *Snapshot) { s.References = true }, "remote store"},
		{"a reason", func(s *Snapshot) { s.Reason = "aborted" }, "aborted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := whole()
			tt.spoil(&s)
			err := s.Verify([]string{"a", "b"})
			if !errors.Is(err, ErrIncomplete) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q in it", err, tt.says)
			}
		})
	}
}

func TestVerifyTellsWhatFailedWithoutEnd(t *testing.T) {
	err := recorded(t, "snapshot-partial").Verify([]string{"bad"})
	if !errors.Is(err, ErrIncomplete) || !strings.Contains(err.Error(), "bad shard 0") || !strings.Contains(err.Error(), "CorruptIndexException") {
		t.Error(err)
	}
	s := Snapshot{Name: "s1", State: StateFailed}
	for i := range 1000 {
		s.Failures = append(s.Failures, Failure{Index: "a", Shard: i, Reason: "x"})
	}
	if text := fmt.Sprint(s.Verify([]string{"a"})); !strings.Contains(text, "and 995 more") || len(text) > 1000 {
		t.Error(text)
	}
}

func TestProgressCountsShardsAndBytes(t *testing.T) {
	got, err := connect(t, replay(t, "status-started")).Progress(t.Context(), "staging", "p1")
	if err != nil || got.State != "STARTED" || got.ShardsDone != 0 || got.ShardsTotal != 1 || got.BytesDone == 0 || got.BytesDone >= got.BytesTotal {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = connect(t, replay(t, "status-success")).Progress(t.Context(), "staging", "s1")
	if err != nil || got.State != StateSuccess || got.ShardsDone != 3 || got.ShardsTotal != 3 || got.BytesDone != got.BytesTotal || got.BytesTotal == 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDeletingKnowsTheRepositorysDeletions(t *testing.T) {
	for _, tt := range []struct {
		recording, repository string
		want                  bool
	}{
		{"deleting", "slow", true},
		{"deleting", "staging", false},
		{"deleting-none", "slow", false},
	} {
		got, err := connect(t, replay(t, tt.recording)).Deleting(t.Context(), tt.repository)
		if err != nil || got != tt.want {
			t.Errorf("%s in %s: %v, %v", tt.recording, tt.repository, got, err)
		}
	}
	for _, status := range []int{401, 403, 405} {
		c := connect(t, say(status, "application/json", `{"Message":"Your request is not allowed."}`))
		if _, err := c.Deleting(t.Context(), "slow"); !errors.Is(err, ErrUnknowable) {
			t.Errorf("%d: %v", status, err)
		}
	}
	for _, answer := range []string{"{}", "<html>"} {
		if _, err := connect(t, say(200, "text/html", answer)).Deleting(t.Context(), "slow"); err == nil || errors.Is(err, ErrUnknowable) {
			t.Errorf("%s was taken for an answer: %v", answer, err)
		}
	}
}

func TestDeleteAndCleanupCallTheAPI(t *testing.T) {
	h := &counted{HandlerFunc: replay(t, "acknowledged")}
	if err := connect(t, h).Delete(t.Context(), "staging", "s1"); err != nil {
		t.Fatal(err)
	}
	if call, _ := h.last(); call != "DELETE /_snapshot/staging/s1" {
		t.Error(call)
	}
	h.HandlerFunc = replay(t, "cleaned-up")
	if err := connect(t, h).Cleanup(t.Context(), "staging"); err != nil {
		t.Fatal(err)
	}
	if call, _ := h.last(); call != "POST /_snapshot/staging/_cleanup" {
		t.Error(call)
	}
}
