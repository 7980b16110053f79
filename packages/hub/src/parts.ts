import { Device, GroupPhases, type Cycles, type LastValues, type TagRegistry } from '@omh/acquisition';
import type { HubConfig, PartChange } from '@omh/config';
import { MqttApp, type TagGate } from '@omh/connectors';
import { Rule } from '@omh/rules';
import { createSimulator, type Simulator, type SimulatorConfig } from '@omh/simulators';
import type { Clock, DeliveryQueue, DeliveryQueueOptions, Logger, Part, Tag } from '@omh/core';
import type { DeviceState } from './device-state.ts';
import type { PartStep } from './part-steps.ts';
import { plantOf, type PlantDevice } from './plant.ts';
import { driverModule } from './registry.ts';
import type { Rooms } from './rooms.ts';

export interface PartsOptions {
  readonly rooms: Rooms;
  readonly cycles: Cycles;
  readonly values: LastValues;
  readonly tagIds: TagRegistry;
  /** Makes tags known to history. */
  readonly tell: (tags: readonly Tag[]) => void;
  /** The plant that runs from now on, to the namespace; last values know its tags. */
  readonly show: (plant: readonly PlantDevice[]) => void;
  /** The tags as apps reach them. */
  readonly gate: TagGate;
  /** Opens the queue of an app in the data directory. */
  readonly appQueue: (app: string, options: DeliveryQueueOptions) => Promise<DeliveryQueue>;
  readonly state: DeviceState;
  /** Where the hub file stands, and the recordings that simulators replay. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes the parts that a configuration names and leads them from one configuration to the next. */
export class Parts {
  readonly #options: PartsOptions;
  #plant: readonly PlantDevice[] = [];
  readonly #phases = new GroupPhases();
  /** Lines that several devices stand behind. */
  readonly #shared = new Map<string, unknown>();

  constructor(options: PartsOptions) {
    this.#options = options;
  }

  /** The plant of the configuration the hub starts with; its tags are known from now on. */
  async plant(config: HubConfig): Promise<readonly PlantDevice[]> {
    const plant = await plantOf(config, this.#options.tagIds, [], new Set(), pause);
    this.#configure(plant);
    this.#options.tell(tagsOf(plant));
    return plant;
  }

  #configure(plant: readonly PlantDevice[]): void {
    this.#plant = plant;
    this.#options.values.configure(tagsOf(plant), this.#options.clock.now());
    this.#options.show(plant);
  }
  device(plant: PlantDevice, config: HubConfig): Device {
    const { values, cycles, state, clock, log } = this.#options;
    const { driver, settings } = config.devices[plant.name]!;
    return new Device({
      name: plant.name,
      module: driverModule(driver)!,
      settings,
      path: plant.path,
      groups: plant.groups,
      clock,
      log: log.child({ part: `device/${plant.name}` }),
      emit: (finished) => cycles.emit(finished),
      counts: () => values.counts(plant.name),
      around: {
        statics: state.statics,
        lastValue(key) {
          const last = values.byKey(key);
          return last && { value: last.value, quality: last.qualityCode };
        },
        isExpired: (id) => values.isExpired(id),
      },
      phases: this.#phases,
      controls: state.controls,
      memory: state.memory(plant.name),
      shared: this.#shared,
    });
  }

  rule(name: string, config: HubConfig): Rule {
    const { rooms, clock, log } = this.#options;
    return new Rule(name, config.rules[name]!, {
      bus: rooms.broker.bus,
      historian: rooms.historian,
      clock,
      log: log.child({ part: `rule/${name}` }),
    });
  }

  /** The plant that runs. */
  running(): readonly PlantDevice[] {
    return this.#plant;
  }

  app(name: string, config: HubConfig): MqttApp {
    const { rooms, clock, log, cycles, gate, appQueue } = this.#options;
    const { settings, subscriptions } = config.apps[name]!;
    return new MqttApp({
      name,
      settings: settings ?? {},
      subscriptions,
      bus: rooms.broker.bus,
      clock,
      log: log.child({ part: `app/${name}` }),
      onGroup: (device, group, listener) => cycles.onGroup(device, group, listener),
      names: { site: config.hub.site ?? '', hub: config.hub.name },
      gate,
      queue: (options) => appQueue(name, options),
    });
  }

  simulator(name: string, config: HubConfig): Simulator {
    const { clock, log, folder } = this.#options;
    const block = config.simulators[name] as unknown as SimulatorConfig;
    return createSimulator(name, block, { clock, log: log.child({ part: `simulator/${name}` }), folder });
  }

  /**
   * The way from one configuration to the next: what goes stops first, then simulators, readers and devices change, so that the first
   * cycle of a new device finds its rules. All parts are made before the first one is touched.
   */
  async steps(changes: readonly PartChange[], next: HubConfig): Promise<PartStep[]> {
    const { rooms } = this.#options;
    const of = (section: PartChange['section'], ...hows: PartChange['how'][]): string[] =>
      changes.filter((c) => c.section === section && hows.includes(c.how)).map((c) => c.name);
    const going = (section: PartChange['section']): PartStep[] =>
      of(section, 'remove').map((name) => replaced(rooms[section] as Map<string, Part>, section, name, undefined));
    const coming = (section: PartChange['section'], make: (name: string) => Part, together = false): PartStep[] =>
      of(section, 'add', 'replace').map((name) => replaced(rooms[section] as Map<string, Part>, section, name, make(name), together));
    const steps = [...going('devices'), ...going('apps'), ...going('rules'), ...going('simulators')];
    steps.push(...coming('simulators', (name) => this.simulator(name, next)));
    const devices = changes.filter((c) => c.section === 'devices');
    if (devices.length === 0) return [...steps, ...this.#readers(coming, next)];
    const changed = new Set(devices.map(({ name }) => name));
    const former = this.#plant;
    const plant = await plantOf(next, this.#options.tagIds, former, changed, pause);
    const byName = new Map(plant.map((device) => [device.name, device]));
    steps.push(this.#tagStep(former, plant, changed), ...this.#readers(coming, next));
    for (const name of of('devices', 'adjust')) steps.push(this.#regrouped(byName.get(name)!, former.find((d) => d.name === name)!));
    return [...steps, ...coming('devices', (name) => this.device(byName.get(name)!, next))];
  }

  /** A rule or app takes over from its former self in one breath: no message is missed between the two, none is seen twice. */
  #readers(
    coming: (section: 'rules' | 'apps', make: (name: string) => Part, together: boolean) => PartStep[],
    next: HubConfig,
  ): PartStep[] {
    return [...coming('rules', (name) => this.rule(name, next), true), ...coming('apps', (name) => this.app(name, next), true)];
  }

  #tagStep(former: readonly PlantDevice[], plant: readonly PlantDevice[], changed: ReadonlySet<string>): PartStep {
    return {
      part: 'historian',
      run: async () => {
        const { values, tell, clock } = this.#options;
        const tags = tagsOf(plant.filter(({ name }) => changed.has(name)));
        const slices = Array.from({ length: Math.ceil(tags.length / sliceTags) }, (_, i) => tags.slice(i * sliceTags, (i + 1) * sliceTags));
        for (const slice of slices) {
          values.introduce(slice, clock.now());
          await pause();
        }
        this.#configure(plant);
        for (const slice of slices) {
          await pause();
          tell(slice);
        }
        await pause();
      },
      undo: async () => this.#configure(former),
    };
  }

  #regrouped(plant: PlantDevice, former: PlantDevice): PartStep {
    const device = this.#options.rooms.devices.get(plant.name)!;
    return {
      part: device.id,
      run: async () => {
        device.regroup(plant);
        await pause();
      },
      undo: async () => device.regroup(former),
    };
  }
}

const sliceTags = 2000;
const tagsOf = (plant: readonly PlantDevice[]): Tag[] => plant.flatMap((d) => d.groups.flatMap((g) => g.tags));

/** Stops what stood under this name and starts what comes; `together`: both begin in the same turn of the loop. */
function replaced(parts: Map<string, Part>, section: string, name: string, next: Part | undefined, together = false): PartStep {
  const old = parts.get(name);
  const swap = async (from: Part | undefined, to: Part | undefined): Promise<void> => {
    if (to === undefined) parts.delete(name);
    else parts.set(name, to);
    const stopped = from?.stop();
    if (!together) await stopped;
    const started = to?.start();
    await stopped;
    await started;
  };
  return { part: old?.id ?? next?.id ?? `${section}/${name}`, run: () => swap(old, next), undo: () => swap(next, old) };
}

/** Long work is cut here, so that devices and clients get their turn. */
const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
