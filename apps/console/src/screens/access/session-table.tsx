import type { SessionRow } from '@omh/api';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMediaQuery } from '@mantine/hooks';
import { useRef } from 'react';
import { accessChanged } from '../../api/access.ts';
import { api } from '../../api/client.ts';
import { hubNow, useTick } from '../../live/live-store.ts';
import { moment, span } from '../../ui/format.ts';
import { AskFirst } from './ask-first.tsx';
import { browserName } from './browser-name.ts';

/** Open sessions, the latest used first. `owner`: whose they are is told. `end`: they may be ended. */
export function SessionTable({
  sessions,
  owner,
  end,
  none,
}: {
  sessions: readonly SessionRow[];
  owner: boolean;
  end: boolean;
  none: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const touch = useMediaQuery('(max-width: 599px)');
  useTick(10_000);
  const rows = useVirtualizer({
    count: sessions.length,
    getScrollElement: () => box.current,
    estimateSize: () => (touch ? 84 : 36),
    overscan: 8,
    getItemKey: (i) => sessions[i]!.id,
  });
  const ago = (time: string): string => {
    const ms = hubNow() - Date.parse(time);
    return ms < 60_000 ? 'now' : `${span(ms)} ago`;
  };
  return (
    <div className={`vt sessions${owner ? ' owned' : ''}`} ref={box} tabIndex={0}>
      <div className="vhead">
        {owner ? <span>Who</span> : null}
        <span>Browser</span>
        <span>Address</span>
        <span>Signed in</span>
        <span>Last heard</span>
        <span />
      </div>
      {sessions.length === 0 ? <p className="meta nobody">{none}</p> : null}
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map((item) => {
          const s = sessions[item.index]!;
          return (
            <div
              key={item.key}
              className="vrow"
              data-testid="session-row"
              data-current={s.current}
              style={{ transform: `translateY(${item.start}px)`, height: item.size }}
            >
              {owner ? <span className="med">{s.user}</span> : null}
              <span className={owner ? 't2' : 'med'} title={s.userAgent}>
                {browserName(s.userAgent)}
              </span>
              <span className="t2 mono">{s.address}</span>
              <span className="t3">{moment(Date.parse(s.since), false)}</span>
              <span className="t3">{ago(s.lastUse)}</span>
              <span className="act">
                {s.current ? (
                  <span className="chip">this one</span>
                ) : end ? (
                  <AskFirst
                    small
                    button="End"
                    deed="End this session"
                    testid="session-end"
                    act={async () => {
                      await api(`/sessions/${encodeURIComponent(s.id)}`, { method: 'DELETE' });
                      await accessChanged();
                    }}
                  >
                    {owner ? `${s.user} is` : 'You are'} signed out there at once.
                  </AskFirst>
                ) : null}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
