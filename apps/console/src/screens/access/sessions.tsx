import { useMemo } from 'react';
import { accessChanged, useSessions } from '../../api/access.ts';
import { api } from '../../api/client.ts';
import { may, useSession } from '../../app/session.ts';
import { count, num } from '../../ui/format.ts';
import { Icon } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { AccessHead, Loading, useFind } from './access-head.tsx';
import { AskFirst } from './ask-first.tsx';
import { browserName } from './browser-name.ts';
import { SessionTable } from './session-table.tsx';

/** Ends all of one's own sessions but this one. */
export const EndOthers = ({ others }: { others: number }) => (
  <AskFirst
    button="End my others"
    deed={`End ${count(others, 'session')}`}
    testid="end-others"
    act={async () => {
      await api('/sessions', { method: 'DELETE' });
      await accessChanged();
    }}
  >
    You are signed out everywhere but here.
  </AskFirst>
);

/** Who is signed in now, and from where. */
export function EverybodysSessions() {
  const sessions = useSessions();
  const session = useSession();
  const { find, setFind } = useFind();
  const me = session.state === 'in' ? session.me.name : '';
  const shown = useMemo(() => {
    const words = find.toLowerCase().split(/\s+/).filter(Boolean);
    return (sessions.data ?? []).filter((s) =>
      words.every((w) => `${s.user} ${s.address} ${browserName(s.userAgent)}`.toLowerCase().includes(w)),
    );
  }, [sessions.data, find]);
  if (sessions.data === undefined) return <Loading title="Sessions" query={sessions} tab="sessions" />;
  const people = new Set(sessions.data.map((s) => s.user)).size;
  const others = sessions.data.filter((s) => s.user === me && !s.current).length;
  return (
    <div className="screen acc flat">
      <AccessHead
        tab="sessions"
        sentence={
          sessions.data.length === 1
            ? 'One session is open.'
            : `${count(sessions.data.length, 'session')} ${people === 1 ? 'of one person' : `of ${num(people)} people`} are open.`
        }
        sub="A session ends after 12 hours without use, after 30 days in all, and when the hub is started again."
      >
        {others === 0 ? null : <EndOthers others={others} />}
      </AccessHead>
      <div className="accbody">
        <Panel flush className="clip tablepanel">
          <div className="row findrow">
            <div className="field sm finder">
              <Icon name="search" />
              <input
                data-filter
                aria-label="Find in sessions"
                placeholder="Find by name, address or browser"
                spellCheck={false}
                autoComplete="off"
                value={find}
                onChange={(e) => setFind(e.target.value)}
              />
              <kbd>/</kbd>
            </div>
            <span className="meta">{find === '' ? '' : `${num(shown.length)} of ${num(sessions.data.length)}`}</span>
          </div>
          <SessionTable sessions={shown} owner end={may('users.write')} none="No open session is like that." />
        </Panel>
      </div>
    </div>
  );
}
