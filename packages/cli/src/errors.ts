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
  CLI_HUB_REFUSED: { blame: 'caller', text: '{detail}', next: '{next}' },
  CLI_FILE_EXISTS: {
    blame: 'caller',
    text: '{file} exists already; nothing was written.',
    next: 'Choose another name, or write over it with --force.',
  },
  CLI_MQTT: {
    blame: 'link',
    text: '{url} did not take the client: {detail}.',
    causes: ['nothing listens there', 'user name or password is wrong', 'the topic is not allowed'],
    next: 'Check host (-h), port (-p), user (-u) and password (-P).',
  },
  CLI_MQTT_LOST: {
    blame: 'link',
    text: '{url} ended the connection.',
    causes: ['the broker stopped', 'another client took the client id', 'the line to it broke'],
    next: 'Look whether the broker runs, then start again.',
  },
  CLI_SLOW_STOP: {
    blame: 'us',
    text: 'Not everything stopped within {seconds} s; the process ends now.',
    next: 'What was acknowledged is on disk; look at the log for the part that hung.',
  },
});
