import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { ApiProblem } from '../../api/client.ts';
import type { ConfigAnswer, ProblemField } from '../../api/types.ts';
import { Editor } from '../../editor/editor.tsx';
import type { PlanRequest } from '../../plan/plan.ts';
import { bytes, count, num } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';
import { discard, moveTo, typed, useDrafts } from './drafts.ts';
import { useConfigFile } from './queries.ts';

/** Every fault gets a line below the text up to here. */
const shownFaults = 50;
/** The API takes a body of one megabyte. */
const typedBytes = 900_000;

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface FilesProps {
  config: ConfigAnswer;
  /** Name of the file that is open. */
  open: string;
  /** It is another text on disk. */
  edited: boolean;
  /** Why nothing can be typed here; undefined when it can. */
  locked: string | undefined;
  /** Why the hub refused the last plan. */
  refused: ApiProblem | undefined;
  plan: (request: PlanRequest) => void;
  /** The refusal is of a text that is discarded. */
  forget: () => void;
}

/** The files of the configuration as text, and the way from a typed change to its plan. */
export function Files({ config, open, edited, locked: shut, refused, plan, forget }: FilesProps) {
  const drafts = useDrafts();
  const file = useConfigFile(open);
  const [goTo, setGoTo] = useState<Place>();
  const draft = drafts.get(open);
  const { kind, bytes: size = 0 } = config.files.find((f) => f.name === open) ?? {};
  const locked = shut ?? (size > typedBytes ? 'Too large to type into; change it on disk and plan the hand edit here.' : undefined);
  const bases = [...drafts.values()].map((d) => d.base);
  const base = bases.length === 0 ? config.revision : Math.min(...bases);
  const places = (refused?.errors ?? []).filter((e) => e.line !== undefined);
  const here = places.filter((e) => e.file === open);
  const run = (): void => plan({ base, files: Object.fromEntries([...drafts].map(([name, { text }]) => [name, text])) });
  return (
    <div className={config.files.length > 1 ? 'listside' : 'one'}>
      {config.files.length > 1 ? <FileList config={config} open={open} faults={places} /> : null}
      <div className="cfgside">
        {drafts.size > 0 && base !== config.revision ? (
          <div className="say uncb" role="alert" data-testid="draft-stale">
            <Glyph name="uncertain" />
            <div className="grow">
              <p className="strong">
                The hub runs revision {config.revision} now; your text was begun on revision {base}.
              </p>
              <p>
                <Link to="/configuration" search={{ view: 'revisions', revision: String(config.revision), against: String(base) }}>
                  Look at what changed since
                </Link>
                . Applied as it is, your text takes that back; the plan shows it.
              </p>
            </div>
            <div className="act">
              <button type="button" className="btn sm" data-testid="draft-move" onClick={() => moveTo(config.revision)}>
                Go on with revision {config.revision}
              </button>
            </div>
          </div>
        ) : null}
        <Panel
          title={open}
          meta={
            draft !== undefined ? 'changed, not applied' : `as revision ${config.revision} has it${edited ? ', not as it is on disk' : ''}`
          }
          flush
          className="cfgfile"
          right={
            locked === undefined ? (
              <>
                {drafts.size === 0 ? null : (
                  <button
                    type="button"
                    className="btn sm"
                    data-testid="config-discard"
                    onClick={() => {
                      forget();
                      if (drafts.size === 1 || draft === undefined) discard();
                      else discard(open);
                    }}
                  >
                    {drafts.size > 1 && draft !== undefined ? 'Discard this one' : 'Discard'}
                  </button>
                )}
                <button
                  type="button"
                  className="btn sm primary"
                  data-testid="config-plan"
                  disabled={drafts.size === 0}
                  title={drafts.size === 0 ? 'Type a change first.' : 'Ctrl Enter'}
                  onClick={run}
                >
                  {drafts.size > 1 ? `Plan ${num(drafts.size)} files` : 'Plan'}
                </button>
              </>
            ) : (
              <span className="meta" data-testid="config-locked">
                {locked}
              </span>
            )
          }
        >
          {file.isError && file.data === undefined ? (
            <div style={{ padding: 12 }}>
              <ErrorSay error={file.error} />
            </div>
          ) : file.data === undefined ? (
            <Skeleton />
          ) : (
            <Editor
              key={`${open} ${locked === undefined}`}
              language={kind === 'table' ? 'text' : 'yaml'}
              value={draft?.text ?? file.data.text}
              onChange={(text) => typed(open, text, { base: file.data.revision, start: file.data.text })}
              onRun={drafts.size > 0 ? run : undefined}
              faults={here.map(faultOf)}
              goTo={goTo?.file === open ? goTo : undefined}
              readOnly={locked !== undefined}
              label={open}
              testid="config-editor"
            />
          )}
        </Panel>
        {refused === undefined ? null : places.length === 0 ? (
          <ErrorSay error={refused} />
        ) : (
          <Faults problem={refused} places={places} open={open} show={setGoTo} />
        )}
      </div>
    </div>
  );
}

const FileList = ({ config, open, faults }: { config: ConfigAnswer; open: string; faults: readonly ProblemField[] }) => {
  const drafts = useDrafts();
  return (
    <Panel flush className="clip rulelist filelist">
      <ul aria-label="Files">
        {config.files.map((f) => {
          const bad = faults.filter((e) => e.file === f.name).length;
          return (
            <li key={f.name} className={f.name === open ? 'sel' : ''}>
              <Link
                to="/configuration"
                search={{ file: f.name }}
                data-testid={`file-${f.name}`}
                aria-current={f.name === open ? 'true' : undefined}
              >
                <span className="mono ell">{f.name}</span>
                <span className={`meta nowrap${bad > 0 ? ' bad' : ''}`}>
                  {bad > 0
                    ? count(bad, 'fault')
                    : drafts.has(f.name)
                      ? 'changed'
                      : f.kind === 'table'
                        ? `tags, ${bytes(f.bytes)}`
                        : bytes(f.bytes)}
                </span>
              </Link>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
};

/** What the hub refuses, each at its place; a press goes there. */
const Faults = ({
  problem,
  places,
  open,
  show,
}: {
  problem: ApiProblem;
  places: readonly ProblemField[];
  open: string;
  show: (at: Place) => void;
}) => (
  <div className="say badb" role="alert" data-testid="config-faults">
    <Glyph name="bad" />
    <div className="grow">
      <p className="strong">The text has {count(places.length, 'fault')}; nothing was changed.</p>
      <ul className="faults">
        {places.slice(0, shownFaults).map((e) => {
          const { line, column, message } = faultOf(e);
          const at = `${e.file === open ? '' : `${e.file}, `}line ${num(line)}, column ${num(column)}`;
          return (
            <li key={`${e.file} ${line} ${column} ${message}`}>
              <Link
                to="/configuration"
                search={e.file === undefined ? {} : { file: e.file }}
                onClick={() => show({ file: e.file ?? open, line, column })}
              >
                {at}
              </Link>
              : {message}
            </li>
          );
        })}
      </ul>
      {places.length > shownFaults ? <p className="meta">and {count(places.length - shownFaults, 'more fault')}</p> : null}
      <p className="code">{problem.code}</p>
    </div>
  </div>
);

const faultOf = (e: ProblemField): { line: number; column: number; message: string } => ({
  line: e.line ?? 1,
  column: e.column ?? 1,
  message: e.message.replace(/^.*?:\d+:\d+ /, ''),
});
