/** What a broker's reason code says (MQTT 5.0, 2.4; CONNACK codes 1 to 5 are those of 3.1.1), as the end of a sentence. */
const words: Readonly<Record<number, string>> = {
  1: 'it does not speak MQTT 5',
  2: 'it does not take the client id',
  3: 'it is not available',
  4: 'user name or password is wrong',
  5: 'this user is not allowed',
  0x80: 'it gives no reason',
  0x81: 'it could not read a packet of ours',
  0x82: 'it found a violation of the protocol',
  0x83: 'it does not allow it',
  0x84: 'it does not speak MQTT 5',
  0x85: 'it does not take the client id',
  0x86: 'user name or password is wrong',
  0x87: 'this user is not allowed',
  0x88: 'it is not available',
  0x89: 'it is busy',
  0x8a: 'this client is banned',
  0x8b: 'it shuts down',
  0x8c: 'it asks for another way to sign in',
  0x8d: 'it heard nothing from this hub in time',
  0x8e: 'another client took this client id over',
  0x8f: 'it does not take the topic filter',
  0x90: 'it does not take the topic',
  0x93: 'it got more messages at once than it allows',
  0x95: 'the packet is larger than it takes',
  0x97: 'a quota is used up',
  0x99: 'the payload does not have the format that it says',
  0x9a: 'it keeps no retained messages',
  0x9b: 'it does not support this QoS',
  0x9c: 'another server is to be used',
  0x9d: 'the server has moved',
  0x9e: 'it knows no shared subscriptions',
  0x9f: 'connections come too fast',
  0xa1: 'it knows no subscription identifiers',
  0xa2: 'it knows no wildcard subscriptions',
};

export const reasonWords = (code: number, said?: string): string => {
  const text = words[code] ?? `it gives the code 0x${code.toString(16).padStart(2, '0')}`;
  return said === undefined || said === '' ? text : `${text} (${said.slice(0, 200)})`;
};

/** A person has to act: trying again alone changes nothing. */
export const needsPerson = (code: number): boolean => [1, 2, 4, 5, 0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c].includes(code);
