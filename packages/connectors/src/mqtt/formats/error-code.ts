import { Quality } from '@omh/core';

/** Neuron's codes for what a tag and a request may meet. */
export const neuronError = {
  internal: 1001,
  body: 1002,
  busy: 1010,
  notAllowed: 1022,
  noNode: 2003,
  noGroup: 2106,
  noTag: 2201,
  readFailure: 3000,
  writeFailure: 3001,
  disconnected: 3002,
  notReadable: 3003,
  notWritable: 3004,
  typeMismatch: 3007,
  expired: 3008,
  decoding: 3009,
  notRunning: 3010,
  notReady: 3011,
  noAnswer: 3015,
  outOfRange: 3020,
} as const;

const codes: ReadonlyMap<number, number> = new Map([
  [Quality.badNotConnected, neuronError.disconnected],
  [Quality.badNoCommunication, neuronError.disconnected],
  [Quality.uncertainNoCommunicationLastUsable, neuronError.noAnswer],
  [Quality.badTimeout, neuronError.noAnswer],
  [Quality.badNotReadable, neuronError.notReadable],
  [Quality.badNotWritable, neuronError.notWritable],
  [Quality.badTypeMismatch, neuronError.typeMismatch],
  [Quality.badDecoding, neuronError.decoding],
  [Quality.badWaitingForInitialData, neuronError.notReady],
  [Quality.badOutOfRange, neuronError.outOfRange],
  [Quality.badOutOfService, neuronError.notRunning],
]);

/** Neuron's per-tag code for a quality without a value. */
export const errorCode = (quality: number): number => codes.get(quality) ?? neuronError.readFailure;
