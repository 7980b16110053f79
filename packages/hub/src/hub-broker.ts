import type { Access, AuthenticationChain } from '@omh/access';
import { Broker, type ExternalBroker } from '@omh/broker';
import type { HubConfig } from '@omh/config';
import type { Clock, Logger } from '@omh/core';
import type { DataDirectory, Documents } from '@omh/storage';
import { brokerDoors } from './broker-doors.ts';
import { brokerFeatures } from './broker-features.ts';
import { brokerLog } from './broker-log.ts';
import { externalBroker } from './external-broker.ts';
import { MqttAccess } from './mqtt-access.ts';
import { authenticationChain } from './mqtt-sign-in.ts';

export interface HubBrokerOptions {
  readonly config: HubConfig['broker'];
  readonly access: Access;
  /** Of the hub file: where relative paths begin. */
  readonly folder: string;
  readonly directory: DataDirectory;
  readonly documents: Documents;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The broker that the hub file asks for, with those who decide who comes in. */
export interface HubBroker {
  readonly broker: Broker | ExternalBroker;
  readonly authentication: AuthenticationChain;
  readonly access: MqttAccess;
}

/** Throws ACCESS_JWT_KEY and what else the keys of the block may be wrong with. */
export function hubBroker({ config, access, folder, directory, documents, version, clock, log: hubLog }: HubBrokerOptions): HubBroker {
  const log = hubLog.child({ part: 'broker' });
  const authentication = authenticationChain(access, config.authentication, folder, clock, hubLog.child({ part: 'authentication' }));
  const mqttAccess = new MqttAccess(access, clock, config.acl, authentication);
  const { url, limits } = config;
  if (url !== undefined) return { broker: externalBroker({ ...config, url }, documents, clock, log), authentication, access: mqttAccess };
  const broker = new Broker({
    ...brokerDoors(config, folder, documents),
    ...brokerLog(directory, config.durability, clock, log),
    ...(limits === undefined ? {} : { limits }),
    features: brokerFeatures(config, version),
    clock,
    log,
    ...mqttAccess.door,
  });
  access.onChange(() => broker.permissionsChanged());
  return { broker, authentication, access: mqttAccess };
}
