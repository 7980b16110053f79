import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  CONFIG_TOO_LARGE: {
    blame: 'config',
    text: 'The file has {size} MB; at most {limit} MB are read.',
    next: 'Split the plant over several hubs, or remove what is no longer there.',
  },
  CONFIG_SYNTAX: { blame: 'config', text: 'This is not valid YAML: {what}.', next: 'Correct the line.' },
  CONFIG_EMPTY: {
    blame: 'config',
    text: 'The file is empty.',
    next: 'Begin with version: 1 and a hub: block; omh init writes an example.',
  },
  CONFIG_DUPLICATE_KEY: {
    blame: 'config',
    text: '{key} stands here for the second time; the first is in line {line}.',
    next: 'Keep one of the two.',
  },
  CONFIG_FORBIDDEN_KEY: { blame: 'config', text: '{key} cannot be used as a key.', next: 'Choose another name.' },
  CONFIG_TAG: { blame: 'config', text: '{tag} is no known tag.', next: 'Only !env NAME and !file PATH exist.' },
  CONFIG_ENV_MISSING: {
    blame: 'config',
    text: 'The environment variable {name} is not set.',
    next: 'Set it before starting omh, or write the value here.',
  },
  CONFIG_ENV_NAME: {
    blame: 'config',
    text: '{name} is no name of an environment variable.',
    next: 'Use letters, digits and _, for example !env MQTT_PASSWORD.',
  },
  CONFIG_FILE_UNREADABLE: { blame: 'config', text: 'The file {name} cannot be read: {why}.', next: 'Create it, or correct the path.' },
  CONFIG_ALIAS: { blame: 'config', text: 'The alias *{name} {why}.', next: 'Write the block out instead of naming it.' },
  CONFIG_UNKNOWN_KEY: { blame: 'config', text: '{key} is not a known key of {where}.', next: 'Remove it, or correct its name.' },
  CONFIG_MISSING_KEY: { blame: 'config', text: '{where} needs the key {key}.', next: 'Add it.' },
  CONFIG_VALUE: { blame: 'config', text: '{subject} must be {expected}, not {found}.', next: 'Correct the value.' },
  CONFIG_CHOICE: { blame: 'config', text: '{subject} must hold exactly one of {keys}.', next: 'Keep one of them.' },
  CONFIG_VERSION: {
    blame: 'config',
    text: 'The file says version {found}; this program reads version 1.',
    next: 'Write version: 1, or run the omh this file was made for.',
  },
  CONFIG_NAME: {
    blame: 'config',
    text: '{name} cannot be a name: {why}.',
    next: 'Use letters, digits, spaces and _ - . : ( ) %, at most 128 characters.',
  },
  CONFIG_UNKNOWN_DRIVER: { blame: 'config', text: 'There is no driver {name}.', next: 'Use one of those that exist.' },
  CONFIG_UNKNOWN_PROTOCOL: { blame: 'config', text: 'There is no simulator for {name}.', next: 'Use one of those that exist.' },
  CONFIG_UNKNOWN_APP_TYPE: { blame: 'config', text: 'There is no app of type {name}.', next: 'Use one of those that exist.' },
  CONFIG_UNKNOWN_DEVICE: { blame: 'config', text: 'There is no device {name} in this file.', next: 'Add the device, or correct the name.' },
  CONFIG_UNKNOWN_GROUP: { blame: 'config', text: 'The device {device} has no group {name}.', next: 'Add the group, or correct the name.' },
  CONFIG_ADDRESS: { blame: 'config', text: 'The address {address} is not valid for {driver}: {why}.', next: 'Correct the address.' },
  CONFIG_NOT_WRITABLE: {
    blame: 'config',
    text: 'The address {address} can only be read.',
    next: 'Write access: read, or use an address that can be written.',
  },
  CONFIG_INTERVAL: { blame: 'config', text: '{subject} must be from 10ms to 24h, not {found}.', next: 'Choose another interval.' },
  CONFIG_DUPLICATE_PATH: {
    blame: 'config',
    text: 'The namespace path {path} already belongs to {other}.',
    next: 'Give the tag another name, or its device another path.',
  },
  CONFIG_PORT_TAKEN: {
    blame: 'config',
    text: 'Port {port} is already used by {other}.',
    next: 'Choose another port; 0 means any free one.',
  },
  CONFIG_TOPIC: { blame: 'config', text: 'The topic {topic} cannot be published to: {why}.', next: 'Correct the topic.' },
  CONFIG_RULE_SQL: {
    blame: 'config',
    text: 'The SQL of this rule is not valid at its line {line}, column {column}: {why}.',
    next: 'Correct the SQL.',
  },
  CONFIG_MORE: { blame: 'config', text: 'There are more faults than can be shown.', next: 'Correct the ones above first.' },
  CONFIG_EDIT_PATH: {
    blame: 'caller',
    status: 404,
    text: 'The file has nothing at {path}.',
    next: 'Read the configuration again and repeat the change.',
  },
  CONFIG_EDIT_VALUE: { blame: 'caller', text: 'The change at {path} cannot be written: {why}.', next: 'Correct the change.' },
});
