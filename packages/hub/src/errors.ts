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
    next: 'Restart the hub to take over the changed file, then make the change again.',
  },
  HUB_NOT_APPLIED: {
    blame: 'us',
    text: 'The change was not applied, the former configuration runs again: {detail}',
    next: 'Read the reason; the hub file is as it was.',
  },
  HUB_NOT_RESTORED: {
    blame: 'us',
    text: 'The change was not applied ({detail}) and not all of it was taken back: {faults}',
    next: 'Compare the hub file with what was meant, then restart the hub.',
  },
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
