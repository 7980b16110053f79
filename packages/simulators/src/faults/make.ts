import type { FaultConfig } from './config.ts';
import { halfOpen, refuseConnections, reset, silent } from './connection.ts';
import { glue, late, slow, split } from './delivery.ts';
import type { Fault } from './fault.ts';
import { garbage, truncate, wrongCount, wrongTransaction, wrongUnit } from './frame.ts';
import { busy, gateway, refuse } from './refusal.ts';
import { stuck, wrongClock } from './value.ts';

export function faultOf(config: FaultConfig): Fault {
  switch (config.fault) {
    case 'refuse':
      return refuse(config);
    case 'busy':
      return busy();
    case 'gateway':
      return gateway(config);
    case 'silent':
      return silent();
    case 'reset':
      return reset();
    case 'half-open':
      return halfOpen();
    case 'refuse-connections':
      return refuseConnections();
    case 'slow':
      return slow(config);
    case 'late':
      return late(config);
    case 'split':
      return split(config);
    case 'glue':
      return glue(config);
    case 'garbage':
      return garbage(config);
    case 'truncate':
      return truncate(config);
    case 'wrong-transaction':
      return wrongTransaction();
    case 'wrong-unit':
      return wrongUnit();
    case 'wrong-count':
      return wrongCount();
    case 'stuck':
      return stuck();
    case 'clock':
      return wrongClock(config);
  }
}
