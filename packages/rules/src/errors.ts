import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  RULES_SQL: {
    blame: 'config',
    text: 'The SQL of rule {rule} is wrong at line {line}, column {column}: {problem}',
    next: 'Correct the statement; the rule test shows the same message while typing.',
  },
  RULES_EVENTS_NOT_REPORTED: {
    blame: 'config',
    text: 'Rule {rule} reads {source}, and the bus does not report events yet.',
    next: 'Read topics with FROM "a/topic" instead.',
  },
  RULES_NO_HISTORIAN: {
    blame: 'config',
    text: 'Rule {rule} writes to a historian, and this hub has none.',
    next: 'Add a historian block to the hub file, or remove the historian action.',
  },
  RULES_TEMPLATE: {
    blame: 'config',
    text: 'Action {action} of rule {rule} is wrong: {problem}',
    next: 'Correct the template of the action.',
  },
  RULES_PAYLOAD: {
    blame: 'caller',
    text: 'Rule {rule} reads fields of the payload, and this payload on {topic} is no JSON.',
    causes: ['A client publishes text or bytes on this topic.', 'The payload is empty or cut off.'],
    next: 'Publish JSON on this topic, or read other topics in FROM.',
  },
  RULES_LOOP: {
    blame: 'config',
    text: 'Rule {rule} is stopped: it publishes to {topic}, which leads back to itself, and {rounds} rounds are done.',
    causes: ['FROM also matches the topic that the republish action writes.', 'Two rules feed each other.'],
    next: 'Publish to a topic that no rule of the circle reads, or leave it out with WHERE, then save the rule again.',
  },
  RULES_REPUBLISH: {
    blame: 'config',
    text: 'A message cannot be republished: {problem}.',
    causes: ['A field that the template names is missing in the output.'],
    next: 'Check the topic, qos and retain templates against the last output.',
  },
  RULES_OVERLOADED: {
    blame: 'link',
    text: 'Rule {rule} holds {limit} rows that wait for the historian and takes no more.',
    causes: ['The historian is down or too slow.'],
    next: 'Look at the historian; waiting rows are written when it is back.',
    status: 503,
  },
  RULES_STOPPED: {
    blame: 'link',
    text: 'Rule {rule} stops before the historian has taken this row.',
    next: 'QoS 1 and 2 messages come again after the restart; look at the historian for the cause.',
    status: 503,
  },
  RULES_FAILED: {
    blame: 'us',
    text: 'Rule {rule} fails unexpectedly: {problem}',
    next: 'Report this with the statement and the message.',
  },
});
