import { bitFunctions } from './bits.ts';
import { encodingFunctions } from './encoding.ts';
import { arrayFunctions, mapFunctions } from './maps.ts';
import { mathFunctions } from './math.ts';
import { messageFunctions, stateFunctions, topicFunctions } from './message.ts';
import { patternFunctions } from './patterns.ts';
import type { AnyFunction } from './signature.ts';
import { stringFunctions } from './strings.ts';
import { timeFunctions } from './time.ts';
import { typeFunctions } from './types.ts';

/** All functions that run anywhere, browsers included. */
export const pureFunctions: readonly AnyFunction[] = [
  ...mathFunctions,
  ...typeFunctions,
  ...stringFunctions,
  ...patternFunctions,
  ...mapFunctions,
  ...arrayFunctions,
  ...topicFunctions,
  ...messageFunctions,
  ...bitFunctions,
  ...encodingFunctions,
  ...timeFunctions,
  ...stateFunctions,
];
