// SPDX-License-Identifier: Apache-2.0
// One run: its verdict, the map at any moment of it, its steps, curves, walk, load report, notes.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { getRun, getRunMap, getRunTimeline } from "../../api/runs";
import type { RunDetail, RunSnapshot } from "../../api/run_types";
import type { MapNode, Timeline } from "../../api/types";
import { clock } from "../../base/format";
import { t } from "../../base/locale";
import { goTo, href, route, setQuery } from "../../base/route";
import type { Selection } from "../../base/url_state";
import { MapHost } from "../../map/map_host";
import { buildScene, type Scene } from "../../map/scene";
import { Diagnosis } from "../../panels/diagnosis";
import { PlainHead } from "../../widgets/head";
import { useLoaded } from "../../widgets/loaded";
import { Toast } from "../../widgets/toast";
import { Legend } from "../map/legend";
import { pressOf } from "../map/keys";
import { forget } from "../runs/details";
import { w } from "../runs/words";
import { Loadgen } from "./loadgen";
import { Notes } from "./notes";
import { Overview } from "./overview";
import { RunCurves } from "./run_curves";
import { RunBanner, RunHead } from "./run_head";
import { RunTimeline } from "./run_timeline";
import { type Picked, pickedOf, SelectionPanel } from "./selection";
import { readRunView, RUN_TABS, type RunTab, type RunView, selectionText, stretchOf } from "./view";
import "../runs/runs.css";
import "./run.css";

const RUNNING_MS = 3000;

function sceneOf(snapshot: RunSnapshot | null, language: typeof t): Scene | null {
  if (snapshot === null) return null;
  return buildScene(snapshot, {
    problems: false, group: "none", expanded: new Set(), idleVisible: () => true, text: language,
  });
}

function keyOf(picked: Picked | null): string | null {
  if (picked === null) return null;
  return picked.kind === "node" ? `n${picked.node.id}` : `e${picked.edge.id}`;
}

function selectionOfKey(snapshot: RunSnapshot | null, key: string | null): Selection | null {
  if (snapshot === null || key === null) return null;
  const node = snapshot.nodes.find((n) => `n${n.id}` === key);
  if (node !== undefined) return { kind: "node", node: node.name };
  const edge = snapshot.edges.find((e) => `e${e.id}` === key);
  if (edge === undefined) return null;
  const name = (id: number) => snapshot.nodes.find((n) => n.id === id)?.name ?? "";
  return { kind: "edge", client: name(edge.client), server: name(edge.server), port: edge.port, protocol: edge.protocol };
}

// The entry with the most requests: what its users met.
export function entryOf(nodes: readonly MapNode[]): MapNode | null {
  return nodes
    .filter((n) => n.entry)
    .reduce<MapNode | null>((best, n) => ((n.metrics["request_rate"] ?? 0) > (best?.metrics["request_rate"] ?? -1) ? n : best), null);
}

function TabRow({ tab, reports }: { tab: RunTab; reports: number }) {
  const row = useRef<HTMLDivElement>(null);
  const onKey = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    const next = RUN_TABS[(RUN_TABS.indexOf(tab) + by + RUN_TABS.length) % RUN_TABS.length];
    setQuery({ tab: next === "overview" ? null : next });
    event.preventDefault();
    requestAnimationFrame(() => row.current?.querySelector<HTMLElement>("[aria-selected=true]")?.focus());
  };
  return (
    <div class="panel-tabs" role="tablist" ref={row} onKeyDown={onKey}>
      {RUN_TABS.map((name) => (
        <button
          type="button"
          role="tab"
          key={name}
          aria-selected={name === tab}
          aria-controls="run-panel"
          tabindex={name === tab ? 0 : -1}
          onClick={() => setQuery({ tab: name === "overview" ? null : name, sel: null })}
        >
          {w(`tab_${name}`)}
          {name === "load" && reports > 0 && <span class="count tabular">{reports}</span>}
        </button>
      ))}
    </div>
  );
}

interface PanelProps {
  run: RunDetail;
  map: RunSnapshot | null;
  view: RunView;
  everyMs: number;
  reload: () => void;
  hopTo: (hop: number) => void;
}

const select = (selection: Selection | null) => setQuery({ sel: selectionText(selection) }, true);
const goAt = (time: number | null) => setQuery({ at: time, step: null });
const goStep = (step: number | null) => setQuery({ step, at: null }, true);

function PanelBody({ run, map, view, everyMs, reload, hopTo }: PanelProps) {
  const entry = map === null ? null : entryOf(map.nodes);
  switch (view.tab) {
    case "curves":
      if (entry === null) return <p class="hint">{w("no_data")}</p>;
      return <RunCurves run={run} view={view} subject={{ kind: "node", id: entry.id, name: entry.name }} everyMs={everyMs} onPick={goAt} />;
    case "walk":
      if (map === null) return <p class="hint">{w("no_data")}</p>;
      return (
        <Diagnosis
          snapshot={map}
          hop={view.hop}
          onHop={hopTo}
          onOpenEdge={(edge) => select(selectionOfKey(map, `e${edge.id}`))}
          onOpenNode={(node) => select({ kind: "node", node: node.name })}
        />
      );
    case "load":
      return <Loadgen run={run} onChange={reload} />;
    case "notes":
      return <Notes run={run} onChange={reload} onAt={goAt} />;
    default:
      return <Overview run={run} step={view.at === null ? view.step : null} onStep={goStep} onSelect={select} />;
  }
}

function Panel(props: PanelProps) {
  const { run, map, view, everyMs } = props;
  // The walk selects on the map, but keeps its own panel.
  const picked = view.tab === "walk" ? null : pickedOf(map, view.selection);
  return (
    <aside class="side run-side" aria-label={t("details")}>
      <TabRow tab={view.tab} reports={run.loadgen.length} />
      <div class="run-panel" id="run-panel" role="tabpanel" tabindex={0} aria-label={w(`tab_${view.tab}`)}>
        {picked === null ? (
          <PanelBody {...props} />
        ) : (
          <SelectionPanel run={run} picked={picked} onClose={() => select(null)}>
            <RunCurves
              run={run}
              view={view}
              subject={
                picked.kind === "node"
                  ? { kind: "node", id: picked.node.id, name: picked.node.name }
                  : { kind: "edge", id: picked.edge.id, name: `${picked.client.name} → ${picked.server.name}` }
              }
              everyMs={everyMs}
              onPick={goAt}
            />
          </SelectionPanel>
        )}
      </div>
    </aside>
  );
}

function useKeys(view: RunView, hopTo: (hop: number) => void, back: () => void): void {
  const latest = useRef({ view, hopTo, back });
  latest.current = { view, hopTo, back };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const press = pressOf(event);
      if (event.defaultPrevented || press.ctrl || press.typing) return;
      const { view: now, hopTo: go, back: close } = latest.current;
      if (event.key === "]" || event.key === "[") {
        if (now.tab === "walk") go(now.hop + (event.key === "]" ? 1 : -1));
        else setQuery({ tab: "walk" }, true);
      } else if (event.key === "d") setQuery({ tab: now.tab === "walk" ? null : "walk" }, true);
      else if (event.key === "Escape") close();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

function Body({ run, reload }: { run: RunDetail; reload: () => void }) {
  const view = readRunView(route.value.query);
  const everyMs = run.state === "running" ? RUNNING_MS : 0;
  const stretch = stretchOf(view);
  const { value: map, error } = useLoaded<RunSnapshot>((signal) => getRunMap(run.id, stretch, signal), `${run.id} ${JSON.stringify(stretch)}`, everyMs);
  const { value: line } = useLoaded<Timeline>((signal) => getRunTimeline(run.id, signal), `${run.id} ${run.state}`, everyMs);
  const words = t("map"); // a change of language builds the scene anew
  const scene = useMemo(() => sceneOf(map, t), [map, words]);
  const hopTo = (hop: number) => {
    const step = map?.verdict.steps[hop];
    if (step === undefined) return;
    setQuery({ tab: "walk", hop, sel: selectionText(selectionOfKey(map, `e${step.edge}`)) });
  };
  useKeys(view, hopTo, () => {
    if (view.selection !== null) select(null);
    else if (view.at !== null || view.step !== null) goStep(null);
  });
  const walked = view.tab === "walk" ? map?.verdict.steps[view.hop] : undefined;
  const selected = walked === undefined ? keyOf(pickedOf(map, view.selection)) : `e${walked.edge}`;
  const step = view.at === null ? (run.steps.find((s) => s.index === view.step) ?? null) : null;
  const scope = view.at !== null ? clock(view.at) : step === null ? w("whole_run") : w("step", { n: step.index + 1 });
  return (
    <>
      <RunHead run={run} onChange={reload} />
      <RunBanner run={run} step={step} verdict={view.at === null ? null : (map?.verdict ?? null)} scope={scope} />
      <main class="ground" aria-label={t("map")}>
        <MapHost
          scene={scene}
          selected={selected}
          label={t("map_label", { n: scene?.nodes.length ?? 0 })}
          onOpen={(key) => {
            const next = selectionOfKey(map, key);
            setQuery({ sel: selectionText(next), ...(view.tab === "walk" && next !== null ? { tab: null } : {}) }, true);
          }}
        >
          <Legend />
        </MapHost>
        {map === null && error !== null && (
          <div class="empty">
            <h2>{w("no_data")}</h2>
            <p lang="en">{error}</p>
          </div>
        )}
        <Toast />
      </main>
      <Panel run={run} map={map} view={view} everyMs={everyMs} reload={reload} hopTo={hopTo} />
      <RunTimeline run={run} line={line} nodes={map?.nodes ?? []} view={view} onStep={goStep} onAt={goAt} />
    </>
  );
}

export function RunPage({ id }: { id: string }) {
  const running = useRef(true);
  const { value: run, error, reload } = useLoaded<RunDetail>((signal) => getRun(id, signal), id, running.current ? RUNNING_MS : 0);
  running.current = run === null || run.state === "running";
  const again = () => {
    forget(id);
    reload();
  };
  useEffect(() => {
    // "current" is an address for people and scripts; the page stays with the run it meant.
    if (run !== null && run.id !== id) goTo(href.run(run.id, route.peek().query), false);
  }, [run?.id]);
  if (run === null) {
    return (
      <div class="sheet-page">
        <PlainHead />
        <main class="sheet">
          {error === null ? (
            <p class="hint">{t("loading")}</p>
          ) : (
            <div class="nothing">
              <h2>{w("not_found")}</h2>
              <p lang="en">{error}</p>
              <a class="button" href={href.runs()}>
                {w("back")}
              </a>
            </div>
          )}
        </main>
      </div>
    );
  }
  return (
    <div class="page run-page">
      <PlainHead />
      <Body run={run} reload={again} />
    </div>
  );
}
