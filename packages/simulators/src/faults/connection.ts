import type { Fault } from './fault.ts';

export const silent = (): Fault => ({ text: 'It takes requests and never answers.', receive: 'drop' });
export const reset = (): Fault => ({ text: 'It answers a request with a TCP reset.', receive: 'reset' });
export const halfOpen = (): Fault => ({
  text: 'It neither reads nor answers nor closes, as if its cable were pulled.',
  connections: 'freeze',
});
export const refuseConnections = (): Fault => ({ text: 'It refuses new connections.', connections: 'refuse' });
