import type { DelayedRow } from '@omh/api';
import { api, asProblem } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { hubNow, useTick } from '../../live/live-store.ts';
import { bytes, count, countdown, moment, num } from '../../ui/format.ts';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';
import { AskFirst } from '../access/ask-first.tsx';
import { BrokerHead, Find, Loading, usePlace } from './broker-head.tsx';
import { brokerChanged, useDelayedMessage, useDelayedPages } from './broker-queries.ts';
import { Payload } from './payload.tsx';
import { RowTable, type Column } from './row-table.tsx';
import { FilterFault } from './subscriptions.tsx';

const left = (due: string): string => {
  const ms = Date.parse(due) - hubNow();
  return ms <= 0 ? 'now' : `in ${countdown(ms)}`;
};
const columns: readonly Column<DelayedRow>[] = [
  { title: 'Topic', width: 'minmax(160px, 2fr)', className: 'mono', cell: (m) => m.topic, hint: (m) => m.topic },
  { title: 'Goes', width: '100px', cell: (m) => left(m.due), hint: (m) => moment(Date.parse(m.due)) },
  { title: 'From', width: 'minmax(120px, 1fr)', className: 't2', cell: (m) => m.clientId },
  { title: 'Size', width: '80px', num: true, className: 't3', cell: (m) => bytes(m.bytes) },
  { title: 'QoS', width: '56px', num: true, className: 't3', cell: (m) => m.qos, phone: 'titled' },
  { title: 'Came', width: '150px', className: 't3', cell: (m) => moment(Date.parse(m.time)), phone: 'hidden' },
];

/** Messages that wait for their time. */
export function Delayed() {
  const { find = '', item, put } = usePlace();
  const { rows, answer, more, older, query } = useDelayedPages(find);
  useTick(1_000);
  if (rows === undefined || answer === undefined) return <Loading title="Delayed messages" query={query} tab="delayed" />;
  return (
    <div className="screen brk">
      <BrokerHead
        tab="delayed"
        sentence={
          !answer.enabled
            ? 'Delayed messages are switched off.'
            : answer.total === 0
              ? 'No message waits for its time.'
              : `${count(answer.total, 'message')} ${answer.total === 1 ? 'waits for its' : 'wait for their'} time.`
        }
        sub={
          answer.enabled ? (
            <>
              What is published to <code>$delayed/60/some/topic</code> goes to <code>some/topic</code> after 60 s.
            </>
          ) : (
            <>
              The hub file says so, under <code>broker.delayed</code>.
            </>
          )
        }
      />
      <div className={`side${item === undefined ? ' alone' : ''}`}>
        <Panel flush className="clip">
          <div className="row findrow">
            <Find label="Filter of topics" placeholder="Topic filter, such as plant/#" value={find} find={(text) => put({ find: text })} />
            {query.isError ? <FilterFault error={query.error} /> : null}
            <span className="meta">{find !== '' && !more ? `${num(rows.length)} of ${num(answer.total)}` : ''}</span>
          </div>
          <RowTable
            label="Delayed messages"
            rows={rows}
            keyOf={(m) => String(m.id)}
            columns={columns}
            chosen={item}
            choose={(id) => put({ item: id === item ? undefined : id })}
            more={more}
            older={older}
            testid="delayed"
            none={find === '' ? 'They appear here as they come and leave when they go out.' : 'None of them goes there.'}
          />
        </Panel>
        {item === undefined ? null : <One key={item} id={item} close={() => put({ item: undefined })} />}
      </div>
    </div>
  );
}

function One({ id, close }: { id: string; close: () => void }) {
  const { data, error } = useDelayedMessage(id);
  return (
    <Panel
      title={<span className="ell mono">{data?.topic ?? 'Delayed message'}</span>}
      right={
        <button type="button" className="btn quiet sm" onClick={close}>
          Close
        </button>
      }
      className="detailpanel"
      data-testid="delayed-detail"
    >
      {data === undefined ? (
        error === null ? (
          <Skeleton />
        ) : asProblem(error).status === 404 ? (
          <p className="t2">It went out, or was deleted.</p>
        ) : (
          <ErrorSay error={error} />
        )
      ) : (
        <>
          <div className="row detailacts">
            <span className="t2">
              Goes {left(data.due)}, at {moment(Date.parse(data.due))}
            </span>
            {may('retained.write') ? (
              <AskFirst
                button="Delete"
                deed="Delete it"
                danger
                testid="delayed-delete"
                act={async () => {
                  await api(`/delayed/${id}`, { method: 'DELETE' });
                  close();
                  await brokerChanged();
                }}
              >
                It will not be published.
              </AskFirst>
            ) : null}
          </div>
          <Payload message={data} />
        </>
      )}
    </Panel>
  );
}
