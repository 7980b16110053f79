import type { modbus } from '@omh/wire';
import type { IdentityConfig } from './config.ts';

/** Objects of FC 2B/0E by the keys of the configuration (V1.1b3, section 6.21). */
const objects = { vendor: 0, product: 1, revision: 2, url: 3, productName: 4, model: 5, application: 6 } as const;

const usual: IdentityConfig = {
  vendor: 'Open Manufacturing Hub',
  product: 'OMH-SIM',
  revision: '1.5',
  productName: 'Modbus TCP simulator',
  model: 'Simulated press',
};

export function identificationOf(...given: readonly (IdentityConfig | undefined)[]): modbus.Identification {
  const all = Object.assign({}, usual, ...given) as IdentityConfig;
  const out = new Map<number, string>();
  for (const [key, id] of Object.entries(objects)) {
    const text = all[key as keyof IdentityConfig];
    if (text !== undefined && text !== '') out.set(id, text);
  }
  return out;
}
