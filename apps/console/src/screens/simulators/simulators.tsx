import { useParams } from '@tanstack/react-router';
import { ApiProblem } from '../../api/client.ts';
import { useSimulator, useSimulators } from '../../api/queries.ts';
import { useFlow } from '../../live/live-store.ts';
import { Empty, ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { SimulatorView } from './simulator-view.tsx';
import './simulators.css';

/** Simulated devices: what they hold, who asks them, what goes wrong with them. */
export function Simulators() {
  const { name } = useParams({ strict: false });
  const flow = useFlow();
  const all = useSimulators();
  // The list ends after a hundred; the flow knows the names of all.
  const names = flow?.simulators.map((s) => s.name) ?? all.data?.map((s) => s.name);
  const chosen = name ?? names?.[0];
  const asked = useSimulator(chosen);
  if (asked.data !== undefined) return <SimulatorView key={asked.data.name} first={asked.data} names={names ?? [asked.data.name]} />;
  const gone = asked.error instanceof ApiProblem && asked.error.status === 404;
  const failed = names === undefined && all.isError ? all : asked.isError && !gone ? asked : undefined;
  if (failed !== undefined || names === undefined || (chosen !== undefined && !gone))
    return (
      <div className="screen">
        <Head sentence="Simulator" />
        {failed === undefined ? (
          <Panel>
            <Skeleton />
          </Panel>
        ) : (
          <ErrorSay
            error={failed.error}
            retry={() => {
              void failed.refetch();
            }}
          />
        )}
      </div>
    );
  return (
    <div className="screen">
      <Head sentence={name === undefined ? 'No simulator is configured.' : `There is no simulator ${name}.`} />
      <Panel>
        <Empty title="A simulator is a device that is not there.">
          It answers like a real one, so that a hub can be tried, shown and tested without a plant. Write one under <code>simulators:</code>{' '}
          in hub.yaml.
        </Empty>
      </Panel>
    </div>
  );
}
