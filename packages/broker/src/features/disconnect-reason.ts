import { Code } from '../codec/protocol.ts';

const words: Readonly<Record<number, string>> = {
  [Code.malformed]: 'malformed_packet',
  [Code.protocolError]: 'protocol_error',
  [Code.notAuthorized]: 'not_authorized',
  [Code.serverBusy]: 'server_busy',
  [Code.serverShuttingDown]: 'server_shutting_down',
  [Code.keepAliveTimeout]: 'keepalive_timeout',
  [Code.sessionTakenOver]: 'takenover',
  [Code.topicInvalid]: 'topic_invalid',
  [Code.receiveMaximumExceeded]: 'receive_maximum_exceeded',
  [Code.packetTooLarge]: 'packet_too_large',
  [Code.quotaExceeded]: 'quota_exceeded',
  [Code.administrative]: 'kicked',
};

/** Why a connection ends, in EMQX's words where it has one. */
export const reasonWord = (code: number): string => words[code] ?? `code_0x${code.toString(16)}`;
