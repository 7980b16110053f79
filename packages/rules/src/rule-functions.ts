import { functionLibrary, pureFunctions } from '@omh/expr';
import { nodeFunctions } from './node-functions.ts';

/** Every function a rule may call. */
export const ruleFunctions = functionLibrary(pureFunctions, nodeFunctions);
