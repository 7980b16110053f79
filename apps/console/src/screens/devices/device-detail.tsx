/* oxlint-disable react-hooks/exhaustive-deps -- Live columns change outside React; a generation stands for them in the dependency lists. */
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { DeviceStatus } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import type { Schema } from '../../form/schema.ts';
import { useHeld } from '../../form/use-held.ts';
import { live, useHoldTags, useTagGeneration } from '../../live/live-store.ts';
import { PlanSheet } from '../../plan/plan-sheet.tsx';
import { pathOf, type PlanRequest } from '../../plan/plan.ts';
import { count, list, num } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { Empty, Panel, Skeleton } from '../../ui/panel.tsx';
import { ValueTable } from '../live-values/live-values.tsx';
import { DeviceControl } from './device-control.tsx';
import { DeviceForm } from './device-form.tsx';
import { DeviceFrames } from './device-frames.tsx';
import { DeviceLink } from './device-link.tsx';
import { GroupForm } from './group-form.tsx';
import { LinkState } from './link-state.tsx';
import { everyText, withoutSubscriptions, type Plant } from './plant.ts';
import { TagGrid } from './tag-grid.tsx';
import { ExportLinks } from './tag-import.tsx';

/** What the right side shows of a device; it stands in the address. */
export type DeviceView = 'tags' | 'edit' | 'add-group' | 'group' | 'settings' | 'link' | 'frames';
const forReaders: readonly string[] = ['link', 'frames'];

interface Props {
  status: DeviceStatus;
  plant: Plant | undefined;
  schema: Schema | undefined;
  revision: number | undefined;
}

/** One device: its link in a sentence, its groups, their tags with live values, and everything that may be changed about them. */
export function DeviceDetail(props: Props) {
  const { status, plant, schema, revision } = props;
  const search = useSearch({ from: '/devices/$name', shouldThrow: false }) ?? {};
  const navigate = useNavigate();
  const [removal, setRemoval] = useState<PlanRequest>();
  const held = useHeld(revision);
  const editable = may('config.write');
  const view =
    search.view === undefined || !(forReaders.includes(search.view) || (search.view === 'settings' ? may('config.read') : editable))
      ? 'tags'
      : (search.view as DeviceView);
  const group = status.groups.find((g) => g.name === search.group);
  const go = (next: { view?: DeviceView; group?: string | undefined }): void => {
    void navigate({
      to: '/devices/$name',
      params: { name: status.name },
      search: {
        ...(next.view === undefined || next.view === 'tags' ? {} : { view: next.view }),
        ...(next.group === undefined ? {} : { group: next.group }),
      },
    });
  };
  const ready = plant !== undefined && schema !== undefined && revision !== undefined && plant.devices[status.name] !== undefined;
  const { ops: subscriptions, apps } = plant === undefined ? { ops: [], apps: [] } : withoutSubscriptions(plant, status.name);
  const form = { schema: schema!, plant: plant!, revision: revision! };
  return (
    <div className="dvdet">
      <Link to="/devices" className="dvback">
        <Icon name="back" />
        All devices
      </Link>
      <div className="row rulehead">
        <div className="grow">
          <h2 className="objname ell">{status.name}</h2>
          <p className="t2 ell">
            {status.driver}, {status.endpoint}, in {status.path}
          </p>
        </div>
        {may('devices.control') ? <DeviceControl status={status} /> : null}
        {editable && ready ? (
          <button
            type="button"
            className="btn"
            data-testid="device-delete"
            onClick={() => setRemoval({ base: revision, ops: [...subscriptions, { op: 'remove', path: pathOf('devices', status.name) }] })}
          >
            Delete
          </button>
        ) : null}
      </div>
      <LinkState status={status} />
      <Panel flush className="dvbody">
        <div className="tabs">
          <div className="tablist" role="tablist" aria-label={status.name}>
            <button
              type="button"
              role="tab"
              aria-selected={view !== 'settings' && !forReaders.includes(view)}
              onClick={() => go({ group: search.group })}
              data-testid="tab-tags"
            >
              Tags <small>{num(status.tags)}</small>
            </button>
            {(['link', 'frames'] as const).map((v) => (
              <button key={v} type="button" role="tab" aria-selected={view === v} onClick={() => go({ view: v })} data-testid={`tab-${v}`}>
                {v === 'link' ? 'Link' : 'Frames'}
              </button>
            ))}
            {may('config.read') ? (
              <button
                type="button"
                role="tab"
                aria-selected={view === 'settings'}
                onClick={() => go({ view: 'settings' })}
                data-testid="tab-settings"
              >
                Settings
              </button>
            ) : null}
          </div>
          {ready && view === 'tags' && group === undefined ? (
            <span className="row right exchange">
              {editable ? (
                <Link
                  className="btn sm"
                  to="/devices/$name"
                  params={{ name: '~import' }}
                  search={{ device: status.name }}
                  data-testid="device-import"
                >
                  Import tags
                </Link>
              ) : null}
              <span className="meta">Export</span>
              <ExportLinks device={status.name} />
            </span>
          ) : null}
          {editable && ready && view === 'tags' && group !== undefined ? (
            <span className="row right">
              <button type="button" className="btn sm" data-testid="group-edit" onClick={() => go({ view: 'group', group: group.name })}>
                Edit group
              </button>
              <button type="button" className="btn sm" data-testid="tags-edit" onClick={() => go({ view: 'edit', group: group.name })}>
                <Icon name="edit" />
                Edit tags
              </button>
            </span>
          ) : null}
        </div>
        {view === 'link' ? (
          <DeviceLink status={status} />
        ) : view === 'frames' ? (
          <DeviceFrames device={status.name} />
        ) : view === 'settings' ? (
          ready ? (
            <div className="scroller">
              <DeviceForm
                key={held.key}
                {...form}
                name={status.name}
                readOnly={!editable}
                onEditing={held.onEditing}
                onDone={held.release}
              />
            </div>
          ) : (
            <Skeleton />
          )
        ) : (
          <div className={`dvcols${view === 'edit' ? ' whole' : ''}`}>
            <Groups status={status} group={search.group} go={go} editable={editable && ready} adding={view === 'add-group'} />
            <div className="dvright">
              {!ready && view !== 'tags' ? (
                <Skeleton />
              ) : view === 'add-group' && editable ? (
                <GroupForm {...form} device={status.name} onCancel={() => go({})} onDone={(name) => go({ view: 'edit', group: name })} />
              ) : view === 'group' && editable && search.group !== undefined ? (
                <GroupForm
                  key={search.group}
                  {...form}
                  device={status.name}
                  group={search.group}
                  onCancel={() => go({ group: search.group })}
                  onDone={(name) => go({ group: name })}
                />
              ) : view === 'edit' &&
                editable &&
                search.group !== undefined &&
                plant?.devices[status.name]?.groups[search.group] !== undefined ? (
                <TagGrid
                  key={search.group}
                  {...form}
                  device={status.name}
                  group={search.group}
                  onDone={() => go({ group: search.group })}
                />
              ) : (
                <Tags status={status} group={search.group} editable={editable && ready} go={go} />
              )}
            </div>
          </div>
        )}
      </Panel>
      {removal === undefined ? null : (
        <PlanSheet
          request={removal}
          title={`Delete ${status.name}`}
          action={`Delete ${status.name}`}
          confirm={status.name}
          onClose={() => setRemoval(undefined)}
          onApplied={() => {
            setRemoval(undefined);
            void navigate({ to: '/devices' });
          }}
        >
          <p data-testid="delete-sentence">
            Takes {status.name} with {count(status.groups.length, 'group')} and {count(status.tags, 'tag')} out of the hub file; they are no
            longer read.{apps.length === 0 ? '' : ` ${list(apps)} no longer ${apps.length === 1 ? 'sends' : 'send'} them on.`} The history
            stays until its retention ends.
          </p>
        </PlanSheet>
      )}
    </div>
  );
}

function Groups({
  status,
  group,
  go,
  editable,
  adding,
}: {
  status: DeviceStatus;
  group: string | undefined;
  go: (next: { view?: DeviceView; group?: string | undefined }) => void;
  editable: boolean;
  adding: boolean;
}) {
  const shown = status.groups.length > 1;
  return (
    <ul className="dvgroups" aria-label="Groups">
      {shown || status.groups.length === 0 ? (
        <li>
          <button type="button" aria-current={group === undefined && !adding} onClick={() => go({})}>
            <span>All groups</span>
            <span className="t3">{num(status.tags)}</span>
          </button>
        </li>
      ) : null}
      {status.groups.map((g) => (
        <li key={g.name}>
          <button
            type="button"
            aria-current={!adding && (group === g.name || (group === undefined && !shown))}
            data-testid={`group-${g.name}`}
            onClick={() => go({ group: g.name })}
          >
            <span className="ell">{g.name}</span>
            <span className="t3">{num(g.tags)}</span>
            <small className="row">
              {g.paused !== undefined ? (
                'paused'
              ) : (
                <>
                  every {everyText(g.intervalMs)}
                  {g.overrun ? <Glyph name="uncertain" label="The last cycle took longer" /> : null}
                </>
              )}
            </small>
          </button>
        </li>
      ))}
      {editable ? (
        <li>
          <button
            type="button"
            className="addgroup"
            aria-current={adding}
            data-testid="group-add"
            onClick={() => go({ view: 'add-group' })}
          >
            <span className="row">
              <Icon name="plus" />
              Add group
            </span>
          </button>
        </li>
      ) : null}
    </ul>
  );
}

function Tags({
  status,
  group,
  editable,
  go,
}: {
  status: DeviceStatus;
  group: string | undefined;
  editable: boolean;
  go: (next: { view?: DeviceView; group?: string | undefined }) => void;
}) {
  useHoldTags();
  const generation = useTagGeneration();
  const rows = useMemo(() => {
    const { keys } = live().tags;
    const out: number[] = [];
    keys.forEach((key, row) => {
      if (key.device === status.name && (group === undefined || key.group === group)) out.push(row);
    });
    return out;
  }, [generation, status.name, group, status.tags]);
  const only = group ?? (status.groups.length === 1 ? status.groups[0]!.name : undefined);
  if (rows.length > 0) return <ValueTable rows={rows} title="Tag" />;
  if (status.groups.length === 0)
    return (
      <Empty
        title="Nothing is read yet."
        action={
          editable ? (
            <button type="button" className="btn primary" onClick={() => go({ view: 'add-group' })}>
              Create the first group
            </button>
          ) : undefined
        }
      >
        A group is a set of tags that are read together, at one interval. Until there is one, the hub only keeps the link to {status.name}.
      </Empty>
    );
  return (
    <Empty
      title={only === undefined ? 'No group has a tag yet.' : `${only} has no tags yet.`}
      action={
        editable && only !== undefined ? (
          <button type="button" className="btn primary" data-testid="tags-first" onClick={() => go({ view: 'edit', group: only })}>
            Add tags
          </button>
        ) : undefined
      }
    >
      A tag is one value of the device: a name, where it stands, and how it is encoded. <Link to="/live">Live values</Link> shows all of
      them.
    </Empty>
  );
}
