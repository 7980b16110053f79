import type { QueueRow, QueuesAnswer } from '@omh/api';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { queryClient } from '../../api/queries.ts';
import type { AppStatus } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { hubNow } from '../../live/live-store.ts';
import { bytes, count, span } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { AskFirst } from '../access/ask-first.tsx';

const key = ['queues'];

/** Queues whose app is gone: what waits in them is sent by nobody until somebody decides. Nothing is shown where there is none. */
export function OrphanQueues({ apps }: { apps: readonly AppStatus[] }) {
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => api<QueuesAnswer>('/queues', { signal }),
    refetchInterval: 5_000,
  });
  const orphans = query.data?.queues.filter(({ orphan }) => orphan === true) ?? [];
  if (orphans.length === 0) return null;
  const targets = apps.flatMap(({ queue }) => (queue === undefined ? [] : [queue.name]));
  return (
    <Panel title="Queues without an app">
      <ul className="letters" aria-label="Queues without an app">
        {orphans.map((queue) => (
          <Orphan key={queue.name} queue={queue} targets={targets} />
        ))}
      </ul>
    </Panel>
  );
}

function Orphan({ queue, targets }: { queue: QueueRow; targets: readonly string[] }) {
  const { name, counters, capacity, deadLetters, breaker } = queue;
  const [chosen, setChosen] = useState('');
  const to = targets.includes(chosen) ? chosen : (targets[0] ?? '');
  const path = `/queues/${encodeURIComponent(name)}`;
  const waits = counters.queuing;
  const age = capacity.oldest === undefined ? '' : `, the oldest ${span(hubNow() - Date.parse(capacity.oldest))} old`;
  const dead = deadLetters.count === 0 ? '' : ` ${count(deadLetters.count, 'message')} the target never took.`;
  const changed = (): Promise<void> => queryClient.invalidateQueries({ queryKey: key });
  return (
    <li data-testid={`orphan-${name}`}>
      <p>
        <b>{name}</b> {count(waits, 'message waits', 'messages wait')} on the disk{age}, {bytes(capacity.bytes)}.{dead}{' '}
        {breaker === 'idle' || waits === 0 ? '' : 'They are being handed over.'}
      </p>
      {may('queues.write') ? (
        <div className="row">
          {waits > 0 && targets.length > 0 ? (
            <>
              <div className="field sm">
                <select value={to} aria-label={`App that sends what waits in ${name}`} onChange={(e) => setChosen(e.target.value)}>
                  {targets.map((target) => (
                    <option key={target}>{target}</option>
                  ))}
                </select>
              </div>
              <AskFirst
                small
                button="Hand over"
                deed={`Hand over to ${to}`}
                testid={`orphan-hand-over-${name}`}
                act={async () => {
                  await api(`${path}/hand-over`, { method: 'POST', body: { to } });
                  await changed();
                }}
              >
                {to} sends {count(waits, 'message')}, oldest first, each with its own time and marked as late.
              </AskFirst>
            </>
          ) : null}
          <AskFirst
            small
            danger
            button="Remove"
            deed={`Remove ${name}`}
            testid={`orphan-remove-${name}`}
            act={async () => {
              await api(path, { method: 'DELETE' });
              await changed();
            }}
          >
            What waits in {name} is never delivered. This cannot be undone.
          </AskFirst>
        </div>
      ) : null}
    </li>
  );
}
