import type { BanBody, BanRow } from '@omh/api';
import { useId, useState, type FormEvent } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { FormProblem, TextField } from '../../app/sheet.tsx';
import { hubNow } from '../../live/live-store.ts';
import { count, moment, num, span } from '../../ui/format.ts';
import { Icon } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { AskFirst } from '../access/ask-first.tsx';
import { BrokerHead, Find, Loading, usePlace } from './broker-head.tsx';
import { brokerChanged, useBannedPages } from './broker-queries.ts';
import { RowTable, type Column } from './row-table.tsx';

const kindWord: Record<BanRow['kind'], string> = { client: 'Client id', user: 'User name', address: 'Address' };
const keyOf = (b: BanRow): string => `${b.kind} ${b.value}`;

const columns: readonly Column<BanRow>[] = [
  { title: 'Banned', width: 'minmax(140px, 1.4fr)', className: 'med', cell: (b) => b.value, hint: (b) => b.value },
  { title: 'Is a', width: '110px', className: 't2', cell: (b) => kindWord[b.kind] },
  { title: 'Why', width: 'minmax(120px, 2fr)', className: 't2', cell: (b) => b.reason, hint: (b) => b.reason, phone: 'hidden' },
  { title: 'By', width: 'minmax(80px, 1fr)', className: 't3', cell: (b) => b.by, phone: 'hidden' },
  { title: 'Since', width: '150px', className: 't3', cell: (b) => moment(Date.parse(b.at)), phone: 'hidden' },
  {
    title: 'Ends',
    width: '110px',
    cell: (b) => (b.until === undefined ? <span className="t3">when lifted</span> : `in ${span(Date.parse(b.until) - hubNow())}`),
    hint: (b) => (b.until === undefined ? '' : moment(Date.parse(b.until))),
  },
];
const lifting: Column<BanRow> = {
  title: '',
  width: '84px',
  className: 'act',
  cell: (b) => (
    <AskFirst
      small
      button="Lift"
      deed="Let it in again"
      testid={`lift-${b.value}`}
      act={async () => {
        await api(`/banned/${b.kind}/${encodeURIComponent(b.value)}`, { method: 'DELETE' });
        await brokerChanged();
      }}
    >
      {b.value} may connect again, as far as its credential lets it.
    </AskFirst>
  ),
};

/** Who may not connect, for how long and why. */
export function Banned() {
  const { find = '', item, kind, value, put } = usePlace();
  const { rows, answer, more, older, query } = useBannedPages(find);
  if (rows === undefined || answer === undefined) return <Loading title="Bans" query={query} tab="banned" />;
  const change = may('bans.write');
  const drafting = change && item === '~new';
  const leave = (): void => put({ item: undefined, kind: undefined, value: undefined });
  return (
    <div className="screen brk">
      <BrokerHead
        tab="banned"
        sentence={
          answer.total === 0
            ? find === ''
              ? 'Nobody is banned.'
              : 'No ban is like that.'
            : `${count(answer.total, 'ban')} ${answer.total === 1 ? 'keeps' : 'keep'} clients out.`
        }
        sub="A banned client is sent away at once and refused when it comes back, whatever its credential."
      >
        {change ? (
          <button type="button" className="btn" data-testid="ban-new" onClick={() => put({ item: '~new' })}>
            <Icon name="plus" />
            Ban
          </button>
        ) : (
          <span className="meta">Engineers can ban.</span>
        )}
      </BrokerHead>
      <div className={`side${drafting ? '' : ' alone'}`}>
        <Panel flush className="clip">
          <div className="row findrow">
            <Find label="Find bans" placeholder="Find by name, reason or author" value={find} find={(text) => put({ find: text })} />
            <span className="meta">{rows.length < answer.total ? `${num(rows.length)} of ${num(answer.total)} read` : ''}</span>
          </div>
          <RowTable
            label="Bans"
            rows={rows}
            keyOf={keyOf}
            columns={change ? [...columns, lifting] : columns}
            more={more}
            older={older}
            testid="ban"
            none="Bans by hand, and of clients that come and go too fast, stand here."
          />
        </Panel>
        {drafting ? <NewBan kind={kind} value={value} leave={leave} /> : null}
      </div>
    </div>
  );
}

const lengths = [
  { id: 'now+1h', title: 'for an hour' },
  { id: 'now+8h', title: 'for eight hours' },
  { id: 'now+1d', title: 'for a day' },
  { id: 'now+7d', title: 'for a week' },
  { id: '', title: 'until it is lifted' },
] as const;
const hints: Record<BanRow['kind'], string> = {
  client: '* stands for any characters: sensor-*',
  user: '* stands for any characters: guest-*',
  address: 'An address, or a block of them: 192.168.7.0/24',
};

function NewBan({ kind: givenKind, value: given = '', leave }: { kind: string | undefined; value: string | undefined; leave: () => void }) {
  const id = useId();
  const [kind, setKind] = useState<BanRow['kind']>(givenKind === 'user' || givenKind === 'address' ? givenKind : 'client');
  const [value, setValue] = useState(given);
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState<string>('now+1h');
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy || value.trim() === '') return;
    setBusy(true);
    try {
      const body: BanBody = { kind, value: value.trim(), ...(reason === '' ? {} : { reason }), ...(until === '' ? {} : { until }) };
      await api('/banned', { body });
      await brokerChanged();
      leave();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return (
    <Panel title="Keep somebody out" className="detailpanel">
      <form
        className="brkform"
        onSubmit={(e) => {
          void submit(e);
        }}
      >
        <div className="fieldrow">
          <label className="lb" htmlFor={`${id}-kind`}>
            By
          </label>
          <div className="field">
            <select id={`${id}-kind`} data-testid="ban-kind" value={kind} onChange={(e) => setKind(e.target.value as BanRow['kind'])}>
              {Object.entries(kindWord).map(([k, word]) => (
                <option key={k} value={k}>
                  {word}
                </option>
              ))}
            </select>
          </div>
        </div>
        <TextField
          label={kindWord[kind]}
          name="ban-value"
          autoComplete="off"
          autoFocus={given === ''}
          maxLength={1000}
          value={value}
          hint={hints[kind]}
          fault={problem?.code === 'BROKER_BAN_INVALID' ? problem.message : undefined}
          change={(v) => {
            setValue(v);
            setProblem(undefined);
          }}
        />
        <div className="fieldrow">
          <label className="lb" htmlFor={`${id}-until`}>
            How long
          </label>
          <div className="field">
            <select id={`${id}-until`} data-testid="ban-until" value={until} onChange={(e) => setUntil(e.target.value)}>
              {lengths.map((l) => (
                <option key={l.id} value={l.id}>
                  {l.title}
                </option>
              ))}
            </select>
          </div>
        </div>
        <TextField label="Why" name="ban-reason" autoComplete="off" maxLength={500} value={reason} change={setReason} />
        {problem === undefined || problem.code === 'BROKER_BAN_INVALID' ? null : <FormProblem error={problem} />}
        <div className="row formact">
          <button type="submit" className="btn danger" data-testid="ban-save" aria-busy={busy} disabled={value.trim() === ''}>
            Keep out
          </button>
          <button type="button" className="btn" onClick={leave}>
            Cancel
          </button>
        </div>
      </form>
    </Panel>
  );
}
