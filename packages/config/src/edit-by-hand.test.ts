import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editHubFiles } from './edit-files.ts';

const byHand = `# Press shop, line 1: ask Anna before you change the oil limits
version: 1
hub: { name: press-shop, site: acme/dallas }   # north hall

devices:
  press-1:                       # bought 2019, gateway in cabinet K3
    driver: modbus-tcp
    settings: {host: 10.0.0.17,  port: 502, window: 1}  # the gateway loses a second request
    groups:
      fast:
        interval: 1s             # was 500ms: too much for the gateway
        tags:
          # temperatures
          oil:     { address: 1!40001, type: int16, decimal: 0.1, unit: Cel }   # in tenths
          bearing: { address: 1!40002, type: int16, decimal: 0.1, unit: Cel }

          # drive
          speed:   { address: "1!40010", type: uint16, unit: '/min' }

rules:
  hot-oil:                       # to the shift leader
    sql: SELECT payload.values.oil AS oil FROM "/neuron/mes/press-1/fast" WHERE payload.values.oil > 60
    actions:
    - republish: { topic: alarms/oil }
  test:                          # can go when Anna is back
    sql: |
      SELECT *
      FROM "/neuron/#"
    actions: [{ console: true }]
`;

test('a file written by hand keeps its comments, order and spacing when a tag, an interval and a rule change', () => {
  const files = {
    main: 'hub.yaml',
    texts: new Map([['hub.yaml', byHand]]),
    includes: [],
    owners: new Map<string, string>(),
    templated: new Map<string, never>(),
  };
  const { texts } = editHubFiles(files, [
    {
      op: 'add',
      path: 'devices/press-1/groups/fast/tags/pressure',
      value: { address: '1!40003', type: 'int16', decimal: 0.01, unit: 'bar' },
    },
    { op: 'replace', path: 'devices/press-1/groups/fast/interval', value: '2s' },
    { op: 'remove', path: 'rules/test' },
  ]);
  const speed = `          speed:   { address: "1!40010", type: uint16, unit: '/min' }\n`;
  const expected = byHand
    .replace('interval: 1s ', 'interval: 2s ')
    .replace(speed, `${speed}          pressure: { address: 1!40003, type: int16, decimal: 0.01, unit: bar }\n`)
    .replace(/  test: [^]*$/, '');
  assert.equal(texts.get('hub.yaml'), expected);
});
