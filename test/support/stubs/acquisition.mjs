import { Device as Real } from '../../../packages/acquisition/dist/index.js';

export * from '../../../packages/acquisition/dist/index.js';
export class Device extends Real {
  async start() {}
}
