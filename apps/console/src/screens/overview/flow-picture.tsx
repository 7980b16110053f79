import { Link } from '@tanstack/react-router';
import { useLayoutEffect, useRef, useState, type CSSProperties, type ReactNode } from 'react';
import type { FlowSnapshot, PartState } from '../../api/types.ts';
import { useApps, useRules } from '../../api/queries.ts';
import { messagesIn, useStatus, useTrail } from '../../live/live-store.ts';
import { bytes, count, num, rate } from '../../ui/format.ts';
import { Glyph, partGlyph } from '../../ui/glyph.tsx';
import { Spark } from '../../ui/spark.tsx';

interface Item {
  /** Names of what it sends to, where it is known. */ feeds?: readonly string[] | undefined;
  name: string;
  sub: string;
  value: number;
  unit: string;
  state: PartState;
  title: string;
  to: string;
  params?: Record<string, string>;
  search?: Record<string, string>;
}
interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}
const laneTop = 24;
const nodeH = 44;

const laneRoom = 62;
/** Below the lane: room for the broker's numbers, or for as many boxes as the longest column has, up to five. */
const needed = (flow: FlowSnapshot): number =>
  laneTop +
  laneRoom +
  Math.max(236, Math.min(5, Math.max(flow.devices.length, flow.rules.length, flow.apps.length, flow.simulators.length)) * (nodeH + 20));

const lastAddress = new Map<string, string>();

/** Keeps the worst in sight: what is not running first, then by name; the rest is one line. */
function fit(items: Item[], height: number): { shown: Item[]; hidden: number } {
  const all = Math.max(1, Math.floor((height + 10) / (nodeH + 10)));
  if (items.length <= all) return { shown: items, hidden: 0 };
  // One place less leaves room for the line that says how many more there are.
  const most = Math.max(2, Math.floor((height - 44) / (nodeH + 10)));
  const worst = (i: Item): number => (i.state === 'running' ? 1 : 0);
  const kept = new Set([...items].sort((a, b) => worst(a) - worst(b) || b.value - a.value).slice(0, most - 1));
  return { shown: items.filter((i) => kept.has(i)), hidden: items.length - (most - 1) };
}
const wrong = (state: PartState): boolean => state === 'lost' || state === 'failed';

/** Simulators, devices, apps, broker, rules and historian as one picture; the width of a band is its rate. */
export function FlowPicture({ flow }: { flow: FlowSnapshot }) {
  const host = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ w: 0, h: 0 });
  const trail = useTrail();
  useLayoutEffect(() => {
    const box = host.current;
    if (box === null) return;
    const watch = new ResizeObserver(([e]) => {
      if (e !== undefined) setSize({ w: e.contentRect.width, h: e.contentRect.height });
    });
    watch.observe(box);
    return () => watch.disconnect();
  }, []);
  return (
    <div className="pipe" ref={host} style={{ height: `max(${needed(flow)}px, 36vh)` }} data-testid="flow-picture">
      {size.w > 300 && size.h > 120 ? <Picture flow={flow} w={size.w} h={size.h} trail={trail} /> : null}
    </div>
  );
}

function Picture({ flow, w, h, trail }: { flow: FlowSnapshot; w: number; h: number; trail: ReturnType<typeof useTrail> }) {
  const status = useStatus();
  const appList = useApps();
  const ruleList = useRules();
  // A stopped simulator has no address; it still belongs to the device that it fed.
  for (const s of flow.simulators) {
    const address = status?.parts.find((p) => p.id === `simulator/${s.name}`)?.address;
    if (address !== undefined) lastAddress.set(s.name, address);
  }
  const simulators: Item[] = flow.simulators.map((s) => ({
    name: s.name,
    sub: 'req/s',
    value: s.requestsPerSecond,
    unit: '',
    state: s.state,
    title: 'simulator',
    to: '/simulators/$name',
    params: { name: s.name },
    feeds: flow.devices.filter((d) => d.endpoint !== undefined && d.endpoint === lastAddress.get(s.name)).map((d) => d.name),
  }));
  const devices: Item[] = flow.devices.map((d) => ({
    name: d.name,
    sub: 'values/s',
    value: d.valuesPerSecond,
    unit: '',
    state: d.state,
    title: `${d.driver} ${d.endpoint ?? ''}: ${d.sentence}`,
    to: '/live',
    search: { find: d.name },
    feeds: (appList.data ?? []).filter((a) => a.subscriptions.some((x) => x.device === d.name)).map((a) => a.name),
  }));
  const apps: Item[] = flow.apps.map((a) => ({
    name: a.name,
    sub: 'msg/s',
    value: a.messagesPerSecond,
    unit: '',
    state: a.state,
    title: a.sentence,
    to: '/messages',
  }));
  const rules: Item[] = flow.rules.map((r) => ({
    name: r.name,
    sub: r.state === 'stopped' ? 'turned off' : 'passed/s',
    value: r.passedPerSecond,
    unit: '',
    state: r.state,
    title: r.sentence,
    to: '/rules/$name',
    params: { name: r.name },
    feeds:
      (ruleList.data ?? []).find((x) => x.name === r.name)?.actions.some((x) => x.kind === 'historian') === false
        ? undefined
        : ['historian'],
  }));
  const below = laneTop + laneRoom;
  const withSimulators = simulators.length > 0;
  const ratios = withSimulators ? [0.11, 0.135, 0.13, 0.14, 0.135, 0.14] : [0, 0.16, 0.14, 0.15, 0.15, 0.16];
  // Values leave a device towards history and apps: that gap is the widest.
  const gaps = withSimulators ? [0.8, 1.7, 0.9, 0.9, 0.8] : [0, 1.4, 0.9, 0.9, 0.8];
  const free = w * (1 - ratios.reduce((a, b) => a + b, 0));
  const perGap = free / gaps.reduce((a, b) => a + b, 0);
  const xs = ratios.map((_, i) => ratios.slice(0, i).reduce((x, r, j) => x + r * w + gaps[j]! * perGap, 0));
  const col = (i: number): { x: number; w: number } => ({ x: xs[i]!, w: ratios[i]! * w });
  const tall = h - laneTop;
  const short = h - below;
  const stack = ({ shown: items, hidden }: { shown: Item[]; hidden: number }, i: number): { item: Item; box: Box }[] => {
    const height = items.length * (nodeH + 10) > short ? tall : short;
    const step = items.length < 2 ? 0 : Math.min(nodeH + 26, (height - nodeH - (hidden > 0 ? 24 : 0)) / (items.length - 1));
    const start = h - height + (height - step * (items.length - 1) - nodeH) / 2 - (hidden > 0 ? 12 : 0);
    return items.map((item, n) => ({ item, box: { ...col(i), y: start + n * step, h: nodeH } }));
  };
  const simFit = fit(simulators, short);
  const devFit = fit(devices, tall);
  const appFit = fit(apps, short);
  const ruleFit = fit(rules, short);
  const sims = stack(simFit, 0);
  const devs = stack(devFit, 1);
  const appNodes = stack(appFit, 2);
  const ruleNodes = stack(ruleFit, 4);
  const broker: Box = { ...col(3), y: below, h: short };
  const historian: Box = { ...col(5), y: laneTop, h: tall };

  const values = devices.reduce((s, d) => s + d.value, 0);
  const arriving = messagesIn(flow);
  const top = Math.max(60, values, arriving, flow.broker.messagesOutPerSecond, ...simulators.map((s) => s.value));
  const width = (r: number): number => (r <= 0 ? 1.2 : Math.max(1.8, 26 * Math.sqrt(r / top)));
  const bands: ReactNode[] = [];
  const band = (key: string, x1: number, y1: number, x2: number, y2: number, r: number, lost: boolean): void => {
    const m = (x1 + x2) / 2;
    bands.push(
      <path
        key={key}
        d={`M${x1} ${y1}C${m} ${y1} ${m} ${y2} ${x2} ${y2}`}
        fill="none"
        stroke={lost ? 'var(--omh-bad)' : 'var(--omh-flow)'}
        strokeWidth={lost ? 1.5 : width(r)}
        {...(lost || r <= 0 ? { strokeDasharray: lost ? '3 4' : '2 4' } : {})}
      />,
    );
  };
  const right = (b: Box): number => b.x + b.w;
  const mid = (b: Box): number => b.y + b.h / 2;
  sims.forEach(({ item, box }) => {
    for (const { item: device, box: to } of devs) {
      if (item.feeds?.includes(device.name) === true)
        band(
          `s${item.name}/${device.name}`,
          right(box),
          mid(box),
          to.x,
          mid(to),
          item.state === 'running' ? item.value : 0,
          wrong(device.state),
        );
    }
  });
  const laneY = laneTop + 22;
  const thick = Math.min(28, width(values));
  const laneX = col(2).x + 14;
  const reading = devs.filter((d) => !wrong(d.item.state) && d.item.value > 0);
  const shares = reading.reduce((s, d) => s + width(d.item.value), 0);
  let at = laneY - thick / 2;
  reading.forEach(({ item, box }) => {
    const share = (width(item.value) / shares) * thick;
    band(`h${item.name}`, right(box), mid(box) - (apps.length > 0 ? 5 : 0), laneX, at + share / 2, item.value, false);
    at += share;
  });
  devs.forEach(({ item, box }) => {
    for (const { item: app, box: to } of appNodes) {
      if (item.feeds?.includes(app.name) === true)
        band(`a${item.name}/${app.name}`, right(box), mid(box) + (wrong(item.state) ? 0 : 5), to.x, mid(to), item.value, wrong(item.state));
    }
    if (wrong(item.state)) band(`l${item.name}`, right(box), mid(box), laneX, laneY + thick / 2, 0, true);
  });
  if (devices.length > 0)
    bands.push(
      <path
        key="lane"
        d={`M${laneX - 2} ${laneY}H${historian.x}`}
        stroke="var(--omh-flow)"
        strokeWidth={values > 0 ? thick : 1.2}
        fill="none"
        {...(values > 0 ? {} : { strokeDasharray: '2 4' })}
      />,
    );
  appNodes.forEach(({ item, box }) =>
    band(`b${item.name}`, right(box), mid(box), broker.x, mid(broker) + (mid(box) - mid(broker)) * 0.5, item.value, wrong(item.state)),
  );
  ruleNodes.forEach(({ item, box }) => {
    const r = flow.rules.find((x) => x.name === item.name);
    band(
      `r${item.name}`,
      right(broker),
      mid(broker) + (mid(box) - mid(broker)) * 0.5,
      box.x,
      mid(box),
      r?.matchedPerSecond ?? 0,
      wrong(item.state),
    );
    if (item.state !== 'stopped' && item.feeds !== undefined)
      band(`k${item.name}`, right(box), mid(box), historian.x, mid(box), item.value, false);
  });

  const good = flow.devices.filter((d) => d.state === 'running' || d.state === 'degraded').length;
  const runRules = flow.rules.filter((r) => r.state === 'running').length;
  const head = (x: number, y: number, title: string, sub: string): ReactNode => (
    <div className="colh" style={{ left: x, top: y }}>
      <b>{title}</b>
      {sub}
    </div>
  );
  const under = (list: { box: Box }[], fallback: number): number => Math.max(0, (list[0]?.box.y ?? fallback) - 23);
  const over = (list: { box: Box }[], hidden: number, i: number): ReactNode => {
    const last = list[list.length - 1];
    return hidden === 0 || last === undefined ? null : (
      <div className="colh" style={{ left: col(i).x, top: Math.min(h - 14, last.box.y + nodeH + 6) }}>
        and {num(hidden)} more
      </div>
    );
  };
  return (
    <>
      <svg className="flow" viewBox={`0 0 ${w} ${h}`} aria-hidden="true">
        {bands}
      </svg>
      {withSimulators ? head(col(0).x, under(sims, below), 'Simulators', '') : null}
      {head(
        col(1).x,
        under(devs, below),
        'Devices',
        devices.length === 0 ? 'none yet' : good === devices.length ? `${num(good)} read` : `${num(good)} of ${num(devices.length)} read`,
      )}
      {apps.length === 0 ? null : head(col(2).x, under(appNodes, below), 'Apps', '')}
      {head(broker.x, broker.y - 23, 'Broker', count(flow.broker.clients, 'client'))}
      {rules.length === 0
        ? null
        : head(
            col(4).x,
            under(ruleNodes, below),
            'Rules',
            runRules === rules.length ? `${num(runRules)} run` : `${num(runRules)} of ${num(rules.length)} run`,
          )}
      {head(historian.x, 0, 'Historian', '')}
      {[...sims, ...devs, ...appNodes, ...ruleNodes].map(({ item, box }) => (
        <Node key={`${item.to}${item.name}`} item={item} box={box} />
      ))}
      {over(devs, devFit.hidden, 1)}
      {over(ruleNodes, ruleFit.hidden, 4)}
      {over(sims, simFit.hidden, 0)}
      {over(appNodes, appFit.hidden, 2)}
      <Link to="/messages" className="big" style={place(broker)}>
        <div>
          <div className="meta row">
            <Glyph name={partGlyph[flow.broker.state]} />
            Messages in
          </div>
          <div className="v">
            {rate(arriving)}
            <small>msg/s</small>
          </div>
          {short >= 230 ? <Spark values={pad(trail.messagesIn)} width={broker.w - 32} height={22} /> : null}
        </div>
        <div>
          <div className="meta">Out to readers</div>
          <div className="v">
            {rate(flow.broker.messagesOutPerSecond)}
            <small>msg/s</small>
          </div>
          {short >= 230 ? <Spark values={pad(trail.messagesOut)} width={broker.w - 32} height={22} /> : null}
        </div>
        {short >= 200 ? (
          <dl className="kv tight">
            <dt>Retained</dt>
            <dd className="num">{num(flow.broker.retained)}</dd>
            <dt>Dropped</dt>
            <dd className="num">{num(flow.broker.dropped)}</dd>
          </dl>
        ) : null}
      </Link>
      <Link to="/data" className="big" style={place(historian)}>
        <div>
          <div className="meta row">
            <Glyph name={partGlyph[flow.historian.state]} />
            Samples kept
          </div>
          <div className="v">
            {rate(flow.historian.samplesPerSecond)}
            <small>samples/s</small>
          </div>
          {tall > 240 ? <Spark values={pad(trail.samples)} width={historian.w - 32} height={22} /> : null}
        </div>
        <div>
          <div className="meta">Rows from rules</div>
          <div className="v">
            {rate(flow.historian.rowsPerSecond)}
            <small>rows/s</small>
          </div>
        </div>
        <dl className="kv tight">
          <dt>On disk</dt>
          <dd className="num">{bytes(flow.historian.bytesOnDisk)}</dd>
          <dt>Queued</dt>
          <dd className="num">{num(flow.historian.queued)}</dd>
        </dl>
      </Link>
      {devices.length === 0 ? null : (
        <div className="colh" style={{ left: laneX + 24, top: laneY - thick / 2 - 18 }}>
          every value goes straight to history, {rate(values)}/s
        </div>
      )}
    </>
  );
}

const place = (b: Box): CSSProperties => ({ left: b.x, top: b.y, width: b.w, height: b.h });
const pad = (list: readonly number[]): number[] => [...Array.from({ length: Math.max(0, 60 - list.length) }, () => NaN), ...list];

function Node({ item, box }: { item: Item; box: Box }) {
  const tone = wrong(item.state) ? ' bad' : item.state === 'degraded' ? ' unc' : '';
  const state = wrong(item.state)
    ? item.state === 'lost'
      ? 'lost'
      : 'failed'
    : item.state === 'stopped'
      ? 'stopped'
      : item.state === 'starting'
        ? 'connects'
        : undefined;
  return (
    <Link
      to={item.to}
      params={(item.params ?? {}) as never}
      search={(item.search ?? {}) as never}
      className={`node${tone}`}
      style={place(box)}
      title={item.title}
      data-state={item.state}
    >
      <span className="row">
        <Glyph name={partGlyph[item.state]} label={item.state} />
        <b className="ell">{item.name}</b>
      </span>
      <span className="s">
        <b>{state === undefined ? rate(item.value) : state}</b> {state === undefined ? item.sub : ''}
      </span>
    </Link>
  );
}
