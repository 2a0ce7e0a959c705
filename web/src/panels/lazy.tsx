// SPDX-License-Identifier: Apache-2.0
// A component whose code is fetched when it is first shown.
import type { ComponentChildren, FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../base/locale";

export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let ready: FunctionComponent<P> | null = null;
  return function Lazy(props: P) {
    const [, again] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (ready !== null) return;
      load().then(
        (component) => {
          ready = component;
          again((n) => n + 1);
        },
        () => setFailed(true),
      );
    }, []);
    if (ready === null) return <p class="hint">{failed ? t("unreachable") : t("loading")}</p>;
    const Ready = ready;
    return <Ready {...props} />;
  };
}

export function Suspense({ children }: { children: ComponentChildren }) {
  return <div class="lazy">{children}</div>;
}
