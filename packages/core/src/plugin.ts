import type { DriverModule } from './driver.ts';

/**
 * What a package brings into the hub. The default export of a module that `plugins:` names is one, or a function that makes one from the
 * exports of `@omh/core`, so that a plugin needs no copy of them. The drivers in the box come in by the same door.
 */
export interface Plugin {
  /** The version of this contract. */
  readonly omhApi: 1;
  /** For people, in logs and errors. */
  readonly name: string;
  readonly drivers?: readonly DriverModule<never>[];
}
