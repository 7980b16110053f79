import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useSessions, useTokens } from '../../api/access.ts';
import { PasswordForm } from '../../app/change-password.tsx';
import { isPerson, may, signOut, useSession } from '../../app/session.ts';
import type { Me } from '../../api/types.ts';
import { count } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';
import './access.css';
import { NewToken } from './new-token.tsx';
import { SessionTable } from './session-table.tsx';
import { EndOthers } from './sessions.tsx';
import { TokenTable } from './token-table.tsx';
import { tokensSentence, TokenTold } from './tokens.tsx';

/** Changing the password opens another session, and every screen anew; this outlives it. */
let passwordChanged = false;
const setPasswordChanged = (is: boolean): void => {
  passwordChanged = is;
};

/** What is one's own: sessions, tokens, password. */
export function Account() {
  const { tab = 'sessions' } = useParams({ strict: false });
  const session = useSession();
  if (session.state !== 'in') return null;
  const { me } = session;
  const tabs = [
    { id: 'sessions', title: 'Sessions', open: true },
    { id: 'tokens', title: 'API tokens', open: may('tokens.write') },
    { id: 'password', title: 'Password', open: isPerson(me) },
  ].filter((t) => t.open);
  return (
    <div className="screen acc flat">
      <Head
        sentence={
          isPerson(me)
            ? `You are ${me.name}${me.role === undefined ? '' : `, ${me.role}`}.`
            : `You came in by a link, as ${me.role ?? me.name}.`
        }
        sub={
          isPerson(me)
            ? 'What you do stands in the audit log under this name.'
            : 'What you do stands in the audit log without a name. A link opens one session; when it ends, another link is needed.'
        }
      >
        <button
          type="button"
          className="btn"
          onClick={() => {
            void signOut();
          }}
        >
          Sign out
        </button>
      </Head>
      <nav className="tabs" aria-label="My account">
        {tabs.map((t) => (
          <Link
            key={t.id}
            to="/account/$tab"
            params={{ tab: t.id }}
            aria-selected={t.id === tab}
            aria-current={t.id === tab ? 'page' : undefined}
          >
            {t.title}
          </Link>
        ))}
      </nav>
      <div className="accbody">
        {tab === 'tokens' && may('tokens.write') ? (
          <OwnTokens me={me} />
        ) : tab === 'password' && isPerson(me) ? (
          <Password me={me} />
        ) : (
          <OwnSessions me={me} />
        )}
      </div>
    </div>
  );
}

function OwnSessions({ me }: { me: Me }) {
  const sessions = useSessions();
  if (sessions.data === undefined) return sessions.isError ? <ErrorSay error={sessions.error} /> : <Skeleton rows={3} />;
  const own = sessions.data.filter((s) => s.user === me.name);
  const others = own.filter((s) => !s.current).length;
  return (
    <Panel
      title={others === 0 ? 'You are signed in here only.' : `You are signed in here and in ${count(others, 'other place')}.`}
      right={others === 0 || !isPerson(me) ? undefined : <EndOthers others={others} />}
      flush
      className="clip tablepanel"
    >
      <SessionTable sessions={own} owner={false} end={isPerson(me) || may('users.write')} none="" />
    </Panel>
  );
}

function OwnTokens({ me }: { me: Me }) {
  const tokens = useTokens();
  const navigate = useNavigate();
  const [making, setMaking] = useState(false);
  const [told, setTold] = useState<{ name: string; secret: string }>();
  if (tokens.data === undefined) return tokens.isError ? <ErrorSay error={tokens.error} /> : <Skeleton rows={3} />;
  const owner = isPerson(me) ? me.name : 'hub';
  const own = tokens.data.filter((t) => t.owner === owner);
  const others = tokens.data.length - own.length;
  return (
    <>
      {told === undefined ? null : <TokenTold {...told} done={() => setTold(undefined)} />}
      {making ? (
        <NewToken
          known={own}
          made={(name, secret) => {
            setTold({ name, secret });
            setMaking(false);
          }}
          leave={() => setMaking(false)}
        />
      ) : null}
      <Panel
        title={tokensSentence(own, true)}
        right={
          <>
            {others > 0 && may('users.read') ? (
              <button
                type="button"
                className="btn quiet sm"
                onClick={() => {
                  void navigate({ to: '/access/$tab', params: { tab: 'tokens' } });
                }}
              >
                {count(others, 'token')} of others
              </button>
            ) : null}
            <button type="button" className="btn sm" data-testid="token-new" onClick={() => setMaking(true)}>
              <Icon name="plus" />
              New token
            </button>
          </>
        }
        flush
        className="clip tablepanel"
      >
        <TokenTable
          tokens={own}
          owner={false}
          none="A token lets a script, Grafana or another system read and act here with your permissions, or with fewer."
        />
      </Panel>
    </>
  );
}

function Password({ me }: { me: Me }) {
  const [said, setSaid] = useState(passwordChanged);
  useEffect(() => setPasswordChanged(false), []);
  return (
    <Panel title="Change your password">
      {said ? (
        <p className="said" role="status" data-testid="password-said">
          <Glyph name="check" /> The password is changed; your other sessions ended.
        </p>
      ) : null}
      <div className="narrow" onInput={() => setSaid(false)}>
        <PasswordForm name={me.name} before={() => setPasswordChanged(true)} refused={() => setPasswordChanged(false)} />
      </div>
    </Panel>
  );
}
