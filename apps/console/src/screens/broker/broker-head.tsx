import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { asProblem } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { Icon } from '../../ui/glyph.tsx';
import { Empty, ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';

export const tabs = [
  { id: 'clients', title: 'Clients', verb: 'clients.read' },
  { id: 'subscriptions', title: 'Subscriptions', verb: 'clients.read' },
  { id: 'retained', title: 'Retained', verb: 'mqtt.subscribe' },
  { id: 'delayed', title: 'Delayed', verb: 'clients.read' },
  { id: 'banned', title: 'Banned', verb: 'clients.read' },
  { id: 'topics', title: 'Topic metrics', verb: 'clients.read' },
  { id: 'slow', title: 'Slow subscribers', verb: 'clients.read' },
  { id: 'traces', title: 'Traces', verb: 'traces.write' },
] as const;
export type TabId = (typeof tabs)[number]['id'];

/** The sentence of a tab, and the way to the others. */
export function BrokerHead({ tab, sentence, sub, children }: { tab: TabId; sentence: string; sub: ReactNode; children?: ReactNode }) {
  const row = useRef<HTMLElement>(null);
  // On a phone the row of tabs is wider than the screen.
  useEffect(() => {
    const here = row.current?.querySelector<HTMLElement>('[aria-current]');
    if (here) row.current!.scrollLeft = here.offsetLeft - row.current!.offsetLeft - 24;
  }, [tab]);
  return (
    <>
      <Head sentence={sentence} sub={sub}>
        {children}
      </Head>
      <nav className="tabs" aria-label="Broker" ref={row}>
        {tabs
          .filter((t) => may(t.verb))
          .map((t) => (
            <Link
              key={t.id}
              to="/broker/$tab"
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
}

/** The layout of a tab while its list comes, or why it does not. */
export const Loading = ({
  title,
  query,
  tab,
}: {
  title: string;
  query: { isError: boolean; error: unknown; refetch: () => unknown };
  tab: TabId;
}) => (
  <div className="screen brk">
    <BrokerHead tab={tab} sentence={title} sub="What the broker knows is on its way." />
    {!query.isError ? (
      <Panel>
        <Skeleton />
      </Panel>
    ) : asProblem(query.error).code === 'HUB_BROKER_ELSEWHERE' ? (
      <Panel>
        <Empty title="The broker is another program.">
          {asProblem(query.error).message} {asProblem(query.error).next}
        </Empty>
      </Panel>
    ) : (
      <ErrorSay
        error={query.error}
        retry={() => {
          void query.refetch();
        }}
      />
    )}
  </div>
);

type Names = 'find' | 'item' | 'state' | 'kind' | 'value';
/** What is looked for and what is open stands in the address. */
export function usePlace(): Partial<Record<Names, string>> & { put: (next: Partial<Record<Names, string | undefined>>) => void } {
  const search: Partial<Record<Names, string>> = useSearch({ strict: false });
  const navigate = useNavigate();
  return {
    ...search,
    put: (next) => {
      void navigate({
        to: '.',
        // What stands there now: another navigation may be under way.
        search: (now) => Object.fromEntries(Object.entries({ ...now, ...next }).filter(([, v]) => v !== undefined && v !== '')),
        replace: true,
      });
    },
  };
}

const settleMs = 300;
/** A field that looks for what was typed when the typing pauses. */
export function Find({
  label,
  placeholder,
  value,
  find,
}: {
  label: string;
  placeholder: string;
  value: string;
  find: (text: string) => void;
}) {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  useEffect(() => {
    if (draft === value) return;
    const timer = setTimeout(() => find(draft), settleMs);
    return () => clearTimeout(timer);
    // The way to look is another function each time.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [draft, value]);
  return (
    <div className="field sm finder">
      <Icon name="search" />
      <input
        data-filter
        data-testid="broker-find"
        aria-label={label}
        placeholder={placeholder}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
        maxLength={200}
        value={draft}
        onChange={(e) => setDraft(e.target.value)}
      />
      <kbd>/</kbd>
    </div>
  );
}
