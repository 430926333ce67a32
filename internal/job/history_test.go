package job_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/archive/store/storetest"
	"archiver/snapshot"
	"archiver/snapshot/snapshottest"
)

// TestHistories lives through ten days again and again, with faults in pairs,
// runners that freeze and wake up, and two runners at once. Whatever happens, no
// day may be lost, mixed or sealed twice, staging never emptied early, and the
// ledger never forks. ARCHIVER_SEED replays one history.
func TestHistories(t *testing.T) {
	seeds := 30
	if soak() {
		seeds = 1000
	}
	first := 0
	if one := os.Getenv("ARCHIVER_SEED"); one != "" {
		n, err := strconv.Atoi(one)
		if err != nil {
			t.Fatal(err)
		}
		first, seeds = n, 1
	}
	for seed := first; seed < first+seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, uint64(seed))
			if err := h.live(); err != nil {
				t.Errorf("%v\nreplay it with ARCHIVER_SEED=%d go test ./internal/job -run TestHistories\n%s", err, seed, strings.Join(h.story, "\n"))
			}
		})
	}
}

// history is one seeded life of a stream.
type history struct {
	*world
	rand  *rand.Rand
	late  []*storetest.Gate // of dead runners, with calls that are still to arrive
	story []string          // what happened, for people

	mu        sync.Mutex
	violation error
}

func newHistory(t *testing.T, seed uint64) *history {
	r := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t, snapshottest.Options{SnapshotSteps: r.IntN(4), DeleteSteps: r.IntN(3)})
	return &history{world: w, rand: r}
}

func (h *history) tell(format string, args ...any) {
	h.story = append(h.story, fmt.Sprintf(format, args...))
}

// live goes through ten days, and then lets healthy runs finish what is left.
func (h *history) live() error {
	var dates []string
	for day := range 10 {
		d := epoch.AddDate(0, 0, day-1).Format(time.DateOnly)
		dates = append(dates, d)
		h.addDay(d, 3+h.rand.IntN(20))
		for range 1 + h.rand.IntN(3) {
			if err := h.night(d); err != nil {
				return fmt.Errorf("%s: %w", d, err)
			}
			h.clock.Advance(time.Duration(h.rand.IntN(20)) * time.Minute)
		}
		h.clock.Advance(time.Duration(6+h.rand.IntN(60)) * time.Hour)
		h.skew = time.Duration(h.rand.IntN(72)-36) * time.Hour
		if h.rand.IntN(3) == 0 {
			h.deliver()
		}
	}
	h.deliver()
	for _, d := range dates {
		if err := h.untilDone(h.gate(nil), d); err != nil {
			return fmt.Errorf("the healthy run of %s: %w", d, err)
		}
	}
	if h.violation != nil {
		return h.violation
	}
	if err := h.check(dates...); err == nil {
		return nil
	}
	// A request that arrived after the last look lies there until the next day.
	h.addDay("2026-12-24", 5)
	if err := h.untilDone(h.gate(nil), "2026-12-24"); err != nil {
		return fmt.Errorf("the day after: %w", err)
	}
	return h.check(append(dates, "2026-12-24")...)
}

// night is one start of the program, or two.
func (h *history) night(date string) error {
	switch h.rand.IntN(4) {
	case 0:
		return h.frozen(date)
	case 1:
		return h.together(date)
	default:
		return h.judge(h.start(h.gate(h.faults()), date))
	}
}

// start runs the program.
func (h *history) start(g *storetest.Gate, date string) error {
	_, err := h.run(g, date)
	h.keep(g)
	h.tell("run of %s: %v", date, err)
	return err
}

// judge accepts that a run failed, but not that it called for a person: nothing
// here is beyond its means.
func (h *history) judge(err error) error {
	if err != nil && !retriable(err) {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.violation
}

// faults are up to two calls with their fates.
func (h *history) faults() map[int]storetest.Fate {
	faults := map[int]storetest.Fate{}
	for range h.rand.IntN(3) {
		n := 1 + h.rand.IntN(120)
		faults[n] = storetest.Fate(1 + h.rand.IntN(int(storetest.DeliverLate)))
		h.tell("call %d will have the fate %d", n, faults[n])
	}
	return faults
}

// gate makes a gate with faults, watched for what must never happen.
func (h *history) gate(faults map[int]storetest.Fate) *storetest.Gate {
	g := storetest.NewGate(func(c storetest.Call) storetest.Fate {
		fate := faults[c.N]
		if fate == storetest.DeliverLate && !c.Mutates {
			fate = storetest.KillBefore
		}
		return fate
	})
	g.Before = h.watch
	kind := h.rand.IntN(4)
	g.Err = func(c storetest.Call) error { return refusal(c, kind) }
	return g
}

// refusal is how a call fails that was not done.
func refusal(c storetest.Call, kind int) error {
	onStore := !strings.HasPrefix(c.Name, "cluster ")
	switch {
	case kind == 1 && c.Mutates && onStore && strings.Contains(c.Name, " Replace "):
		return fmt.Errorf("412: %w", store.ErrChanged)
	case kind == 1 && c.Mutates && onStore:
		return fmt.Errorf("412: %w", store.ErrExists)
	case kind == 2 && c.Mutates && !onStore:
		return fmt.Errorf("503: %w", snapshot.ErrBusy)
	case kind == 3:
		return errors.New("500 internal error")
	}
	return storetest.ErrLost
}

// keep remembers a gate whose process is dead: its late calls may still come.
func (h *history) keep(g *storetest.Gate) { h.late = append(h.late, g) }

// deliver lets the calls arrive that were under way when their senders died.
func (h *history) deliver() {
	for _, g := range h.late {
		if g.Deliver() {
			h.tell("a late call arrived")
		}
	}
	h.late = nil
}

// watch looks at each call before it is done: staging must never be emptied
// before the ledger says that the run is sealed, or given up.
func (h *history) watch(c storetest.Call) {
	var run string
	var current bool
	switch {
	case strings.HasPrefix(c.Name, "cluster Delete "):
		run, current = h.currentAttempt(strings.TrimPrefix(c.Name, "cluster Delete "))
	case strings.HasPrefix(c.Name, "staging Delete snapshots/"):
		run, current = h.stateRun(), true
	}
	if !current {
		return
	}
	chain, err := archive.Ledger{Store: h.archive, Stream: stream, Trust: keyring().trust}.Load(context.Background())
	if err != nil {
		h.violate(err)
		return
	}
	if _, closed := chain.Run(run); !closed {
		h.violate(fmt.Errorf("%s, but the ledger has not closed run %s", c.Name, run))
	}
}

func (h *history) violate(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.violation = errors.Join(h.violation, err)
}

// frozen starts a runner that freezes at some call. Others run meanwhile, and
// then, or in the middle of that, it wakes up and goes on as if nothing were.
func (h *history) frozen(date string) error {
	at, wakeAt := 1+h.rand.IntN(110), h.rand.IntN(120)
	h.tell("a runner of %s freezes at call %d, and wakes at call %d of the next", date, at, wakeAt)
	asleep, wake, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	sleeper := h.gate(h.faults())
	sleeper.Before = func(c storetest.Call) {
		if c.N == at {
			close(asleep)
			<-wake
		}
		h.watch(c)
	}
	var slept error
	go func() {
		defer close(ended)
		_, slept = h.run(sleeper, date)
	}()
	select {
	case <-asleep:
	case <-ended:
		h.keep(sleeper)
		h.tell("it had ended before: %v", slept)
		return h.judge(slept)
	}
	h.clock.Advance(10 * time.Minute)
	woken := false
	rise := func() {
		woken = true
		close(wake)
		<-ended
		h.tell("the sleeper ended: %v", slept)
	}
	next := h.gate(h.faults())
	next.Before = func(c storetest.Call) {
		if c.N == wakeAt && !woken {
			rise()
		}
		h.watch(c)
	}
	err := h.start(next, date)
	if !woken {
		rise()
	}
	h.keep(sleeper)
	return errors.Join(h.judge(err), h.judge(slept))
}

// together starts two runners and lets them do their calls in a random order.
func (h *history) together(date string) error {
	h.tell("two runners of %s at once", date)
	stage := &turnstile{rand: h.rand, ask: make(chan turn)}
	var errs [2]error
	var wait sync.WaitGroup
	for n := range errs {
		g := h.gate(h.faults())
		var one sync.Mutex // a process may do several reads side by side
		g.Before = func(c storetest.Call) {
			one.Lock()
			stage.wait(n)
			one.Unlock()
			h.watch(c)
		}
		wait.Go(func() {
			_, errs[n] = h.run(g, date)
			stage.leave(n)
		})
		h.keep(g)
	}
	stage.run(len(errs))
	wait.Wait()
	h.tell("they ended: %v; %v", errs[0], errs[1])
	return errors.Join(h.judge(errs[0]), h.judge(errs[1]))
}

// turnstile lets one process at a time do one call.
type turnstile struct {
	rand *rand.Rand
	ask  chan turn
}

// turn is a process that waits for its turn, or has ended (nil).
type turn struct {
	process int
	granted chan struct{}
}

func (s *turnstile) wait(process int) {
	granted := make(chan struct{})
	s.ask <- turn{process, granted}
	<-granted
}

func (s *turnstile) leave(process int) { s.ask <- turn{process, nil} }

// run grants turns until all processes have left. It waits for each to ask.
func (s *turnstile) run(processes int) {
	waiting := map[int]chan struct{}{}
	for processes > 0 {
		for len(waiting) < processes {
			t := <-s.ask
			if t.granted == nil {
				processes--
				continue
			}
			waiting[t.process] = t.granted
		}
		if processes == 0 {
			return
		}
		n := s.rand.IntN(2)
		if waiting[n] == nil {
			n = 1 - n
		}
		granted := waiting[n]
		delete(waiting, n)
		close(granted)
	}
}

// currentAttempt tells which run a snapshot belongs to, and whether it is the
// attempt that the state counts on.
func (h *history) currentAttempt(name string) (run string, current bool) {
	s := h.stateText()
	return h.stateRun(), strings.Contains(s, `"name": "`+name+`"`)
}

func (h *history) stateRun() string {
	_, after, _ := strings.Cut(h.stateText(), `"run": "`)
	run, _, _ := strings.Cut(after, `"`)
	return run
}

func (h *history) stateText() string {
	o, err := h.staging.Get(context.Background(), archive.StateKey)
	if err != nil {
		return ""
	}
	return string(o.Body)
}
