import type { TagImportAnswer } from '@omh/api';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useId, useRef, useState, type DragEvent } from 'react';
import { api, ApiProblem, asProblem } from '../../api/client.ts';
import { PlanSheet } from '../../plan/plan-sheet.tsx';
import type { PlanAnswer, PlanRequest } from '../../plan/plan.ts';
import { bytes, count, list, num } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';
import type { Plant } from './plant.ts';

const formatWord: Readonly<Record<TagImportAnswer['format'], string>> = {
  csv: 'a table of tags (CSV)',
  xlsx: 'a workbook (XLSX)',
  neuron: 'an export of Neuron',
  kepware: 'an export of Kepware (CSV)',
  telegraf: 'a Telegraf configuration',
  thingsboard: 'the configuration of a ThingsBoard gateway',
};
const shownRows = 200;
const unreadable = (name: string): ApiProblem =>
  new ApiProblem({
    title: 'The file cannot be read.',
    status: 0,
    code: 'CONSOLE_FILE_UNREADABLE',
    detail: `This browser cannot read ${name}.`,
    next: 'Check that it is a file, not a folder, and that no other program holds it; then choose it again.',
  });

/** Tags from a file: what it is, what it would add and replace, what is wrong with it and where; then the plan. */
export function TagImport({ plant }: { plant: Plant }) {
  const search = useSearch({ from: '/devices/$name', shouldThrow: false }) ?? {};
  const navigate = useNavigate();
  const id = useId();
  const [file, setFile] = useState<File>();
  const [device, setDevice] = useState(search.device ?? '');
  const [group, setGroup] = useState(search.group ?? '');
  const [over, setOver] = useState(false);
  const [report, setReport] = useState<TagImportAnswer>();
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(false);
  const [again, setAgain] = useState(0);
  const [request, setRequest] = useState<PlanRequest>();
  const [done, setDone] = useState<number>();
  const taken = useRef(0);
  const place = new URLSearchParams({ ...(device === '' ? {} : { device }), ...(group === '' ? {} : { group }) }).toString();

  // Read again when the place changes: rows without one of their own go there.
  useEffect(() => {
    if (file === undefined) return;
    const stop = new AbortController();
    setBusy(true);
    const timer = setTimeout(() => {
      api<TagImportAnswer>(`/tags/import?mode=dry-run&${place}`, { file, signal: stop.signal })
        .then((answer) => {
          setReport(answer);
          setProblem(undefined);
          setBusy(false);
        })
        .catch((error: unknown) => {
          if (stop.signal.aborted) return;
          setReport(undefined);
          setProblem(asProblem(error));
          setBusy(false);
        });
    }, 250);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [file, place, again]);

  // What was looked at is what is imported: a file that is saved again meanwhile is chosen again.
  const take = async (files: FileList | null): Promise<void> => {
    const one = files?.[0];
    if (one === undefined) return;
    const nth = ++taken.current;
    setDone(undefined);
    setReport(undefined);
    setProblem(undefined);
    try {
      const held = new File([await one.arrayBuffer()], one.name);
      if (nth === taken.current) setFile(held);
    } catch {
      if (nth !== taken.current) return;
      setFile(undefined);
      setProblem(unreadable(one.name));
    }
  };
  const drop = (e: DragEvent): void => {
    e.preventDefault();
    setOver(false);
    void take(e.dataTransfer.files);
  };
  const changes = report === undefined ? 0 : report.added + report.replaced;
  const partial = report !== undefined && report.refused > 0;
  const made = async (): Promise<PlanAnswer> => {
    const answer = await api<TagImportAnswer>(`/tags/import?mode=plan&partial=${partial}&${place}`, { file: file! });
    // The file says what the hub says: an empty plan tells it.
    return answer.plan ?? { planId: '', base: 0, changes: [], warnings: [], files: [] };
  };
  return (
    <Panel
      title="Import tags"
      className="dvform tagimport"
      right={
        <span className="row">
          <span className="meta">Export all</span>
          <ExportLinks />
        </span>
      }
    >
      <label
        className={`drop${over ? ' over' : ''}`}
        htmlFor={id}
        onDragOver={(e) => {
          e.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <Icon name="save" />
        {file === undefined ? (
          <span>
            <b>Drop a file here</b>, or press to choose one. CSV, XLSX, or what Neuron, Kepware, Telegraf or a ThingsBoard gateway keeps.
          </span>
        ) : (
          <span>
            <b>{file.name}</b>, {bytes(file.size)}. Press to choose another.
          </span>
        )}
        <input
          id={id}
          className="vh"
          type="file"
          data-testid="import-file"
          onChange={(e) => {
            void take(e.target.files);
            // The same file, mended meanwhile, may be chosen again.
            e.target.value = '';
          }}
        />
      </label>
      <div className="row importplace">
        <Place
          label="Device"
          hint="for rows that name none"
          value={device}
          set={setDevice}
          names={Object.keys(plant.devices)}
          testid="import-device"
        />
        <Place
          label="Group"
          hint="for rows that name none"
          value={group}
          set={setGroup}
          names={Object.keys(plant.devices[device]?.groups ?? {})}
          testid="import-group"
        />
      </div>
      {done === undefined ? null : (
        <div className="say calm" role="status" data-testid="import-done">
          <Glyph name="check" />
          <div className="grow">
            <p className="med">The tags are in the hub file, as revision {num(done)}.</p>
            <p>
              <Link to="/devices">Go to the devices</Link>, or import another file.
            </p>
          </div>
        </div>
      )}
      {problem === undefined ? null : <ErrorSay error={problem} retry={file === undefined ? undefined : () => setAgain((n) => n + 1)} />}
      {report === undefined ? (
        busy ? (
          <Skeleton rows={4} />
        ) : null
      ) : (
        <>
          <Summary report={report} busy={busy} />
          <Faults report={report} />
          {done !== undefined ? null : (
            <div className="formend">
              <button
                type="button"
                className={`btn${changes > 0 ? ' primary' : ''}`}
                disabled={changes === 0 || busy}
                data-testid="import-review"
                onClick={() => setRequest({ base: 0, made })}
              >
                {changes === 0 ? 'Nothing to import' : partial ? `Review the other ${num(changes)}` : 'Review the change'}
              </button>
              <button
                type="button"
                className="btn"
                onClick={() => {
                  void navigate({ to: '/devices' });
                }}
              >
                Cancel
              </button>
              <span className="meta">Nothing is changed yet.</span>
            </div>
          )}
        </>
      )}
      {request === undefined ? null : (
        <PlanSheet
          request={request}
          title={`Import ${file?.name ?? 'tags'}`}
          action={`Import ${count(changes, 'tag')}`}
          onClose={() => setRequest(undefined)}
          onApplied={(revision) => {
            setRequest(undefined);
            setReport(undefined);
            setFile(undefined);
            setDone(revision);
          }}
        >
          {partial ? (
            <p>
              {count(report.refused, 'row')} with faults {report.refused === 1 ? 'is' : 'are'} left out.
            </p>
          ) : null}
        </PlanSheet>
      )}
    </Panel>
  );
}

function Place({
  label,
  hint,
  value,
  set,
  names,
  testid,
}: {
  label: string;
  hint: string;
  value: string;
  set: (v: string) => void;
  names: readonly string[];
  testid: string;
}) {
  const id = useId();
  return (
    <div>
      <label className="lb" htmlFor={id}>
        {label} <span className="t3">{hint}</span>
      </label>
      <div className="field">
        <input
          id={id}
          list={`${id}-names`}
          data-testid={testid}
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          value={value}
          onChange={(e) => set(e.target.value.trim())}
        />
        <datalist id={`${id}-names`}>
          {names.map((n) => (
            <option key={n} value={n} />
          ))}
        </datalist>
      </div>
    </div>
  );
}

function Summary({ report: r, busy }: { report: TagImportAnswer; busy: boolean }) {
  return (
    <div className={`importsum${busy ? ' stale' : ''}`} data-testid="import-summary">
      <p className="med">
        It is {formatWord[r.format]} with {count(r.added + r.replaced + r.unchanged + r.refused, 'tag')}.
      </p>
      <dl className="linkfacts">
        {(
          [
            ['New', r.added],
            ['Replaced', r.replaced],
            ['As they are', r.unchanged],
            ['Refused', r.refused],
          ] as const
        ).map(([word, n]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd className={word === 'Refused' && n > 0 ? 'bad' : ''} data-testid={`import-${word.toLowerCase().replaceAll(' ', '-')}`}>
              {num(n)}
            </dd>
          </div>
        ))}
      </dl>
      {r.newDevices.length === 0 ? null : <p className="t2">New devices: {list(r.newDevices, 8)}.</p>}
      {r.newGroups.length === 0 ? null : <p className="t2">New groups: {list(r.newGroups, 8)}.</p>}
      <p className="meta">All other tags stay as they are.</p>
    </div>
  );
}

/** The report names the options of the command line; here they are fields. */
function Faults({ report: { faults, notMapped, refused } }: { report: TagImportAnswer }) {
  return (
    <>
      {faults.length === 0 ? null : (
        <section>
          <h3>
            What is wrong <span className="meta">{count(refused, 'row')}</span>
          </h3>
          <table className="importtable" data-testid="import-faults">
            <colgroup>
              <col style={{ width: '22%' }} />
              <col style={{ width: '26%' }} />
              <col />
            </colgroup>
            <thead>
              <tr>
                <th>Where</th>
                <th>Tag</th>
                <th>Fault</th>
              </tr>
            </thead>
            <tbody>
              {faults.slice(0, shownRows).map((f, i) => (
                <tr key={`${f.where}${f.tag}${i}`}>
                  <td className="mono wrapped">{f.where}</td>
                  <td className="wrapped">{f.tag.replace(/^(?:\?\/)+/, '')}</td>
                  <td className="wrapped" title={f.code}>
                    {f.message} {f.fix?.replaceAll(/ with --(device|group)\b/g, ' in the field above') ?? ''}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {faults.length > shownRows ? <p className="meta">and {num(faults.length - shownRows)} more</p> : null}
        </section>
      )}
      {notMapped.length === 0 ? null : (
        <section>
          <h3>
            Not taken over <span className="meta">what the file says and the hub has no word for</span>
          </h3>
          <table className="importtable" data-testid="import-notmapped">
            <colgroup>
              <col style={{ width: '22%' }} />
              <col style={{ width: '26%' }} />
              <col />
            </colgroup>
            <thead>
              <tr>
                <th>Where</th>
                <th>What</th>
                <th>Why</th>
              </tr>
            </thead>
            <tbody>
              {notMapped.slice(0, shownRows).map((n, i) => (
                <tr key={`${n.where}${i}`}>
                  <td className="mono wrapped">{n.where}</td>
                  <td className="wrapped">{n.what}</td>
                  <td className="wrapped">{n.why}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {notMapped.length > shownRows ? <p className="meta">and {num(notMapped.length - shownRows)} more</p> : null}
        </section>
      )}
    </>
  );
}

/** The tags as a table, of one device or of all, that the import reads back as it is. */
export const ExportLinks = ({ device }: { device?: string }) => (
  <>
    {(['csv', 'xlsx'] as const).map((format) => (
      <a
        key={format}
        className="btn sm"
        download
        data-testid={`export-${format}`}
        href={`/api/v1/tags/export?format=${format}${device === undefined ? '' : `&device=${encodeURIComponent(device)}`}`}
      >
        {format.toUpperCase()}
      </a>
    ))}
  </>
);
