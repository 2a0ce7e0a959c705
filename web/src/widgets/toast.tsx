// SPDX-License-Identifier: Apache-2.0
// One short message at the top of a page, gone after a while.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

const LAST_MS = 5000;

const message = signal<{ text: string; bad: boolean } | null>(null);

export function toast(text: string, bad = false): void {
  message.value = { text, bad };
}

export function Toast() {
  const now = message.value;
  useEffect(() => {
    if (now === null) return undefined;
    const timer = setTimeout(() => (message.value = null), LAST_MS);
    return () => clearTimeout(timer);
  }, [now]);
  return (
    <div class="notices" role="alert">
      {now !== null && <p class={`notice ${now.bad ? "bad" : ""}`}>{now.text}</p>}
    </div>
  );
}
