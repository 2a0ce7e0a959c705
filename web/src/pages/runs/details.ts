// SPDX-License-Identifier: Apache-2.0
// Details of the runs in sight, for what the list does not say: plateaus and the chain of verdicts.
// A run that is over does not change, so each is asked for once.
import { useEffect, useState } from "preact/hooks";
import { getRun } from "../../api/runs";
import type { Run, RunDetail } from "../../api/run_types";

const MOST = 40; // of one page; older ones show what the list says

const known = new Map<string, RunDetail>();

export function useDetails(runs: readonly Run[]): (id: string) => RunDetail | null {
  const [, again] = useState(0);
  const wanted = runs.filter((run) => run.state !== "running").slice(0, MOST).map((run) => run.id);
  const key = wanted.join(" ");
  useEffect(() => {
    const control = new AbortController();
    const fetchAll = async () => {
      for (const id of wanted) {
        if (known.has(id)) continue;
        if (control.signal.aborted) return;
        try {
          known.set(id, await getRun(id, control.signal));
          if (!control.signal.aborted) again((n) => n + 1);
        } catch {
          // The row says what the list said.
        }
      }
    };
    void fetchAll();
    return () => control.abort();
  }, [key]);
  return (id) => known.get(id) ?? null;
}

// After an edit or an attached report the old answer no longer holds.
export function forget(id: string): void {
  known.delete(id);
}
