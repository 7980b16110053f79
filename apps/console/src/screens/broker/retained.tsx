import type { RetainedRow } from '@omh/api';
import { api, asProblem } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { bytes, count, span } from '../../ui/format.ts';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';
import { AskFirst } from '../access/ask-first.tsx';
import { BrokerHead, Find, Loading, usePlace } from './broker-head.tsx';
import { brokerChanged, useRetainedMessage, useRetainedPages } from './broker-queries.ts';
import { Payload } from './payload.tsx';
import { RowTable, type Column } from './row-table.tsx';
import { FilterFault } from './subscriptions.tsx';

const columns: readonly Column<RetainedRow>[] = [
  { title: 'Topic', width: 'minmax(160px, 1.4fr)', className: 'mono', cell: (r) => r.topic, hint: (r) => r.topic },
  {
    title: 'Payload',
    width: 'minmax(140px, 2fr)',
    className: 'mono t2 payloadcell',
    cell: (r) => (r.encoding === 'utf8' ? r.payload.slice(0, 200) : `${bytes(r.size)} that are no text`),
  },
  { title: 'Size', width: '80px', num: true, className: 't3', cell: (r) => bytes(r.size) },
  { title: 'QoS', width: '56px', num: true, className: 't3', cell: (r) => r.qos, phone: 'titled' },
  {
    title: 'Kept for',
    width: '96px',
    className: 't3',
    cell: (r) => (r.expires === undefined ? 'ever' : span(r.expires * 1000)),
    phone: 'titled',
  },
];

/** What the broker hands to whoever subscribes later. */
export function Retained() {
  const { find = '', item, put } = usePlace();
  const { rows, more, older, query } = useRetainedPages(find);
  if (rows === undefined) return <Loading title="Retained messages" query={query} tab="retained" />;
  const all = `${more ? 'More than ' : ''}${count(rows.length, 'retained message')}`;
  return (
    <div className="screen brk">
      <BrokerHead
        tab="retained"
        sentence={rows.length === 0 ? (find === '' ? 'Nothing is retained.' : 'Nothing is retained there.') : `${all}.`}
        sub="The last message of a topic that was published with RETAIN; who subscribes gets it first."
      />
      <div className={`side${item === undefined ? ' alone' : ''}`}>
        <Panel flush className="clip">
          <div className="row findrow">
            <Find label="Filter of topics" placeholder="Topic filter, such as plant/#" value={find} find={(text) => put({ find: text })} />
            {query.isError ? <FilterFault error={query.error} /> : null}
          </div>
          <RowTable
            label="Retained messages"
            rows={rows}
            keyOf={(r) => r.topic}
            columns={columns}
            chosen={item}
            choose={(topic) => put({ item: topic === item ? undefined : topic })}
            more={more}
            older={older}
            testid="retained"
            none="A filter is a whole topic, or has + for one level and # for all that follow."
          />
        </Panel>
        {item === undefined ? null : <One key={item} topic={item} close={() => put({ item: undefined })} />}
      </div>
    </div>
  );
}

function One({ topic, close }: { topic: string; close: () => void }) {
  const { data, error } = useRetainedMessage(topic);
  return (
    <Panel
      title={<span className="ell mono">{topic}</span>}
      right={
        <button type="button" className="btn quiet sm" onClick={close}>
          Close
        </button>
      }
      className="detailpanel"
      data-testid="retained-detail"
    >
      {data === undefined ? (
        error === null ? (
          <Skeleton />
        ) : asProblem(error).status === 404 ? (
          <p className="t2">Nothing is retained there now.</p>
        ) : (
          <ErrorSay error={error} />
        )
      ) : (
        <>
          <div className="row detailacts">
            <span className="t2">
              {bytes(data.size)}, QoS {data.qos}
              {data.expires === undefined ? '' : `, kept for ${span(data.expires * 1000)} more`}
            </span>
            {may('retained.write') ? (
              <AskFirst
                button="Delete"
                deed="Delete it"
                danger
                testid="retained-delete"
                act={async () => {
                  await api(`/retained/${encodeURIComponent(topic)}`, { method: 'DELETE' });
                  close();
                  await brokerChanged();
                }}
              >
                Who subscribes from now on gets nothing for this topic until something is published there again.
              </AskFirst>
            ) : null}
          </div>
          <Payload message={{ ...data, retain: true }} />
        </>
      )}
    </Panel>
  );
}
