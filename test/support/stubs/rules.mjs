import { Rule as Real } from '../../../packages/rules/dist/index.js';

export * from '../../../packages/rules/dist/index.js';
export class Rule extends Real {
  async start() {}
}
