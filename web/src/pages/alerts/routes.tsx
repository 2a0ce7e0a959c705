// SPDX-License-Identifier: Apache-2.0
// Who is told: the routes, how they fare, and a test message with what the receiver answered.
import { useEffect, useState } from "preact/hooks";
import { deleteRoute, getRoutes, saveRoute, testRoute } from "../../api/alerts";
import type { AlertRoute, TestAnswer } from "../../api/alert_types";
import { clock } from "../../base/format";
import { Icon, StateIcon } from "../../widgets/icon";
import { errorText, useLoaded } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { FRESH_ROUTE } from "./route_draft";
import { RouteForm } from "./route_form";
import { matcherText } from "./texts";
import { aw } from "./words";

const REFRESH_MS = 5000;

function failed(error: unknown): void {
  toast(errorText(error), true);
}

function Answer({ answer }: { answer: TestAnswer }) {
  const why = answer.error !== "" ? answer.error : `HTTP ${answer.status ?? "?"}`;
  return (
    <div class={`test-answer ${answer.ok ? "good" : "bad"}`} role="status">
      <p>
        <StateIcon state={answer.ok ? "ok" : "over"} size={13} />
        {answer.ok ? aw("test_ok", { status: answer.status ?? "–", ms: Math.round(answer.elapsed_ms) }) : aw("test_failed", { why })}
      </p>
      <p class="muted">{aw("test_answer")}</p>
      <pre class="code" tabindex={0}>
        {answer.answer === "" ? aw("test_empty") : answer.answer}
      </pre>
    </div>
  );
}

function Health({ route }: { route: AlertRoute }) {
  const { health } = route;
  if (health === undefined) return null;
  return (
    <div class="health">
      <span class={health.state === "failing" ? "v-over" : ""}>
        <StateIcon state={health.state === "failing" ? "over" : health.state === "ok" ? "ok" : "nodata"} size={12} /> {aw(`health_${health.state}`)}
      </span>
      <span class="muted tabular">{aw("sent_n", { n: health.sent, m: health.failed })}</span>
      {health.waiting > 0 && <span class="muted tabular">{aw("waiting_n", { n: health.waiting })}</span>}
      {health.next_try !== null && <span class="muted tabular">{aw("next_try", { time: clock(health.next_try) })}</span>}
      {health.last_error !== "" && (
        <span class="muted" lang="en">
          {health.last_error}
        </span>
      )}
    </div>
  );
}

interface CardProps {
  route: AlertRoute;
  testNow: boolean; // it was saved with that wish
  onEdit: () => void;
  onChange: () => void;
}

function Card({ route, testNow, onEdit, onChange }: CardProps) {
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<TestAnswer | null>(null);
  const test = () => {
    setBusy(true);
    setAnswer(null);
    testRoute(route.id)
      .then(
        (said) => {
          setAnswer(said);
          onChange();
        },
        failed,
      )
      .finally(() => setBusy(false));
  };
  useEffect(() => {
    if (testNow) test();
  }, [testNow]);
  const own = route.origin !== "file";
  return (
    <article class={`route-card ${route.enabled ? "" : "dim"}`}>
      <header>
        <h3>{route.name}</h3>
        <span class="label-tag">{aw(`kind_${route.kind}`)}</span>
        <span class="muted target">{route.target ?? ""}</span>
        <div class="spacer" />
        <label class="check">
          <input
            type="checkbox"
            checked={route.enabled}
            disabled={!own}
            onChange={(e) => {
              saveRoute({ ...route, enabled: e.currentTarget.checked }).then(onChange, failed);
            }}
          />
          {aw("enabled")}
          <span class="hidden">{route.name}</span>
        </label>
        <button type="button" class="button" disabled={busy} onClick={test} aria-label={`${aw("test")}: ${route.name}`}>
          <Icon name="send" size={13} />
          {busy ? aw("testing") : aw("test")}
        </button>
        {own && (
          <>
            <button type="button" class="tool small" aria-label={`${aw("edit")}: ${route.name}`} onClick={onEdit}>
              <Icon name="edit" size={13} />
            </button>
            <button
              type="button"
              class="tool small"
              aria-label={`${aw("remove")}: ${route.name}`}
              onClick={() => {
                deleteRoute(route.id).then(onChange, failed);
              }}
            >
              <Icon name="trash" size={13} />
            </button>
          </>
        )}
      </header>
      <Health route={route} />
      {route.matchers.length > 0 && (
        <p class="muted">
          {aw("matchers")}: {route.matchers.map(matcherText).join(", ")}
        </p>
      )}
      {(route.warnings ?? []).map((text) => (
        <p class="v-near" key={text} lang="en">
          {text}
        </p>
      ))}
      {answer !== null && <Answer answer={answer} />}
    </article>
  );
}

export function Routes({ onChange }: { onChange: () => void }) {
  const { value: routes, error, reload } = useLoaded<AlertRoute[]>((signal) => getRoutes(signal), "routes", REFRESH_MS);
  const [editing, setEditing] = useState<AlertRoute | null>(null);
  const [testing, setTesting] = useState<string | null>(null);
  const changed = () => {
    reload();
    onChange();
  };
  return (
    <>
      <p class="list-tools">
        <button type="button" class="button primary" onClick={() => setEditing(FRESH_ROUTE)}>
          {aw("add_route")}
        </button>
      </p>
      {error !== null && <p class="band warn" role="alert">{error}</p>}
      {editing !== null && (
        <RouteForm
          key={editing.id}
          route={editing}
          onDone={(test) => {
            setEditing(null);
            setTesting(test?.id ?? null);
            changed();
          }}
        />
      )}
      {routes !== null && routes.length === 0 && editing === null && <p class="hint">{aw("no_routes")}</p>}
      {(routes ?? []).map((route) => (
        <Card key={route.id} route={route} testNow={route.id === testing} onEdit={() => setEditing(route)} onChange={changed} />
      ))}
    </>
  );
}
