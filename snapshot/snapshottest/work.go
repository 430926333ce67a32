package snapshottest

// work goes on after the request that began it: a snapshot or a deletion. Its
// writes are done one by one, in a fixed number of steps.
type work struct {
	taking   *taking   // nil: a deletion
	deletion *deletion // nil: a snapshot
	begin    func() []func()
	steps    int

	begun bool
	taken int
	todo  []func()
	done  int
}

// start makes the list of what is to do.
func (w *work) start() {
	if !w.begun {
		w.begun, w.todo = true, w.begin()
	}
}

// step does one step's share and says whether the work has ended.
func (w *work) step() bool {
	w.start()
	w.taken++
	until := len(w.todo)
	if w.taken < w.steps {
		until = len(w.todo) * w.taken / w.steps
	}
	for ; w.done < until; w.done++ {
		w.todo[w.done]()
	}
	return w.ended()
}

func (w *work) ended() bool { return w.begun && w.taken >= w.steps }
