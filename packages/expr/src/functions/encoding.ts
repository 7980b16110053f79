import { textOrBytes } from '../value.ts';
import { Arguments, fn } from './signature.ts';

const named = <T>(name: string, build: (a: Arguments) => T): T => build(new Arguments(name));

function options(a: Arguments, values: readonly unknown[]): { padding: boolean; urlSafe: boolean } {
  const chosen = values.filter((v) => v !== undefined).map((v) => a.oneOf(v, ['no_padding', 'urlsafe']));
  return { padding: !chosen.includes('no_padding'), urlSafe: chosen.includes('urlsafe') };
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const b of bytes) binary += String.fromCharCode(b);
  return btoa(binary);
}

function encoded(a: Arguments, v: unknown, ...rest: readonly unknown[]): string {
  const { padding, urlSafe } = options(a, rest);
  let text = base64(a.bytes(v));
  if (urlSafe) text = text.replaceAll('+', '-').replaceAll('/', '_');
  return padding ? text : text.replace(/=+$/, '');
}

function decoded(a: Arguments, v: unknown, ...rest: readonly unknown[]): string | Uint8Array {
  const { urlSafe } = options(a, rest);
  let text = a.text(v);
  if (urlSafe) text = text.replaceAll('-', '+').replaceAll('_', '/');
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) a.fail('takes base64 text');
  try {
    return textOrBytes(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  } catch {
    return a.fail('takes base64 text, and this one is cut off');
  }
}

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();

export const encodingFunctions = [
  fn(
    'base64_encode',
    'encoding',
    [1, 3],
    "Text or bytes as base64; options 'urlsafe' and 'no_padding'.",
    named('base64_encode', (a) => (v, x, y) => encoded(a, v, x, y)),
    ["base64_encode('hi')", 'aGk='],
    ["base64_encode('hi', 'no_padding')", 'aGk'],
  ),
  fn(
    'base64_decode',
    'encoding',
    [1, 3],
    "What base64 text holds: text where it is UTF-8, else bytes; option 'urlsafe'.",
    named('base64_decode', (a) => (v, x, y) => decoded(a, v, x, y)),
    ["base64_decode('aGk=')", 'hi'],
  ),
  fn(
    'bin2hexstr',
    'encoding',
    [1, 2],
    "Text or bytes as hexadecimal digits, 'upper' (as it is) or 'lower' case.",
    named('bin2hexstr', (a) => (v, letters) => {
      const digits = hex(a.bytes(v));
      return letters !== undefined && a.oneOf(letters, ['upper', 'lower']) === 'lower' ? digits.toLowerCase() : digits;
    }),
    ["bin2hexstr('abc')", '616263'],
  ),
  fn(
    'hexstr2bin',
    'encoding',
    [1],
    'The bytes hexadecimal digits stand for; text where they are UTF-8.',
    named('hexstr2bin', (a) => (v) => {
      const text = a.text(v);
      if (text.length % 2 !== 0 || !/^[\da-fA-F]*$/.test(text)) a.fail('takes an even number of hexadecimal digits');
      return textOrBytes(Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16)));
    }),
    ["hexstr2bin('616263')", 'abc'],
  ),
  fn(
    'sqlserver_bin2hexstr',
    'encoding',
    [1],
    'Text or bytes as 0x and hexadecimal digits.',
    named('sqlserver_bin2hexstr', (a) => (v) => `0x${hex(a.bytes(v))}`),
    ["sqlserver_bin2hexstr('abc')", '0x616263'],
  ),
] as const;
