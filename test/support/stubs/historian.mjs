import { EmbeddedHistorian as Real } from '../../../packages/historian/dist/index.js';

export * from '../../../packages/historian/dist/index.js';
export class EmbeddedHistorian extends Real {
  async append() {}
  async insert(_statement, rows) {
    return { inserted: rows.length, refused: [] };
  }
}
