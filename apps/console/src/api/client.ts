import type { Problem, ProblemField } from './types.ts';

/** A refusal of the hub, or its silence, as one sentence with a next step. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly next: string | undefined;
  readonly errors: readonly ProblemField[];
  /** When it is worth another try, browser ms; undefined when the answer does not say. */
  readonly retryAt: number | undefined;
  constructor(p: Problem, retryAt?: number) {
    super(p.detail ?? p.title);
    this.name = 'ApiProblem';
    this.status = p.status;
    this.code = p.code ?? `HTTP_${p.status}`;
    this.next = p.next;
    this.errors = p.errors ?? [];
    this.retryAt = retryAt;
  }
}

const signedOut = new Set<() => void>();
/** Calls the listener whenever an answer says that the session is gone. */
export function onSignedOut(listener: () => void): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

/** Sends one request to `/api/v1` and resolves with its JSON. Rejects with `ApiProblem`, also when the hub does not answer. */
export async function api<T>(
  path: string,
  init: { method?: string; body?: unknown /** The body is a file as it is. */; file?: Blob; signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const sends = init.body !== undefined || init.file !== undefined;
  let answer: Response;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method: init.method ?? (sends ? 'POST' : 'GET'),
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        ...(init.file !== undefined ? { 'content-type': 'application/octet-stream' } : sends ? { 'content-type': 'application/json' } : {}),
      },
      ...(init.file !== undefined ? { body: init.file } : sends ? { body: JSON.stringify(init.body) } : {}),
      ...(init.signal === undefined ? {} : { signal: init.signal }),
    });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiProblem({
      title: 'The hub does not answer.',
      status: 0,
      code: 'HUB_SILENT',
      detail: 'The hub does not answer this browser.',
      next:
        init.method === undefined && !sends
          ? 'Check that it runs, and the network between; this page tries again by itself.'
          : 'Check that it runs, and the network between; then try once more. This page does not repeat it by itself.',
    });
  }
  if (answer.status === 204) return undefined as T;
  const text = await answer.text();
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (answer.ok) return body as T;
  if (answer.status === 401 && path !== '/login') for (const listener of signedOut) listener();
  const problem = typeof body === 'object' && body !== null ? (body as Problem) : undefined;
  const waitSeconds = Number(answer.headers.get('retry-after') ?? NaN);
  throw new ApiProblem(
    {
      title: answer.statusText || 'Refused',
      detail: `The hub answers ${answer.status} to ${path}.`,
      ...problem,
      status: answer.status,
    },
    Number.isFinite(waitSeconds) ? Date.now() + waitSeconds * 1000 : undefined,
  );
}

/** What browsers and the bundle say when a piece of the console does not come. */
const pieceMissing = /preload CSS|dynamically imported module|importing a module script/i;

export const asProblem = (error: unknown): ApiProblem =>
  error instanceof ApiProblem
    ? error
    : error instanceof Error && pieceMissing.test(error.message)
      ? new ApiProblem({
          title: 'This screen does not come.',
          status: 0,
          code: 'CONSOLE_PIECE_MISSING',
          detail: 'The hub does not hand out this screen.',
          next: 'It does not answer now, or it was updated while this page was open: load the page again.',
        })
      : new ApiProblem({
          title: 'This page failed.',
          status: 0,
          code: 'CONSOLE',
          detail: error instanceof Error ? error.message : String(error),
        });
