import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { may } from '../../app/session.ts';
import { ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';

export const tabs = [
  { id: 'people', title: 'People', verb: 'users.read' },
  { id: 'tokens', title: 'API tokens', verb: 'tokens.write' },
  { id: 'devices', title: 'MQTT credentials', verb: 'users.read' },
  { id: 'sessions', title: 'Sessions', verb: 'users.read' },
] as const;
export type TabId = (typeof tabs)[number]['id'];

/** The sentence of a tab, and the way to the others. */
export const AccessHead = ({ tab, sentence, sub, children }: { tab: TabId; sentence: string; sub: ReactNode; children?: ReactNode }) => (
  <>
    <Head sentence={sentence} sub={sub}>
      {children}
    </Head>
    <nav className="tabs" aria-label="Access">
      {tabs
        .filter((t) => may(t.verb))
        .map((t) => (
          <Link
            key={t.id}
            to="/access/$tab"
            params={{ tab: t.id }}
            aria-selected={t.id === tab}
            aria-current={t.id === tab ? 'page' : undefined}
            data-testid={`tab-${t.id}`}
          >
            {t.title}
          </Link>
        ))}
    </nav>
  </>
);

/** The layout of a tab while its list comes, or why it does not. */
export const Loading = ({ title, query, tab }: { title: string; query: UseQueryResult; tab: TabId }) => (
  <div className="screen acc">
    <AccessHead tab={tab} sentence={title} sub="What the hub knows of them is on its way." />
    {query.isError ? (
      <ErrorSay
        error={query.error}
        retry={() => {
          void query.refetch();
        }}
      />
    ) : (
      <Panel>
        <Skeleton />
      </Panel>
    )}
  </div>
);

/** What is looked for stands in the address. */
export function useFind(): { find: string; setFind: (text: string) => void } {
  const { find = '' } = useSearch({ strict: false });
  const navigate = useNavigate();
  return {
    find,
    setFind: (text) => {
      void navigate({ to: '.', search: text === '' ? {} : { find: text }, replace: true });
    },
  };
}
