import { useMantineColorScheme } from '@mantine/core';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { Fragment, useState } from 'react';
import { hubNow, live, useFlow, useHoldTags, useLink, useSilence, useStatus, useTick } from '../live/live-store.ts';
import { bytes, clock, countdown, day, num, rate, span, zone } from '../ui/format.ts';
import { Glyph, Icon, Mark } from '../ui/glyph.tsx';
import { Head } from '../ui/panel.tsx';
import { AccountMenu } from './account-menu.tsx';
import { KeysHelp, useKeys } from './keys.tsx';
import { Palette } from './palette.tsx';
import { groups, screens, type Screen } from './screens.ts';
import { may, useSession } from './session.ts';

/** Above this many tags a tab reads them only where a screen shows them. */
const holdAllBelow = 2_000;
/** Without a good value for this long the line says how old the newest one is. */
const quietMs = 5_000;

export function Frame() {
  const [finding, setFinding] = useState(false);
  const [help, setHelp] = useState(false);
  useKeys({ find: () => setFinding(true), help: () => setHelp(true) });
  const flow = useFlow();
  const total = flow?.devices.reduce((sum, d) => sum + d.tags, 0) ?? Infinity;
  useHoldTags(may('values.read') && total <= holdAllBelow);
  const silent = useSilence() !== undefined;
  return (
    <div className="shell" data-silent={silent ? '' : undefined}>
      <a className="skip" href="#main">
        To the content
      </a>
      <Rail more={() => setFinding(true)} />
      <TopBar find={() => setFinding(true)} />
      <main className="main" id="main" tabIndex={-1}>
        <LostBanner />
        <Allowed />
      </main>
      <StatusLine />
      <Palette opened={finding} close={() => setFinding(false)} />
      <KeysHelp opened={help} close={() => setHelp(false)} />
    </div>
  );
}

/** The screen, or why this role does not see it. */
function Allowed() {
  const { screen } = useHere();
  const session = useSession();
  if (screen === undefined || may(screen.verb)) return <Outlet />;
  const role = session.state === 'in' ? session.me.role : undefined;
  return (
    <div className="screen">
      <div>
        <Head
          sentence={role === undefined ? `${screen.title} is not open to you.` : `${screen.title} is not open to the role ${role}.`}
          sub={
            <>
              It needs the permission <code>{screen.verb}</code>; {screen.whose ?? 'engineers'} have it.{' '}
              <Link to="/">Go to the overview</Link>.
            </>
          }
        />
      </div>
    </div>
  );
}

function useHere(): { screen: Screen | undefined; object: string | undefined } {
  const path = useRouterState({ select: (s) => s.location.pathname });
  const screen = path === '/' ? screens[0] : screens.find((s) => s.to !== '/' && (path === s.to || path.startsWith(`${s.to}/`)));
  const object =
    screen !== undefined && screen.to !== '/' && path.length > screen.to.length + 1
      ? decodeURIComponent(path.slice(path.lastIndexOf('/') + 1))
      : undefined;
  return { screen, object };
}

function Rail({ more }: { more: () => void }) {
  const here = useHere();
  const flow = useFlow();
  const session = useSession();
  const bad = flow?.devices.reduce((sum, d) => sum + d.bad, 0) ?? 0;
  const counts: Record<string, { n: string; bad?: boolean } | undefined> = {
    live: bad > 0 ? { n: `${bad < 1_000 ? num(bad) : `${num(bad / 1_000, bad < 9_950 ? 1 : 0)}k`} bad`, bad: true } : undefined,
    rules: flow === undefined || flow.rules.length === 0 ? undefined : { n: num(flow.rules.length) },
  };
  const drift = useStatus()?.hub.drift ?? false;
  if (drift) counts.configuration = { n: 'drift' };
  const me = session.state === 'in' ? session.me : undefined;
  const hasSimulator = flow === undefined || flow.simulators.length > 0;
  return (
    <nav className="rail" aria-label="Main">
      <Link to="/" className="brand wide" aria-label="Overview" style={{ background: 'none', boxShadow: 'none' }}>
        <Mark />
        <span>
          <b>omh</b>
          <small>Open Manufacturing Hub</small>
        </span>
      </Link>
      {groups.map((group) => {
        const shown = group.screens.filter((s) => may(s.verb) && (s.id !== 'simulator' || hasSimulator));
        return shown.length === 0 ? null : (
          <Fragment key={group.title}>
            <h6>{group.title}</h6>
            {shown.map((s) => (
              <Link
                key={s.id}
                to={s.to}
                data-testid={`nav-${s.id}`}
                title={s.title}
                className={s.phone === true ? (s.short === undefined ? '' : 'hasshort') : 'wide'}
                activeProps={{}}
                aria-current={here.screen?.id === s.id ? 'page' : undefined}
              >
                <Icon name={s.icon} />
                <span className="t">{s.title}</span>
                {s.short === undefined ? null : (
                  <span className="ts" aria-hidden>
                    {s.short}
                  </span>
                )}
                {counts[s.id] === undefined ? null : (
                  <span className={`n${counts[s.id]!.bad === true ? ' bad' : ''}`}>{counts[s.id]!.n}</span>
                )}
              </Link>
            ))}
          </Fragment>
        );
      })}
      <button type="button" className="tab" onClick={more}>
        <Icon name="more" />
        More
      </button>
      {me === undefined ? null : <AccountMenu me={me} />}
    </nav>
  );
}

function TopBar({ find }: { find: () => void }) {
  const { screen, object } = useHere();
  const status = useStatus();
  const parts = [...(status?.hub.site ?? '').split('/').filter((s) => s !== ''), ...(status === undefined ? [] : [status.hub.name])];
  return (
    <div className="top">
      <nav className="crumbs" aria-label="Where you are">
        {parts.map((p, i) => (
          <Fragment key={i}>
            {i === parts.length - 1 ? <Link to="/">{p}</Link> : <span>{p}</span>}
            <i>/</i>
          </Fragment>
        ))}
        {object === undefined ? (
          <b>{screen?.title ?? 'Not found'}</b>
        ) : (
          <>
            <Link to={screen!.to}>{screen!.title}</Link>
            <i>/</i>
            <b className="ell">
              {object === '~import' ? 'Import tags' : object === '~probe' ? 'Probe' : object.startsWith('~') ? 'New' : object}
            </b>
          </>
        )}
      </nav>
      <button type="button" className="find" onClick={find} data-testid="find">
        <Icon name="search" />
        <span>Find anything</span>
        <kbd>Ctrl K</kbd>
      </button>
      <ThemeButton />
      <HubClock />
    </div>
  );
}

const schemes = {
  auto: { icon: 'auto', next: 'light', say: 'Colours follow the system' },
  light: { icon: 'sun', next: 'dark', say: 'Light colours' },
  dark: { icon: 'moon', next: 'auto', say: 'Dark colours' },
} as const;
function ThemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const now = schemes[colorScheme];
  return (
    <button
      type="button"
      className="btn iconbtn"
      data-testid="theme"
      title={`${now.say}. Press for ${now.next === 'auto' ? "the system's" : now.next}.`}
      aria-label={`${now.say}, change`}
      onClick={() => setColorScheme(now.next)}
    >
      <Icon name={now.icon} />
    </button>
  );
}

function HubClock() {
  useTick(500);
  const now = hubNow();
  return (
    <div className="clock" title="The hub's clock, in this browser's time zone">
      <b>{clock(now)}</b>
      <small>
        {day(now)}, {zone}
      </small>
    </div>
  );
}

/** After a few seconds of silence the page itself says so; below that the status line is enough. */
function LostBanner() {
  const link = useLink();
  const silence = useSilence();
  if (silence === undefined) return null;
  return (
    <div className="say badb" role="status" data-testid="link-lost" style={{ marginBottom: 12 }}>
      <Glyph name="bad" />
      <div>
        <p className="strong">This page has not heard from the hub for {span(silence.ms)}.</p>
        <p>
          The plant may well run on. {silence.heard > 0 ? `Everything below is from ${clock(silence.heard)}. ` : ''}
          {link.nextTry === undefined ? 'Trying now.' : `Next try in ${countdown(link.nextTry - Date.now())}.`}
        </p>
      </div>
      <div className="act">
        <button type="button" className="btn sm" onClick={live().link.tryNow}>
          Try now
        </button>
      </div>
    </div>
  );
}

function StatusLine() {
  const link = useLink();
  const flow = useFlow();
  const status = useStatus();
  useTick(1_000);
  const { lagMs } = live().tags;
  const open = link.phase === 'open';
  const values = flow?.devices.reduce((sum, d) => sum + d.valuesPerSecond, 0) ?? 0;
  const newest = live().tags.newestAge(hubNow());
  return (
    <footer className="status" data-testid="status-line">
      <span className={`live${open ? '' : ' bad'}`} data-testid="link-state" data-phase={link.phase}>
        <Glyph name={open ? 'run' : link.phase === 'connecting' ? 'wait' : 'bad'} />
        {open
          ? !Number.isFinite(newest)
            ? values === 0 && (flow?.devices.length ?? 0) > 0
              ? 'Live, no good value'
              : 'Live'
            : newest > quietMs
              ? `Live, newest good value ${span(newest)} old`
              : `Live, ${span(lagMs)} behind the plant`
          : link.phase === 'connecting'
            ? 'Connecting to the hub'
            : `Not live${link.nextTry === undefined ? '' : `, next try in ${countdown(link.nextTry - Date.now())}`}`}
      </span>
      {flow === undefined || !open ? null : (
        <>
          <span>
            <b>{rate(values)}</b> values/s
          </span>
          <span className="wide">
            Commit <b>{flow.historian.commitP50Ms < 10 ? flow.historian.commitP50Ms.toFixed(1) : num(flow.historian.commitP50Ms)} ms</b>
          </span>
          <span className="wide">
            On disk <b>{bytes(flow.historian.bytesOnDisk)}</b>
          </span>
        </>
      )}
      {status === undefined ? null : (
        <span className="right wide">
          {status.hub.name}, revision {num(status.hub.revision)}, omh <b>{status.hub.version}</b>, started{' '}
          {clock(Date.parse(status.hub.startedAt), false)}
        </span>
      )}
    </footer>
  );
}
