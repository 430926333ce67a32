package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"archiver/archive"
	"archiver/internal/job"
)

// dayTwo begins the second day in another process, and kills that.
func (s *show) dayTwo(ctx context.Context) error {
	s.head("The second day, and a run that is killed in the middle")
	s.say("$ archiver run --date %s        (in a process of its own)", s.dates[1])
	pid, err := s.kill(ctx)
	if err != nil {
		return fmt.Errorf("the run that is to be killed: %w", err)
	}
	s.say("Process %d was killed (SIGKILL) with half a volume written. It could tell nobody.", pid)
	h, err := s.job.Holding(ctx)
	if err != nil {
		return err
	}
	if !h.Unfinished || h.Phase != job.PhasePack || h.Date != s.dates[1] {
		return fmt.Errorf("the killed run should have left %s at %s, its state says: %s", s.dates[1], job.PhasePack, s.Holding(h))
	}
	if s.kept, err = s.volumes(ctx); err != nil {
		return err
	}
	s.say("$ archiver unlock --yes")
	s.line("%s", s.Holding(h))
	if err := s.job.Unlock(ctx, h); err != nil {
		return err
	}
	s.say("The lease of the dead would run out by itself; breaking it saves the two minutes.")
	return nil
}

// kill starts the doomed process, waits until it stands still, kills it, and
// returns its ID.
func (s *show) kill(ctx context.Context) (pid int, err error) {
	asked := ctx
	ctx, cancel := context.WithCancel(asked)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.Doomed[0], s.Doomed[1:]...)
	cmd.Stderr = s.Err
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	pid = cmd.Process.Pid
	o := order{Folder: s.folder, Cluster: s.cluster, Date: s.dates[1], Tool: s.Tool, Holder: fmt.Sprintf("process %d", pid)}
	waitErr := s.untilStalled(in, out, o)
	if waitErr == nil {
		waitErr = cmd.Process.Kill()
	}
	cancel() // whatever went wrong: it must end
	err = cmd.Wait()
	switch {
	case context.Cause(asked) != nil:
		return pid, context.Cause(asked)
	case waitErr != nil:
		return pid, errors.Join(waitErr, err)
	case err == nil || cmd.ProcessState.Exited():
		return pid, fmt.Errorf("it ended by itself: %v", cmd.ProcessState)
	}
	return pid, nil
}

func (s *show) untilStalled(in io.Writer, out io.Reader, o order) error {
	if err := json.NewEncoder(in).Encode(o); err != nil {
		return err
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("it did not come to the middle: %w", err)
	}
	if strings.TrimSpace(said) != stalled {
		return fmt.Errorf("it said %q", said)
	}
	return nil
}

// volumes are the keys of all that lies in the archive as a volume.
func (s *show) volumes(ctx context.Context) (map[string]bool, error) {
	keys := map[string]bool{}
	for o, err := range s.job.Archive.List(ctx, archive.VolumesPrefix(stream), "") {
		if err != nil {
			return nil, err
		}
		keys[o.Key] = true
	}
	return keys, nil
}

// mend runs the second day again.
func (s *show) mend(ctx context.Context) error {
	s.head("The next run mends it")
	s.say("It keeps the volume that was finished, packs the others, and goes on.")
	o, err := s.archive(ctx, s.dates[1])
	if err == nil && !o.Resumed {
		err = fmt.Errorf("the run of %s did not resume what the killed one had begun", o.Date)
	}
	return err
}
