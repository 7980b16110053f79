/* oxlint-disable react-hooks/exhaustive-deps -- Live columns change outside React; a generation or a beat stands for them in the dependency lists. */
import { Modal } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useDashboards, useRules } from '../api/queries.ts';
import { live, useFlow, useHoldTags, useTagGeneration } from '../live/live-store.ts';
import { keyName, keyText } from '../ui/value.tsx';
import { Icon, type IconName } from '../ui/glyph.tsx';
import { screens } from './screens.ts';
import { may } from './session.ts';

interface Found {
  id: string;
  icon: IconName;
  name: string;
  meta: string;
  weight: number;
  go: () => void;
}
const shown = 12;

export function Palette({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      withCloseButton={false}
      size={560}
      yOffset="12vh"
      transitionProps={{ duration: 90 }}
      classNames={{ body: 'flush' }}
      aria-label="Find anything"
    >
      {opened ? <Finder close={close} /> : null}
    </Modal>
  );
}

function Finder({ close }: { close: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  useHoldTags();
  const generation = useTagGeneration();
  const flow = useFlow();
  const rules = useRules();
  const dashboards = useDashboards();
  const all = useMemo((): Found[] => {
    const { tags } = live();
    const out: Found[] = screens
      .filter((s) => may(s.verb))
      .map((s) => ({
        id: `s${s.id}`,
        icon: s.icon,
        name: s.title,
        meta: 'screen',
        weight: 4,
        go: () => {
          void navigate({ to: s.to });
        },
      }));
    for (const d of dashboards.data ?? [])
      out.push({
        id: `d${d.name}`,
        icon: 'dashboard',
        name: d.title,
        meta: `dashboard, ${d.panels.length} panels`,
        weight: 3,
        go: () => {
          void navigate({ to: '/dashboards/$name', params: { name: d.name } });
        },
      });
    for (const r of rules.data ?? [])
      out.push({
        id: `r${r.name}`,
        icon: 'rule',
        name: r.name,
        meta: `rule, ${r.state}`,
        weight: 3,
        go: () => {
          void navigate({ to: '/rules/$name', params: { name: r.name } });
        },
      });
    for (const d of flow?.devices ?? [])
      out.push({
        id: `v${d.name}`,
        icon: 'device',
        name: d.name,
        meta: `device, ${d.state}`,
        weight: 2,
        go: () => {
          void navigate({ to: '/devices/$name', params: { name: d.name } });
        },
      });
    tags.keys.forEach((key, row) => {
      out.push({
        id: `t${row}`,
        icon: 'live',
        name: `${key.device}, ${key.tag}`,
        meta: key.group,
        weight: 1,
        go: () => {
          void navigate({ to: '/live', search: { find: keyName(key) } });
        },
      });
    });
    return out;
    // flow changes each second; only the set of devices matters here.
  }, [generation, dashboards.data, rules.data, flow?.devices.length]);
  const found = useMemo(() => {
    const words = text
      .toLowerCase()
      .split(/[\s/,]+/)
      .filter((w) => w !== '');
    const hit: { f: Found; score: number }[] = [];
    for (const f of all) {
      const hay = `${f.name} ${f.meta}`.toLowerCase();
      if (!words.every((w) => hay.includes(w))) continue;
      hit.push({ f, score: f.weight + (words.length > 0 && f.name.toLowerCase().startsWith(words[0]!) ? 5 : 0) });
    }
    return hit
      .sort((a, b) => b.score - a.score)
      .slice(0, shown)
      .map((h) => h.f);
  }, [all, text]);
  useEffect(() => {
    setAt(0);
  }, [text]);
  const open = (f: Found | undefined): void => {
    if (f === undefined) return;
    close();
    f.go();
  };
  const meta = (f: Found): string => {
    if (!f.id.startsWith('t')) return f.meta;
    const now = live().tags.now(Number(f.id.slice(1)));
    return now === undefined ? f.meta : `${keyText(now.key, now.value)}${now.quality === 'good' ? '' : `, ${now.quality}`}`;
  };
  return (
    <div className="palette">
      <div className="ask">
        <Icon name="search" />
        <input
          className="plain"
          data-autofocus
          autoFocus
          data-testid="palette-input"
          role="combobox"
          aria-expanded
          aria-controls="found"
          aria-label="Find screens, devices, tags, rules and dashboards"
          aria-activedescendant={found[at] === undefined ? undefined : `found-${at}`}
          placeholder="Screens, devices, tags, rules, dashboards"
          value={text}
          onChange={(e) => setText(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === 'ArrowDown') {
              e.preventDefault();
              setAt((i) => Math.min(found.length - 1, i + 1));
            } else if (e.key === 'ArrowUp') {
              e.preventDefault();
              setAt((i) => Math.max(0, i - 1));
            } else if (e.key === 'Enter') {
              e.preventDefault();
              open(found[at]);
            }
          }}
        />
      </div>
      <ul id="found" role="listbox" ref={list}>
        {found.map((f, i) => (
          <li
            key={f.id}
            id={`found-${i}`}
            role="option"
            aria-selected={i === at}
            className={i === at ? 'on' : ''}
            onMouseMove={() => setAt(i)}
            onClick={() => open(f)}
          >
            <Icon name={f.icon} />
            <span className="ell">{f.name}</span>
            <span className="meta right nowrap">{meta(f)}</span>
          </li>
        ))}
        {found.length === 0 ? <li className="t3">Nothing here is called that.</li> : null}
      </ul>
      <div className="keys meta">
        <span>
          <kbd>Enter</kbd> open
        </span>
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> choose
        </span>
        <span>
          <kbd>Esc</kbd> close
        </span>
      </div>
    </div>
  );
}
