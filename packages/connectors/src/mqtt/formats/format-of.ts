import { ecpFormat } from './ecp.ts';
import type { FormatOptions, PayloadFormat } from './payload-format.ts';
import { protobufFormat } from './protobuf.ts';
import { tagsFormat } from './tags.ts';
import { templateFormat, type Template } from './template.ts';
import { valuesFormat } from './values.ts';
import { vqtFormat } from './vqt.ts';

export const formatNames = ['values', 'tags', 'ecp', 'vqt', 'protobuf', 'custom'] as const;
export type FormatName = (typeof formatNames)[number];

/** `alone`: each message is about one tag, which its topic names. */
export function formatOf(name: FormatName, options: FormatOptions, template: Template | undefined, alone: boolean): PayloadFormat {
  switch (name) {
    case 'values':
      return valuesFormat(options);
    case 'tags':
      return tagsFormat(options);
    case 'ecp':
      return ecpFormat(options);
    case 'vqt':
      return vqtFormat(options, alone);
    case 'protobuf':
      return protobufFormat(options);
    case 'custom':
      return templateFormat(template ?? {}, options);
  }
}
