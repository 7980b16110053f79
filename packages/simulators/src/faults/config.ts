import type { HoleRule } from '../modbus/config.ts';
import type { Area } from '../simulator.ts';

/** When a fault holds, in the device's own time, and whom it hits. */
export interface FaultFrame {
  /** First time, from the start of the device; at once when absent. */
  readonly at?: string;
  /** How long; for good when absent. */
  readonly for?: string;
  /** Again after this time. */
  readonly every?: string;
  /** Only this unit. */
  readonly unit?: number;
  /** Only requests of this function code. */
  readonly function?: number;
  /** Only requests for these points, first and last address as on the wire. */
  readonly area?: Area;
  readonly from?: number;
  readonly to?: number;
  /** How many of the requests, 0 to 1. */
  readonly share?: number;
}

export type FaultConfig = FaultFrame &
  (
    | { readonly fault: 'refuse'; readonly code?: number; readonly rule?: HoleRule }
    | { readonly fault: 'busy' }
    | { readonly fault: 'gateway'; readonly code?: 10 | 11 }
    | { readonly fault: 'silent' }
    | { readonly fault: 'reset' }
    | { readonly fault: 'half-open' }
    | { readonly fault: 'refuse-connections' }
    | { readonly fault: 'slow'; readonly delay: string; readonly jitter?: string }
    | { readonly fault: 'late'; readonly delay: string }
    | { readonly fault: 'split'; readonly bytes?: number; readonly pause?: string }
    | { readonly fault: 'glue'; readonly wait?: string }
    | { readonly fault: 'garbage'; readonly bytes?: number; readonly mode?: 'instead' | 'before' | 'after' }
    | { readonly fault: 'truncate'; readonly bytes?: number }
    | { readonly fault: 'wrong-transaction' }
    | { readonly fault: 'wrong-unit' }
    | { readonly fault: 'wrong-count' }
    | { readonly fault: 'stuck' }
    | { readonly fault: 'clock'; readonly mode?: 'freeze' | 'jump'; readonly by?: string }
  );
export type FaultKind = FaultConfig['fault'];
export type FaultOf<K extends FaultKind> = Extract<FaultConfig, { readonly fault: K }>;
