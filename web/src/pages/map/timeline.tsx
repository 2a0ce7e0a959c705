// SPDX-License-Identifier: Apache-2.0
// The foot of the page: how the run went, what was changed when, and a handle to go there.
import { useState } from "preact/hooks";
import { postMark } from "../../api/client";
import type { MapEvent, Timeline } from "../../api/types";
import { clock } from "../../base/format";
import { t } from "../../base/locale";
import { RANGES } from "../../base/url_state";
import { Icon } from "../../widgets/icon";
import { Popover } from "../../widgets/popover";
import { isShown } from "./baseline";
import { backToLive, change, events, goTo, live, say, serverNow, shown, timeline, view } from "./store";
import { Rate, Scale, useWidth } from "./timeline_parts";
import { labelRoom, runsOf, shortText } from "./timeline_runs";

const LABEL_LEAST_PX = 46;
const NAME_LEAST_PX = 90;
const FLICKER_S = 6;

function Ticks({ line, width, marks }: { line: Timeline; width: number; marks: MapEvent[] }) {
  const span = line.to - line.from;
  const placed = marks.map((item) => ({ item, left: ((item.time - line.from) / span) * width }));
  return (
    <>
      {labelRoom(placed, width, LABEL_LEAST_PX).map(({ item, left, room, before }) => (
        <button
          type="button"
          key={`${item.time} ${item.kind} ${item.text}`}
          class={before ? "event before" : "event"}
          data-kind={item.kind}
          style={{
            [before ? "right" : "left"]: `${before ? width - left : left}px`,
            maxWidth: room > 0 ? `${Math.min(room - 4, 220)}px` : "12px",
          }}
          tabindex={-1}
          title={`${clock(item.time)} ${item.text}`}
          aria-label={`${item.text || item.service || item.kind}, ${clock(item.time)}`}
          onClick={() => goTo(item.time)}
        >
          {room > 0 && <span>{shortText(item)}</span>}
        </button>
      ))}
    </>
  );
}

function MarkForm({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const send = (event: Event) => {
    event.preventDefault();
    const clean = text.trim();
    if (clean === "") return;
    postMark(clean).catch((error: unknown) => say(String(error), true));
    close();
  };
  return (
    <form class="limit-editor" onSubmit={send}>
      <label>
        {t("mark_prompt")}
        <input type="text" maxLength={120} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <div class="row">
        <button type="submit" class="button primary">
          {t("save")}
        </button>
      </div>
    </form>
  );
}

function rangeName(seconds: number): string {
  return seconds < 3600 ? t("minutes", { n: seconds / 60 }) : t("hours", { n: seconds / 3600 });
}

function Track({ line }: { line: Timeline }) {
  const [ref, width] = useWidth();
  const span = line.to - line.from;
  const at = view.value.at ?? shown.value?.time ?? line.to;
  const names = new Map((live.value ?? shown.value)?.nodes.map((n) => [n.id, n.name]) ?? []);
  const marks = events.value.filter((e) => isShown(e) && e.time >= line.from && e.time <= line.to);
  const index = Math.min(line.state.length - 1, Math.max(0, Math.floor((at - line.from) / line.step)));
  const state = line.state[index] ?? "nodata";

  const timeAt = (event: PointerEvent): number => {
    const box = ref.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return at;
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return Math.round(line.from + share * span);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowLeft: -line.step,
      ArrowDown: -line.step,
      ArrowRight: line.step,
      ArrowUp: line.step,
      PageDown: -30,
      PageUp: 30,
    };
    const move = moves[event.key];
    if (move !== undefined) goTo(Math.max(line.from, at + move));
    else if (event.key === "Home") goTo(line.from);
    else if (event.key === "End") backToLive();
    else return;
    event.preventDefault();
  };
  return (
    <div class="track-area">
      <div class="events">
        <Ticks line={line} width={width} marks={marks} />
      </div>
      <div
        ref={ref}
        class="track"
        role="slider"
        tabindex={0}
        aria-label={t("timeline")}
        aria-valuemin={line.from}
        aria-valuemax={line.to}
        aria-valuenow={at}
        aria-valuetext={t("timeline_value", { time: clock(at), state: t(`state_${state}`) })}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          goTo(timeAt(event));
        }}
        onPointerMove={(event) => {
          if (event.buttons === 1) goTo(timeAt(event));
        }}
      >
        {runsOf(line, FLICKER_S).map((run) => {
          const share = (run.to - run.from) / span;
          const name = run.bottleneck === null ? undefined : names.get(run.bottleneck);
          return (
            <div
              key={run.from}
              class={`run s-${run.state}`}
              style={{ left: `${((run.from - line.from) / span) * 100}%`, width: `${share * 100}%` }}
            >
              {name !== undefined && share * width > NAME_LEAST_PX && <span>{name}</span>}
            </div>
          );
        })}
        <Rate line={line} />
        {marks.map((e) => (
          <i key={`${e.time} ${e.text}`} class="tick" style={{ left: `${((e.time - line.from) / span) * 100}%` }} />
        ))}
        <i
          class={`cursor ${view.value.at === null ? "live" : ""}`}
          style={{ left: view.value.at === null ? "100%" : `${Math.min(1, Math.max(0, (at - line.from) / span)) * 100}%` }}
        />
      </div>
      <Scale line={line} width={width} />
    </div>
  );
}

export function TimelineBar() {
  const line = timeline.value;
  return (
    <footer class="timeline" aria-label={t("timeline")}>
      <div class="timeline-side">
        <label>
          <span class="hidden">{t("range_label")}</span>
          <select value={String(view.value.range)} onChange={(event) => change({ range: Number(event.currentTarget.value) })}>
            {RANGES.map((seconds) => (
              <option key={seconds} value={String(seconds)}>
                {rangeName(seconds)}
              </option>
            ))}
          </select>
        </label>
        <Popover
          label={t("mark")}
          className="tool small"
          button={
            <>
              <Icon name="flag" size={13} />
              <span>{t("mark")}</span>
            </>
          }
        >
          {(close) => <MarkForm close={close} />}
        </Popover>
      </div>
      {line === null ? <p class="hint">{t("loading")}</p> : <Track line={line} />}
      <div class="timeline-side end">
        <button
          type="button"
          class={`button ${view.value.at === null ? "" : "primary"}`}
          onClick={backToLive}
          disabled={view.value.at === null}
        >
          {t("back_to_live")}
        </button>
        <span class="tabular muted">{clock(view.value.at ?? serverNow())}</span>
      </div>
    </footer>
  );
}
