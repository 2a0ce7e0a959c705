// SPDX-License-Identifier: Apache-2.0

package service

import (
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Budget gives every call the same CPU time, all told: what a call costs beside the work (transport,
// collection of garbage, connections) is measured as the process runs and taken off the work's share.
// So a pod's capacity is its CPU limit divided by the target, on any machine.
type Budget struct {
	target time.Duration

	mutex    sync.Mutex
	work     time.Duration // what Spend may use now
	calls    int           // in this window
	spent    time.Duration // by Spend in this window
	used     time.Duration // by the process when the window began
	overhead time.Duration // per call, smoothed
}

const windowCalls = 50 // between two adjustments

// NewBudget reads the target in microseconds from SHOP_CPU_US.
func NewBudget() *Budget {
	target := time.Duration(Number("SHOP_CPU_US", 1000)) * time.Microsecond
	return &Budget{target: target, work: target * 3 / 4, overhead: target / 4, used: cpuTime(unix.CLOCK_PROCESS_CPUTIME_ID)}
}

// Spend repeats step, at least once, until this call's share is used up.
func (b *Budget) Spend(step func()) {
	b.mutex.Lock()
	work := b.work
	b.mutex.Unlock()
	runtime.LockOSThread()
	begin := cpuTime(unix.CLOCK_THREAD_CPUTIME_ID)
	spent := time.Duration(0)
	for first := true; first || spent < work; first = false {
		step()
		spent = cpuTime(unix.CLOCK_THREAD_CPUTIME_ID) - begin
	}
	runtime.UnlockOSThread()
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.calls++
	b.spent += spent
	if b.calls >= windowCalls {
		b.adjust()
	}
}

func (b *Budget) adjust() {
	now := cpuTime(unix.CLOCK_PROCESS_CPUTIME_ID)
	beside := (now - b.used - b.spent) / time.Duration(b.calls)
	b.overhead += (beside - b.overhead) / 4
	b.work = b.target - b.overhead
	if least := b.target / 4; b.work < least {
		b.work = least
	}
	b.used, b.spent, b.calls = now, 0, 0
}

func cpuTime(clock int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
