import { Popover } from '@mantine/core';
import { useId, useState, type ReactNode } from 'react';
import { api, asProblem } from '../../api/client.ts';
import { queryClient } from '../../api/queries.ts';
import type { DeviceStatus, GroupStatus, Held } from '../../api/types.ts';
import { FaultLine } from '../../app/sheet.tsx';
import { moment } from '../../ui/format.ts';
import { Icon, type IconName } from '../../ui/glyph.tsx';
import { popUp } from '../../ui/pop-up.ts';

type Action = 'start' | 'stop' | 'pause' | 'resume';

/** Who switched it off and when, for a line of its own. */
export const heldText = ({ by, at, comment }: Held): string =>
  `by ${by}, ${moment(Date.parse(at))}${comment === undefined || comment === '' ? '' : `: ${comment}`}`;

async function control(device: string, action: Action, group: string | undefined, comment: string): Promise<void> {
  await api(`/devices/${encodeURIComponent(device)}/control`, {
    body: { action, ...(group === undefined ? {} : { group }), ...(comment.trim() === '' ? {} : { comment: comment.trim() }) },
  });
  await queryClient.invalidateQueries({ queryKey: ['devices'] });
}

/** What may be done with the link of a device now. */
export function DeviceControl({ status }: { status: DeviceStatus }) {
  const { name, stopped, paused } = status;
  return (
    <>
      {stopped !== undefined ? null : paused !== undefined ? (
        <ControlButton device={name} action="resume" icon="play" word="Resume" />
      ) : (
        <ControlButton device={name} action="pause" icon="pause" word="Pause" deed={`Pause ${name}`}>
          The link stays open, nothing is read until somebody resumes it; also after a restart. Writes go on.
        </ControlButton>
      )}
      {stopped !== undefined ? (
        <ControlButton device={name} action="start" icon="play" word="Start" />
      ) : (
        <ControlButton device={name} action="stop" icon="stop" word="Stop" deed={`Stop ${name}`}>
          The link is closed: nothing is read or written until somebody starts it; also after a restart. Its values turn bad.
        </ControlButton>
      )}
    </>
  );
}

export const GroupControl = ({ device, group }: { device: string; group: GroupStatus }) =>
  group.paused === undefined ? (
    <ControlButton device={device} group={group.name} action="pause" icon="pause" word="Pause" deed={`Pause ${group.name}`} small>
      The group {group.name} is not read until somebody resumes it; the other groups go on.
    </ControlButton>
  ) : (
    <ControlButton device={device} group={group.name} action="resume" icon="play" word="Resume" small />
  );

/** With a `deed` it asks first, and for the reason that is then shown to everybody; without one it acts at once. */
function ControlButton({
  device,
  group,
  action,
  icon,
  word,
  deed,
  small = false,
  children,
}: {
  device: string;
  group?: string;
  action: Action;
  icon: IconName;
  word: string;
  deed?: string;
  small?: boolean;
  children?: ReactNode;
}) {
  const id = useId();
  const [opened, setOpened] = useState(false);
  const [comment, setComment] = useState('');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const run = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setFault('');
    try {
      await control(device, action, group, comment);
      setOpened(false);
    } catch (error) {
      const problem = asProblem(error);
      setFault(`${problem.message} ${problem.next ?? ''}`);
      setOpened(true);
    }
    setBusy(false);
  };
  return (
    <Popover opened={opened} onChange={setOpened} width={320} {...popUp}>
      <Popover.Target>
        <button
          type="button"
          className={`btn${small ? ' sm' : ''}`}
          aria-busy={busy}
          data-testid={`${action}${group === undefined ? '' : `-${group}`}`}
          onClick={() => {
            if (deed === undefined) {
              void run();
              return;
            }
            setComment('');
            setFault('');
            setOpened((o) => !o);
          }}
        >
          <Icon name={icon} />
          {word}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void run();
          }}
        >
          {children === undefined ? null : <p>{children}</p>}
          {deed === undefined ? null : (
            <>
              <label className="lb" htmlFor={id} style={{ marginTop: 10 }}>
                Why <span className="t3">(shown wherever the device is)</span>
              </label>
              <div className="field">
                <input
                  id={id}
                  data-autofocus
                  data-testid="control-comment"
                  autoComplete="off"
                  maxLength={500}
                  value={comment}
                  onChange={(e) => setComment(e.target.value)}
                />
              </div>
            </>
          )}
          {fault === '' ? null : <FaultLine>{fault}</FaultLine>}
          <div className="row" style={{ marginTop: 12 }}>
            <button type="submit" className="btn primary" data-testid="control-confirm" aria-busy={busy}>
              {deed ?? 'Try again'}
            </button>
            <button type="button" className="btn" onClick={() => setOpened(false)}>
              Cancel
            </button>
          </div>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
