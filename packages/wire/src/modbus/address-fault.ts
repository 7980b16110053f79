import { fail, type Issue } from '@omh/core';

export type AddressFault = { readonly ok: false; readonly error: Issue[] };

export const issue = (code: string, message: string, fix?: string): AddressFault =>
  fail([fix === undefined ? { path: '', code, message } : { path: '', code, message, fix }]);

/** What stands between quotes in a sentence; hostile input does not make it long. */
export const quote = (text: string): string => `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;
