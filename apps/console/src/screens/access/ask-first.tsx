import { Popover } from '@mantine/core';
import { useId, useState, type ReactNode } from 'react';
import { asProblem } from '../../api/client.ts';
import { FaultLine } from '../../app/sheet.tsx';
import { popUp } from '../../ui/pop-up.ts';

/**
 * A button whose deed is told before it is done. With `name`, that has to be written; the deed's refusal is shown in place.
 */
export function AskFirst({
  button,
  deed,
  name,
  danger = false,
  small = false,
  testid,
  act,
  children,
}: {
  button: ReactNode;
  /** What the confirming button says. */
  deed: string;
  name?: string;
  danger?: boolean;
  small?: boolean;
  testid?: string;
  act: () => Promise<void>;
  children: ReactNode;
}) {
  const id = useId();
  const [opened, setOpened] = useState(false);
  const [text, setText] = useState('');
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    if (busy) return;
    if (name !== undefined && text !== name) {
      setFault(`Write ${name} to go on.`);
      return;
    }
    setBusy(true);
    try {
      await act();
      setOpened(false);
    } catch (error) {
      const problem = asProblem(error);
      setFault(`${problem.message} ${problem.next ?? ''}`);
    }
    setBusy(false);
  };
  return (
    <Popover opened={opened} onChange={setOpened} width={300} {...popUp}>
      <Popover.Target>
        <button
          type="button"
          className={`btn${small ? ' sm' : ''}`}
          data-testid={testid}
          onClick={() => {
            setOpened((o) => !o);
            setText('');
            setFault('');
          }}
        >
          {button}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void run();
          }}
        >
          <p>{children}</p>
          {name === undefined ? null : (
            <>
              <label className="lb" htmlFor={id} style={{ marginTop: 10 }}>
                Its name
              </label>
              <div className={`field${fault === '' ? '' : ' err'}`}>
                <input
                  id={id}
                  data-autofocus
                  data-testid="confirm-name"
                  autoComplete="off"
                  spellCheck={false}
                  value={text}
                  placeholder={name}
                  onChange={(e) => {
                    setText(e.target.value);
                    setFault('');
                  }}
                />
              </div>
            </>
          )}
          {fault === '' ? null : <FaultLine>{fault}</FaultLine>}
          <div className="row" style={{ marginTop: 12 }}>
            <button type="submit" className={`btn ${danger ? 'danger' : 'primary'}`} data-testid="confirm" aria-busy={busy}>
              {deed}
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
