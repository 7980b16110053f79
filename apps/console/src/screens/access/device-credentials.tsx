import type { DeviceCredentialRow } from '@omh/api';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useDeviceCredentials } from '../../api/access.ts';
import { may } from '../../app/session.ts';
import { count, num } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { Empty, Panel } from '../../ui/panel.tsx';
import { AccessHead, Loading, useFind } from './access-head.tsx';
import { DeviceCredential } from './device-credential.tsx';
import { NameList } from './name-list.tsx';
import { SecretOnce } from './secret-once.tsx';

const draftName = '~new';
const idle = (c: DeviceCredentialRow): boolean => c.publish.length + c.subscribe.length === 0;

function sentenceOf(all: readonly DeviceCredentialRow[]): string {
  if (all.length === 0) return 'No device has a name and a password for MQTT.';
  const off = all.filter((c) => !c.enabled).length;
  const nothing = all.filter((c) => c.enabled && idle(c)).length;
  const rest = [
    ...(off > 0 ? [`${num(off)} ${off === 1 ? 'is' : 'are'} disabled`] : []),
    ...(nothing > 0 ? [`${num(nothing)} may do nothing yet`] : []),
  ];
  return `${count(all.length, 'MQTT credential')}${rest.length === 0 ? '' : `; ${rest.join(', ')}`}.`;
}

const filtersOf = (c: DeviceCredentialRow): string =>
  idle(c)
    ? 'may do nothing'
    : [
        ...(c.publish.length > 0 ? [`sends ${c.publish.length === 1 ? c.publish[0] : count(c.publish.length, 'filter')}`] : []),
        ...(c.subscribe.length > 0 ? [`reads ${c.subscribe.length === 1 ? c.subscribe[0] : count(c.subscribe.length, 'filter')}`] : []),
      ].join(', ');

/** MQTT user names with a password of their own, and the topics each may send and read. */
export function DeviceCredentials({ name }: { name: string | undefined }) {
  const query = useDeviceCredentials();
  const navigate = useNavigate();
  const { find, setFind } = useFind();
  const [told, setTold] = useState<{ name: string; secret: string }>();
  const shown = useMemo(() => {
    const words = find.toLowerCase().split(/\s+/).filter(Boolean);
    return (query.data ?? []).filter((c) =>
      words.every((w) => `${c.name} ${c.description} ${c.publish.join(' ')} ${c.subscribe.join(' ')}`.toLowerCase().includes(w)),
    );
  }, [query.data, find]);
  if (query.data === undefined) return <Loading title="MQTT credentials" query={query} tab="devices" />;
  const open = (next: string): void => {
    void navigate({ to: '/access/$tab/$name', params: { tab: 'devices', name: next }, search: (s) => s, replace: true });
  };
  const drafting = name === draftName;
  const chosen = drafting ? undefined : name === undefined ? shown[0] : query.data.find((c) => c.name === name);
  const change = may('access.write');
  return (
    <div className="screen acc">
      <AccessHead
        tab="devices"
        sentence={sentenceOf(query.data)}
        sub="A client that connects over MQTT gives a user name and a password; it sends and reads only the topics named here."
      >
        {change ? (
          <Link className="btn" to="/access/$tab/$name" params={{ tab: 'devices', name: draftName }} data-testid="device-new">
            <Icon name="plus" />
            New credential
          </Link>
        ) : (
          <span className="meta">Administrators can change credentials.</span>
        )}
      </AccessHead>
      <div className={`listside${query.data.length === 0 ? ' alone' : ''}${drafting ? ' drafting' : ''}`}>
        <NameList
          rows={shown.map((c) => ({
            name: c.name,
            state: <Glyph name={c.enabled ? (idle(c) ? 'wait' : 'run') : 'stopped'} />,
            first: c.enabled ? '' : 'disabled',
            second: filtersOf(c),
          }))}
          chosen={chosen?.name}
          choose={open}
          find={find}
          setFind={setFind}
          label="MQTT credentials"
          none="No credential is called that."
        />
        <div className="ru">
          {told === undefined || (told.name !== chosen?.name && !drafting) ? null : (
            <SecretOnce title={`The MQTT password of ${told.name}:`} secret={told.secret} done={() => setTold(undefined)} />
          )}
          {drafting || chosen !== undefined ? (
            <DeviceCredential
              key={chosen?.name ?? draftName}
              credential={chosen}
              known={query.data}
              told={(user, secret) => setTold({ name: user, secret })}
              saved={open}
              removed={() => {
                void navigate({ to: '/access/$tab', params: { tab: 'devices' } });
              }}
            />
          ) : (
            <Panel>
              <Empty
                title={
                  name === undefined
                    ? query.data.length === 0
                      ? 'Each device can have a key of its own.'
                      : 'None is called that.'
                    : `There is no ${name}.`
                }
                action={
                  query.data.length === 0 && change ? (
                    <Link className="btn primary" to="/access/$tab/$name" params={{ tab: 'devices', name: draftName }}>
                      Add the first
                    </Link>
                  ) : undefined
                }
              >
                Without one, a client gets in only where a listener says <code>anonymous: true</code>. With one, it can be taken away from
                one device and stay with all others.
              </Empty>
            </Panel>
          )}
        </div>
      </div>
    </div>
  );
}
