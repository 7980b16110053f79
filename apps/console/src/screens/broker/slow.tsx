import type { SlowRow } from '@omh/api';
import { api } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { hubNow } from '../../live/live-store.ts';
import { count, moment, num, span } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { AskFirst } from '../access/ask-first.tsx';
import { BrokerHead, Loading, usePlace } from './broker-head.tsx';
import { brokerChanged, useSlow } from './broker-queries.ts';
import { ClientDetail } from './client-detail.tsx';
import { RowTable, type Column } from './row-table.tsx';

const columns: readonly Column<SlowRow>[] = [
  { title: 'Client', width: 'minmax(140px, 1fr)', className: 'med', cell: (s) => s.clientId, hint: (s) => s.clientId },
  { title: 'Topic', width: 'minmax(160px, 2fr)', className: 'mono', cell: (s) => s.topic, hint: (s) => s.topic },
  {
    title: 'Took',
    width: '100px',
    num: true,
    className: 'strong',
    cell: (s) => (s.tookMs < 1000 ? `${num(s.tookMs)} ms` : span(s.tookMs)),
  },
  {
    title: 'Ago',
    width: '100px',
    className: 't3',
    cell: (s) => span(hubNow() - Date.parse(s.time)),
    hint: (s) => moment(Date.parse(s.time)),
    phone: 'titled',
  },
];
const keyOf = (s: SlowRow): string => `${s.clientId}\n${s.topic}`;

/** Who takes long to acknowledge. */
export function Slow() {
  const query = useSlow();
  const { item, put } = usePlace();
  if (query.data === undefined) return <Loading title="Slow subscribers" query={query} tab="slow" />;
  const { enabled, thresholdMs, slow } = query.data;
  const client = item?.slice(0, item.indexOf('\n'));
  return (
    <div className="screen brk">
      <BrokerHead
        tab="slow"
        sentence={
          !enabled
            ? 'Slow subscribers are not looked for.'
            : slow.length === 0
              ? 'No subscriber is slow.'
              : `${count(slow.length, 'pair')} of client and topic ${slow.length === 1 ? 'is' : 'are'} slow.`
        }
        sub={
          enabled ? (
            `Longer than ${num(thresholdMs)} ms from a message's arrival at the broker to its acknowledgement, QoS 1 and 2.`
          ) : (
            <>
              Set <code>broker.slowSubscriptions.enabled</code> in the hub file to have them found.
            </>
          )
        }
      >
        {may('clients.write') && slow.length > 0 ? (
          <AskFirst
            button="Begin again"
            deed="Empty the list"
            testid="slow-clear"
            act={async () => {
              await api('/slow-subscriptions', { method: 'DELETE' });
              await brokerChanged();
            }}
          >
            The list is emptied; who is slow from now on comes into it.
          </AskFirst>
        ) : null}
      </BrokerHead>
      <div className={`side${client === undefined ? ' alone' : ''}`}>
        <Panel flush className="clip">
          <RowTable
            label="Slow subscribers"
            rows={slow}
            keyOf={keyOf}
            columns={columns}
            chosen={item}
            choose={(key) => put({ item: key === item ? undefined : key })}
            testid="slow"
            none={enabled ? 'Everybody acknowledges in time.' : 'Nothing is measured now.'}
          />
        </Panel>
        {client === undefined ? null : <ClientDetail key={client} id={client} close={() => put({ item: undefined })} />}
      </div>
    </div>
  );
}
