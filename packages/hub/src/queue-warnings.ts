import type { HubConfig, PartChange, PlanWarning } from '@omh/config';
import { storesMessages, type MqttApp } from '@omh/connectors';

/** What a change of apps leaves on the disk: told before it is applied. */
export function queueWarnings(parts: readonly PartChange[], next: HubConfig, apps: ReadonlyMap<string, MqttApp>): PlanWarning[] {
  return parts.flatMap(({ section, name }): PlanWarning[] => {
    if (section !== 'apps' || keepsQueue(next, name)) return [];
    const queue = apps.get(name)?.queue?.status();
    if (queue === undefined) return [];
    const waiting = queue.counters.queuing;
    const dead = queue.deadLetters.count;
    if (waiting + dead === 0) return [];
    const what = [
      ...(waiting === 0 ? [] : [`${count(waiting, 'message')} of the last ${hours(queue.capacity.hoursHeld)}`]),
      ...(dead === 0 ? [] : [count(dead, 'dead letter')]),
    ].join(' and ');
    const verb = waiting + dead === 1 ? 'stays' : 'stay';
    const text = `${what} of app ${name} ${verb} on the disk, until somebody hands the queue ${queue.name} to another app or removes it.`;
    return [{ code: 'QUEUE_STAYS', path: `apps/${name}`, text }];
  });
}

function keepsQueue({ apps }: HubConfig, name: string): boolean {
  const app = Object.hasOwn(apps, name) ? apps[name] : undefined;
  return app !== undefined && storesMessages(app.settings ?? {});
}
const count = (n: number, what: string): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
const hours = (h: number): string => (h < 1 ? 'hour' : `${h < 10 ? h.toFixed(1) : Math.round(h)} hours`);
