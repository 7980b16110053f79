import { signature } from './signature.ts';

/** Functions whose bodies need Node; package rules gives them. Compressed bytes differ between versions, so examples go there and back. */
export const nodeSignatures = {
  md5: signature('md5', 'hashes', [1], 'The MD5 digest in hexadecimal digits.', [["md5('abc')", '900150983cd24fb0d6963f7d28e17f72']]),
  sha: signature('sha', 'hashes', [1], 'The SHA-1 digest in hexadecimal digits.', [
    ["sha('abc')", 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ]),
  sha256: signature('sha256', 'hashes', [1], 'The SHA-256 digest in hexadecimal digits.', [
    ["sha256('abc')", 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ]),
  hash: signature('hash', 'hashes', [2], 'The digest by name: md5, sha, sha224, sha256, sha384 or sha512.', [
    ["hash('sha', 'abc')", 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ]),
  gzip: signature('gzip', 'compression', [1], 'The gzip bytes of text or bytes of up to 262,144 bytes.', [
    ["gunzip(gzip('hello'))", 'hello'],
    ["bytesize(gzip('')) > 0", true],
  ]),
  gunzip: signature('gunzip', 'compression', [1], 'What gzip bytes hold, up to 1,048,576 bytes.', [["gunzip(gzip('ü'))", 'ü']]),
  zip: signature('zip', 'compression', [1], 'The raw deflate bytes of text or bytes.', [["unzip(zip('hello'))", 'hello']]),
  unzip: signature('unzip', 'compression', [1], 'What raw deflate bytes hold.', [["unzip(zip('a'))", 'a']]),
  zip_compress: signature('zip_compress', 'compression', [1], 'The zlib bytes of text or bytes.', [
    ["zip_uncompress(zip_compress('hello'))", 'hello'],
  ]),
  zip_uncompress: signature('zip_uncompress', 'compression', [1], 'What zlib bytes hold.', [["zip_uncompress(zip_compress('a'))", 'a']]),
  uuid_v4: signature('uuid_v4', 'identifiers', [0], 'A random UUID.', [['strlen(uuid_v4())', 36]]),
  uuid_v4_no_hyphen: signature('uuid_v4_no_hyphen', 'identifiers', [0], 'A random UUID without hyphens.', [
    ['strlen(uuid_v4_no_hyphen())', 32],
  ]),
  getenv: signature('getenv', 'system', [1], 'The environment variable OMHVAR_ or EMQXVAR_ plus this name; missing when there is none.', [
    ["coalesce(getenv('NOT_SET_ANYWHERE'), 'none')", 'none'],
  ]),
} as const;
