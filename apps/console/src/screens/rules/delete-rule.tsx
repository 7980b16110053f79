import { Popover } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, asProblem } from '../../api/client.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { popUp } from '../../ui/pop-up.ts';

/** Asks for the rule's name before it removes the rule from hub.yaml. */
export function DeleteRule({ name }: { name: string }) {
  const [opened, setOpened] = useState(false);
  const [text, setText] = useState('');
  const [fault, setFault] = useState('');
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = async (): Promise<void> => {
    if (text !== name) {
      setFault(`Write ${name} to delete it.`);
      return;
    }
    try {
      await api(`/rules/${encodeURIComponent(name)}`, { method: 'DELETE' });
      setOpened(false);
      await Promise.all([client.invalidateQueries({ queryKey: ['rules'] }), client.invalidateQueries({ queryKey: ['config'] })]);
      void navigate({ to: '/rules' });
    } catch (error) {
      setFault(asProblem(error).message);
    }
  };
  return (
    <Popover opened={opened} onChange={setOpened} width={300} {...popUp}>
      <Popover.Target>
        <button
          type="button"
          className="btn"
          onClick={() => {
            setOpened((o) => !o);
            setText('');
            setFault('');
          }}
        >
          Delete
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void remove();
          }}
        >
          <p>Deletes the rule from hub.yaml. What it kept in history stays.</p>
          <label className="lb" htmlFor="delete-name" style={{ marginTop: 10 }}>
            Its name
          </label>
          <div className={`field${fault === '' ? '' : ' err'}`}>
            <input
              id="delete-name"
              data-autofocus
              autoComplete="off"
              value={text}
              onChange={(e) => {
                setText(e.target.value);
                setFault('');
              }}
              placeholder={name}
            />
          </div>
          {fault === '' ? null : (
            <p className="err-line">
              <Glyph name="bad" />
              {fault}
            </p>
          )}
          <div className="row" style={{ marginTop: 12 }}>
            <button type="submit" className="btn danger">
              Delete {name}
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
