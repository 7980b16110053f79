import { MqttApp as Real } from '../../../packages/connectors/dist/index.js';

export * from '../../../packages/connectors/dist/index.js';
export class MqttApp extends Real {
  async start() {}
}
