import type { JsonSchema } from '@omh/core';
import { duration as durationText, restart } from './schema-parts.ts';

const text = (title: string, description: string, more: object = {}): JsonSchema => ({
  type: 'string',
  minLength: 1,
  maxLength: 2000,
  title,
  description,
  ...restart,
  ...more,
});
const flag = (title: string, description: string, value: boolean): JsonSchema => ({
  type: 'boolean',
  title,
  description,
  default: value,
  ...restart,
});
const duration = (title: string, description: string, value: string): JsonSchema => ({
  ...durationText({ title, description, default: value, ...restart }),
});
const texts = (title: string, description: string, more: object = {}): JsonSchema => ({
  type: 'array',
  items: { type: 'string', title: 'Entry', minLength: 1, maxLength: 2000 },
  minItems: 1,
  maxItems: 100,
  title,
  description,
  ...restart,
  ...more,
});
const map = (title: string, description: string, value: object): JsonSchema => ({
  type: 'object',
  additionalProperties: { type: 'string', title: 'Text', maxLength: 2000 },
  maxProperties: 100,
  title,
  description,
  default: value,
  ...restart,
});
/** https, or http to this machine: who can change the keys lets anybody in. */
const keysUrl = (description: string): JsonSchema =>
  text('JWK set', description, {
    pattern: '^(https://[^\\s/@]+|http://(127\\.0\\.0\\.1|\\[::1\\]|localhost)(:\\d+)?)(/\\S*)?$',
    expects: 'an https:// address, or an http:// one of this machine',
  });
const ca = text(
  'Authorities',
  'Certificates of the authorities to trust for the address, PEM; give it by !file. Those of Node when absent.',
  {
    maxLength: 1_000_000,
  },
);
const grant: JsonSchema = {
  type: 'object',
  properties: {
    publish: texts('Publish', 'Topic filters that may be published to.', { maxItems: 1000 }),
    subscribe: texts('Subscribe', 'Topic filters that may be subscribed to.', { maxItems: 1000 }),
  },
  additionalProperties: false,
  title: 'Grant',
  description:
    'What clients may do that bring no rules of their own, and where their rules say nothing; ${name}, ${clientid} and ${username} stand for the client. Nothing when absent.',
  ...restart,
};

const block = (title: string, properties: Record<string, JsonSchema>, more: object = {}): JsonSchema => ({
  type: 'object',
  properties: { type: { type: 'string', title: 'Type', description: 'Who decides.', ...restart }, ...properties },
  additionalProperties: false,
  title,
  ...more,
});
const keys = ['secret', 'publicKey', 'jwksUrl', 'jwksFile'] as const;

/** What may stand in one entry of `broker.authentication`, by its type. */
export const authenticatorSchemas: ReadonlyMap<string, JsonSchema> = new Map([
  ['device-credentials', block('MQTT user names with generated secrets', {})],
  ['tokens', block('API tokens as the password', {})],
  ['people', block('People with name and password', {})],
  [
    'jwt',
    block(
      'JSON Web Tokens that somebody else signs',
      {
        from: {
          type: 'string',
          enum: ['password', 'username'],
          title: 'From',
          description: 'Where the client puts the token.',
          default: 'password',
          ...restart,
        },
        secret: text('Secret', 'For HS256 (32 bytes or more), HS384 and HS512; give it by !env or !file.', {
          format: 'secret',
          'x-ui': { widget: 'password' },
        }),
        base64: flag('Secret in base64', 'The secret is written in base64.', false),
        publicKey: text('Public key', 'Public key or certificate in PEM, by !file.', { maxLength: 100_000 }),
        jwksUrl: keysUrl('Address of a JWK set (RFC 7517).'),
        jwksFile: text('JWK set file', 'A JWK set in a file, relative to the folder of the hub file; read again when it changes.', {
          maxLength: 1000,
        }),
        refresh: duration('Refresh', 'Time between two readings of the JWK set; a key that is not known is looked for earlier.', '5m'),
        timeout: duration('Time-out', 'How long the address may take to answer.', '5s'),
        ca,
        algorithms: {
          ...texts(
            'Algorithms',
            'Those that are taken; all that the keys allow when absent. A key is never used for an algorithm that is not its own.',
          ),
          items: {
            type: 'string',
            title: 'Algorithm',
            enum: ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
          },
        },
        leeway: duration('Leeway', 'How far the clocks of the hub and of who signs may differ.', '30s'),
        requireExpiry: flag('Require expiry', 'Refuses tokens without exp.', false),
        issuer: text('Issuer', 'What iss must say.'),
        audience: texts('Audience', 'aud must hold one of these.'),
        claims: map('Claims', 'What other claims must say; ${clientid}, ${username} and ${cert_common_name} stand for the client.', {}),
        nameClaim: text('Name claim', 'The claim that names the client in lists and in the audit log.', { default: 'sub', maxLength: 100 }),
        aclClaim: text('ACL claim', "The claim with the client's own rules, in the forms that EMQX has.", {
          default: 'acl',
          maxLength: 100,
        }),
        disconnectAfterExpiry: flag('Disconnect after expiry', 'Ends the connection when exp passes.', true),
        grant,
      },
      { oneOf: keys.map((key) => ({ required: [key] })) },
    ),
  ],
  [
    'certificate',
    block('Client certificates that a TLS listener has verified', {
      from: {
        type: 'string',
        enum: ['commonName', 'alternativeName', 'fingerprint'],
        title: 'From',
        description: "What of the certificate is the client's name; the device credential of that name, in lower case, is who it is.",
        default: 'commonName',
        ...restart,
      },
      sameUsername: flag('Same user name', 'A user name in CONNECT must be the name of the certificate.', true),
      grant: { ...grant, description: `For certificates without a device credential of their name. ${String(grant.description)}` },
    }),
  ],
  [
    'http',
    block(
      'An HTTP service that is asked about each client',
      {
        url: text('URL', 'Is sent a POST for each sign-in; redirects are not followed. With http:// passwords travel in the clear.', {
          pattern: '^https?://[^\\s/@]+(/\\S*)?$',
          expects: 'an http:// or https:// address',
        }),
        headers: map('Headers', 'Sent along; secrets by !env or !file.', {}),
        body: map(
          'Body',
          'Fields of the body; ${clientid}, ${username}, ${password}, ${peerhost}, ${cert_common_name} and ${cert_subject} are filled in.',
          { clientid: '${clientid}', username: '${username}', password: '${password}' },
        ),
        format: {
          type: 'string',
          enum: ['json', 'form'],
          title: 'Format',
          description: 'How the body is written.',
          default: 'json',
          ...restart,
        },
        timeout: duration('Time-out', 'How long the service may take to answer.', '5s'),
        connections: {
          type: 'integer',
          minimum: 1,
          maximum: 100,
          title: 'Connections',
          description: 'Requests at once; a thousand more wait.',
          default: 8,
          unit: '1',
          ...restart,
        },
        cache: duration('Cache', 'How long "allow" and "deny" are remembered for the same credentials; 0s asks each time.', '30s'),
        ca,
        grant,
      },
      { required: ['url'] },
    ),
  ],
]);

interface GrantConfig {
  publish?: string[];
  subscribe?: string[];
}
export interface JwtConfig {
  type: 'jwt';
  from: 'password' | 'username';
  secret?: string;
  base64: boolean;
  publicKey?: string;
  jwksUrl?: string;
  jwksFile?: string;
  refresh: string;
  timeout: string;
  ca?: string;
  algorithms?: string[];
  leeway: string;
  requireExpiry: boolean;
  issuer?: string;
  audience?: string[];
  claims: Record<string, string>;
  nameClaim: string;
  aclClaim: string;
  disconnectAfterExpiry: boolean;
  grant?: GrantConfig;
}
export interface CertificateConfig {
  type: 'certificate';
  from: 'commonName' | 'alternativeName' | 'fingerprint';
  sameUsername: boolean;
  grant?: GrantConfig;
}
export interface HttpAuthenticatorConfig {
  type: 'http';
  url: string;
  headers: Record<string, string>;
  body: Record<string, string>;
  format: 'json' | 'form';
  timeout: string;
  connections: number;
  cache: string;
  ca?: string;
  grant?: GrantConfig;
}
/** One entry of `broker.authentication` with its defaults. */
export type AuthenticatorConfig =
  | { type: 'device-credentials' | 'tokens' | 'people' }
  | JwtConfig
  | CertificateConfig
  | HttpAuthenticatorConfig;
