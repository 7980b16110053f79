import type { NamespaceRow } from '@omh/api';
import { getRouteApi } from '@tanstack/react-router';
import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useId, useRef, useState, useSyncExternalStore, type KeyboardEvent } from 'react';
import { hubNow, useSilence } from '../../live/live-store.ts';
import { count, decimalsOf, num, span, unitText, valueText } from '../../ui/format.ts';
import { Glyph, Icon, qualityGlyph, qualityText } from '../../ui/glyph.tsx';
import { Empty, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { Find } from '../broker/broker-head.tsx';
import { NamespaceTree, type TreeLine } from './namespace-tree.ts';
import { TopicDetail } from './topic-detail.tsx';
import './namespace.css';

const route = getRouteApi('/namespace');
const refreshMs = 2_000;
const rowHeight = 30;
const touchHeight = 48;

/** Every tag at its path: folders with counts, values with quality and age; a hundred thousand of them scroll like ten. */
export function Namespace() {
  const { at, find = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [tree] = useState(() => new NamespaceTree());
  const lines = useSyncExternalStore(tree.on, tree.lines);
  const start = useRef(at ?? '');
  useEffect(() => {
    tree.begin(find, start.current);
    return () => tree.stop();
  }, [tree, find]);
  // Of what stands in the address now: a search and a choice may come at once.
  const choose = (path: string | undefined): void => {
    start.current = path ?? '';
    void navigate({
      search: ({ find: f }) => ({ ...(path === undefined ? {} : { at: path }), ...(f === undefined ? {} : { find: f }) }),
      replace: true,
    });
  };
  const search = (text: string): void => {
    void navigate({
      search: ({ at: a }) => ({ ...(a === undefined ? {} : { at: a }), ...(text === '' ? {} : { find: text }) }),
      replace: true,
    });
  };
  const nothing = lines.length === 0;
  // The lines in sight read themselves again; where there are none yet, some may come.
  useEffect(() => {
    if (!nothing) return;
    const timer = setInterval(() => {
      if (!document.hidden) void tree.refresh([]);
    }, refreshMs);
    return () => clearInterval(timer);
  }, [tree, nothing]);
  const top = lines.filter((l): l is TreeLine & { kind: 'row' } => l.kind === 'row' && l.depth === 0).map((l) => l.row);
  const sum = (of: (row: NamespaceRow) => number): number => top.reduce((n, row) => n + of(row), 0);
  const [tags, wrong] = [sum((r) => r.tags), sum((r) => r.bad + r.uncertain)];
  const busy = top.length === 0 && lines.length > 0;
  const more = lines.some((l) => l.kind === 'more' && l.folder === '');
  const known = lines.find((l) => l.kind === 'row' && l.row.path === at);
  return (
    <div className="screen nsp">
      <Head
        sentence={
          busy
            ? 'Namespace'
            : find !== ''
              ? `${count(tags, 'tag')}${more ? ' and more have' : tags === 1 ? ' has' : ' have'} “${find}” in path, description, unit or address.`
              : tags === 0
                ? 'No tag stands in the namespace yet.'
                : wrong === 0
                  ? `${count(tags, 'tag')}${more ? ' and more' : ''} in the namespace, all good.`
                  : wrong === tags
                    ? `None of ${count(tags, 'tag')} in the namespace is good.`
                    : `${num(wrong)} of ${count(tags, 'tag')} in the namespace ${wrong === 1 ? 'is' : 'are'} not good.`
        }
        sub="Each tag is a topic: whoever subscribes to its path gets its value at once, with quality and time."
      />
      <div className={`ns${at === undefined ? '' : ' named'}`}>
        <Panel flush className="clip nstree">
          <div className="row findrow">
            <Find
              label="Search path, description, unit, address, device or group"
              placeholder="path, description, unit, address"
              value={find}
              find={search}
            />
          </div>
          {lines.length === 1 && lines[0]!.kind === 'more' ? (
            <Skeleton rows={8} />
          ) : nothing ? (
            <Empty title={find === '' ? 'No tag stands here yet.' : 'No tag has all these words.'}>
              {find === ''
                ? 'A device with tags brings its paths here; they begin with the site of the hub.'
                : 'The search looks at path, description, unit, address, device and group.'}
            </Empty>
          ) : (
            <Lines tree={tree} lines={lines} flat={find !== ''} at={at} choose={choose} />
          )}
        </Panel>
        <div className="nsside">
          {at === undefined ? (
            <Panel className="nshint">
              <Empty title="Choose a topic.">
                Its value, its origin and what it is open here. Arrow keys walk the tree, right opens a folder, left closes it.
              </Empty>
            </Panel>
          ) : (
            <TopicDetail key={at} path={at} row={known?.kind === 'row' ? known.row : undefined} back={() => choose(undefined)} />
          )}
        </div>
      </div>
    </div>
  );
}

function Lines({
  tree,
  lines,
  flat,
  at,
  choose,
}: {
  tree: NamespaceTree;
  lines: readonly TreeLine[];
  /** A search: whole paths, no folders to open. */
  flat: boolean;
  at: string | undefined;
  choose: (path: string) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const silent = useSilence() !== undefined;
  const id = useId();
  const touch = useMediaQuery('(max-width: 599px)');
  const list = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => (touch ? touchHeight : rowHeight),
    overscan: 12,
    getItemKey: (i) => lines[i]!.key,
  });
  const items = list.getVirtualItems();
  useEffect(() => {
    list.measure();
  }, [touch, list]);
  const waiting = items
    .map((i) => lines[i.index])
    .filter((l) => l?.kind === 'more')
    .map((l) => (l as TreeLine & { kind: 'more' }).folder)
    .join('\n');
  useEffect(() => {
    for (const line of list.getVirtualItems().map((i) => lines[i.index])) if (line?.kind === 'more') tree.more(line.folder);
  }, [waiting, lines, tree, list]);
  const now = useRef(lines);
  now.current = lines;
  useEffect(() => {
    let busy = false;
    const timer = setInterval(() => {
      if (busy || document.hidden) return;
      busy = true;
      void tree.refresh(list.getVirtualItems().flatMap((i) => now.current[i.index] ?? [])).finally(() => {
        busy = false;
      });
    }, refreshMs);
    return () => clearInterval(timer);
  }, [tree, list]);
  const index = lines.findIndex((l) => l.kind === 'row' && l.row.path === at);
  const go = (to: number, by: number): void => {
    for (let i = to; i >= 0 && i < lines.length; i += by) {
      const line = lines[i]!;
      if (line.kind !== 'row') continue;
      choose(line.row.path);
      list.scrollToIndex(i);
      return;
    }
  };
  const onKey = (e: KeyboardEvent): void => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const line = lines[index];
    const row = line?.kind === 'row' ? line : undefined;
    const { key } = e;
    if (key === 'ArrowDown' || key === 'j') go(index + 1, 1);
    else if (key === 'ArrowUp' || key === 'k') go(index - 1, -1);
    else if (key === 'Home') go(0, 1);
    else if (key === 'End') go(lines.length - 1, -1);
    else if (key === 'ArrowRight' && row !== undefined && !flat && row.row.folder) {
      if (row.open) go(index + 1, 1);
      else tree.toggle(row.row.path, true);
    } else if (key === 'ArrowLeft' && row !== undefined && !flat) {
      const above = row.row.path.split('/').slice(0, -1).join('/');
      if (row.open) tree.toggle(row.row.path, false);
      else if (above !== '')
        go(
          lines.findIndex((l) => l.kind === 'row' && l.row.path === above),
          1,
        );
    } else return;
    e.preventDefault();
  };
  return (
    <div
      className="vt rows"
      ref={box}
      tabIndex={0}
      role="tree"
      aria-label="Namespace"
      aria-activedescendant={items.some((i) => i.index === index) ? `${id}-${index}` : undefined}
      onKeyDown={onKey}
      data-testid="namespace-tree"
    >
      <div className="vhead" aria-hidden>
        <span>{flat ? 'Path' : 'Name'}</span>
        <span className="num">Value</span>
        <span>Quality</span>
        <span className="num">Age</span>
      </div>
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const line = lines[item.index]!;
          const style = { transform: `translateY(${item.start}px)`, height: item.size };
          const inset = { paddingLeft: 10 + line.depth * 18 };
          if (line.kind === 'more')
            return (
              <div key={item.key} className="vrow" style={style}>
                <span className="t3" style={inset}>
                  Reading more
                </span>
              </div>
            );
          if (line.kind === 'fault')
            return (
              <div key={item.key} className="vrow" style={style}>
                <span className="bad row" style={inset}>
                  <Glyph name="bad" />
                  <span className="ell">{line.problem.message}</span>
                  <button type="button" className="link" onClick={() => tree.again(line.folder)}>
                    Try now
                  </button>
                </span>
              </div>
            );
          const { row, open } = line;
          return (
            <div
              key={item.key}
              className={`vrow clickable${row.path === at ? ' sel' : ''}${silent ? ' isstale' : row.value?.quality === 'bad' ? ' isbad' : ''}`}
              role="treeitem"
              id={`${id}-${item.index}`}
              aria-selected={row.path === at}
              aria-level={line.depth + 1}
              {...(row.folder && !flat ? { 'aria-expanded': open } : {})}
              data-testid={`ns-${row.path}`}
              style={style}
              onClick={() => choose(row.path)}
              onDoubleClick={() => {
                if (row.folder && !flat) tree.toggle(row.path);
              }}
            >
              <span className="row nsname" style={inset}>
                {row.folder && !flat ? (
                  <button
                    type="button"
                    className={`fold${open ? ' open' : ''}`}
                    tabIndex={-1}
                    aria-label={`${open ? 'Close' : 'Open'} ${row.name}`}
                    onClick={(e) => {
                      e.stopPropagation();
                      tree.toggle(row.path);
                    }}
                  >
                    <Icon name="chevron" />
                  </button>
                ) : (
                  <span className="fold" />
                )}
                <span className="ell med" title={row.path}>
                  {flat ? row.path : row.name}
                </span>
                {row.folder ? <span className="meta nowrap">{count(row.tags, 'tag')}</span> : null}
                {row.similar === undefined ? null : (
                  <span className="unc row nowrap" title={`Differs only in case or blanks from ${row.similar.join(', ')}.`}>
                    <Glyph name="uncertain" />
                    like {row.similar[0]}
                  </span>
                )}
              </span>
              <ValueCells row={row} silent={silent} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function ValueCells({ row, silent }: { row: NamespaceRow; silent: boolean }) {
  const { value } = row;
  if (value === undefined)
    return (
      <>
        <span />
        <span className="t3">
          {row.bad > 0 ? (
            <span className="q bad">
              <Glyph name="bad" />
              {num(row.bad)} bad
            </span>
          ) : row.uncertain > 0 ? (
            <span className="q unc">
              <Glyph name="uncertain" />
              {num(row.uncertain)} uncertain
            </span>
          ) : null}
        </span>
        <span />
      </>
    );
  const age = value.time === null ? '' : span(silent ? hubNow() - Date.parse(value.time) : (value.age ?? 0) * 1000);
  return (
    <>
      <span className="num">
        <span className="val">{value.label ?? valueText(value.value, decimalsOf(value.type, value.precision))}</span>{' '}
        <span className="meta">{unitText(value.unit)}</span>
      </span>
      <span className="ell" title={value.reason}>
        {silent ? (
          <span className="q stale">
            <Glyph name="stale" />
            {age === '' ? 'Not heard' : `${age} old`}
          </span>
        ) : (
          <span className={`q ${value.quality === 'good' ? 'good' : value.quality === 'bad' ? 'bad' : 'unc'}`}>
            {value.quality === 'good' ? null : <Glyph name={qualityGlyph[value.quality]} />}
            {qualityText[value.quality]}
          </span>
        )}
      </span>
      <span className="num t3">{age}</span>
    </>
  );
}
