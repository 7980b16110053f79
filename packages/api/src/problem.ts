import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifySchemaValidationError } from 'fastify';
import { Type, type Static } from '@fastify/type-provider-typebox';
import { OmhError } from '@omh/core';
import { errors } from './errors.ts';

/** RFC 9457 problem details, with the code of the project's error table. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'urn:omh:error:{code}' }),
    title: Type.String({ description: 'The HTTP status in words.' }),
    status: Type.Integer(),
    detail: Type.String({ description: 'One sentence: what is wrong.' }),
    code: Type.String({ description: 'Stable code of the error table.' }),
    next: Type.Optional(Type.String({ description: 'What to do next.' })),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'RFC 6901 pointer into the body.' }),
          message: Type.String(),
          file: Type.Optional(Type.String({ description: 'The file of the configuration that has the fault.' })),
          line: Type.Optional(Type.Integer({ description: 'From 1.' })),
          column: Type.Optional(Type.Integer({ description: 'From 1.' })),
        }),
      ),
    ),
  },
  { title: 'Problem' },
);
export type Problem = Static<typeof Problem>;
export type ProblemField = NonNullable<Problem['errors']>[number];

const content = { 'application/problem+json': { schema: Problem } };
/** The error answers every route has. */
export const problemResponses = {
  '4xx': { description: 'The caller can mend it: RFC 9457 problem.', content },
  '5xx': { description: 'The hub or a device fails: RFC 9457 problem.', content },
} as const;

/** An error with the fields it is about, as `errors` of the problem. */
export class FieldsError extends OmhError {
  readonly fields: readonly ProblemField[];
  constructor(error: OmhError, fields: readonly ProblemField[]) {
    super(error.code, error.row, error.params, { cause: error.cause });
    this.fields = fields;
  }
}

export interface ProblemContext {
  readonly bodyLimit: number;
  readonly peer: string;
}

/** Whatever was thrown, as a problem. What is nobody's declared error answers 500 and tells nothing of the inside. */
export function problemOf(thrown: unknown, context: ProblemContext): Problem {
  const error = thrown instanceof OmhError ? thrown : declared(thrown as Partial<FastifyError>, context);
  const status = error.status;
  const out: Problem = {
    type: `urn:omh:error:${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: error.text,
    code: error.code,
  };
  if (error.next !== '') out.next = error.next;
  if (error instanceof FieldsError) out.errors = error.fields.slice(0, 1000);
  return out;
}

/** Fastify's own errors in our words. */
function declared(error: Partial<FastifyError>, context: ProblemContext): OmhError {
  if (error?.validation) return invalid(error.validation, error.validationContext ?? 'request');
  switch (error?.statusCode) {
    case 400:
      return error.code?.startsWith('FST_ERR_CTP') || error.name === 'SyntaxError'
        ? errors.API_BODY_NOT_JSON()
        : errors.API_INVALID_REQUEST({ where: 'form', fault: (error.message ?? '').slice(0, 300) });
    case 404:
      return errors.API_NO_ROUTE({ method: 'this', path: 'address' });
    case 408:
      return errors.API_REQUEST_SLOW();
    case 413:
      return errors.API_BODY_TOO_LARGE({ limit: context.bodyLimit });
    case 415:
      return errors.API_MEDIA_TYPE();
    default:
      return error?.statusCode !== undefined && error.statusCode > 400 && error.statusCode < 500
        ? errors.API_INVALID_REQUEST({ where: 'form', fault: (error.message ?? '').slice(0, 300) })
        : errors.API_INTERNAL(undefined, { cause: error });
  }
}

function invalid(validation: readonly FastifySchemaValidationError[], where: string): OmhError {
  const fields: ProblemField[] = [];
  for (const v of validation.slice(0, 100)) {
    // TypeBox names an unknown key twice; the other entry has its name.
    if (v.keyword === 'boolean') continue;
    const params = v.params as { requiredProperties?: readonly string[]; additionalProperties?: readonly string[] } | undefined;
    const named = [...(params?.requiredProperties ?? []), ...(params?.additionalProperties ?? [])].slice(0, 20);
    const missing = params?.requiredProperties !== undefined;
    if (named.length === 0) fields.push({ pointer: v.instancePath ?? '', message: v.message ?? 'is not valid' });
    for (const name of named)
      fields.push({ pointer: `${v.instancePath ?? ''}/${escapePointer(name)}`, message: missing ? 'is missing' : 'is unknown here' });
  }
  const first = fields[0];
  const noun = where === 'querystring' ? 'query' : where === 'params' ? 'path' : where;
  return new FieldsError(
    errors.API_INVALID_REQUEST({ where: noun, fault: first ? `${first.pointer || '/'} ${first.message}` : 'it does not fit' }),
    fields,
  );
}

/** RFC 6901, section 3. */
export const escapePointer = (key: string): string => key.slice(0, 200).replaceAll('~', '~0').replaceAll('/', '~1');
