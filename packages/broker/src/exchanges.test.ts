import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Broker } from './broker.ts';
import { eventually, hex, openBroker, RawPeer } from './test-support.ts';

/** `name> bytes` sends, `name< bytes` expects, `name x` expects the end, `name!` breaks the connection. */
interface Exchange {
  readonly title: string;
  readonly steps: readonly string[];
}

const c4 = (id: string, flags = '02', keep = '003c'): string => packet('10', `0004'MQTT'04 ${flags} ${keep} ${str(id)}`);
const c5 = (id: string, flags = '02', props = ''): string => packet('10', `0004'MQTT'05 ${flags} 003c ${block(props)} ${str(id)}`);
const str = (s: string): string => `${s.length.toString(16).padStart(4, '0')}'${s}'`;
const block = (props: string): string => `${hex(props).length.toString(16).padStart(2, '0')} ${props}`;
const packet = (first: string, body: string): string => `${first} ${hex(body).length.toString(16).padStart(2, '0')} ${body}`;
const ok4 = '20 02 00 00';
const again4 = '20 02 01 00';
/** Alias maximum 32, packet maximum 1 MiB, receive maximum 100. */
const ours = '22 0020 27 00100000 21 0064';
const ok5 = `20 0e 00 00 0b ${ours}`;
const again5 = `20 0e 01 00 0b ${ours}`;
const sub4 = (filter: string, qos = '00', id = '0001'): string => packet('82', `${id} ${str(filter)} ${qos}`);
const sub5 = (filter: string, options = '00', props = '', id = '0001'): string =>
  packet('82', `${id} ${block(props)} ${str(filter)} ${options}`);
const pub4 = (topic: string, payload: string, first = '30', id = ''): string => packet(first, `${str(topic)} ${id} '${payload}'`);
const pub5 = (topic: string, payload: string, first = '30', id = '', props = ''): string =>
  packet(first, `${str(topic)} ${id} ${block(props)} '${payload}'`);

const exchanges: readonly Exchange[] = [
  // 3.1.1
  { title: '3.1.1: CONNECT is answered by CONNACK 0', steps: [`a> ${c4('a')}`, `a< ${ok4}`, 'a> c000', 'a< d000'] },
  { title: '3.1.1: the first packet is CONNECT [3.1.0-1]', steps: ['a> c000', 'a x'] },
  { title: '3.1.1: a second CONNECT ends the connection [3.1.0-2]', steps: [`a> ${c4('a')}`, `a< ${ok4}`, `a> ${c4('a')}`, 'a x'] },
  { title: '3.1.1: the reserved connect flag is 0 [3.1.2-3]', steps: [`a> ${c4('a', '03')}`, 'a x'] },
  {
    title: '3.1.1: an unknown level is answered by code 1 [3.1.2-2]',
    steps: [`a> ${packet('10', `0004'MQTT'03 02 003c ${str('a')}`)}`, 'a< 20020001', 'a x'],
  },
  { title: '3.1.1: a wrong protocol name ends the connection', steps: [`a> ${packet('10', `0004'MQXX'04 02 003c ${str('a')}`)}`, 'a x'] },
  {
    title: '3.1.1: an empty client id with clean session 0 is refused with code 2 [3.1.3-8]',
    steps: [`a> ${c4('', '00')}`, 'a< 20020002', 'a x'],
  },
  { title: '3.1.1: an empty client id with clean session is given one', steps: [`a> ${c4('')}`, `a< ${ok4}`] },
  {
    title: '3.1.1: a password without a user name is malformed [3.1.2-22]',
    steps: [`a> ${packet('10', `0004'MQTT'04 42 003c ${str('a')} ${str('p')}`)}`, 'a x'],
  },
  {
    title: '3.1.1: reserved flags of SUBSCRIBE are 0010 [3.8.1-1]',
    steps: [`a> ${c4('a')}`, `a< ${ok4}`, `a> 80 06 0001 ${str('a')} 00`, 'a x'],
  },
  { title: '3.1.1: SUBSCRIBE without a filter is malformed [3.8.3-3]', steps: [`a> ${c4('a')}`, `a< ${ok4}`, 'a> 82 02 0001', 'a x'] },
  {
    title: '3.1.1: reserved bits of the requested QoS end the connection [3.8.3-4]',
    steps: [`a> ${c4('a')}`, `a< ${ok4}`, `a> ${sub4('a', '04')}`, 'a x'],
  },
  {
    title: '3.1.1: several filters get their codes in order [3.9.3-1]',
    steps: [
      `a> ${c4('a')}`,
      `a< ${ok4}`,
      `a> ${packet('82', `000a ${str('x')} 00 ${str('y')} 01 ${str('z')} 02`)}`,
      'a< 90 05 000a 00 01 02',
    ],
  },
  {
    title: '3.1.1: UNSUBSCRIBE is answered even when nothing matched [3.10.4-5]',
    steps: [`a> ${c4('a')}`, `a< ${ok4}`, `a> ${packet('a2', `0007 ${str('x')}`)}`, 'a< b0 02 0007'],
  },
  {
    title: '3.1.1: QoS 3 ends the connection [3.3.1-4]',
    steps: [`a> ${c4('a')}`, `a< ${ok4}`, `a> ${pub4('t', 'x', '36', '0001')}`, 'a x'],
  },
  {
    title: '3.1.1: a topic with a wildcard ends the connection [3.3.2-2]',
    steps: [`a> ${c4('a')}`, `a< ${ok4}`, `a> ${pub4('t/+', 'x')}`, 'a x'],
  },
  { title: '3.1.1: an empty topic ends the connection [4.7.3-1]', steps: [`a> ${c4('a')}`, `a< ${ok4}`, `a> ${pub4('', 'x')}`, 'a x'] },
  { title: '3.1.1: U+0000 in a topic ends the connection [1.5.3-2]', steps: [`a> ${c4('a')}`, `a< ${ok4}`, 'a> 30 05 0003 610062', 'a x'] },
  {
    title: '3.1.1: a surrogate in a topic ends the connection [1.5.3-1]',
    steps: [`a> ${c4('a')}`, `a< ${ok4}`, 'a> 30 05 0003 eda080', 'a x'],
  },
  {
    title: '3.1.1: packet id 0 ends the connection [2.3.1-1]',
    steps: [`a> ${c4('a')}`, `a< ${ok4}`, `a> ${pub4('t', 'x', '32', '0000')}`, 'a x'],
  },
  { title: '3.1.1: a truncated QoS 1 PUBLISH ends the connection', steps: [`a> ${c4('a')}`, `a< ${ok4}`, 'a> 32 04 0002 6162', 'a x'] },
  { title: '3.1.1: a length of five bytes ends the connection', steps: [`a> ${c4('a')}`, `a< ${ok4}`, 'a> 30 ff ff ff ff 7f', 'a x'] },
  {
    title: '3.1.1: QoS 1 is acknowledged with its id [3.4.4-1]',
    steps: [`a> ${c4('a')}`, `a< ${ok4}`, `a> ${pub4('t', 'x', '32', '1234')}`, 'a< 40 02 1234'],
  },
  {
    title: '3.1.1: QoS 2 runs through four packets [4.3.3-2]',
    steps: [`a> ${c4('a')}`, `a< ${ok4}`, `a> ${pub4('t', 'x', '34', '0009')}`, 'a< 50 02 0009', 'a> 62 02 0009', 'a< 70 02 0009'],
  },
  {
    title: '3.1.1: a repeated PUBREL is answered again',
    steps: [`a> ${c4('a')}`, `a< ${ok4}`, 'a> 62 02 0009', 'a< 70 02 0009', 'a> 62 02 0009', 'a< 70 02 0009', 'a> c000', 'a< d000'],
  },
  {
    title: '3.1.1: a QoS 2 message that comes twice is delivered once [4.3.3-10]',
    steps: [
      `s> ${c4('s')}`,
      `s< ${ok4}`,
      `s> ${sub4('t')}`,
      's< 90 03 0001 00',
      `a> ${c4('a')}`,
      `a< ${ok4}`,
      `a> ${pub4('t', 'x', '34', '0009')}`,
      'a< 50 02 0009',
      `a> ${pub4('t', 'x', '3c', '0009')}`,
      'a< 50 02 0009',
      'a> 62 02 0009',
      'a< 70 02 0009',
      `a> ${pub4('t', 'y')}`,
      `s< ${pub4('t', 'x')} ${pub4('t', 'y')}`,
    ],
  },
  {
    title: '3.1.1: a delivery takes the lower QoS and no DUP',
    steps: [
      `s> ${c4('s')}`,
      `s< ${ok4}`,
      `s> ${sub4('t', '01')}`,
      's< 90 03 0001 01',
      `a> ${c4('a')}`,
      `a< ${ok4}`,
      `a> ${pub4('t', 'x', '3c', '0009')}`,
      'a< 50 02 0009',
      `s< ${pub4('t', 'x', '32', '0001')}`,
      's> 40 02 0001',
    ],
  },
  {
    title: '3.1.1: two QoS 1 messages in one segment with overlapping filters come once each',
    steps: [
      `s> ${c4('s')}`,
      `s< ${ok4}`,
      `s> ${packet('82', `0001 ${str('t/#')} 01 ${str('t/+')} 00`)}`,
      's< 90 04 0001 01 00',
      `a> ${c4('a')}`,
      `a< ${ok4}`,
      `a> ${pub4('t/1', 'x', '32', '0001')} ${pub4('t/1', 'y', '32', '0002')}`,
      'a< 40 02 0001 40 02 0002',
      `s< ${pub4('t/1', 'x', '32', '0001')} ${pub4('t/1', 'y', '32', '0002')}`,
      's> 40 02 0001 40 02 0002 c000',
      's< d000',
    ],
  },
  {
    title: '3.1.1: a retained message comes with the flag, a live one without [3.3.1-8, 3.3.1-9]',
    steps: [
      `a> ${c4('a')}`,
      `a< ${ok4}`,
      `a> ${pub4('t', 'x', '31')}`,
      'a> c000',
      'a< d000',
      `s> ${c4('s')}`,
      `s< ${ok4}`,
      `s> ${sub4('t')}`,
      `s< 90 03 0001 00 ${pub4('t', 'x', '31')}`,
      `a> ${pub4('t', 'y', '31')}`,
      `s< ${pub4('t', 'y')}`,
    ],
  },
  {
    title: '3.1.1: an empty retained message clears [3.3.1-10]',
    steps: [
      `a> ${c4('a')}`,
      `a< ${ok4}`,
      `a> ${pub4('t', 'x', '31')} ${pub4('t', '', '31')} c000`,
      'a< d000',
      `s> ${c4('s')}`,
      `s< ${ok4}`,
      `s> ${sub4('t')} c000`,
      's< 90 03 0001 00 d000',
    ],
  },
  {
    title: '3.1.1: # does not see $ topics and clients cannot publish to $SYS [4.7.2-1]',
    steps: [
      `s> ${c4('s')}`,
      `s< ${ok4}`,
      `s> ${packet('82', `0001 ${str('#')} 00 ${str('$SYS/x')} 00`)}`,
      's< 90 04 0001 00 00',
      `a> ${c4('a')}`,
      `a< ${ok4}`,
      `a> ${pub4('$x', '1')} ${pub4('$SYS/x', '1', '32', '0001')} ${pub4('y', '2')}`,
      'a< 40 02 0001',
      `s< ${pub4('y', '2')}`,
    ],
  },
  {
    title: '3.1.1: a kept session gets what it missed, unacknowledged again with DUP [4.4.0-1, 3.3.1-1]',
    steps: [
      `s> ${c4('s', '00')}`,
      `s< ${ok4}`,
      `s> ${sub4('t', '01')}`,
      's< 90 03 0001 01',
      `a> ${c4('a')}`,
      `a< ${ok4}`,
      `a> ${pub4('t', 'x', '32', '0001')}`,
      'a< 40 02 0001',
      `s< ${pub4('t', 'x', '32', '0001')}`,
      's!',
      `a> ${pub4('t', 'y', '32', '0002')}`,
      'a< 40 02 0002',
      `z> ${c4('s', '00')}`,
      `z< ${again4} ${pub4('t', 'x', '3a', '0001')} ${pub4('t', 'y', '32', '0002')}`,
    ],
  },
  {
    title: '3.1.1: PUBREL is sent again after a reconnect [4.4.0-1]',
    steps: [
      `s> ${c4('s', '00')}`,
      `s< ${ok4}`,
      `s> ${sub4('t', '02')}`,
      's< 90 03 0001 02',
      `a> ${c4('a')}`,
      `a< ${ok4}`,
      `a> ${pub4('t', 'x', '34', '0001')}`,
      'a< 50 02 0001',
      `s< ${pub4('t', 'x', '34', '0001')}`,
      's> 50 02 0001',
      's< 62 02 0001',
      's!',
      `z> ${c4('s', '00')}`,
      `z< ${again4} 62 02 0001`,
      'z> 70 02 0001 c000',
      'z< d000',
    ],
  },
  {
    title: '3.1.1: clean session 1 forgets [3.1.2-6]',
    steps: [
      `s> ${c4('s', '00')}`,
      `s< ${ok4}`,
      `s> ${sub4('t', '01')}`,
      's< 90 03 0001 01',
      's!',
      `z> ${c4('s', '02')}`,
      `z< ${ok4}`,
      'z> e000',
      'z x',
      `y> ${c4('s', '00')}`,
      `y< ${ok4}`,
    ],
  },
  {
    title: '3.1.1: the will is sent when the connection breaks and not after DISCONNECT [3.1.2-8, 3.14.4-3]',
    steps: [
      `s> ${c4('s')}`,
      `s< ${ok4}`,
      `s> ${sub4('w/#')}`,
      's< 90 03 0001 00',
      `a> ${packet('10', `0004'MQTT'04 06 003c ${str('a')} ${str('w/a')} ${str('gone')}`)}`,
      `a< ${ok4}`,
      'a> e000',
      'a x',
      `b> ${packet('10', `0004'MQTT'04 06 003c ${str('b')} ${str('w/b')} ${str('gone')}`)}`,
      `b< ${ok4}`,
      'b!',
      `s< ${pub4('w/b', 'gone')}`,
    ],
  },
  {
    title: '3.1.1: a second connection takes the client id over [3.1.4-2]',
    steps: [`a> ${c4('same')}`, `a< ${ok4}`, `b> ${c4('same')}`, `b< ${ok4}`, 'a x', 'b> c000', 'b< d000'],
  },
  // 5.0
  { title: '5.0: CONNACK tells our limits', steps: [`a> ${c5('a')}`, `a< ${ok5}`] },
  {
    title: '5.0: a property given twice is a protocol error',
    steps: [`a> ${c5('a', '02', '11 00000001 11 00000001')}`, 'a< 20 03 00 82 00', 'a x'],
  },
  { title: '5.0: receive maximum 0 is a protocol error', steps: [`a> ${c5('a', '02', '21 0000')}`, 'a< 20 03 00 82 00', 'a x'] },
  { title: '5.0: a property of another packet is malformed', steps: [`a> ${c5('a', '02', '23 0001')}`, 'a< 20 03 00 81 00', 'a x'] },
  {
    title: '5.0: enhanced authentication is refused with 0x8C',
    steps: [`a> ${c5('a', '02', `15 ${str('SCRAM-SHA-1')}`)}`, 'a< 20 03 00 8c 00', 'a x'],
  },
  {
    title: '5.0: AUTH without an agreed method is a protocol error',
    steps: [`a> ${c5('a')}`, `a< ${ok5}`, 'a> f0 00', 'a< e0 02 82 00', 'a x'],
  },
  {
    title: '5.0: the old connection hears 0x8E',
    steps: [`a> ${c5('same')}`, `a< ${ok5}`, `b> ${c5('same')}`, `b< ${ok5}`, 'a< e0 02 8e 00', 'a x'],
  },
  {
    title: '5.0: a wildcard in a topic is answered by 0x90',
    steps: [`a> ${c5('a')}`, `a< ${ok5}`, `a> ${pub5('t/#', 'x')}`, 'a< e0 02 90 00', 'a x'],
  },
  {
    title: '5.0: no matching subscriber is told by 0x10',
    steps: [`a> ${c5('a')}`, `a< ${ok5}`, `a> ${pub5('t', 'x', '32', '0001')}`, 'a< 40 03 0001 10'],
  },
  { title: '5.0: PUBREL of an unknown id is answered by 0x92', steps: [`a> ${c5('a')}`, `a< ${ok5}`, 'a> 62 02 0005', 'a< 70 03 0005 92'] },
  {
    title: '5.0: UNSUBSCRIBE of nothing is answered by 0x11',
    steps: [`a> ${c5('a')}`, `a< ${ok5}`, `a> ${packet('a2', `0001 00 ${str('x')}`)}`, 'a< b0 04 0001 00 11'],
  },
  { title: '5.0: a wrong filter is answered by 0x8F', steps: [`a> ${c5('a')}`, `a< ${ok5}`, `a> ${sub5('a/#/b')}`, 'a< 90 04 0001 00 8f'] },
  {
    title: '5.0: no-local on a shared subscription is a protocol error',
    steps: [`a> ${c5('a')}`, `a< ${ok5}`, `a> ${sub5('$share/g/a', '04')}`, 'a< e0 02 82 00', 'a x'],
  },
  {
    title: '5.0: no-local keeps a message from its publisher',
    steps: [`a> ${c5('a')}`, `a< ${ok5}`, `a> ${sub5('t', '04')}`, 'a< 90 04 0001 00 00', `a> ${pub5('t', 'x')} c000`, 'a< d000'],
  },
  {
    title: '5.0: a subscription identifier 0 is a protocol error',
    steps: [`a> ${c5('a')}`, `a< ${ok5}`, `a> ${sub5('t', '00', '0b 00')}`, 'a< e0 02 82 00', 'a x'],
  },
  {
    title: '5.0: overlapping filters deliver once with both identifiers',
    steps: [
      `s> ${c5('s')}`,
      `s< ${ok5}`,
      `s> ${sub5('t/#', '00', '0b 01')} ${sub5('t/+', '01', '0b 02', '0002')}`,
      's< 90 04 0001 00 00 90 04 0002 00 01',
      `a> ${c5('a')}`,
      `a< ${ok5}`,
      `a> ${pub5('t/1', 'x', '32', '0001')}`,
      'a< 40 02 0001',
      `s< ${pub5('t/1', 'x', '32', '0001', '0b 01 0b 02')}`,
    ],
  },
  {
    title: '5.0: retain as published keeps the flag',
    steps: [
      `s> ${c5('s')}`,
      `s< ${ok5}`,
      `s> ${sub5('t', '08')}`,
      's< 90 04 0001 00 00',
      `a> ${c5('a')}`,
      `a< ${ok5}`,
      `a> ${pub5('t', 'x', '31')}`,
      `s< ${pub5('t', 'x', '31')}`,
    ],
  },
  {
    title: '5.0: retain handling 1 sends only for a new subscription, 2 never',
    steps: [
      `s> ${c5('s')}`,
      `s< ${ok5}`,
      `s> ${pub5('t', 'x', '31')} ${sub5('t', '20')} ${sub5('t', '10')} c000`,
      's< 90 04 0001 00 00 90 04 0001 00 00 d000',
      `b> ${c5('b')}`,
      `b< ${ok5}`,
      `b> ${sub5('t', '10')}`,
      `b< 90 04 0001 00 00 ${pub5('t', 'x', '31')}`,
    ],
  },
  {
    title: '5.0: properties and payload arrive unaltered, the alias does not',
    steps: [
      `s> ${c5('s')}`,
      `s< ${ok5}`,
      `s> ${sub5('t')}`,
      's< 90 04 0001 00 00',
      `a> ${c5('a')}`,
      `a< ${ok5}`,
      `a> ${pub5('t', 'x', '30', '', `01 01 08 ${str('r')} 09 0001 ff 26 ${str('k')} ${str('v')} 26 ${str('k')} ${str('w')}`)}`,
      `s< ${pub5('t', 'x', '30', '', `01 01 08 ${str('r')} 09 0001 ff 26 ${str('k')} ${str('v')} 26 ${str('k')} ${str('w')}`)}`,
      `a> ${pub5('t', 'y', '30', '', '23 0001')} ${pub5('', 'z', '30', '', '23 0001')}`,
      `s< ${pub5('t', 'y')} ${pub5('t', 'z')}`,
    ],
  },
  {
    title: '5.0: alias 0, an alias too large and an unknown alias are refused',
    steps: [
      `a> ${c5('a')}`,
      `a< ${ok5}`,
      `a> ${pub5('t', 'y', '30', '', '23 0000')}`,
      'a< e0 02 94 00',
      'a x',
      `b> ${c5('b')}`,
      `b< ${ok5}`,
      `b> ${pub5('t', 'y', '30', '', '23 0021')}`,
      'b< e0 02 94 00',
      'b x',
      `c> ${c5('c')}`,
      `c< ${ok5}`,
      `c> ${pub5('', 'y', '30', '', '23 0001')}`,
      'c< e0 02 82 00',
      'c x',
    ],
  },
  {
    title: '5.0: we use aliases when the client takes them',
    steps: [
      `s> ${c5('s', '02', '22 0001')}`,
      `s< ${ok5}`,
      `s> ${sub5('#')}`,
      's< 90 04 0001 00 00',
      `a> ${c5('a')}`,
      `a< ${ok5}`,
      `a> ${pub5('t', '1')} ${pub5('t', '2')} ${pub5('u', '3')}`,
      `s< ${pub5('t', '1', '30', '', '23 0001')} ${pub5('', '2', '30', '', '23 0001')} ${pub5('u', '3')}`,
    ],
  },
  {
    title: "5.0: the client's receive maximum is respected",
    steps: [
      `s> ${c5('s', '02', '21 0001')}`,
      `s< ${ok5}`,
      `s> ${sub5('t', '01')}`,
      's< 90 04 0001 00 01',
      `a> ${c5('a')}`,
      `a< ${ok5}`,
      `a> ${pub5('t', 'x', '32', '0001')} ${pub5('t', 'y', '32', '0002')}`,
      'a< 40 02 0001 40 02 0002',
      `s< ${pub5('t', 'x', '32', '0001')}`,
      's> c000',
      's< d000',
      's> 40 02 0001',
      `s< ${pub5('t', 'y', '32', '0002')}`,
    ],
  },
  {
    title: "5.0: the client's maximum packet size is respected",
    steps: [
      `s> ${c5('s', '02', '27 00000010')}`,
      `s< ${ok5}`,
      `s> ${sub5('t', '01')}`,
      's< 90 04 0001 00 01',
      `a> ${c5('a')}`,
      `a< ${ok5}`,
      `a> ${pub5('t', 'this one is too large')} ${pub5('t', 'this one is too large', '32', '0001')} ${pub5('t', 'ok')}`,
      'a< 40 02 0001',
      `s< ${pub5('t', 'ok')}`,
    ],
  },
  {
    title: '5.0: DISCONNECT 0x04 sends the will',
    steps: [
      `s> ${c5('s')}`,
      `s< ${ok5}`,
      `s> ${sub5('w')}`,
      's< 90 04 0001 00 00',
      `a> ${packet('10', `0004'MQTT'05 06 003c 00 ${str('a')} 00 ${str('w')} ${str('gone')}`)}`,
      `a< ${ok5}`,
      'a> e0 01 04',
      'a x',
      `s< ${pub5('w', 'gone')}`,
    ],
  },
  {
    title: '5.0: an expiry cannot be given at the end when there was none',
    steps: [`a> ${c5('a')}`, `a< ${ok5}`, 'a> e0 07 00 05 11 00000005', 'a< e0 02 82 00', 'a x'],
  },
  {
    title: '5.0: a session with an expiry is resumed',
    steps: [
      `s> ${c5('s', '00', '11 0000003c')}`,
      `s< ${ok5}`,
      `s> ${sub5('t', '01')}`,
      's< 90 04 0001 00 01',
      's> e000',
      's x',
      `a> ${c5('a')}`,
      `a< ${ok5}`,
      `a> ${pub5('t', 'x', '32', '0001')}`,
      'a< 40 02 0001',
      `z> ${c5('s', '00', '11 0000003c')}`,
      `z< ${again5} ${pub5('t', 'x', '32', '0001')}`,
    ],
  },
  {
    title: '5.0: a 5.0 message reaches a 3.1.1 subscriber and back',
    steps: [
      `s> ${c4('s')}`,
      `s< ${ok4}`,
      `s> ${sub4('t', '01')}`,
      's< 90 03 0001 01',
      `a> ${c5('a')}`,
      `a< ${ok5}`,
      `a> ${sub5('u')}`,
      'a< 90 04 0001 00 00',
      `a> ${pub5('t', 'x', '30', '', '01 01')} ${pub5('t', 'y')} ${pub5('t', 'z', '32', '0001')}`,
      'a< 40 02 0001',
      `s< ${pub4('t', 'x')} ${pub4('t', 'y')} ${pub4('t', 'z', '32', '0001')}`,
      `s> ${pub4('u', '1')} ${pub4('u', '2', '32', '0001')}`,
      `a< ${pub5('u', '1')} ${pub5('u', '2')}`,
    ],
  },
];

async function broken(broker: Broker, peer: RawPeer): Promise<void> {
  const { connections } = broker.stats();
  peer.close();
  await eventually(() => broker.stats().connections < connections, 'the broker to see the end');
}

for (const { title, steps } of exchanges) {
  test(title, async () => {
    const broker = await openBroker();
    const peers = new Map<string, RawPeer>();
    try {
      for (const [i, step] of steps.entries()) {
        const name = step[0]!;
        if (!peers.has(name)) peers.set(name, await RawPeer.open(broker));
        const peer = peers.get(name)!;
        const rest = step.slice(2);
        if (step[1] === '>') peer.send(rest);
        else if (step[1] === '<') {
          const want = hex(rest);
          assert.equal(await peer.take(want.length), want.toString('hex'), `step ${i + 1}: ${step}`);
        } else if (step[1] === '!') await broken(broker, peer);
        else {
          await peer.untilClosed();
          assert.equal(peer.received.toString('hex'), '', `step ${i + 1}: ${step}`);
        }
      }
      for (const [name, peer] of peers) assert.equal(peer.received.toString('hex'), '', `more than expected came to ${name}`);
    } finally {
      for (const peer of peers.values()) peer.close();
      await broker.stop();
    }
  });
}
