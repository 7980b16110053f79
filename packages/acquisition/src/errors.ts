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
  ACQUISITION_BELOW_LIMIT: {
    blame: 'caller',
    text: '{tag} takes no value below {bound}; {value} was not written.',
    next: 'Write a value inside the limits, or change writeMin of the tag.',
  },
  ACQUISITION_ABOVE_LIMIT: {
    blame: 'caller',
    text: '{tag} takes no value above {bound}; {value} was not written.',
    next: 'Write a value inside the limits, or change writeMax of the tag.',
  },
  ACQUISITION_STEP: {
    blame: 'caller',
    status: 409,
    text: '{tag} moves by {step} at most in one write; it is {present} now, so {value} was not written.',
    next: 'Write in smaller steps, or change writeStep of the tag.',
  },
  ACQUISITION_STEP_UNKNOWN: {
    blame: 'caller',
    status: 409,
    text: '{tag} moves in steps only, and its present value is not known; nothing was written.',
    next: 'Wait until the tag is read again.',
  },
  ACQUISITION_ROLE: {
    blame: 'caller',
    status: 403,
    text: '{tag} is written by the role {role} or above.',
    next: 'Ask somebody with that role.',
  },
  ACQUISITION_REASON_MISSING: {
    blame: 'caller',
    text: '{tag} is written with a reason only; none was given.',
    next: 'Say why in the field reason; it stands in the audit.',
  },
  ACQUISITION_HELD_BACK: {
    blame: 'caller',
    status: 409,
    text: '{tag} was not written because another tag of the same request is refused.',
    next: 'Correct the other one and send the request again.',
  },
  ACQUISITION_READ_BACK: {
    blame: 'device',
    status: 502,
    text: '{device} confirmed the write to {tag}, but it reads {found} and not {value}.',
    causes: ['The device limits or rounds the value.', 'Something else writes to the same place.'],
    next: "Check the device's limits for this value.",
  },
  ACQUISITION_OUT_OF_SERVICE: {
    blame: 'caller',
    status: 409,
    text: '{device} is stopped by {by}, so nothing was written.',
    next: 'Start the device again.',
  },
  ACQUISITION_NO_SUCH_GROUP: {
    blame: 'caller',
    status: 404,
    text: '{device} has no group {group}.',
    next: 'Name one of its groups.',
  },
  ACQUISITION_EXPRESSION: {
    blame: 'config',
    text: '{tag} cannot be computed: {detail}',
    next: 'Correct the expression of the tag.',
  },
  ACQUISITION_STATIC_VALUE: {
    blame: 'config',
    text: '{tag} is to hold {value}, which is no {type}.',
    next: 'Give the tag a value of its type, or another type.',
  },
  ACQUISITION_INPUT_BAD: {
    blame: 'device',
    text: '{tag} cannot be computed now: {input} has no value.',
    next: 'Look at {input}.',
  },
  ACQUISITION_INPUT_UNCERTAIN: {
    blame: 'device',
    text: '{tag} is computed from {input}, which is not good.',
    next: 'Look at {input}.',
  },
  ACQUISITION_RESULT_TYPE: {
    blame: 'config',
    text: 'What the expression of {tag} gives is no {type}.',
    next: 'Change the type of the tag, or its expression.',
  },
});
