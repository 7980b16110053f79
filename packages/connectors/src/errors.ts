import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  APP_BROKER_UNREACHABLE: {
    blame: 'link',
    text: '{url} cannot be reached: {detail}.',
    causes: ['the broker is down', 'host or port is wrong', 'a firewall is in between'],
    next: 'Check the address and whether the broker runs; the app connects again by itself.',
  },
  APP_BROKER_REFUSED: {
    blame: 'config',
    text: '{url} refuses the connection: {detail}.',
    causes: ['user name or password is wrong', 'the client id is not allowed'],
    next: 'Correct username and password in the settings of the app.',
  },
  APP_BROKER_SLOW: {
    blame: 'link',
    text: '{url} takes no more messages: {pending} wait for it.',
    causes: ['the broker is overloaded', 'the line to it is slow'],
    next: 'Look at the load of the broker; messages are taken again as soon as it answers.',
  },
});
