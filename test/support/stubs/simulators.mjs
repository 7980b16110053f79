import { createSimulator as real } from '../../../packages/simulators/dist/index.js';

export * from '../../../packages/simulators/dist/index.js';
export const createSimulator = (...args) => Object.assign(real(...args), { start: async () => {}, address: () => '127.0.0.1:9' });
