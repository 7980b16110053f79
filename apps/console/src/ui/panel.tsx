import type { ReactNode } from 'react';
import { Glyph } from './glyph.tsx';
import { asProblem } from '../api/client.ts';
import { useSilence } from '../live/live-store.ts';
import { clock } from './format.ts';

export const Panel = ({
  title,
  meta,
  right,
  children,
  flush = false,
  className = '',
  ...rest
}: {
  title?: ReactNode;
  meta?: ReactNode;
  right?: ReactNode;
  children: ReactNode;
  flush?: boolean;
  className?: string;
  'data-testid'?: string;
}) => (
  <section className={`panel${flush ? ' flush' : ''} ${className}`} {...rest}>
    {title === undefined && right === undefined ? null : (
      <header>
        <h2>{title}</h2>
        {meta === undefined ? null : <span className="meta">{meta}</span>}
        {right === undefined ? null : <span className="row right">{right}</span>}
      </header>
    )}
    <div className="body">{children}</div>
  </section>
);

/** Every screen begins with what is true now, in words; while the hub is silent, with what was true when it was last heard. */
export const Head = ({ sentence, sub, children }: { sentence: ReactNode; sub?: ReactNode; children?: ReactNode }) => {
  const silence = useSilence();
  const old = silence !== undefined && silence.heard > 0;
  return (
    <div className={`head${old ? ' old' : ''}`}>
      <div>
        <h1 data-testid="screen-sentence">
          {old ? `At ${clock(silence.heard)}: ` : null}
          {sentence}
        </h1>
        {sub === undefined ? null : <p className="prose t2">{sub}</p>}
      </div>
      {children === undefined ? null : <div className="row right actions">{children}</div>}
    </div>
  );
};

/** Says what is wrong, what to do next and, small, the code. */
export const ErrorSay = ({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) => {
  const problem = asProblem(error);
  return (
    <div className="say badb" role="alert">
      <Glyph name="bad" />
      <div className="grow">
        <p className="strong">{problem.message}</p>
        {problem.errors.map((e) => (
          <p key={e.pointer + e.message}>
            <code>{e.pointer}</code> {e.message}
          </p>
        ))}
        {problem.next === undefined ? null : <p>{problem.next}</p>}
        <p className="code">{problem.code}</p>
      </div>
      {retry === undefined ? null : (
        <div className="act">
          <button type="button" className="btn sm" onClick={retry}>
            Try now
          </button>
        </div>
      )}
    </div>
  );
};

/** What the thing is for, what happens without it, one first step. */
export const Empty = ({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) => (
  <div className="center">
    <h2>{title}</h2>
    <p className="prose t2">{children}</p>
    {action === undefined ? null : <div className="row">{action}</div>}
  </div>
);

const widths = ['82%', '64%', '74%', '58%', '69%', '77%'];
/** Keeps the layout while something loads. */
export const Skeleton = ({ rows = 6 }: { rows?: number }) => (
  <div aria-label="Loading" style={{ padding: '10px 14px' }}>
    {Array.from({ length: rows }, (_, i) => (
      <div key={i} className="sk" style={{ width: widths[i % widths.length], margin: '10px 0' }} />
    ))}
  </div>
);

export const Kbd = ({ children }: { children: ReactNode }) => <kbd>{children}</kbd>;
