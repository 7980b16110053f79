import type { DeviceCredentialAnswer, DeviceCredentialBody, DeviceCredentialRow } from '@omh/api';
import { useRef, useState, type FormEvent } from 'react';
import { accessChanged } from '../../api/access.ts';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { FaultLine, FormProblem, TextField } from '../../app/sheet.tsx';
import { moment } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { AskFirst } from './ask-first.tsx';
import { FilterList } from './filter-list.tsx';

const written = (filters: readonly string[]): string[] => filters.map((f) => f.trim()).filter((f) => f !== '');
const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((x, i) => x === b[i]);

interface Props {
  /** Undefined: a new one. */
  credential: DeviceCredentialRow | undefined;
  known: readonly DeviceCredentialRow[];
  told: (name: string, secret: string) => void;
  saved: (name: string) => void;
  removed: () => void;
}

/** One MQTT user name: its topics, its secret, its end. */
export function DeviceCredential({ credential, known, told, saved, removed }: Props) {
  const [said, setSaid] = useState('');
  const put = async (name: string, body: DeviceCredentialBody, after: string): Promise<void> => {
    const answer = await api<DeviceCredentialAnswer>(`/device-credentials/${encodeURIComponent(name)}`, { method: 'PUT', body });
    if (answer.secret !== undefined) told(name, answer.secret);
    setSaid(after);
    await accessChanged();
  };
  return (
    <>
      {credential === undefined ? null : <Top credential={credential} said={said} put={put} removed={removed} />}
      {may('access.write') ? (
        <Form credential={credential} known={known} put={put} saved={saved} />
      ) : credential === undefined ? null : (
        <Panel title="Topics">
          <dl className="kv tight">
            <dt>Sends</dt>
            <dd className="mono">{credential.publish.join(', ') || 'nothing'}</dd>
            <dt>Reads</dt>
            <dd className="mono">{credential.subscribe.join(', ') || 'nothing'}</dd>
          </dl>
        </Panel>
      )}
    </>
  );
}

type Put = (name: string, body: DeviceCredentialBody, after: string) => Promise<void>;

function Top({ credential: c, said, put, removed }: { credential: DeviceCredentialRow; said: string; put: Put; removed: () => void }) {
  const [problem, setProblem] = useState<unknown>();
  return (
    <Panel className="persontop">
      <div className="row persontitle">
        <div className="grow">
          <h2 className="objname ell">{c.name}</h2>
          <p className="t2">
            <Glyph name={c.enabled ? 'run' : 'stopped'} />{' '}
            <span data-testid="device-state">{c.enabled ? 'May connect.' : 'Disabled: it cannot connect.'}</span> {c.description}
          </p>
        </div>
        {may('access.write') ? (
          <div className="row right actions">
            <AskFirst
              button="New secret"
              deed={`Make one for ${c.name}`}
              testid="device-secret"
              act={() => put(c.name, { newSecret: true }, '')}
            >
              The hub makes a password and shows it once. The old one opens nothing from now on.
            </AskFirst>
            {c.enabled ? (
              <AskFirst
                button="Disable"
                deed={`Disable ${c.name}`}
                testid="device-disable"
                act={() => put(c.name, { enabled: false }, `${c.name} is disabled.`)}
              >
                Clients of this name are cut off until it is enabled again. Nothing is lost.
              </AskFirst>
            ) : (
              <button
                type="button"
                className="btn"
                data-testid="device-enable"
                onClick={() => {
                  put(c.name, { enabled: true }, `${c.name} may connect again.`).catch(setProblem);
                }}
              >
                Enable
              </button>
            )}
            <AskFirst
              button="Remove"
              deed={`Remove ${c.name}`}
              name={c.name}
              danger
              testid="device-remove"
              act={async () => {
                await api(`/device-credentials/${encodeURIComponent(c.name)}`, { method: 'DELETE' });
                await accessChanged();
                removed();
              }}
            >
              Clients of this name are cut off for good.
            </AskFirst>
          </div>
        ) : null}
      </div>
      {said === '' ? null : (
        <p className="said" role="status">
          <Glyph name="check" /> {said}
        </p>
      )}
      {problem === undefined ? null : <FormProblem error={problem} />}
      <dl className="kv tight facts2">
        <dt>Since</dt>
        <dd>{moment(Date.parse(c.created), false)}</dd>
        <dt>Secret of</dt>
        <dd>{moment(Date.parse(c.secretSet), false)}</dd>
      </dl>
    </Panel>
  );
}

function Form({ credential, known, put, saved }: Pick<Props, 'credential' | 'known' | 'saved'> & { put: Put }) {
  const [name, setName] = useState(credential?.name ?? '');
  const [description, setDescription] = useState(credential?.description ?? '');
  const [publish, setPublish] = useState<readonly string[]>(credential?.publish ?? ['']);
  const [subscribe, setSubscribe] = useState<readonly string[]>(credential?.subscribe ?? []);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem>();
  const nameField = useRef<HTMLInputElement>(null);
  const isNew = credential === undefined;
  const taken = isNew && known.some((c) => c.name === name);
  const nameFault = taken
    ? `There is already a ${name}.`
    : problem?.code === 'ACCESS_NAME_INVALID'
      ? `${problem.message} ${problem.next ?? ''}`
      : tried && name === ''
        ? 'Write the MQTT user name.'
        : undefined;
  const ofFilter = problem?.code === 'ACCESS_FILTER_INVALID';
  const dirty =
    isNew ||
    description !== credential.description ||
    !same(written(publish), credential.publish) ||
    !same(written(subscribe), credential.subscribe);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (name === '' || taken) return nameField.current?.focus();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await put(
        name,
        { description: description.trim(), publish: written(publish), subscribe: written(subscribe) },
        isNew ? '' : 'Saved; it holds at once.',
      );
      setPublish(written(publish));
      setSubscribe(written(subscribe));
      if (isNew) saved(name);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  };
  return (
    <Panel title={isNew ? 'New MQTT credential' : 'What it is and may do'} className="personmay">
      <form
        className="narrow"
        onSubmit={(e) => {
          void submit(e);
        }}
      >
        {isNew ? (
          <TextField
            label="MQTT user name"
            name="name"
            autoComplete="off"
            autoFocus
            maxLength={64}
            inputRef={nameField}
            value={name}
            hint="Small letters, digits and . _ @ -"
            fault={nameFault}
            change={(v) => {
              setName(v.toLowerCase().trim());
              setProblem(undefined);
            }}
          />
        ) : null}
        <TextField label="What it is" name="description" autoComplete="off" maxLength={200} value={description} change={setDescription} />
        <FilterList label="May send" verb="publish" value={publish} change={setPublish} />
        <FilterList label="May read" verb="subscribe" value={subscribe} change={setSubscribe} />
        {ofFilter ? (
          <FaultLine>
            {problem.message} {problem.next}
          </FaultLine>
        ) : problem === undefined || problem.code === 'ACCESS_NAME_INVALID' ? null : (
          <FormProblem error={problem} />
        )}
        {dirty ? (
          <div className="row formact">
            <button type="submit" className="btn primary" data-testid="device-save" aria-busy={busy}>
              {isNew ? `Add ${name === '' ? 'the credential' : name}` : 'Save'}
            </button>
            {isNew ? <span className="meta">The hub makes its password and shows it once.</span> : null}
          </div>
        ) : null}
      </form>
    </Panel>
  );
}
