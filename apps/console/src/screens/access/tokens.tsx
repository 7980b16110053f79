import type { TokenRow } from '@omh/api';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useTokens } from '../../api/access.ts';
import { may } from '../../app/session.ts';
import { hubNow } from '../../live/live-store.ts';
import { count, num } from '../../ui/format.ts';
import { Icon } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { AccessHead, Loading, useFind } from './access-head.tsx';
import { NewToken } from './new-token.tsx';
import { SecretOnce } from './secret-once.tsx';
import { TokenTable } from './token-table.tsx';

const weekMs = 7 * 86_400_000;

/** How many work, and which end soon; `own` when they are the reader's. */
export function tokensSentence(tokens: readonly TokenRow[], own: boolean): string {
  const live = tokens.filter((t) => !t.expired);
  if (live.length === 0) return `${own ? 'You have no' : 'No'} API token${tokens.length === 0 ? '' : ' that works'}.`;
  const soon = live.filter((t) => t.expires !== undefined && Date.parse(t.expires) - hubNow() < weekMs).length;
  const all = count(live.length, 'API token');
  const first = own ? `You have ${all}` : `${all} ${live.length === 1 ? 'works' : 'work'}`;
  return soon === 0 ? `${first}.` : `${first}; ${num(soon)} ${soon === 1 ? 'ends' : 'end'} within a week.`;
}

/** A token just made, with how a program sends it. */
export const TokenTold = ({ name, secret, done }: { name: string; secret: string; done: () => void }) => (
  <SecretOnce title={`The token ${name}:`} secret={secret} done={done}>
    <p>
      Programs send it as <code>Authorization: Bearer {secret.slice(0, 8)}…</code>; MQTT clients as their password.
    </p>
  </SecretOnce>
);

/** All tokens of the hub; one's own without `access.write`. */
export function EverybodysTokens({ name }: { name: string | undefined }) {
  const tokens = useTokens();
  const navigate = useNavigate();
  const { find, setFind } = useFind();
  const [told, setTold] = useState<{ name: string; secret: string }>();
  const all = may('access.write');
  const shown = useMemo(() => {
    const words = find.toLowerCase().split(/\s+/).filter(Boolean);
    return (tokens.data ?? []).filter((t) =>
      words.every((w) => `${t.name} ${t.owner} ${t.permissions.join(' ')}`.toLowerCase().includes(w)),
    );
  }, [tokens.data, find]);
  if (tokens.data === undefined) return <Loading title="API tokens" query={tokens} tab="tokens" />;
  const back = (): void => {
    void navigate({ to: '/access/$tab', params: { tab: 'tokens' } });
  };
  return (
    <div className="screen acc flat">
      <AccessHead
        tab="tokens"
        sentence={tokensSentence(tokens.data, false)}
        sub={`A program signs in with a token; it may do what the token says, as far as its owner may.${all ? '' : ' These are your own.'}`}
      >
        <Link className="btn" to="/access/$tab/$name" params={{ tab: 'tokens', name: '~new' }} data-testid="token-new">
          <Icon name="plus" />
          New token
        </Link>
      </AccessHead>
      <div className="accbody">
        {told === undefined ? null : <TokenTold {...told} done={() => setTold(undefined)} />}
        {name === '~new' ? (
          <NewToken
            known={[]}
            made={(made, secret) => {
              setTold({ name: made, secret });
              back();
            }}
            leave={back}
          />
        ) : (
          <Panel flush className="clip tablepanel">
            <div className="row findrow">
              <div className="field sm finder">
                <Icon name="search" />
                <input
                  data-filter
                  aria-label="Find in API tokens"
                  placeholder="Find by name, owner or verb"
                  spellCheck={false}
                  autoComplete="off"
                  value={find}
                  onChange={(e) => setFind(e.target.value)}
                />
                <kbd>/</kbd>
              </div>
              <span className="meta">{find === '' ? '' : `${num(shown.length)} of ${num(tokens.data.length)}`}</span>
            </div>
            <TokenTable
              tokens={shown}
              owner
              none={
                tokens.data.length === 0
                  ? 'A token lets a script, Grafana or another system read and act here without a password of a person.'
                  : 'No token is called that.'
              }
            />
          </Panel>
        )}
      </div>
    </div>
  );
}
