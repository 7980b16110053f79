import { defineMetrics } from '@omh/core';

export const metrics = defineMetrics({
  omh_simulators_connections: { type: 'gauge', help: 'Clients connected to a simulator.', labels: ['simulator'] },
  omh_simulators_requests_total: { type: 'counter', help: 'Requests a simulator received.', labels: ['simulator'] },
  omh_simulators_exceptions_total: { type: 'counter', help: 'Requests a simulator refused.', labels: ['simulator'] },
  omh_simulators_faults: { type: 'gauge', help: 'Faults of a simulator that hold now.', labels: ['simulator'] },
});
