import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  DRIVERS_MODBUS_CONNECTION_REFUSED: {
    blame: 'device',
    text: '{host}:{port} refuses the connection. The device is on, but nothing listens there.',
    causes: ['The port is another one.', 'Modbus TCP is switched off in the device.', 'All its connections are taken.'],
    next: 'Check the port, and that Modbus TCP is switched on in the device.',
  },
  DRIVERS_MODBUS_CONNECT_TIMEOUT: {
    blame: 'link',
    text: '{host}:{port} does not answer within {ms} ms.',
    causes: ['The device is off or has another address.', 'A firewall drops the packets.'],
    next: 'Check that the device is on, its address, and the firewall between.',
  },
  DRIVERS_MODBUS_HOST_UNKNOWN: {
    blame: 'config',
    text: 'The name {host} has no address.',
    causes: ['The name is misspelt.', 'The name server does not know it.'],
    next: 'Check the spelling of host, or write its IP address.',
  },
  DRIVERS_MODBUS_UNREACHABLE: {
    blame: 'link',
    text: 'There is no way to {host}:{port} from this computer.',
    causes: ['The network cable or the VPN is down.', 'The address belongs to another network.'],
    next: 'Check the network connection and the route to the device.',
  },
  DRIVERS_MODBUS_CONNECT_FAILED: {
    blame: 'link',
    text: 'The connection to {host}:{port} fails: {detail}.',
    next: 'Check host and port of the device.',
  },
  DRIVERS_MODBUS_CALLED_OFF: {
    blame: 'caller',
    text: 'The attempt to connect to {host}:{port} is called off.',
    next: 'Connect again when the device is wanted.',
  },
  DRIVERS_MODBUS_CLOSED: {
    blame: 'device',
    text: '{host}:{port} closes the connection.',
    causes: ['The device restarts.', 'It allows fewer connections than are open.', 'It closes connections that are idle.'],
    next: 'It is tried again by itself. When it repeats, count the clients of this device.',
  },
  DRIVERS_MODBUS_BROKEN: {
    blame: 'link',
    text: 'The connection to {host}:{port} breaks: {detail}.',
    causes: ['The device restarts.', 'The network is interrupted.'],
    next: 'It is tried again by itself. When it repeats, check the network.',
  },
  DRIVERS_MODBUS_GARBAGE: {
    blame: 'device',
    text: 'The link to {host}:{port} is closed. {detail}',
    causes: ['Another protocol listens on this port.', 'A gateway mixes the answers of two clients.'],
    next: 'Check that host and port belong to a Modbus TCP device.',
  },
  DRIVERS_MODBUS_SILENT: {
    blame: 'device',
    text: '{host}:{port} keeps the connection but does not answer {reads} reads in a row.',
    causes: ['The device hangs.', 'The units in the addresses do not exist.', 'The time-out is shorter than the device needs.'],
    next: 'Check the units in the tag addresses and the time-out.',
  },
  DRIVERS_MODBUS_NOT_OPEN: {
    blame: 'link',
    text: '{device} is not connected.',
    next: 'Wait until the device is connected.',
  },
  DRIVERS_MODBUS_NO_ANSWER: {
    blame: 'device',
    text: 'Unit {unit} of {device} does not answer within {ms} ms.',
    causes: ['The unit does not exist.', 'The unit is slower than the time-out.'],
    next: 'Check the unit in the address, or raise the time-out.',
  },
  DRIVERS_MODBUS_WRITE_NO_ANSWER: {
    blame: 'device',
    text: '{device} does not answer the write to {address} within {ms} ms; whether it took effect is not known.',
    next: 'Read the tag back before writing again.',
  },
  DRIVERS_MODBUS_REFUSES: {
    blame: 'device',
    text: '{device} refuses to {what} {address}: {because} (exception {code}).',
    causes: ['The address is not in the device.', 'The address is in another area, or the count begins at 0 instead of 1.'],
    next: "Check the address against the device's register list.",
  },
  DRIVERS_MODBUS_BAD_ANSWER: {
    blame: 'device',
    text: '{device} answers {address} with something else: {detail}.',
    next: 'Check the limits for registers and bits of this device.',
  },
  DRIVERS_MODBUS_ADDRESS: {
    blame: 'config',
    text: '{detail}',
    next: "Correct the tag's address.",
  },
  DRIVERS_MODBUS_TOO_LONG: {
    blame: 'config',
    text: '{address} takes {count} registers, and one request to {device} carries {limit}.',
    next: 'Raise maxRegisters or shorten the tag.',
  },
  DRIVERS_MODBUS_PAST_END: {
    blame: 'config',
    text: '{address} ends past the last register of a Modbus device.',
    next: "Correct the tag's address, or the addressBase of the device.",
  },
  DRIVERS_MODBUS_READ_ONLY: {
    blame: 'caller',
    text: '{address} can only be read.',
    next: 'Write to a coil (area 0) or a holding register (area 4).',
  },
  DRIVERS_MODBUS_VALUE_TYPE: {
    blame: 'caller',
    text: 'The value for {address} is no {type}.',
    next: "Send a value of the tag's type.",
  },
  DRIVERS_MODBUS_VALUE_RANGE: {
    blame: 'caller',
    text: 'The value for {address} does not fit into {type}.',
    next: "Send a value inside the range of the tag's type.",
  },
});
