import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  ACQUISITION_NOT_WRITABLE: {
    blame: 'caller',
    status: 409,
    text: '{tag} is configured as {access}; it takes no writes.',
    causes: ['the tag has access: read'],
    next: 'Set access: readwrite for the tag in the hub file if the device allows writing it.',
  },
  ACQUISITION_ADDRESS_NOT_WRITABLE: {
    blame: 'config',
    status: 409,
    text: '{tag} stands at {address}, which the device only lets be read.',
    next: 'Give the tag an address in a writable area.',
  },
  ACQUISITION_WRONG_TYPE: {
    blame: 'caller',
    text: '{tag} takes {expected}, not {value}.',
    next: 'Send a value of that type.',
  },
  ACQUISITION_OUT_OF_RANGE: {
    blame: 'caller',
    text: '{tag} takes values from {min} to {max}, not {value}.',
    next: 'Send a value inside the range; with decimal and bias the range is that of the engineering value.',
  },
  ACQUISITION_LINK_DOWN: {
    blame: 'link',
    status: 503,
    text: '{device} is not connected, so nothing was written. {reason}',
    next: 'Bring the device back; the hub connects again by itself.',
  },
  ACQUISITION_WRITE_REFUSED: {
    blame: 'device',
    text: '{device} did not confirm the write to {tag}: {reason}',
    next: 'Check the value and whether the device is in a mode that takes writes.',
  },
  ACQUISITION_WRITE_BUSY: {
    blame: 'caller',
    status: 429,
    text: '{device} has {waiting} writes waiting already.',
    next: 'Send the next write when the earlier ones are answered.',
  },
});
