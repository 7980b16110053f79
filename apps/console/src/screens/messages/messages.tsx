import { getRouteApi } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { ChartSeries } from '../../chart/frame.ts';
import { TimeChart } from '../../chart/time-chart.tsx';
import { messagesIn, useFlow } from '../../live/live-store.ts';
import { atPath, payloadJson, useMessageLog, type LoggedMessage } from '../../live/message-log.ts';
import { bytes, clockTenths, count, moment, num, rate } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { Empty, Head, Panel } from '../../ui/panel.tsx';
import { PayloadView } from './payload-view.tsx';

const route = getRouteApi('/messages');
const first = '/neuron/#';

function filterFault(filter: string): string | undefined {
  if (filter === '') return 'Name a topic, or # for all.';
  const levels = filter.split('/');
  if (levels.some((l) => l.includes('#') && l !== '#') || levels.slice(0, -1).includes('#'))
    return '# stands alone and last, such as plant/#.';
  if (levels.some((l) => l.includes('+') && l !== '+')) return '+ stands for one whole level, such as plant/+/state.';
  return undefined;
}

/** What passes the broker under one topic filter, as it passes. */
export function Messages() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filter = search.filter ?? first;
  const [draft, setDraft] = useState(filter);
  const fault = filterFault(draft.trim());
  useEffect(() => setDraft(filter), [filter]);
  useEffect(() => {
    const next = draft.trim();
    if (next === filter || filterFault(next) !== undefined) return;
    const timer = setTimeout(() => {
      void navigate({ search: { filter: next }, replace: true });
    }, 500);
    return () => clearTimeout(timer);
  }, [draft, filter, navigate]);
  const { log, state } = useMessageLog(filterFault(filter) === undefined ? filter : '');
  const [picked, setPicked] = useState<LoggedMessage>();
  const flow = useFlow();
  const newest = state.messages[0];
  // One topic is followed, that of the address or the first that came, so that the pane does not jump between topics.
  const topic = search.topic ?? state.messages[state.messages.length - 1]?.topic;
  const followed = state.messages.find((m) => m.topic === topic);
  const shown = picked ?? followed ?? newest;
  const choose = (m: LoggedMessage): void => {
    setPicked(m);
    void navigate({
      search: (s) => ({
        ...(s.filter === undefined ? {} : { filter: s.filter }),
        topic: m.topic,
        ...(s.path !== undefined && s.topic === m.topic ? { path: s.path } : {}),
      }),
      replace: true,
    });
  };
  const pick = (path: string): void => {
    if (shown !== undefined)
      void navigate({
        search: (s) =>
          s.path === path
            ? { ...(s.filter === undefined ? {} : { filter: s.filter }), topic: shown.topic }
            : { ...s, topic: shown.topic, path },
        replace: true,
      });
  };
  const topics = useMemo(() => new Set(state.messages.map((m) => m.topic)).size, [state.messages]);
  return (
    <div className="screen ms">
      <Head
        sentence={
          flow === undefined
            ? 'Messages'
            : messagesIn(flow) === 0
              ? 'No message arrives at the broker now.'
              : `${rate(messagesIn(flow))} ${rate(messagesIn(flow)) === '1' ? 'message arrives' : 'messages arrive'} each second.`
        }
        sub={
          state.total === 0
            ? `None under ${filter} since this page was opened.`
            : `${count(state.total, 'message')} of ${count(topics, 'topic')} under ${filter} since this page was opened.${state.dropped > 0 ? ` ${num(state.dropped)} more came too fast to show.` : ''}`
        }
      >
        <button
          type="button"
          className="btn"
          data-testid="messages-pause"
          aria-pressed={state.paused}
          onClick={() => log.pause(!state.paused)}
        >
          <Icon name={state.paused ? 'play' : 'pause'} />
          {state.paused ? `Go on${state.waiting > 0 ? `, ${num(state.waiting)} new` : ''}` : 'Pause'}
        </button>
        <button
          type="button"
          className="btn"
          onClick={() => {
            log.clear();
            setPicked(undefined);
          }}
        >
          Clear
        </button>
      </Head>
      <div className="row bar">
        <div className={`field mono filter${fault === undefined ? '' : ' err'}`}>
          <Icon name="search" />
          <input
            data-filter
            data-testid="topic-filter"
            aria-label="Topic filter"
            spellCheck={false}
            autoComplete="off"
            value={draft}
            onChange={(e) => setDraft(e.target.value)}
            aria-invalid={fault !== undefined}
          />
          <kbd>/</kbd>
        </div>
        {fault === undefined ? (
          filter === '#' ? null : (
            <button type="button" className="btn quiet" onClick={() => setDraft('#')}>
              All topics
            </button>
          )
        ) : (
          <span className="bad row">
            <Glyph name="bad" />
            {fault}
          </span>
        )}
        {state.error === undefined ? null : (
          <span className="bad row">
            <Glyph name="bad" />
            {state.error}
          </span>
        )}
      </div>
      <div className="side">
        <Panel flush className="clip">
          {state.messages.length === 0 ? (
            <Empty
              title="Nothing has come under this filter yet."
              action={
                filter === '#' ? undefined : (
                  <button type="button" className="btn" onClick={() => setDraft('#')}>
                    Listen to all topics
                  </button>
                )
              }
            >
              Messages appear here as they pass. Retained ones come at once, others when their sender sends again.
            </Empty>
          ) : (
            <List messages={state.messages} shown={shown} choose={choose} />
          )}
        </Panel>
        <div className="stack">
          {shown === undefined ? (
            <Panel title="Message">
              <p className="meta">The newest message opens here.</p>
            </Panel>
          ) : (
            <>
              <Panel
                title={
                  <span className="mono topic" title={shown.topic}>
                    {shown.topic}
                  </span>
                }
                flush
                className="clip grow1"
                right={
                  picked === undefined ? (
                    <span className="meta row">
                      <Glyph name="run" />
                      follows this topic
                    </span>
                  ) : (
                    <button type="button" className="btn quiet sm" onClick={() => setPicked(undefined)}>
                      Follow the newest
                    </button>
                  )
                }
              >
                <div className="facts meta">
                  <span>{moment(shown.time)}</span>
                  <span>
                    QoS {shown.qos}
                    {shown.retain ? ', retained' : ''}
                  </span>
                  <span>{bytes(shown.size)}</span>
                  {shown.clientId === undefined ? null : <span>from {shown.clientId}</span>}
                </div>
                <PayloadView message={shown} path={search.path} pick={pick} />
              </Panel>
              {search.path === undefined ? (
                payloadJson(shown) === undefined ? null : (
                  <p className="meta">Press a number to chart it.</p>
                )
              ) : (
                <PathChart messages={state.messages} topic={shown.topic} path={search.path} close={() => pick(search.path!)} />
              )}
            </>
          )}
        </div>
      </div>
    </div>
  );
}

function List({
  messages,
  shown,
  choose,
}: {
  messages: readonly LoggedMessage[];
  shown: LoggedMessage | undefined;
  choose: (m: LoggedMessage) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: messages.length,
    getScrollElement: () => box.current,
    estimateSize: () => 30,
    overscan: 10,
    getItemKey: (i) => messages[i]!.n,
  });
  const at = messages.findIndex((m) => m.n === shown?.n);
  return (
    <div
      className="vt msgs"
      ref={box}
      tabIndex={0}
      role="listbox"
      aria-label="Messages, newest first"
      onKeyDown={(e) => {
        const step = e.key === 'ArrowDown' || e.key === 'j' ? 1 : e.key === 'ArrowUp' || e.key === 'k' ? -1 : 0;
        const next = step === 0 ? undefined : messages[at + step];
        if (next === undefined) return;
        e.preventDefault();
        choose(next);
        rows.scrollToIndex(at + step);
      }}
    >
      <div className="vhead">
        <span>Time</span>
        <span>Topic</span>
        <span className="num">QoS</span>
        <span className="num">Size</span>
      </div>
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((item) => {
          const m = messages[item.index]!;
          return (
            <div
              key={item.key}
              role="option"
              aria-selected={m.n === shown?.n}
              className={`vrow clickable${m.n === shown?.n ? ' sel' : ''}`}
              data-testid="message-row"
              data-topic={m.topic}
              style={{ transform: `translateY(${item.start}px)` }}
              onClick={() => choose(m)}
            >
              <span className="t2">{clockTenths(m.time)}</span>
              <span className="mono" title={m.topic}>
                {m.topic}
              </span>
              <span className="num t3">
                {m.qos}
                {m.retain ? ' r' : ''}
              </span>
              <span className="num t3">{bytes(m.size)}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function PathChart({
  messages,
  topic,
  path,
  close,
}: {
  messages: readonly LoggedMessage[];
  topic: string;
  path: string;
  close: () => void;
}) {
  const series = useMemo((): ChartSeries => {
    const keys = path.split('.');
    const time: number[] = [];
    const value: number[] = [];
    for (let i = messages.length - 1; i >= 0; i--) {
      const m = messages[i]!;
      if (m.topic !== topic) continue;
      const json = payloadJson(m);
      const v = json === undefined ? undefined : atPath(json.value, keys);
      if (typeof v !== 'number' || m.time <= (time[time.length - 1] ?? 0)) continue;
      time.push(m.time);
      value.push(v);
    }
    return {
      name: keys[keys.length - 1] ?? path,
      unit: '',
      decimals: value.every(Number.isInteger) ? 0 : 2,
      colour: 1,
      step: false,
      time,
      value,
      uncertain: [],
      gaps: [],
    };
  }, [messages, topic, path]);
  const end = series.time[series.time.length - 1] ?? Date.now();
  const from = Math.min(series.time[0] ?? end, end - 20_000);
  return (
    <Panel
      title={<span className="mono">{path}</span>}
      meta={count(series.time.length, 'message')}
      right={
        <button type="button" className="btn quiet sm" onClick={close}>
          Close
        </button>
      }
      flush
      className="pathchart"
      data-testid="path-chart"
    >
      <TimeChart series={[series]} from={from} to={end} label={path} />
    </Panel>
  );
}
