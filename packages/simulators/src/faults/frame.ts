import type { FaultOf } from './config.ts';
import type { Fault } from './fault.ts';

export const wrongTransaction = (): Fault => ({
  text: 'Its answers carry a wrong transaction number.',
  answer(answer) {
    answer.transaction = (answer.transaction + 1000) & 0xffff;
  },
});

export const wrongUnit = (): Fault => ({
  text: 'Its answers carry a wrong unit.',
  answer(answer) {
    answer.unit = (answer.unit + 1) & 0xff;
  },
});

/** The second byte of an answer to a read says how many follow. */
export const wrongCount = (): Fault => ({
  text: 'Its answers to reads announce two bytes more than they bring.',
  answer({ pdu }) {
    if (pdu[0]! <= 4 && pdu.length > 2) pdu[1] = (pdu[1]! + 2) & 0xff;
  },
});

export const truncate = ({ bytes = 3 }: FaultOf<'truncate'>): Fault => ({
  text: `The last ${bytes} bytes of its answers are missing.`,
  bytes: (frame) => frame.subarray(0, Math.max(0, frame.length - bytes)),
});

export const garbage = ({ bytes = 20, mode = 'instead' }: FaultOf<'garbage'>): Fault => ({
  text: `${bytes} random bytes stand ${mode === 'instead' ? 'in place of its answers' : `${mode} its answers`}.`,
  bytes(frame, chance) {
    const noise = Uint8Array.from({ length: bytes }, () => Math.floor(chance() * 256));
    return mode === 'instead' ? noise : mode === 'before' ? Buffer.concat([noise, frame]) : Buffer.concat([frame, noise]);
  },
});
