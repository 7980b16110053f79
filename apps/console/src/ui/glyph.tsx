import type { ReactNode } from 'react';
import type { AlarmState, PartState, QualityWord } from '../api/types.ts';

export type GlyphName = 'run' | 'stopped' | 'wait' | 'check' | 'uncertain' | 'bad' | 'stale' | AlarmState;
const v = (name: string): string => `var(--omh-${name})`;

const shapes: Record<GlyphName, ReactNode> = {
  run: <circle cx="7" cy="7" r="3.6" fill={v('text-3')} />,
  stopped: <circle cx="7" cy="7" r="4.4" fill="none" stroke={v('text-3')} strokeWidth="1.5" />,
  wait: <circle cx="7" cy="7" r="4.6" fill="none" stroke={v('text-2')} strokeWidth="1.6" strokeDasharray="2.4 2.4" />,
  check: (
    <path d="M2.6 7.4 5.7 10.4 11.4 3.8" fill="none" stroke={v('text-2')} strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round" />
  ),
  uncertain: (
    <>
      <circle cx="7" cy="7" r="5" fill="none" stroke={v('uncertain')} strokeWidth="1.5" />
      <path d="M7 2a5 5 0 0 1 0 10Z" fill={v('uncertain')} />
    </>
  ),
  bad: (
    <>
      <circle cx="7" cy="7" r="5.8" fill={v('bad')} />
      <path d="m4.7 4.7 4.6 4.6m0-4.6-4.6 4.6" stroke={v('on-bad')} strokeWidth="1.7" strokeLinecap="round" />
    </>
  ),
  stale: (
    <>
      <circle cx="7" cy="7" r="5" fill="none" stroke={v('stale')} strokeWidth="1.4" />
      <path d="M7 4.2V7l2 1.4" fill="none" stroke={v('stale')} strokeWidth="1.4" strokeLinecap="round" />
    </>
  ),
  critical: (
    <>
      <path d="M4.2 .6h5.6l3.6 3.6v5.6l-3.6 3.6H4.2L.6 9.8V4.2Z" fill={v('critical-fill')} />
      <text x="7" y="10.4" textAnchor="middle" fontSize="9.5" fontWeight="700" fill={v('on-critical')}>
        1
      </text>
    </>
  ),
  high: (
    <>
      <path d="M7 .3 13.7 7 7 13.7.3 7Z" fill={v('high-fill')} />
      <text x="7" y="10.2" textAnchor="middle" fontSize="9" fontWeight="700" fill={v('on-high')}>
        2
      </text>
    </>
  ),
  medium: (
    <>
      <path d="M7 .8 13.7 12.9H.3Z" fill={v('medium-fill')} />
      <text x="7" y="11.6" textAnchor="middle" fontSize="8.5" fontWeight="700" fill={v('on-medium')}>
        3
      </text>
    </>
  ),
  low: (
    <>
      <rect x="1" y="1" width="12" height="12" rx="2.5" fill="none" stroke={v('low')} strokeWidth="1.4" />
      <text x="7" y="10.3" textAnchor="middle" fontSize="9" fontWeight="700" fill={v('low')}>
        4
      </text>
    </>
  ),
};

/** A state's shape; the word stands beside it, so it is silent for screen readers unless `label` is given. */
export const Glyph = ({ name, large = false, label }: { name: GlyphName; large?: boolean; label?: string }) => (
  <svg
    className={large ? 'g lg' : 'g'}
    viewBox="0 0 14 14"
    {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
  >
    {shapes[name]}
  </svg>
);

export const partGlyph: Record<PartState, GlyphName> = {
  starting: 'wait',
  running: 'run',
  degraded: 'uncertain',
  lost: 'bad',
  failed: 'bad',
  stopped: 'stopped',
};
export const partWord: Record<PartState, string> = {
  starting: 'Starting',
  running: 'Runs',
  degraded: 'Degraded',
  lost: 'Lost',
  failed: 'Failed',
  stopped: 'Stopped',
};
export const qualityGlyph: Record<QualityWord, GlyphName> = { good: 'run', uncertain: 'uncertain', bad: 'bad' };
export const qualityText: Record<QualityWord, string> = { good: 'Good', uncertain: 'Uncertain', bad: 'Bad' };

/** The mark: ISA-5.1's balloon for a shared display that the operator can reach. */
export const Mark = () => (
  <svg className="mark" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="2.2">
    <rect x="1.25" y="1.25" width="21.5" height="21.5" rx="4" />
    <circle cx="12" cy="12" r="6.6" />
    <path d="M1.5 12h21" />
  </svg>
);

const icons = {
  overview: <path d="M2 8h3l2-4 3 8 2-4h2" />,
  dashboard: (
    <>
      <rect x="2" y="2.5" width="12" height="11" rx="1.5" />
      <path d="M2 8h7M9 2.5v11" />
    </>
  ),
  live: <path d="M2 4h12M2 8h12M2 12h7" />,
  namespace: <path d="M3 3h4M5 3v9.5h4M5 7.5h4M11 7.5h2.5M11 12.5h2.5" />,
  messages: <path d="M2.5 3.5h11v7.5H8.5L5.5 13.5V11h-3zM5 6.3h6M5 8.5h4" />,
  broker: (
    <>
      <circle cx="8" cy="8" r="2.4" />
      <path d="M8 2v3.6M8 10.4V14M2 8h3.6M10.4 8H14M3.8 3.8l2.5 2.5M9.7 9.7l2.5 2.5" />
    </>
  ),
  rule: <path d="M2 4h4l4 8h4M2 12h4l1.2-2.4M10 4h4M8.8 6.4 10 4" />,
  data: (
    <>
      <ellipse cx="8" cy="4" rx="5" ry="2" />
      <path d="M3 4v8c0 1.1 2.2 2 5 2s5-.9 5-2V4M3 8c0 1.1 2.2 2 5 2s5-.9 5-2" />
    </>
  ),
  device: (
    <>
      <rect x="2.5" y="4.5" width="11" height="7" rx="1.5" />
      <path d="M5 2v2.5M8 2v2.5M11 2v2.5M5 11.5V14M8 11.5V14M11 11.5V14" />
    </>
  ),
  app: <path d="M3 9.5a5 5 0 0 1 10 0M8 13.5V7M5.8 9.2 8 7l2.2 2.2" />,
  simulator: (
    <>
      <path d="M6 2.5v4L2.8 12a1 1 0 0 0 .9 1.5h8.6a1 1 0 0 0 .9-1.5L10 6.5v-4M5 2.5h6M4.6 9.5h6.8" />
    </>
  ),
  system: (
    <>
      <path d="M3 4.5h10M3 8h10M3 11.5h10" />
      <circle cx="6" cy="4.5" r="1.3" fill="currentColor" />
      <circle cx="10.5" cy="8" r="1.3" fill="currentColor" />
      <circle cx="5" cy="11.5" r="1.3" fill="currentColor" />
    </>
  ),
  configuration: (
    <>
      <path d="M4 2h5.5L12.5 5v9H4Z" />
      <path d="M9.2 2v3.3h3.3M6.2 8h4M6.2 10.8h4" />
    </>
  ),
  person: (
    <>
      <circle cx="8" cy="5.5" r="2.8" />
      <path d="M2.8 13.5c.6-2.6 2.6-4 5.2-4s4.6 1.4 5.2 4" />
    </>
  ),
  key: (
    <>
      <circle cx="5.2" cy="8" r="2.9" />
      <path d="M8.1 8h5.9v2.6M11.2 8v2" />
    </>
  ),
  audit: <path d="M2.5 4h11M2.5 8h6M2.5 12h4M8.5 11.5l2 2 3.5-4.5" />,
  copy: (
    <>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.2" />
      <path d="M10.5 5.5v-3h-8v8h3" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4.2" />
      <path d="m10.2 10.2 3.3 3.3" />
    </>
  ),
  plus: <path d="M8 3v10M3 8h10" />,
  down: <path d="m4 6 4 4 4-4" />,
  chevron: <path d="m6 4 4 4-4 4" />,
  back: <path d="M10 3 5 8l5 5" />,
  forth: <path d="m6 3 5 5-5 5" />,
  play: <path d="M5 3.5v9l7-4.5Z" />,
  stop: <rect x="4.5" y="4.5" width="7" height="7" rx="1" />,
  pause: <path d="M6 4v8M10 4v8" />,
  time: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 5v3l2 1.5" />
    </>
  ),
  zoomOut: <path d="M2 8h4m4 0h4M4.5 5.5 2 8l2.5 2.5M11.5 5.5 14 8l-2.5 2.5" />,
  sun: (
    <>
      <circle cx="8" cy="8" r="2.8" />
      <path d="M8 1.5v1.8M8 12.7v1.8M1.5 8h1.8M12.7 8h1.8M3.4 3.4l1.3 1.3M11.3 11.3l1.3 1.3M3.4 12.6l1.3-1.3M11.3 4.7l1.3-1.3" />
    </>
  ),
  moon: <path d="M13 9.5A5.5 5.5 0 1 1 6.5 3a4.5 4.5 0 0 0 6.5 6.5Z" />,
  auto: (
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 2.5a5.5 5.5 0 0 1 0 11Z" fill="currentColor" />
    </>
  ),
  edit: <path d="m3 13 .6-2.8L11 2.8 13.2 5 5.8 12.4Z" />,
  more: (
    <>
      <circle cx="3.5" cy="8" r=".8" fill="currentColor" />
      <circle cx="8" cy="8" r=".8" fill="currentColor" />
      <circle cx="12.5" cy="8" r=".8" fill="currentColor" />
    </>
  ),
  save: <path d="M8 2.5v7.5M5 7.2 8 10l3-2.8M3 13h10" />,
  close: <path d="m4 4 8 8m0-8-8 8" />,
} satisfies Record<string, ReactNode>;
export type IconName = keyof typeof icons;
export const Icon = ({ name }: { name: IconName }) => (
  <svg className="ic" viewBox="0 0 16 16" aria-hidden="true">
    {icons[name]}
  </svg>
);
