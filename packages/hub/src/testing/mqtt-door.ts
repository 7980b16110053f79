import type { TestContext } from 'node:test';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { Access, type AuditRecord } from '@omh/access';
import { Broker } from '@omh/broker';
import { partPrincipal, silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { MqttAccess } from '../mqtt-access.ts';
import { authenticationChain } from '../mqtt-sign-in.ts';

export const adminToken = 'an-admin-token-of-enough-length';
export const part = partPrincipal('test');

/** A broker whose TCP listener asks for credentials and whose WebSocket listener does not, with the hub's own access behind both. */
export class MqttDoor {
  readonly clock = new VirtualClock();
  readonly access = new Access({ clock: this.clock, adminTokens: [adminToken], passwordCostLog2: 4 });
  readonly #chain = authenticationChain(
    this.access,
    [{ type: 'device-credentials' }, { type: 'tokens' }, { type: 'people' }],
    '.',
    this.clock,
    silentLogger,
  );
  readonly mqttAccess = new MqttAccess(this.access, this.clock, [], this.#chain);
  readonly broker = new Broker({
    listeners: {
      tcp: { host: '127.0.0.1', port: 0, anonymous: false },
      ws: { host: '127.0.0.1', port: 0, path: '/mqtt', anonymous: true },
    },
    clock: this.clock,
    log: silentLogger,
    ...this.mqttAccess.door,
  });
  readonly house = this.access.byToken(adminToken)!;
  readonly #clients: MqttClient[] = [];

  static async open(t: TestContext): Promise<MqttDoor> {
    const door = new MqttDoor();
    await door.access.start();
    await door.broker.start();
    door.access.onChange(() => door.broker.permissionsChanged());
    t.after(async () => {
      for (const client of door.#clients) client.end(true);
      await door.broker.stop();
      await door.access.stop();
    });
    return door;
  }

  /** Rejects when the broker does not take the client. */
  async connect(version: 4 | 5, options: IClientOptions = {}, listener: 'tcp' | 'ws' = 'tcp'): Promise<MqttClient> {
    const client = mqtt.connect(this.broker.addresses()[listener]!, { protocolVersion: version, reconnectPeriod: 0, ...options });
    this.#clients.push(client);
    return new Promise((resolve, reject) => {
      client.once('connect', () => {
        client.off('error', reject);
        client.on('error', () => {});
        resolve(client);
      });
      client.once('error', reject);
    });
  }
  /** The topics of what a 3.1.1 client is sent when it comes back to its session. */
  async waiting(options: IClientOptions): Promise<string[]> {
    const client = mqtt.connect(this.broker.addresses().tcp!, { protocolVersion: 4, reconnectPeriod: 0, ...options });
    this.#clients.push(client);
    const got: string[] = [];
    client.on('message', (topic) => got.push(topic));
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
    });
    await settled(client);
    return got;
  }
  /** A new MQTT user name; its secret. */
  device(name: string, publish: readonly string[], subscribe: readonly string[]): string {
    return this.access.putDeviceCredential(this.house, name, { publish, subscribe }).secret!;
  }
  token(name: string, permissions: readonly string[], expires?: string): string {
    return this.access.createToken(this.house, { name, permissions, ...(expires === undefined ? {} : { expires }) }).secret;
  }
  async audited(): Promise<readonly AuditRecord[]> {
    return [...(await this.access.audit.list({ limit: 1000 })).records].reverse();
  }
}

/** Everything that was sent to the client before is there when this resolves: packets of one connection keep their order. */
export const settled = (client: MqttClient): Promise<unknown> => client.unsubscribeAsync('nothing/at/all');
