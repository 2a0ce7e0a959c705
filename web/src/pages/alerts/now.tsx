// SPDX-License-Identifier: Apache-2.0
// What fires now, one card per cause, and what is about to.
import { useState } from "preact/hooks";
import { addSilence } from "../../api/alerts";
import type { Alert, AlertGroup, AlertsNow, Severity } from "../../api/alert_types";
import { span } from "../../base/day";
import { clock } from "../../base/format";
import { goTo } from "../../base/route";
import { encodeView, DEFAULT_VIEW } from "../../base/url_state";
import { Icon, StateIcon } from "../../widgets/icon";
import { errorText } from "../../widgets/loaded";
import { toast } from "../../widgets/toast";
import { aw } from "./words";

const LENGTHS = [[3600, "h1"], [14_400, "h4"], [86_400, "h24"], [604_800, "d7"]] as const;

export function SeverityTag({ severity }: { severity: Severity }) {
  return <span class={`severity ${severity}`}>{aw(`sev_${severity}`)}</span>;
}

function SilenceForm({ service, onDone }: { service: string; onDone: () => void }) {
  const [seconds, setSeconds] = useState(3600);
  const [comment, setComment] = useState("");
  const send = (event: Event) => {
    event.preventDefault();
    addSilence({
      kind: "silence", matchers: [{ label: "service", op: "=", value: service }], for_s: seconds, comment: comment.trim(),
      every: "once", created_by: "",
    }).then(onDone, (error: unknown) => toast(errorText(error), true));
  };
  return (
    <form class="silence-form" onSubmit={send}>
      <label class="select">
        <span class="hidden">{aw("silence_for")}</span>
        <select value={String(seconds)} onChange={(e) => setSeconds(Number(e.currentTarget.value))}>
          {LENGTHS.map(([length, key]) => (
            <option key={key} value={String(length)}>
              {aw(key)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="hidden">{aw("comment")}</span>
        <input type="text" value={comment} required maxLength={500} placeholder={aw("comment")} onInput={(e) => setComment(e.currentTarget.value)} />
      </label>
      <button type="submit" class="button primary" disabled={comment.trim() === ""}>
        {aw("silence_this")}
      </button>
    </form>
  );
}

function Member({ alert, now }: { alert: Alert; now: number }) {
  return (
    <li>
      <SeverityTag severity={alert.severity} />
      <span lang="en">{alert.text}</span>
      {alert.flapping && <span class="class-tag">{aw("flapping")}</span>}
      <span class="muted tabular">{aw("since", { v: span(now - (alert.firing_since ?? alert.since)) })}</span>
    </li>
  );
}

function Group({ group, alerts, now, onChange }: { group: AlertGroup; alerts: readonly Alert[]; now: number; onChange: () => void }) {
  const [asked, setAsked] = useState(false);
  const members = alerts.filter((alert) => group.alerts.includes(alert.id));
  const firing = group.state === "firing";
  const show = () => goTo(encodeView({ ...DEFAULT_VIEW, selection: { kind: "node", node: group.cause } }));
  return (
    <article class={`alert-group ${group.state} ${group.severity}`}>
      <header>
        <StateIcon state={firing ? (group.severity === "critical" ? "over" : "near") : "ok"} size={16} />
        <h3 lang="en">{group.title}</h3>
        <SeverityTag severity={group.severity} />
        <span class="muted tabular">{firing ? aw("since", { v: span(now - group.since) }) : aw("resolved")}</span>
        {group.silenced && <span class="class-tag">{aw("silenced")}</span>}
        <div class="spacer" />
        {group.cause !== "" && (
          <>
            <button type="button" class="tool small" onClick={show}>
              <Icon name="map" size={13} />
              {aw("on_map")}
            </button>
            <button type="button" class="tool small" aria-expanded={asked} onClick={() => setAsked(!asked)}>
              <Icon name="eye_off" size={13} />
              {aw("silence_this")}
            </button>
          </>
        )}
      </header>
      {asked && (
        <SilenceForm
          service={group.cause}
          onDone={() => {
            setAsked(false);
            toast(aw("saved"));
            onChange();
          }}
        />
      )}
      <p lang="en">{group.sentence}</p>
      {group.evidence.length > 0 && (
        <ul class="evidence" lang="en">
          {group.evidence.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {group.victims.length > 0 && <p class="muted">{aw("victims", { names: group.victims.join(", ") })}</p>}
      <ul class="members">
        {members.map((alert) => (
          <Member key={alert.id} alert={alert} now={now} />
        ))}
      </ul>
      {group.sent.length > 0 && (
        <p class="sent muted">
          {group.sent.map((sent) => (
            <span key={sent.route} class={sent.state === "failed" ? "v-over" : ""} title={sent.error}>
              {sent.state === "failed" && <StateIcon state="over" size={10} />}
              {sent.route}: {aw(`sent_${sent.state}`)} {sent.time !== null && <span class="tabular">{clock(sent.time)}</span>}
            </span>
          ))}
        </p>
      )}
    </article>
  );
}

export function Now({ alerts, onChange }: { alerts: AlertsNow; onChange: () => void }) {
  const pending = alerts.alerts.filter((alert) => alert.state === "pending");
  return (
    <>
      {alerts.groups.length === 0 && (
        <div class="nothing">
          <StateIcon state="ok" size={30} />
          <h3>{aw("calm")}</h3>
          {pending.length > 0 && <p>{aw("calm_text", { n: pending.length })}</p>}
        </div>
      )}
      {alerts.groups.map((group) => (
        <Group key={group.id} group={group} alerts={alerts.alerts} now={alerts.time} onChange={onChange} />
      ))}
      {pending.length > 0 && (
        <section aria-label={aw("alerts_pending")}>
          <h3 class="list-title">{aw("alerts_pending")}</h3>
          <ul class="members">
            {pending.map((alert) => (
              <Member key={alert.id} alert={alert} now={alerts.time} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
