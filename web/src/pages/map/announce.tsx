// SPDX-License-Identifier: Apache-2.0
// What a screen reader hears without asking: the gist, at most every ten seconds, only when it
// changed.
import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Snapshot } from "../../api/types";
import { t } from "../../base/locale";
import { shown } from "./store";

const LEAST_MS = 10_000;

export function gist(snapshot: Snapshot): string {
  const over = snapshot.nodes.filter((node) => node.state === "over").length;
  if (over === 0) return t("summary_calm", { n: snapshot.nodes.length });
  return t("summary", { over, name: snapshot.verdict.bottleneck ?? t("none") });
}

export function Announcer() {
  const [text, setText] = useState("");
  useEffect(() => {
    let last = -LEAST_MS;
    let said = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = effect(() => {
      const snapshot = shown.value;
      if (snapshot === null) return;
      const next = gist(snapshot);
      clearTimeout(timer);
      if (next === said) return;
      const speak = () => {
        last = performance.now();
        said = next;
        setText(next);
      };
      const wait = last + LEAST_MS - performance.now();
      if (wait <= 0) speak();
      else timer = setTimeout(speak, wait);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);
  return (
    <p class="hidden" role="status" aria-live="polite">
      {text}
    </p>
  );
}
