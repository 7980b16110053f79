import { Modal } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

const goTo: Record<string, string> = {
  v: '/devices',
  o: '/',
  d: '/dashboards',
  l: '/live',
  n: '/namespace',
  m: '/messages',
  r: '/rules',
  h: '/data',
  s: '/simulators',
  c: '/configuration',
};
const table: readonly [keys: string, what: string][] = [
  ['Ctrl K', 'Find anything'],
  ['G then O', 'Overview'],
  ['G then D', 'Dashboards'],
  ['G then L', 'Live values'],
  ['G then V', 'Devices'],
  ['G then N', 'Namespace'],
  ['G then M', 'Messages'],
  ['G then R', 'Rules'],
  ['G then H', 'Data'],
  ['G then S', 'Simulator'],
  ['G then C', 'Configuration'],
  ['/', 'Filter on this screen'],
  ['Ctrl Enter', 'Run, test or confirm'],
  ['Esc', 'Close, or leave the field'],
  ['?', 'These keys'],
];

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Keys that work on every screen. A field marked `data-filter` gets the focus on `/`. */
export function useKeys({ find, help }: { find: () => void; help: () => void }): void {
  const navigate = useNavigate();
  const act = useRef({ find, help });
  act.current = { find, help };
  useEffect(() => {
    let armed = 0;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        act.current.find();
        return;
      }
      if (typing(event.target)) {
        if (event.key === 'Escape' && (event.target as HTMLElement).closest('.cm-editor') === null) (event.target as HTMLElement).blur();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === '/') {
        const field = document.querySelector<HTMLInputElement>('[data-filter]');
        if (field === null) return;
        event.preventDefault();
        field.focus();
        field.select();
      } else if (event.key === '?') act.current.help();
      else if (event.key === 'g') armed = Date.now();
      else if (Date.now() - armed < 1_500 && goTo[event.key] !== undefined) {
        armed = 0;
        void navigate({ to: goTo[event.key]! });
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [navigate]);
}

export const KeysHelp = ({ opened, close }: { opened: boolean; close: () => void }) => (
  <Modal opened={opened} onClose={close} title="Keys" size={380} transitionProps={{ duration: 120 }}>
    <dl className="dl">
      {table.map(([keys, what]) => [
        <dt key={keys}>
          <kbd>{keys}</kbd>
        </dt>,
        <dd key={what}>{what}</dd>,
      ])}
    </dl>
  </Modal>
);
