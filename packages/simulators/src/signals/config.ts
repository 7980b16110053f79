import type { DataType, TagValue } from '@omh/core';

/** A number, or the name of another signal of the same unit whose present value is taken. */
export type Input = number | string;

interface Placed {
  /** Where it stands: area and number as in a tag's address, without the unit: `40001`, `40010#LL`, `40020.12H`, `'00001'`. */
  readonly at: string | number;
  /** How it goes on when no name is given: the address. */
  readonly name?: string;
  readonly type?: DataType;
  /** Values of the same kind one after the other; each with its own phase or its own chance. */
  readonly count?: number;
  /** Value shown = raw × decimal + bias; the raw value stands in the registers. */
  readonly decimal?: number;
  readonly bias?: number;
}

export type SignalConfig = Placed &
  (
    | { readonly signal: 'constant'; readonly value: TagValue }
    | {
        readonly signal: 'sine';
        readonly mean?: number;
        readonly amplitude?: number;
        readonly period: string;
        readonly phase?: number;
        readonly noise?: number;
      }
    | { readonly signal: 'ramp' | 'saw' | 'triangle'; readonly from?: number; readonly to: number; readonly period: string }
    | { readonly signal: 'square'; readonly low?: number; readonly high?: number; readonly period: string; readonly duty?: number }
    | { readonly signal: 'random'; readonly min: number; readonly max: number; readonly every?: string }
    | {
        readonly signal: 'random-walk';
        readonly start?: number;
        readonly min: number;
        readonly max: number;
        readonly step: number;
        readonly every?: string;
      }
    | { readonly signal: 'counter'; readonly start?: number; readonly step?: number; readonly every?: string; readonly limit?: number }
    | { readonly signal: 'csv'; readonly file: string; readonly column: string; readonly every?: string; readonly loop?: boolean }
    | { readonly signal: 'clock'; readonly resolution?: 's' | 'ms' }
    | { readonly signal: 'lag'; readonly input: Input; readonly gain?: number; readonly tau: string; readonly start?: number }
    | {
        readonly signal: 'tank';
        readonly capacity: number;
        readonly start?: number;
        readonly inflow: Input;
        readonly valve?: Input;
        readonly outflow?: Input;
        readonly drain?: Input;
        readonly low?: number;
        readonly high?: number;
        readonly lowAlarm?: string;
        readonly highAlarm?: string;
      }
    | {
        readonly signal: 'heater';
        readonly power: Input;
        readonly ambient?: Input;
        readonly tau: string;
        readonly start?: number;
        readonly setpoint?: Input;
        readonly hysteresis?: number;
        readonly heating?: string;
      }
  );

export type SignalKind = SignalConfig['signal'];
export type SignalOf<K extends SignalKind> = Extract<SignalConfig, { readonly signal: K }>;
