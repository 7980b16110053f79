import { defineErrors } from '@omh/core';

/** Every error of the broker that a person can meet. */
export const errors = defineErrors({
  BROKER_PORT_TAKEN: {
    blame: 'config',
    text: 'Port {port} on {host} is already in use; the broker cannot listen there.',
    causes: ['Another MQTT broker runs on this machine.', 'Another hub is running.'],
    next: 'Stop the other program or set another port for this listener (0 takes any free one).',
    status: 409,
  },
  BROKER_PORT_DENIED: {
    blame: 'config',
    text: 'The system does not let this user listen on port {port} of {host}.',
    causes: ['Ports below 1024 need a privilege.'],
    next: 'Choose a port above 1023.',
    status: 403,
  },
  BROKER_ADDRESS_UNKNOWN: {
    blame: 'config',
    text: 'This machine has no address {host}; the broker cannot listen there.',
    next: 'Use 127.0.0.1, 0.0.0.0 or an address this machine has.',
  },
  BROKER_LISTEN_FAILED: {
    blame: 'us',
    text: 'The {listener} listener cannot be opened on {host}:{port}: {detail}.',
    next: 'Read the detail; the log has more.',
  },
  BROKER_TOPIC_INVALID: { blame: 'caller', text: 'The topic {topic} cannot be published to: {fault}.', next: 'Correct the topic.' },
  BROKER_FILTER_INVALID: { blame: 'caller', text: 'The topic filter {filter} is wrong: {fault}.', next: 'Correct the filter.' },
  BROKER_PAYLOAD_INVALID: {
    blame: 'caller',
    text: 'The payload for {topic} cannot be encoded: {detail}.',
    next: 'Publish a JSON value, text or bytes.',
  },
  BROKER_PACKET_TOO_LARGE: {
    blame: 'caller',
    text: 'The message for {topic} has {bytes} bytes; the broker takes at most {limit}.',
    next: 'Publish smaller messages or raise broker.limits.maxPacketSize.',
    status: 413,
  },
  BROKER_LOOP: {
    blame: 'config',
    text: 'Publishing to {topic} runs in a circle: each publication leads to the next one.',
    causes: ['A rule republishes to a topic it reads itself.'],
    next: 'Change the rule that republishes to this topic.',
  },
  BROKER_RETAINED_FULL: {
    blame: 'config',
    text: 'No more retained messages fit: the limit of {limit} is reached.',
    next: 'Clear retained messages or raise broker.limits.maxRetained.',
    status: 507,
  },
  BROKER_READER_FAILED: {
    blame: 'us',
    text: 'The reader {reader} could not take the message for {topic}: {detail}.',
    next: 'Look at the state of {reader}.',
  },
  BROKER_READER_EXISTS: { blame: 'us', text: 'A reader named {reader} is already subscribed.', next: 'Give every reader its own name.' },
});
