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
  SIMULATORS_LINE: {
    blame: 'config',
    text: 'The simulator {name} cannot open the serial line {path}: {detail}.',
    causes: ['The name is wrong or the adapter is not plugged in.', 'This account may not use it.'],
    next: 'Check the path of the serial line and the rights of this account.',
    status: 409,
  },
  SIMULATORS_NO_LINE: {
    blame: 'config',
    text: 'A simulator on a serial line needs the path of the line.',
    next: 'Write path: /dev/ttyUSB0, or choose another transport.',
  },
  SIMULATORS_FRAMING: {
    blame: 'config',
    text: 'The framing mbap is none for a serial line.',
    next: 'Choose rtu or ascii, or leave framing out.',
  },
  SIMULATORS_PRESET: {
    blame: 'config',
    text: 'A preset brings its own units, so units cannot stand beside it.',
    next: 'Leave out one of the two.',
  },
  SIMULATORS_UNIT: {
    blame: 'config',
    text: '{unit} is no unit: units are whole numbers from 0 to 255.',
    next: 'Write the unit as the key, for example 1.',
  },
  SIMULATORS_RANGE: {
    blame: 'config',
    text: '{range} is no range of addresses.',
    next: 'Write first and last address from 0 to 65535, for example 100-199.',
  },
  SIMULATORS_PLACE: {
    blame: 'config',
    text: '{what} cannot stand at {at}. {why}',
    next: 'Write area and number as in a tag, without the unit, for example 40001.',
  },
  SIMULATORS_OUTSIDE: {
    blame: 'config',
    text: '{what} ends at address {last} of the {area} area, which unit {unit} does not have.',
    next: 'Make the area larger, or place it lower.',
  },
  SIMULATORS_OVERLAP: {
    blame: 'config',
    text: '{what} stands in the same place as {other}.',
    next: 'Give each its own address.',
  },
  SIMULATORS_NAME_TWICE: {
    blame: 'config',
    text: 'Two signals of unit {unit} are called {name}.',
    next: 'Give each its own name.',
  },
  SIMULATORS_INPUT: {
    blame: 'config',
    text: '{key} names the signal {name}, which unit {unit} does not have.',
    next: 'Write a number, or the name of a signal of the same unit.',
  },
  SIMULATORS_VALUE: {
    blame: 'config',
    text: '{value} does not fit the type {type} at {at}.',
    next: 'Write a value of that type, or choose another type.',
  },
  SIMULATORS_CSV: {
    blame: 'config',
    text: 'The simulator cannot replay {file}: {why}.',
    next: 'The file stands beside the plant file, with a heading and one row for each step.',
  },
  SIMULATORS_DURATION: {
    blame: 'config',
    text: '{key} is 0, and nothing can repeat that fast.',
    next: 'Write a time like 10s.',
  },
  SIMULATORS_SAME_PORT: {
    blame: 'config',
    text: 'The devices {name} and {other} both listen on {address}.',
    next: 'Give each its own port, or 0 for any free one.',
  },
  SIMULATORS_FAULT_RANGE: {
    blame: 'config',
    text: 'to is {to} and from is {from}, so that no address lies between them.',
    next: 'Write the first address as from and the last as to.',
  },
  SIMULATORS_SETTINGS: {
    blame: 'config',
    text: 'The simulator {name} cannot be made: {detail}',
    next: 'Check the block of this simulator.',
    status: 400,
  },
  SIMULATORS_FAULT_SETTINGS: {
    blame: 'caller',
    text: 'This fault cannot be switched on: {detail}',
    next: 'Write a fault like {"fault":"silent","for":"10s"}; the documentation of simulators lists them.',
    status: 400,
  },
  SIMULATORS_TOO_MANY_FAULTS: {
    blame: 'caller',
    text: 'The simulator {name} has {limit} faults already.',
    next: 'Switch some off first.',
    status: 409,
  },
  SIMULATORS_NO_FAULT: {
    blame: 'caller',
    text: 'The simulator {name} has no fault {id}.',
    next: 'List its faults to see which there are.',
    status: 404,
  },
  SIMULATORS_NO_SIGNAL: {
    blame: 'caller',
    text: 'The simulator {name} has no signal {signal} in unit {unit}.',
    next: 'List its signals to see which there are.',
    status: 404,
  },
  SIMULATORS_NO_SUCH_SIGNAL: {
    blame: 'caller',
    text: 'The simulator {name} has no signal {signal}.',
    next: 'List its signals to see which there are.',
    status: 404,
  },
  SIMULATORS_SIGNAL_UNIT: {
    blame: 'caller',
    text: 'The simulator {name} has a signal {signal} in each of the units {units}.',
    next: 'Say which unit is meant, for example unit=1.',
    status: 400,
  },
  SIMULATORS_SIGNAL_VALUE: {
    blame: 'caller',
    text: '{value} does not fit the signal {signal}, which is of type {type}.',
    next: 'Send a value of that type.',
    status: 400,
  },
});
