import { asciiFraming } from './ascii.ts';
import type { Framing, FramingName } from './framing.ts';
import { mbapFraming } from './mbap.ts';
import { rtuFraming } from './rtu.ts';

export const framings: Readonly<Record<FramingName, Framing>> = Object.freeze({ mbap: mbapFraming, rtu: rtuFraming, ascii: asciiFraming });
