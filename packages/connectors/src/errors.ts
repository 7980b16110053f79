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
  APP_CONNECTION_ENDED: {
    blame: 'link',
    text: 'The connection to {url} ends while a message is on its way.',
    causes: ['the line is interrupted', 'the broker closes the connection, e.g. because the message is too large for it'],
    next: 'The message is sent again by itself; look into the log of the broker when it repeats.',
  },
  APP_MESSAGE_REFUSED: {
    blame: 'config',
    text: '{url} refuses a message: {detail}.',
    causes: ['the client may not publish to this topic', 'the message is larger than the broker takes'],
    next: 'Change the rules of the broker or the topic of the subscription; the message is kept among the dead letters of the app.',
  },
  APP_QUEUE_UNUSABLE: {
    blame: 'us',
    text: 'Nothing is stored while the broker is away: {detail}',
    causes: ['the disk is full or broken', 'the folder of the queue belongs to somebody else'],
    next: 'Mend the disk or the folder under queues/ in the data directory and start the app again.',
  },
  APP_REQUEST_BODY: {
    blame: 'caller',
    text: 'The request cannot be read: {detail}.',
    next: 'Send {"uuid","node","group"} to read, {"uuid","node","group","tag","value"} or {"uuid","node","group","tags":[…]} to write.',
  },
  APP_REQUEST_BUSY: {
    blame: 'caller',
    text: '{count} requests are under way; no more are taken.',
    next: 'Wait for answers before sending more.',
  },
  APP_NO_SUCH_NODE: { blame: 'caller', text: 'There is no device {node}.', next: 'Correct the name in "node".' },
  APP_NO_SUCH_GROUP: { blame: 'caller', text: 'Device {node} has no group {group}.', next: 'Correct the name in "group".' },
  APP_NO_SUCH_TAG: { blame: 'caller', text: 'Group {node}/{group} has no tag {tag}.', next: 'Correct the name of the tag.' },
  APP_NOT_ALLOWED: {
    blame: 'caller',
    status: 403,
    text: '{who} may not {what}.',
    causes: ['the permission is missing', "a broker that is not this hub's does not tell who publishes"],
    next: 'Give the publisher the permission, or name the path in writes.allow of the app.',
  },
});
