import { createHash, randomUUID } from 'node:crypto';
import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { Arguments, errors, nodeSignatures, textOrBytes, type AnyFunction, type FunctionSignature, type PlainBody } from '@omh/expr';

const maxInput = 262_144;
const maxOutput = 1_048_576;
const digests = ['md5', 'sha', 'sha224', 'sha256', 'sha384', 'sha512'] as const;

const withBody = (s: FunctionSignature, body: (a: Arguments, ...args: readonly unknown[]) => unknown): AnyFunction => {
  const a = new Arguments(s.name);
  const plain: PlainBody = (...args) => body(a, ...args);
  return { ...s, body: plain };
};

const digest = (a: Arguments, algorithm: (typeof digests)[number], v: unknown): string =>
  createHash(algorithm === 'sha' ? 'sha1' : algorithm)
    .update(a.bytes(v))
    .digest('hex');

const packing = (s: FunctionSignature, pack: (bytes: Uint8Array) => Uint8Array): AnyFunction =>
  withBody(s, (a, v) => {
    const bytes = a.bytes(v);
    if (bytes.length > maxInput)
      throw errors.EXPR_LIMIT({ what: `The input of ${s.name}()`, limit: `${maxInput.toLocaleString('en')} bytes` });
    return new Uint8Array(pack(bytes));
  });

const unpacking = (s: FunctionSignature, unpack: (bytes: Uint8Array) => Uint8Array): AnyFunction =>
  withBody(s, (a, v) => {
    const bytes = a.bytes(v);
    try {
      return textOrBytes(new Uint8Array(unpack(bytes)));
    } catch (thrown) {
      if ((thrown as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
        throw errors.EXPR_LIMIT({ what: `The output of ${s.name}()`, limit: `${maxOutput.toLocaleString('en')} bytes` });
      }
      return a.fail('takes bytes of its own format, and these are not');
    }
  });

const n = nodeSignatures;
const limit = { maxOutputLength: maxOutput };

/** Functions that need Node's own modules. */
export const nodeFunctions: readonly AnyFunction[] = [
  withBody(n.md5, (a, v) => digest(a, 'md5', v)),
  withBody(n.sha, (a, v) => digest(a, 'sha', v)),
  withBody(n.sha256, (a, v) => digest(a, 'sha256', v)),
  withBody(n.hash, (a, name, v) => digest(a, a.oneOf(name, digests), v)),
  packing(n.gzip, (b) => gzipSync(b)),
  unpacking(n.gunzip, (b) => gunzipSync(b, limit)),
  packing(n.zip, (b) => deflateRawSync(b)),
  unpacking(n.unzip, (b) => inflateRawSync(b, limit)),
  packing(n.zip_compress, (b) => deflateSync(b)),
  unpacking(n.zip_uncompress, (b) => inflateSync(b, limit)),
  withBody(n.uuid_v4, () => randomUUID()),
  withBody(n.uuid_v4_no_hyphen, () => randomUUID().replaceAll('-', '')),
  withBody(n.getenv, (a, name) => process.env[`OMHVAR_${a.text(name)}`] ?? process.env[`EMQXVAR_${a.text(name)}`]),
];
