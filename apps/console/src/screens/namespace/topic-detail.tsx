import type { NamespaceRow, ValueRow, ValuesAnswer } from '@omh/api';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { hubNow, useSilence } from '../../live/live-store.ts';
import { payloadJson, useMessageLog } from '../../live/message-log.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { count, decimalsOf, moment, num, span, unitText, valueText } from '../../ui/format.ts';
import { Glyph, Icon, qualityGlyph, qualityText } from '../../ui/glyph.tsx';
import { Empty, ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';
import { TraceOf } from './trace-of.tsx';

const refreshMs = 1_000;

/** One place of the namespace: the value with its quality and age, where it comes from, what it is, and the way of one value. */
export function TopicDetail({ path, row, back }: { path: string; row: NamespaceRow | undefined; back: () => void }) {
  const query = useQuery({
    queryKey: ['values', path],
    queryFn: ({ signal }) => api<ValuesAnswer>(`/values?limit=1&path=${encodeURIComponent(path)}`, { signal }),
    refetchInterval: refreshMs,
    select: (a) => ({ here: a.values.find((v) => v.path === path), below: a.values.length > 0 }),
  });
  // A tag below it may stand before it in the file; the line of the tree has its value too.
  const value = query.data === undefined ? undefined : (query.data.here ?? row?.value ?? null);
  return (
    <div className="nsdetail">
      <button type="button" className="link nsback" onClick={back}>
        <Icon name="back" />
        All topics
      </button>
      <Panel
        flush
        className="nsvalue"
        title={
          <span className="mono topic" title={path}>
            {path}
          </span>
        }
        right={
          <CopyButton text={path} testid="copy-topic">
            Copy topic
          </CopyButton>
        }
      >
        <div className="nsbody">
          {query.isError && value === undefined ? (
            <ErrorSay error={query.error} />
          ) : value === undefined ? (
            <Skeleton rows={3} />
          ) : value === null ? (
            <Folder path={path} row={row} below={query.data?.below === true} />
          ) : (
            <Value value={value} below={row?.folder === true ? row.tags - 1 : 0} />
          )}
        </div>
      </Panel>
      {value === undefined || value === null ? null : (
        <>
          {may('mqtt.subscribe') ? <Meta path={path} /> : null}
          <TraceOf tag={path} />
        </>
      )}
    </div>
  );
}

const Folder = ({ path, row, below }: { path: string; row: NamespaceRow | undefined; below: boolean }) =>
  row === undefined && !below ? (
    <Empty title="Nothing stands at this path.">Perhaps its tag was renamed or deleted; the history stays until its retention ends.</Empty>
  ) : (
    <>
      <p className="med">{row === undefined ? 'Tags stand below it.' : `${count(row.tags, 'tag')} below, ${qualitiesOf(row)}.`}</p>
      <p className="t2">
        Subscribe to <code>{path}/#</code> for all of them.
      </p>
      {row?.similar === undefined ? null : (
        <p className="row unc">
          <Glyph name="uncertain" />
          {row.name} and {row.similar.join(', ')} differ only in case, blanks, _ or -: often one thing twice.
        </p>
      )}
    </>
  );

function qualitiesOf({ bad, uncertain }: NamespaceRow): string {
  if (bad + uncertain === 0) return 'all good';
  return [bad === 0 ? '' : `${num(bad)} bad`, uncertain === 0 ? '' : `${num(uncertain)} uncertain`].filter((t) => t !== '').join(' and ');
}

function Value({ value: v, below }: { value: ValueRow; below: number }) {
  const silent = useSilence() !== undefined;
  const text = valueText(v.value, decimalsOf(v.type, v.precision));
  return (
    <>
      <div className="nsnow" data-testid="topic-value" data-quality={v.quality}>
        <b className={v.quality === 'bad' || silent ? 't3' : ''}>{v.label === undefined ? text : `${v.label} (${text})`}</b>
        <span className="t3">{unitText(v.unit)}</span>
        {silent ? (
          <span className="q stale">
            <Glyph name="stale" />
            {v.time === null ? 'Not heard' : `${span(hubNow() - Date.parse(v.time))} old`}
          </span>
        ) : (
          <span className={`q ${v.quality === 'good' ? 'good' : v.quality === 'bad' ? 'bad' : 'unc'}`}>
            <Glyph name={qualityGlyph[v.quality]} />
            {qualityText[v.quality]}
            {v.age === null ? ', never read' : `, ${span(v.age * 1000)} old`}
          </span>
        )}
      </div>
      {v.reason === undefined ? null : <p className="t2 nswhy">{v.reason}</p>}
      <dl className="kv tight">
        <dt>Tag</dt>
        <dd>
          {may('devices.read') ? (
            <Link to="/devices/$name" params={{ name: v.device }} search={{ group: v.group }}>
              {v.device}/{v.group}/{v.tag}
            </Link>
          ) : (
            `${v.device}/${v.group}/${v.tag}`
          )}
        </dd>
        {v.address === '' ? null : (
          <>
            <dt>Address</dt>
            <dd className="mono">{v.address}</dd>
          </>
        )}
        <dt>Type</dt>
        <dd>
          {v.type}, {v.access}
        </dd>
        <dt>{qualityText[v.quality]} since</dt>
        <dd>{moment(Date.parse(v.since))}</dd>
        {v.access === 'read' ? null : (
          <>
            <dt>Written at</dt>
            <dd className="mono">{v.path}/set</dd>
          </>
        )}
      </dl>
      {below > 0 ? <p className="meta">{count(below, 'tag')} below it.</p> : null}
      <div className="row">
        <Link className="btn sm" to="/live" search={{ find: `${v.device}/${v.group}/${v.tag}` }}>
          <Icon name="live" />
          Live value
        </Link>
      </div>
    </>
  );
}

/** What the hub says of the tag on its `_meta` topic. */
function Meta({ path }: { path: string }) {
  const { state } = useMessageLog(`${path}/_meta`);
  const newest = state.messages[0];
  const json = newest === undefined ? undefined : payloadJson(newest);
  if (json === undefined) return null;
  return (
    <Panel
      title="_meta"
      meta="what subscribers are told of it"
      right={
        <CopyButton text={`${path}/_meta`} testid="copy-meta">
          Copy topic
        </CopyButton>
      }
    >
      <pre className="code nsmeta" data-testid="topic-meta">
        {JSON.stringify(json.value, null, 2)}
      </pre>
    </Panel>
  );
}
