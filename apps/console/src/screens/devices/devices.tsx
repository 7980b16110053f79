import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { memo, useState } from 'react';
import { useConfig, useDevices, useHubSchema } from '../../api/queries.ts';
import type { DeviceStatus } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { all, count, firstSentence, list, num, span } from '../../ui/format.ts';
import { Glyph, Icon, partGlyph, partWord } from '../../ui/glyph.tsx';
import { Empty, ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import { hubNow, useTick } from '../../live/live-store.ts';
import { DeviceDetail } from './device-detail.tsx';
import { NewDevice } from './device-form.tsx';
import { plantOf } from './plant.ts';
import { Probe } from './probe.tsx';
import { ExportLinks, TagImport } from './tag-import.tsx';
import './devices.css';

/** Address of a device that is not added yet; no device can have this name. */
export const draftName = '~new';
/** Address of the import of tags. */
export const importName = '~import';
/** Address of the probe. */
export const probeName = '~probe';

/** Every device with its link, beside the one that is looked at. */
export function Devices() {
  const { name } = useParams({ strict: false });
  const navigate = useNavigate();
  const devices = useDevices();
  const config = useConfig(may('config.read'));
  const schema = useHubSchema(may('config.read'));
  const [find, setFind] = useState('');
  if (devices.data === undefined)
    return (
      <div className="screen">
        <Head sentence="Devices" />
        {devices.isError ? (
          <ErrorSay
            error={devices.error}
            retry={() => {
              void devices.refetch();
            }}
          />
        ) : (
          <Panel>
            <Skeleton />
          </Panel>
        )}
      </div>
    );
  const rows = devices.data;
  const draft = name === draftName;
  const importing = name === importName;
  const probing = name === probeName;
  const chosen = draft || importing || probing ? undefined : name === undefined ? rows[0] : rows.find((d) => d.name === name);
  const editable = may('config.write');
  const plant = config.data === undefined ? undefined : plantOf(config.data.config);
  const words = find
    .toLowerCase()
    .split(/\s+/)
    .filter((w) => w !== '');
  const shown = rows.filter((d) =>
    words.every((w) => `${d.name} ${d.driver} ${d.endpoint} ${d.state} ${d.path}`.toLowerCase().includes(w)),
  );
  return (
    <div className="screen dvs">
      <Head
        sentence={sentenceOf(rows)}
        sub="A device is read in groups, each at its own interval; every value keeps its quality and its time."
      >
        {editable ? (
          <Link className="btn" to="/devices/$name" params={{ name: probeName }} data-testid="probe-open">
            Probe
          </Link>
        ) : null}
        {editable ? (
          <Link className="btn" to="/devices/$name" params={{ name: importName }} data-testid="tags-import">
            Import tags
          </Link>
        ) : may('config.read') ? (
          <ExportLinks />
        ) : null}
        {editable ? (
          <Link className="btn" to="/devices/$name" params={{ name: draftName }} data-testid="device-new">
            <Icon name="plus" />
            Add device
          </Link>
        ) : (
          <span className="meta">Engineers can change devices.</span>
        )}
      </Head>
      <div className={`dv${rows.length === 0 && !draft && !importing && !probing ? ' alone' : ''}${name === undefined ? '' : ' named'}`}>
        <Panel flush className="clip dvlist">
          {rows.length > 4 ? (
            <div className="dvfind">
              <div className="field">
                <Icon name="search" />
                <input
                  data-filter
                  aria-label="Filter by name, host, driver or state"
                  placeholder="name, host, driver, state"
                  value={find}
                  spellCheck={false}
                  onChange={(e) => setFind(e.target.value)}
                />
              </div>
            </div>
          ) : null}
          <ul aria-label="Devices">
            {draft ? (
              <li className="sel">
                <div className="line">
                  <Glyph name="wait" />
                  <b>New device</b>
                  <span className="meta">not added</span>
                </div>
              </li>
            ) : null}
            {shown.map((d) => (
              <DeviceLine key={d.name} device={d} selected={d.name === chosen?.name} />
            ))}
            {shown.length === 0 && rows.length > 0 ? <li className="meta none">No device has that in its name.</li> : null}
          </ul>
        </Panel>
        {probing && editable ? (
          plant === undefined || schema.data === undefined ? (
            <Panel>{config.isError ? <ErrorSay error={config.error} /> : <Skeleton />}</Panel>
          ) : (
            <Probe plant={plant} schema={schema.data} />
          )
        ) : importing && editable ? (
          plant === undefined ? (
            <Panel>{config.isError ? <ErrorSay error={config.error} /> : <Skeleton />}</Panel>
          ) : (
            <TagImport plant={plant} />
          )
        ) : draft && editable ? (
          plant === undefined || schema.data === undefined ? (
            <Panel>
              {schema.isError ? <ErrorSay error={schema.error} /> : config.isError ? <ErrorSay error={config.error} /> : <Skeleton />}
            </Panel>
          ) : (
            <NewDevice
              schema={schema.data}
              plant={plant}
              revision={config.data!.revision}
              onDone={(made) => {
                void devices.refetch();
                void navigate({ to: '/devices/$name', params: { name: made } });
              }}
            />
          )
        ) : chosen !== undefined ? (
          <DeviceDetail key={chosen.name} status={chosen} plant={plant} schema={schema.data} revision={config.data?.revision} />
        ) : name !== undefined && plant?.devices[name] !== undefined ? (
          <Panel>
            <Skeleton />
          </Panel>
        ) : (
          <Panel>
            <Empty
              title={
                probing || importing || (draft && !editable)
                  ? 'Engineers can do that.'
                  : name === undefined || draft
                    ? 'No device is connected yet.'
                    : `There is no device ${name}.`
              }
              action={
                editable ? (
                  <Link className="btn primary" to="/devices/$name" params={{ name: draftName }}>
                    Add {rows.length === 0 ? 'the first' : 'a'} device
                  </Link>
                ) : undefined
              }
            >
              A device is a PLC, a gateway or a sensor that the hub reads and writes. Its values then are in live values, in history and,
              through apps, on MQTT topics.
            </Empty>
          </Panel>
        )}
      </div>
    </div>
  );
}

function sentenceOf(rows: readonly DeviceStatus[]): string {
  if (rows.length === 0) return 'No device is read yet.';
  const hurt = rows.filter((d) => d.state === 'lost' || d.state === 'failed');
  if (hurt.length === 1) return `${hurt[0]!.name} is ${hurt[0]!.state}: ${firstSentence(hurt[0]!.reason.text)}.`;
  if (hurt.length > 1) return `${num(hurt.length)} of ${count(rows.length, 'device')} do not answer: ${list(hurt.map((d) => d.name))}.`;
  const bad = rows.reduce((sum, d) => sum + d.bad + d.uncertain, 0);
  const tags = rows.reduce((sum, d) => sum + d.tags, 0);
  if (bad > 0) return `${num(bad)} of ${count(tags, 'tag')} ${bad === 1 ? 'is' : 'are'} not good.`;
  if (tags === 0) return `${all(rows.length)} ${rows.length === 1 ? 'device has' : 'devices have'} no tags yet.`;
  const held = rows.filter((d) => d.stopped !== undefined || d.paused !== undefined);
  if (held.length > 0)
    return `${list(held.map((d) => d.name))} ${held.length === 1 ? 'is' : 'are'} ${held.every((d) => d.stopped !== undefined) ? 'stopped' : held.some((d) => d.stopped !== undefined) ? 'switched off' : 'paused'} by somebody.`;
  const starting = rows.filter((d) => d.state === 'starting').length;
  if (starting > 0) return `${count(starting, 'device')} ${starting === 1 ? 'connects' : 'connect'}.`;
  return `${all(rows.length)} ${rows.length === 1 ? 'device is' : 'devices are'} read.`;
}

function Lasting({ since }: { since: string }) {
  useTick(1_000);
  return span(hubNow() - Date.parse(since));
}

/** Drawn anew when its device says something new, not with every one of hundreds. */
const DeviceLine = memo(function DeviceLine({ device: d, selected }: { device: DeviceStatus; selected: boolean }) {
  const wrong = d.state === 'lost' || d.state === 'failed';
  return (
    <li className={selected ? 'sel' : ''}>
      <Link to="/devices/$name" params={{ name: d.name }} data-testid={`device-${d.name}`} data-state={d.state} aria-current={selected}>
        <div className="line">
          <Glyph name={partGlyph[d.state]} label={partWord[d.state]} />
          <b className="ell">{d.name}</b>
          <span className={d.bad + d.uncertain > 0 && d.stopped === undefined && d.paused === undefined ? 'bad' : 't2'}>
            {d.stopped !== undefined
              ? 'stopped'
              : d.paused !== undefined
                ? 'paused'
                : d.bad + d.uncertain > 0
                  ? `${num(d.good)} of ${num(d.tags)}`
                  : count(d.tags, 'tag')}
          </span>
        </div>
        <div className="line sub">
          <span />
          <span className={`ell${wrong ? ' bad' : ''}`}>{wrong ? firstSentence(d.reason.text) : `${d.driver}, ${d.endpoint}`}</span>
          <span className="nowrap">
            {wrong || d.stopped !== undefined || d.paused !== undefined ? (
              <Lasting since={d.since} />
            ) : d.stats.lastRttMs === undefined ? (
              ''
            ) : (
              `${num(d.stats.lastRttMs, d.stats.lastRttMs < 10 ? 1 : 0)} ms`
            )}
          </span>
        </div>
      </Link>
    </li>
  );
});
