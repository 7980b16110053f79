const words: Readonly<Record<string, string>> = {
  normal: 'it said goodbye',
  tcp_closed: 'the connection was cut',
  keepalive_timeout: 'it was silent for too long',
  takenover: 'another client came with its id',
  kicked: 'it was sent away',
  not_authorized: 'it may no longer connect',
  server_shutting_down: 'the broker stopped',
  malformed_packet: 'it sent what is no MQTT',
  protocol_error: 'it broke the protocol',
  packet_too_large: 'it sent a packet that is too large',
  quota_exceeded: 'it took nothing for too long',
  receive_maximum_exceeded: 'it sent more at once than was agreed',
};
/** Why a client went, in words where there are some; `kicked: maintenance` keeps what was said. */
export function departureWords(reason: string): string {
  const at = reason.indexOf(': ');
  const word = at < 0 ? reason : reason.slice(0, at);
  const found = words[word];
  return found === undefined ? reason : at < 0 ? found : `${found}: ${reason.slice(at + 2)}`;
}
