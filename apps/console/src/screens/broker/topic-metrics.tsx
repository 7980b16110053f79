import type { TopicMetricsRow } from '@omh/api';
import { useState, type FormEvent } from 'react';
import { api, asProblem } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { FaultLine } from '../../app/sheet.tsx';
import { hubNow } from '../../live/live-store.ts';
import { count, moment, num, rate, span } from '../../ui/format.ts';
import { Icon } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { AskFirst } from '../access/ask-first.tsx';
import { BrokerHead, Loading } from './broker-head.tsx';
import { brokerChanged, useTopicMetrics } from './broker-queries.ts';
import { RowTable, type Column } from './row-table.tsx';

const columns: readonly Column<TopicMetricsRow>[] = [
  { title: 'Topic', width: 'minmax(180px, 2fr)', className: 'mono', cell: (t) => t.topic, hint: (t) => t.topic },
  { title: 'In per s', width: '92px', num: true, className: 'strong', cell: (t) => rate(t.rateIn), phone: 'titled' },
  { title: 'Out per s', width: '92px', num: true, className: 'strong', cell: (t) => rate(t.rateOut), phone: 'titled' },
  { title: 'In', width: '100px', num: true, cell: (t) => num(t.in), hint: (t) => byQos(t.inQos), phone: 'titled' },
  { title: 'Out', width: '100px', num: true, cell: (t) => num(t.out), hint: (t) => byQos(t.outQos), phone: 'titled' },
  {
    title: 'Dropped',
    width: '92px',
    num: true,
    cell: (t) => <span className={t.dropped > 0 ? 'unc' : 't3'}>{num(t.dropped)}</span>,
    phone: 'titled',
  },
  {
    title: 'Counted for',
    width: '110px',
    className: 't3',
    cell: (t) => span(hubNow() - Date.parse(t.since)),
    hint: (t) => moment(Date.parse(t.since)),
    phone: 'hidden',
  },
];
const removing: Column<TopicMetricsRow> = {
  title: '',
  width: '96px',
  className: 'act',
  cell: (t) => (
    <AskFirst
      small
      button="Remove"
      deed="Count it no more"
      testid={`uncount-${t.topic}`}
      act={async () => {
        await api(`/topic-metrics/${encodeURIComponent(t.topic)}`, { method: 'DELETE' });
        await brokerChanged();
      }}
    >
      Its counts are forgotten. One that stands in the hub file is back at the next start.
    </AskFirst>
  ),
};
const byQos = (n: readonly number[]): string => n.map((v, qos) => `QoS ${qos}: ${num(v)}`).join('\n');

/** How much passes on chosen topics. */
export function TopicMetrics() {
  const query = useTopicMetrics();
  if (query.data === undefined) return <Loading title="Topic metrics" query={query} tab="topics" />;
  const { topics, max } = query.data;
  const change = may('clients.write');
  const perSecond = topics.reduce((sum, t) => sum + t.rateIn, 0);
  return (
    <div className="screen brk">
      <BrokerHead
        tab="topics"
        sentence={
          topics.length === 0
            ? 'No topic is counted.'
            : `${count(topics.length, 'topic')} of at most ${num(max)} ${topics.length === 1 ? 'is' : 'are'} counted; ${rate(perSecond)} ${rate(perSecond) === '1' ? 'message' : 'messages'} a second.`
        }
        sub={
          <>
            Those of the hub file, under <code>broker.topicMetrics</code>, are counted from its start; those added here until it stops.
          </>
        }
      />
      <Panel flush className="clip">
        {change ? <Add /> : null}
        <RowTable
          label="Topic metrics"
          rows={topics}
          keyOf={(t) => t.topic}
          columns={change ? [...columns, removing] : columns}
          testid="topic"
          touchHeight={84}
          none={
            change
              ? 'Add a topic, or a filter that stands for many, to see how much passes there.'
              : 'Engineers choose which topics are counted.'
          }
        />
      </Panel>
    </div>
  );
}

function Add() {
  const [topic, setTopic] = useState('');
  const [fault, setFault] = useState('');
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (topic.trim() === '') return;
    try {
      await api('/topic-metrics', { body: { topic: topic.trim() } });
      setTopic('');
      setFault('');
      await brokerChanged();
    } catch (error) {
      const problem = asProblem(error);
      setFault(`${problem.message} ${problem.next ?? ''}`);
    }
  };
  return (
    <form
      className="row findrow"
      onSubmit={(e) => {
        void submit(e);
      }}
    >
      <div className={`field sm finder mono${fault === '' ? '' : ' err'}`}>
        <input
          data-filter
          aria-label="Topic to count"
          data-testid="topic-field"
          placeholder="Topic, or a filter such as plant/#"
          spellCheck={false}
          autoCapitalize="none"
          maxLength={2000}
          value={topic}
          onChange={(e) => {
            setTopic(e.target.value);
            setFault('');
          }}
        />
      </div>
      <button type="submit" className="btn sm" data-testid="topic-add" disabled={topic.trim() === ''}>
        <Icon name="plus" />
        Count it
      </button>
      {fault === '' ? null : <FaultLine>{fault}</FaultLine>}
    </form>
  );
}
