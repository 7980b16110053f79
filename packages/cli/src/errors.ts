import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  CLI_USAGE: { blame: 'caller', text: '{detail}.', next: 'The command with --help shows how it is used.' },
  CLI_NO_HUB: {
    blame: 'caller',
    text: 'No hub runs on {dir}.',
    causes: ['it was not started', 'it runs with another data directory'],
    next: 'Start one with `omh demo` or `omh up`, or name it with --data DIR or --url URL and OMH_TOKEN.',
  },
  CLI_HUB_SILENT: {
    blame: 'link',
    text: 'The hub at {url} does not answer: {detail}.',
    next: 'Check the address and whether the hub runs.',
  },
  CLI_THERE_ALREADY: {
    blame: 'caller',
    text: 'There is already a {kind} "{name}"; nothing was changed.',
    next: 'Choose another name, or change it with `{change}`.',
  },
  CLI_UNKNOWN: {
    blame: 'caller',
    text: 'There is no {kind} "{name}".',
    next: 'See `{list}`.',
  },
  CLI_AMBIGUOUS: {
    blame: 'caller',
    text: 'There are {count} tokens "{name}".',
    next: 'Name it as owner/name or by its id; see `omh token list`.',
  },
  CLI_HUB_REFUSED: { blame: 'caller', text: '{detail}', next: '{next}' },
  CLI_FILE_EXISTS: {
    blame: 'caller',
    text: '{file} exists already; nothing was written.',
    next: 'Choose another name, or write over it with --force.',
  },
  CLI_BACKUP_CUT: {
    blame: 'link',
    text: 'The backup ended before it was whole: {detail}.',
    causes: ['the hub stopped', 'the line to it broke', 'the disk here is full'],
    next: 'Take it again; nothing was kept of it.',
  },
  CLI_NO_HUB_FILE: {
    blame: 'caller',
    text: 'No hub runs on {dir}, and there is no hub.yaml in it or here.',
    next: 'Name the hub file with --config; it belongs into the backup.',
  },
  CLI_MQTT: {
    blame: 'link',
    text: '{url} did not take the client: {detail}.',
    causes: ['nothing listens there', 'user name or password is wrong', 'the topic is not allowed'],
    next: 'Check host (-h), port (-p), user (-u) and password (-P).',
  },
  CLI_MQTT_NOT_ALLOWED: {
    blame: 'caller',
    text: '{url} does not let this client {action} {topic}.',
    causes: ['the credential has no permission for this topic', 'the topic begins with $SYS'],
    next: 'Use a credential that may, or have it given with `omh device-credential put`.',
  },
  CLI_MQTT_LOST: {
    blame: 'link',
    text: '{url} ended the connection.',
    causes: ['the broker stopped', 'another client took the client id', 'the line to it broke'],
    next: 'Look whether the broker runs, then start again.',
  },
  CLI_TAGS_FILE: { blame: 'caller', text: 'The file {file} cannot be read: {why}.', next: 'Correct the path.' },
  CLI_TAGS_FAR: {
    blame: 'caller',
    text: 'The configuration of the running hub cannot be read here: {why}',
    causes: ['the hub has plugins that this machine lacks', 'the hub is of another version'],
    next: 'Import into its hub file with --config on the machine where it runs, then `omh apply`.',
  },
  CLI_SIMULATE_WHAT: {
    blame: 'caller',
    text: 'Either one protocol or one plant file says what is simulated.',
    next: 'Write `omh simulate modbus`, or `omh simulate -c plant.yaml`.',
  },
  CLI_PLANT_UNREADABLE: { blame: 'caller', text: '{file} cannot be read: {why}.', next: 'Check the name after -c.' },
  CLI_NO_SIMULATOR: {
    blame: 'caller',
    text: 'There is no simulated device {name}; there are {names}.',
    next: 'Name one of them before the colon.',
  },
  CLI_SLOW_STOP: {
    blame: 'us',
    text: 'Not everything stopped within {seconds} s; the process ends now.',
    next: 'What was acknowledged is on disk; look at the log for the part that hung.',
  },
});
