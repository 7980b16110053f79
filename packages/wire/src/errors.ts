import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  WIRE_MODBUS_PROTOCOL_ID: {
    blame: 'link',
    text: 'The peer sends bytes that are no Modbus TCP: the protocol identifier is {id} where 0 belongs.',
    causes: ['Another protocol listens on this port, for example Modbus RTU over TCP.', 'A byte was lost on the way.'],
    next: 'Check that host and port belong to a Modbus TCP device.',
  },
  WIRE_MODBUS_LENGTH: {
    blame: 'link',
    text: 'The peer sends a Modbus TCP header with the length {length}; 2 to 254 are possible.',
    causes: ['Another protocol listens on this port.', 'A byte was lost on the way.'],
    next: 'Check that host and port belong to a Modbus TCP device.',
  },
});
