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
    text: '{place} closes the connection.',
    causes: ['The device restarts.', 'It allows fewer connections than are open.', 'It closes connections that are idle.'],
    next: 'It is tried again by itself. When it repeats, count the clients of this device.',
  },
  DRIVERS_MODBUS_BROKEN: {
    blame: 'link',
    text: 'The connection to {place} breaks: {detail}.',
    causes: ['The device restarts.', 'The network is interrupted.'],
    next: 'It is tried again by itself. When it repeats, check the network.',
  },
  DRIVERS_MODBUS_GARBAGE: {
    blame: 'device',
    text: 'The link to {place} is closed. {detail}',
    causes: ['Another protocol listens on this port.', 'A gateway mixes the answers of two clients.'],
    next: 'Check that host and port belong to a Modbus TCP device.',
  },
  DRIVERS_MODBUS_SILENT: {
    blame: 'device',
    text: '{place} keeps the connection but does not answer {reads} reads in a row.',
    causes: ['The device hangs.', 'The units in the addresses do not exist.', 'The time-out is shorter than the device needs.'],
    next: 'Check the units in the tag addresses and the time-out.',
  },
  DRIVERS_MODBUS_TLS_UNTRUSTED: {
    blame: 'config',
    text: 'The certificate of {host}:{port} is not trusted: {detail}.',
    causes: ['The authority that signed it is not in ca.', 'The device carries a certificate of its own making.', 'It is out of date.'],
    next: 'Put the certificate of its authority into ca, or give the device a certificate that yours signed.',
  },
  DRIVERS_MODBUS_TLS_NAME: {
    blame: 'config',
    text: 'The certificate of {host}:{port} belongs to another name: {detail}.',
    next: 'Write the name in the certificate as serverName, or correct host.',
  },
  DRIVERS_MODBUS_TLS_REFUSED: {
    blame: 'config',
    text: '{host}:{port} and this hub do not agree on a secure connection: {detail}.',
    causes: ['The device wants a certificate of this hub, or another one.', 'Modbus Security is switched off, and plain Modbus answers.'],
    next: 'Check cert and key, and that this port of the device speaks TLS.',
  },
  DRIVERS_MODBUS_TLS_OWN: {
    blame: 'config',
    text: 'The certificate, key or authority of this hub cannot be used: {detail}.',
    next: 'Check that ca, cert and key are PEM and belong together.',
  },
  DRIVERS_MODBUS_LISTEN: {
    blame: 'config',
    text: 'The port {place} cannot be opened for devices that dial in: {detail}.',
    next: 'Choose another port or host under listen.',
  },
  DRIVERS_MODBUS_NOBODY_CALLS: {
    blame: 'device',
    text: 'No device dials in to {place} yet.',
    causes: ['The device is off.', 'It dials another address or port.', 'Its address is not among those allowed.'],
    next: 'Check the address and port that the device dials; the port here stays open.',
  },
  DRIVERS_MODBUS_REPLACED: {
    blame: 'device',
    text: 'A newer connection to {place} takes the place of the one from {from}.',
    causes: ['The device dials anew before it gave up the older connection.', 'Two devices dial the same port.'],
    next: 'Nothing when it happens once. When it repeats, give each device a port of its own.',
  },
  DRIVERS_MODBUS_SERIAL_MISSING: {
    blame: 'config',
    text: 'There is no serial port {port}.',
    causes: ['The adapter is not plugged in.', 'It has another name since it was plugged in again.'],
    next: 'Check the port; names under /dev/serial/by-id stay the same.',
  },
  DRIVERS_MODBUS_SERIAL_DENIED: {
    blame: 'config',
    text: 'This program may not open {port}.',
    next: 'Add its user to the group that owns the port, usually dialout, and start it again.',
  },
  DRIVERS_MODBUS_SERIAL_BUSY: {
    blame: 'config',
    text: 'Another program uses {port}.',
    next: 'Close the other program. Devices of this hub on the same port share it by themselves.',
  },
  DRIVERS_MODBUS_SERIAL_FAILED: {
    blame: 'config',
    text: 'The serial port {port} cannot be opened: {detail}.',
    next: 'Check the port and its baud rate.',
  },
  DRIVERS_MODBUS_SERIAL_GONE: {
    blame: 'link',
    text: 'The serial port {port} is gone.',
    causes: ['The adapter was unplugged.'],
    next: 'Plug it in again; it is opened by itself.',
  },
  DRIVERS_MODBUS_SERIAL_CALLED_OFF: {
    blame: 'caller',
    text: 'The attempt to open {port} is called off.',
    next: 'Open it again when the device is wanted.',
  },
  DRIVERS_MODBUS_SERIAL_LIBRARY: {
    blame: 'us',
    text: 'The library for serial ports does not run here: {detail}.',
    next: 'Reach the device through a gateway instead, or report the system this runs on.',
  },
  DRIVERS_MODBUS_LINE_DIFFERS: {
    blame: 'config',
    text: '{device} wants {place} with other settings than {other}, which shares it.',
    next: 'Give all devices on this line the same settings of the line.',
  },
  DRIVERS_MODBUS_UNIT_RESTS: {
    blame: 'device',
    text: 'Unit {unit} of {device} is left alone after {cycles} cycles without an answer; it is tried again at {at}.',
    causes: ['The unit is off or does not exist.', 'The unit is slower than the time-out.'],
    next: 'Check the unit. The settings degradeAfter and degradeFor say when it is left alone and how long.',
  },
  DRIVERS_MODBUS_LINE_SILENT: {
    blame: 'link',
    text: '{place} is open, but nothing on it answers.',
    causes: [
      'The cable to the devices is unplugged or cut.',
      'Baud rate, parity or framing are not those of the devices.',
      'The devices are off.',
    ],
    next: 'Check the cable, the settings of the line, and that the devices are on. It is asked again every few seconds by itself.',
  },
  DRIVERS_MODBUS_NO_IDENTITY: {
    blame: 'device',
    text: 'Unit {unit} of {device} does not say who it is: {detail}.',
    next: 'Many devices do not know this question; read the type plate instead.',
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
  DRIVERS_MODBUS_HOLE: {
    blame: 'config',
    text: '{address} of {device} lies in a hole: it is not asked for.',
    causes: ['The settings of the device name the range under holes.'],
    next: 'Take the range out of the holes of the device where it has the address, or remove the tag.',
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
  DRIVERS_MODBUS_VALUE_ARRAY: {
    blame: 'caller',
    text: 'The value for {address} is no array of {count} values of the type {type}.',
    next: 'Send all values of the array.',
  },
  DRIVERS_MODBUS_BITS_SPREAD: {
    blame: 'config',
    text: '{address} has bits in several registers; one write carries bits of one register, or whole registers.',
    next: 'Begin at bit 0 with a multiple of 16 bits, or stay inside one register.',
  },
  DRIVERS_MODBUS_VALUE_RANGE: {
    blame: 'caller',
    text: 'The value for {address} does not fit into {type}.',
    next: "Send a value inside the range of the tag's type.",
  },
  DRIVERS_PROBE_BITS: {
    blame: 'caller',
    text: '{address} holds single bits; there is no type or order to find.',
    next: 'Give the address of a holding or input register, or read it as bool.',
  },
  DRIVERS_PROBE_UNREADABLE: {
    blame: 'device',
    text: 'Nothing around {address} can be read. {why}',
    causes: ['The address lies in another area or outside of what the device has.', 'The unit is another one.'],
    next: 'Look for what can be read with `omh browse`, or check unit and area.',
  },
  DRIVERS_PROBE_NO_WRITE: {
    blame: 'device',
    text: '{address} is not written. {why}',
    next: "Check the address against the device's register list.",
  },
});
