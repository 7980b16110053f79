import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  SIMULATORS_PORT_TAKEN: {
    blame: 'config',
    text: 'Port {port} on {host} is taken by another program, so the simulator {name} cannot start.',
    causes: ['Another omh runs on this computer.', 'Another program listens on this port.'],
    next: 'Stop the other program or give the simulator another port.',
    status: 409,
  },
  SIMULATORS_PORT_DENIED: {
    blame: 'config',
    text: 'This account may not listen on port {port}, so the simulator {name} cannot start.',
    causes: ['Ports below 1024 need special rights.'],
    next: 'Give the simulator a port from 1024 on, for example 5020.',
    status: 409,
  },
  SIMULATORS_HOST_UNKNOWN: {
    blame: 'config',
    text: '{host} is no address of this computer, so the simulator {name} cannot start.',
    next: 'Use 127.0.0.1 for this computer only, or 0.0.0.0 for all its addresses.',
    status: 409,
  },
  SIMULATORS_LISTEN: {
    blame: 'config',
    text: 'The simulator {name} cannot listen on {host}:{port}: {detail}.',
    next: 'Check host and port of the simulator.',
    status: 409,
  },
});
