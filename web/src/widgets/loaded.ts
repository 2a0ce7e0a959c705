// SPDX-License-Identifier: Apache-2.0
// What a page asked the server for: the answer, or why there is none; asked again every so often.
import { useEffect, useRef, useState } from "preact/hooks";

export interface Loaded<T> {
  value: T | null;
  error: string | null;
  reload: () => void;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// `key` names what is wanted: when it changes, the old answer stays until the new one is there.
export function useLoaded<T>(
  load: ((signal: AbortSignal) => Promise<T>) | null,
  key: string,
  everyMs = 0,
): Loaded<T> {
  const [state, setState] = useState<{ value: T | null; error: string | null }>({ value: null, error: null });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (load === null) {
      setState({ value: null, error: null });
      return undefined;
    }
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      if (everyMs > 0 && !control.signal.aborted) timer = setTimeout(fetchOnce, everyMs);
    };
    const fetchOnce = () => {
      const ask = latest.current;
      if (ask === null) return;
      if (document.hidden && everyMs > 0) {
        again();
        return;
      }
      ask(control.signal).then(
        (value) => {
          if (control.signal.aborted) return;
          setState({ value, error: null });
          again();
        },
        (error: unknown) => {
          if (control.signal.aborted) return;
          setState((before) => ({ value: before.value, error: errorText(error) }));
          again();
        },
      );
    };
    fetchOnce();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, turn, load === null]);
  return { ...state, reload: () => setTurn((n) => n + 1) };
}
