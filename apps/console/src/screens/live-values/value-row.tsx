/* oxlint-disable react-hooks/exhaustive-deps -- Live columns change outside React; a generation or a beat stands for them in the dependency lists. */
import { Popover } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { memo, useEffect, useState } from 'react';
import { may } from '../../app/session.ts';
import { hubNow, live, useLink, useStatus, useTagVersion, useTick } from '../../live/live-store.ts';
import { sparkSlots } from '../../live/tag-table.ts';
import { countdown, firstSentence, moment, span, unitText } from '../../ui/format.ts';
import { Glyph, qualityText } from '../../ui/glyph.tsx';
import { Spark } from '../../ui/spark.tsx';
import { AlignedValue, isWritable, keyDecimals, keyName, keyText, labelOf } from '../../ui/value.tsx';
import { seedTrend } from './trend-seeds.ts';
import { WriteForm } from './write-form.tsx';

const trend = new Float64Array(sparkSlots);

/** One tag: its place never changes, only what stands in it. */
export const ValueRow = memo(function ValueRow({
  row,
  top,
  places,
  open,
  toggle,
}: {
  row: number;
  top: number;
  places: number;
  /** The reason stands under the row. */
  open: boolean;
  toggle: (row: number) => void;
}) {
  const version = useTagVersion(row);
  const beat = useTick(500);
  const link = useLink();
  const [writing, setWriting] = useState(false);
  const now = live().tags.now(row);
  useEffect(() => (now === undefined ? undefined : seedTrend(row, keyName(now.key))), [row]);
  if (now === undefined) return null;
  const { key, quality } = now;
  const lost = link.phase !== 'open';
  const hub = hubNow();
  const name = keyName(key);
  const age = Number.isNaN(now.time) ? '' : span(hub - now.time);
  const tone = lost ? ' isstale' : quality === 'bad' ? ' isbad' : '';
  return (
    <div
      className={`vrow${tone}${writing || open ? ' sel' : ''}${open ? ' open' : ''}`}
      role="row"
      data-testid={`row-${name}`}
      data-quality={quality}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span role="cell" className="name" title={key.path}>
        <span className="t3">{key.device}, </span>
        <span className="t3 grp">{key.group}, </span>
        <span className="med">{key.tag}</span>
      </span>
      <span role="cell" className="num val" data-value={String(now.value)}>
        {now.value === null || now.value === undefined ? (
          <span className="t3">no value</span>
        ) : labelOf(key, now.value) !== undefined ? (
          <span className="ell" title={String(now.value)}>
            {labelOf(key, now.value)}
          </span>
        ) : (
          <AlignedValue value={now.value} decimals={keyDecimals(key)} places={places} />
        )}
      </span>
      <span role="cell" className="unit meta">
        {unitText(key.unit)}
      </span>
      <span role="cell" className="trend">
        <Trend row={row} hub={hub} step={/bool/i.test(key.type)} beat={version + Math.floor(beat / 10)} />
      </span>
      <span role="cell" className="qual">
        {lost ? (
          <span className="q stale">
            <Glyph name="stale" />
            {age === '' ? 'Not heard' : `${age} old`}
          </span>
        ) : quality === 'good' ? (
          <span className="q good">Good</span>
        ) : (
          <button
            type="button"
            className={`q why ${quality === 'bad' ? 'bad' : 'unc'}`}
            aria-expanded={open}
            data-testid={`why-${name}`}
            onClick={() => toggle(row)}
          >
            <Glyph name={quality} />
            <span className="ell">
              {qualityText[quality]}
              {now.reason === null ? '' : `, ${firstSentence(now.reason)}`}
            </span>
          </button>
        )}
      </span>
      <span role="cell" className="num t3 age" title={Number.isNaN(now.time) ? 'never read' : moment(now.time)}>
        {age}
      </span>
      <span role="cell" className="mono t3 addr">
        {key.address}
      </span>
      <span role="cell" className="act">
        {isWritable(key) && may('tag.write') ? (
          <Popover
            opened={writing}
            onChange={setWriting}
            position="bottom-end"
            width={348}
            trapFocus
            returnFocus
            withinPortal
            closeOnEscape
            transitionProps={{ duration: 120 }}
          >
            <Popover.Target>
              <button type="button" className="link" aria-label={`Write ${name}`} onClick={() => setWriting((w) => !w)}>
                Write
              </button>
            </Popover.Target>
            <Popover.Dropdown>
              <WriteForm row={row} close={() => setWriting(false)} />
            </Popover.Dropdown>
          </Popover>
        ) : null}
      </span>
      {open ? <Why row={row} /> : null}
    </div>
  );
});

/** The whole reason of a value that is not good, and what the hub does about it. */
function Why({ row }: { row: number }) {
  const status = useStatus();
  useTick(1_000);
  const now = live().tags.now(row);
  if (now === undefined) return null;
  const part = status?.parts.find((p) => p.id === `device/${now.key.device}`);
  const hub = hubNow();
  return (
    <div className="whytext" role="cell" data-testid={`reason-${keyName(now.key)}`}>
      <p>
        {now.quality === 'good' ? 'Good again.' : (now.reason ?? 'The device gave no reason.')}
        {part?.nextTry === undefined ? '' : ` Next try in ${countdown(Date.parse(part.nextTry) - hub)}.`}
      </p>
      <p className="t3">
        {qualityText[now.quality]} since {moment(now.since)}.{' '}
        {Number.isNaN(now.time)
          ? 'It was never read.'
          : `${now.quality === 'bad' ? 'Last good' : 'Value'} ${keyText(now.key, now.value)} at ${moment(now.time)}.`}{' '}
        {now.key.address === '' ? (
          'A tag'
        ) : (
          <>
            Register <code>{now.key.address}</code>
          </>
        )}{' '}
        of {now.key.device}
        {part?.address === undefined ? '' : `, ${part.address}`}.{' '}
        <Link to="/namespace" search={{ at: now.key.path }}>
          Follow its way
        </Link>
      </p>
    </div>
  );
}

const Trend = memo(
  function Trend({ row, hub, step }: { row: number; hub: number; step: boolean; beat: number }) {
    live().tags.trend(row, hub, trend);
    return <Spark values={trend.slice()} width={124} height={18} step={step} />;
  },
  (a, b) => a.row === b.row && a.beat === b.beat,
);
