import type { TokenRow } from '@omh/api';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMediaQuery } from '@mantine/hooks';
import { useRef } from 'react';
import { accessChanged, useRoles } from '../../api/access.ts';
import { api } from '../../api/client.ts';
import { hubNow } from '../../live/live-store.ts';
import { moment, span } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { AskFirst } from './ask-first.tsx';
import { grantWords } from './grants.ts';

const soonMs = 7 * 86_400_000;

function Ends({ token }: { token: TokenRow }) {
  if (token.expires === undefined) return <span className="t3">when revoked</span>;
  const leftMs = Date.parse(token.expires) - hubNow();
  if (token.expired || leftMs <= 0)
    return (
      <span className="t3">
        <Glyph name="stopped" /> ended {span(-leftMs)} ago
      </span>
    );
  return (
    <span className={leftMs < soonMs ? 'strong' : 't2'} title={moment(Date.parse(token.expires))}>
      in {span(leftMs)}
    </span>
  );
}

/** API tokens; what each may do, when it ends, when it was used. */
export function TokenTable({ tokens, owner, none }: { tokens: readonly TokenRow[]; owner: boolean; none: string }) {
  const roles = useRoles();
  const box = useRef<HTMLDivElement>(null);
  const touch = useMediaQuery('(max-width: 599px)');
  const rows = useVirtualizer({
    count: tokens.length,
    getScrollElement: () => box.current,
    estimateSize: () => (touch ? (owner ? 100 : 84) : 36),
    overscan: 8,
    getItemKey: (i) => tokens[i]!.id,
  });
  return (
    <div className={`vt tokens${owner ? ' owned' : ''}`} ref={box} tabIndex={0}>
      <div className="vhead">
        <span>Token</span>
        {owner ? <span>Of</span> : null}
        <span>May do</span>
        <span>Ends</span>
        <span>Last used</span>
        <span />
      </div>
      {tokens.length === 0 ? <p className="meta nobody">{none}</p> : null}
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((item) => {
          const t = tokens[item.index]!;
          return (
            <div
              key={item.key}
              className={`vrow${t.expired ? ' isstale' : ''}`}
              data-testid={`token-${t.name}`}
              style={{ transform: `translateY(${item.start}px)`, height: item.size }}
            >
              <span className="med" title={t.name}>
                {t.name}
              </span>
              {owner ? <span className="t2">{t.owner === 'hub' ? 'the hub' : t.owner}</span> : null}
              <span className="t2" title={t.permissions.join('\n')}>
                {grantWords(t.permissions, roles.data)}
              </span>
              <span>
                <Ends token={t} />
              </span>
              <span className="t3">{t.lastUsed ?? 'never'}</span>
              <span className="act">
                <AskFirst
                  small
                  danger
                  button={t.expired ? 'Remove' : 'Revoke'}
                  deed={t.expired ? `Remove ${t.name}` : `Revoke ${t.name}`}
                  testid={`revoke-${t.name}`}
                  act={async () => {
                    await api(`/tokens/${encodeURIComponent(t.id)}`, { method: 'DELETE' });
                    await accessChanged();
                  }}
                >
                  {t.expired ? 'It opens nothing any more.' : 'Programs that use it are refused from now on. It cannot be had back.'}
                </AskFirst>
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
