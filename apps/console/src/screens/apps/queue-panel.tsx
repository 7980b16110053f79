import type { DeadLetterRow, DeadLettersAnswer, QueueRow } from '@omh/api';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { queryClient } from '../../api/queries.ts';
import { may } from '../../app/session.ts';
import { hubNow } from '../../live/live-store.ts';
import { bytes, count, moment, num, span } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';
import { AskFirst } from '../access/ask-first.tsx';

const hourMs = 3_600_000;
const shownLetters = 50;
const full = 0.8;

/** What waits on the disk of one app, how long an outage may last, what was dropped and why, and what the target never takes. */
export function QueuePanel({ queue, told }: { queue: QueueRow /** The app says already why nothing is taken. */; told: boolean }) {
  const { counters: c, capacity, deadLetters } = queue;
  const path = `/queues/${encodeURIComponent(queue.name)}`;
  const share = capacity.maxBytes === 0 ? 0 : capacity.bytes / capacity.maxBytes;
  const waits = c.queuing;
  const age = capacity.oldest === undefined ? undefined : hubNow() - Date.parse(capacity.oldest);
  return (
    <Panel
      title="Store and forward"
      className="queuepanel"
      right={
        waits > 0 && may('queues.write') ? (
          <AskFirst
            small
            danger
            button="Drop what waits"
            deed={`Drop ${count(waits, 'message')}`}
            testid="queue-clear"
            act={async () => {
              await api(`${path}/entries`, { method: 'DELETE' });
              await changed();
            }}
          >
            {count(waits, 'message')} that {waits === 1 ? 'waits' : 'wait'} on the disk {waits === 1 ? 'is' : 'are'} never delivered. This
            cannot be undone.
          </AskFirst>
        ) : undefined
      }
    >
      <p className="med" data-testid="queue-sentence">
        {waits === 0
          ? deadLetters.count > 0
            ? 'Nothing waits.'
            : 'Nothing waits; each message is delivered as it comes.'
          : `${count(waits, 'message waits', 'messages wait')} on the disk${age === undefined ? '' : `, the oldest ${span(age)} old`}.`}{' '}
        {capacity.hoursLeft !== undefined
          ? `There is room for ${span(capacity.hoursLeft * hourMs)} at the present rate.`
          : capacity.hours !== undefined
            ? `There is room for ${span(capacity.hours * hourMs)}.`
            : ''}
      </p>
      {told || queue.state === 'running' || queue.reason.text === '' ? null : <p className="t2">{queue.reason.text}</p>}
      <div
        className="fillbar"
        role="meter"
        aria-label="Room of the queue on disk"
        aria-valuemin={0}
        aria-valuemax={capacity.maxBytes}
        aria-valuenow={capacity.bytes}
      >
        <i className={share >= full ? 'high' : ''} style={{ width: `${Math.min(100, share * 100)}%` }} />
      </div>
      <p className="meta">
        {bytes(capacity.bytes)} of {bytes(capacity.maxBytes)}
        {capacity.bytesPerSecond > 0 ? `, ${bytes(capacity.bytesPerSecond)} a second come` : ''}
      </p>
      <dl className="kv tight queuefacts">
        <dt>Delivered</dt>
        <dd>
          {num(c.success)}
          {c['retried.success'] > 0 ? `, ${num(c['retried.success'])} of them at a later try` : ''}
        </dd>
        <dt>On their way</dt>
        <dd>{num(c.inflight)}</dd>
        {c.found > 0 ? (
          <>
            <dt>Replayed</dt>
            <dd>{num(c.found)} found on the disk at the start</dd>
          </>
        ) : null}
        <dt>Dropped</dt>
        <dd className={c.dropped > 0 ? 'bad' : ''} data-testid="queue-dropped">
          {num(c.dropped)}
          {c.dropped === 0
            ? ''
            : ` (${[
                c['dropped.queue_full'] > 0 ? `${num(c['dropped.queue_full'])} as the queue was full` : '',
                c['dropped.expired'] > 0 ? `${num(c['dropped.expired'])} too old` : '',
                c['dropped.other'] > 0 ? `${num(c['dropped.other'])} by hand or damaged` : '',
              ]
                .filter((t) => t !== '')
                .join(', ')})`}
        </dd>
      </dl>
      {deadLetters.count === 0 ? null : <DeadLetters path={path} queue={queue} />}
    </Panel>
  );
}

const changed = async (): Promise<void> => {
  await queryClient.invalidateQueries({ queryKey: ['apps'] });
  await queryClient.invalidateQueries({ queryKey: ['dead-letters'] });
};

function DeadLetters({ path, queue }: { path: string; queue: QueueRow }) {
  const [open, setOpen] = useState(false);
  const query = useQuery({
    queryKey: ['dead-letters', queue.name, queue.deadLetters.count],
    enabled: open,
    queryFn: ({ signal }) => api<DeadLettersAnswer>(`${path}/dead-letters?limit=${shownLetters}`, { signal }),
  });
  return (
    <details className="more" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary data-testid="dead-letters">
        <span className="unc">
          <Glyph name="uncertain" /> {count(queue.deadLetters.count, 'message')} the target never takes
        </span>
      </summary>
      {query.isError ? <ErrorSay error={query.error} /> : query.data === undefined ? <Skeleton rows={2} /> : null}
      <ul className="letters">
        {query.data?.deadLetters.map((letter) => (
          <Letter key={letter.position} letter={letter} path={path} />
        ))}
      </ul>
      {queue.deadLetters.count > shownLetters ? <p className="meta">The oldest {shownLetters} are shown.</p> : null}
    </details>
  );
}

function Letter({ letter, path }: { letter: DeadLetterRow; path: string }) {
  const [state, setState] = useState<{ busy?: boolean; problem?: ApiProblem }>({});
  const { busy = false, problem } = state;
  const at = `${path}/dead-letters/${letter.position}`;
  const act = async (method: 'POST' | 'DELETE'): Promise<void> => {
    if (busy) return;
    setState({ busy: true });
    try {
      await api(method === 'POST' ? `${at}/replay` : at, { method });
      await changed();
      setState({});
    } catch (error) {
      setState({ problem: asProblem(error) });
    }
  };
  return (
    <li data-testid="dead-letter">
      <div className="grow">
        <p className="ell mono">{letter.topic ?? letter.id}</p>
        <p className="lettertext">{letter.reason.text}</p>
        <p className="meta">
          From {moment(Date.parse(letter.time))}, given up {moment(Date.parse(letter.diedAt))} after{' '}
          {count(letter.attempts, 'try', 'tries')}, {bytes(letter.bytes)}
        </p>
        {letter.payload === undefined || letter.encoding !== 'utf8' ? null : <p className="mono meta payloadline">{letter.payload}</p>}
        {problem === undefined ? null : (
          <p className="bad" role="alert">
            {problem.message} {problem.next ?? ''}
          </p>
        )}
      </div>
      {may('queues.write') ? (
        <span className="row">
          <button
            type="button"
            className="btn sm"
            aria-busy={busy}
            aria-label={`Send again, the message of ${moment(Date.parse(letter.time))}`}
            onClick={() => void act('POST')}
          >
            Send again
          </button>
          <button
            type="button"
            className="btn sm"
            aria-busy={busy}
            aria-label={`Remove the message of ${moment(Date.parse(letter.time))}`}
            onClick={() => void act('DELETE')}
          >
            Remove
          </button>
        </span>
      ) : null}
    </li>
  );
}
