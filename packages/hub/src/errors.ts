import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  HUB_FILE_UNREADABLE: {
    blame: 'config',
    text: '{file} cannot be read: {detail}.',
    causes: ['the path is wrong', 'the user that runs omh may not read it'],
    next: 'Check the path; `omh init` writes a new file.',
  },
  HUB_FILE_INVALID: {
    blame: 'config',
    text: '{file} is not valid (faults: {count}); nothing was changed.',
    next: 'Correct the places that are named; `omh validate` checks the file.',
  },
  HUB_FILE_READ_ONLY: {
    blame: 'config',
    status: 409,
    text: '{file} cannot be written: {detail}.',
    causes: ['the file or its folder is read-only for the user that runs omh'],
    next: 'Make the file writable, or make the change in it by hand.',
  },
  HUB_FILE_CHANGED: {
    blame: 'caller',
    status: 409,
    text: '{file} was changed on disk since the hub read it; nothing was changed.',
    next: 'Plan and apply what stands on disk, or put the file back; then make the change again.',
  },
  HUB_PART_NOT_STARTED: {
    blame: 'config',
    status: 409,
    text: 'The change was not applied: {part} does not start. {detail} The former configuration runs again.',
    next: 'Correct what the sentence names; the hub file is as it was.',
  },
  HUB_APPLY_TIMEOUT: {
    blame: 'us',
    status: 503,
    text: 'The change was not applied within {seconds} s: {part} takes too long. The former configuration runs again.',
    next: 'Look at the health of the part, then apply again; the hub file is as it was.',
  },
  HUB_APPLY_BUSY: {
    blame: 'caller',
    status: 409,
    text: 'Another change is being applied.',
    next: 'Wait until it is done, then plan again.',
  },
  HUB_STALE_BASE: {
    blame: 'caller',
    status: 409,
    text: 'The plan was made for revision {base}; the hub runs revision {current}.',
    next: 'Read the configuration again and make a new plan.',
  },
  HUB_NO_SUCH_PLAN: {
    blame: 'caller',
    status: 404,
    text: 'There is no plan {plan}.',
    causes: ['it is older than half an hour', 'another change was applied since'],
    next: 'Make a new plan.',
  },
  HUB_NO_SUCH_REVISION: {
    blame: 'caller',
    status: 404,
    text: 'There is no revision {revision}.',
    next: 'Choose one from the list of revisions.',
  },
  HUB_FILE_IN_THE_WAY: {
    blame: 'config',
    status: 409,
    text: 'The revision would read {file}, which does not belong to it.',
    next: 'Move the file out of the folder, then roll back again.',
  },
  HUB_PLAN_FAILED: { blame: 'us', text: 'The plan cannot be made: {detail}.', next: 'Read the log and try again.' },
  HUB_STOPS: {
    blame: 'us',
    status: 503,
    text: 'The hub stops; nothing was changed.',
    next: 'Start the hub, then try again.',
  },
  HUB_NO_SUCH_SIMULATOR: {
    blame: 'caller',
    status: 404,
    text: 'There is no simulator {name}.',
    next: 'The simulators stand in the hub file under simulators.',
  },
  HUB_NO_SUCH_TAG: {
    blame: 'caller',
    status: 404,
    text: 'There is no tag {tag}.',
    next: 'Look the name up in Live values, or in the hub file under devices.',
  },
  HUB_PORT_TAKEN: {
    blame: 'config',
    text: 'Port {port} on {host} is taken by another program.',
    causes: ['another omh runs', 'another MQTT broker or Modbus server runs'],
    next: 'Stop the other program, or choose another port with {flag}.',
  },
});
