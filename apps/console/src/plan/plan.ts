import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, asProblem, type ApiProblem } from '../api/client.ts';
import { useConfig } from '../api/queries.ts';
import type { ConfigChange } from '../api/types.ts';

/** One change of the configuration, as in RFC 6902: `add` sets or inserts, `replace` and `remove` need what is there. */
export interface EditOp {
  op: 'add' | 'replace' | 'remove';
  /** `devices/press/groups/fast/interval`; made with `pathOf`. */
  path: string;
  value?: unknown;
}

/** What the configuration becomes. Without `base` the change is made on the revision that the console has read last. */
export type PlanRequest = { base?: number } & (
  | { ops: readonly EditOp[] }
  | { text: string }
  | { files: Readonly<Record<string, string>> }
  | { disk: true }
  | { revision: number }
  /** Whatever makes a plan another way, such as an import of tags. */
  | { made: () => Promise<PlanAnswer> }
);

export type Effect = ConfigChange['effect'];
export interface PlanAnswer {
  planId: string;
  base: number;
  changes: ConfigChange[];
  warnings: { code: string; path: string; text: string }[];
  /** Files whose text changes, also where only comments or order do. */
  files: string[];
}

/** A fault that the hub found, at its place in the configuration. */
export interface PlanFault {
  /** `['devices', 'press', 'groups', 'fast', 'interval']`; empty when it is about the file as a whole. */
  path: readonly string[];
  message: string;
}

export type PlanState =
  | { readonly at: 'idle' }
  | { readonly at: 'planning' }
  | { readonly at: 'planned'; readonly answer: PlanAnswer }
  | { readonly at: 'refused'; readonly problem: ApiProblem }
  /** Somebody changed the configuration since it was read; `planAgain` looks at it as it is now. */
  | { readonly at: 'stale'; readonly problem: ApiProblem }
  | { readonly at: 'applying'; readonly answer: PlanAnswer }
  | { readonly at: 'applied'; readonly revision: number };

/** The path of an `EditOp`. */
export const pathOf = (...segments: readonly (string | number)[]): string =>
  segments.map((s) => String(s).replaceAll('~', '~0').replaceAll('/', '~1')).join('/');

const placed = /^\S+:\d+:\d+ /;
/** The faults of a refused plan; the sentence without file and line, since a form shows each at its field. */
export const faultsOf = (problem: ApiProblem): PlanFault[] =>
  problem.errors.map(({ pointer, message }) => ({
    path: pointer
      .split('/')
      .filter((s) => s !== '')
      .map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~')),
    message: message.replace(placed, ''),
  }));

/** Makes a plan; nothing changes in the hub. Rejects with `ApiProblem`. */
export const askPlan = (request: PlanRequest & { base: number }, signal?: AbortSignal): Promise<PlanAnswer> =>
  'made' in request ? request.made() : api<PlanAnswer>('/config/plan', { body: request, signal });

const staleCodes = ['HUB_STALE_BASE', 'HUB_NO_SUCH_PLAN'];

/** The one road of every change: `plan` asks what it would do, `apply` carries the plan out, whole or not at all. */
export function usePlanAndApply(): {
  state: PlanState;
  plan: (request: PlanRequest) => Promise<void>;
  planAgain: () => Promise<void>;
  apply: (comment: string) => Promise<number | undefined>;
} {
  const client = useQueryClient();
  const config = useConfig();
  const [state, setState] = useState<PlanState>({ at: 'idle' });
  const asked = useRef<PlanRequest>(undefined);
  const turn = useRef(0);
  const revision = config.data?.revision;

  const refuse = (error: unknown): void => {
    const problem = asProblem(error);
    setState({ at: staleCodes.includes(problem.code) ? 'stale' : 'refused', problem });
  };
  const ask = async (request: PlanRequest, base: number | undefined): Promise<void> => {
    const mine = ++turn.current;
    asked.current = request;
    setState({ at: 'planning' });
    try {
      const answer = await askPlan({ ...request, base: base ?? (await config.refetch({ throwOnError: true })).data!.revision });
      if (mine === turn.current) setState({ at: 'planned', answer });
    } catch (error) {
      if (mine === turn.current) refuse(error);
    }
  };
  const now = useRef({ ask, revision });
  now.current = { ask, revision };
  useEffect(
    () => () => {
      turn.current++;
    },
    [],
  );

  const plan = useCallback((request: PlanRequest) => now.current.ask(request, request.base ?? now.current.revision), []);
  const planAgain = async (): Promise<void> => {
    if (asked.current === undefined) return;
    setState({ at: 'planning' });
    try {
      const { data } = await config.refetch({ throwOnError: true });
      await ask(asked.current, data!.revision);
    } catch (error) {
      refuse(error);
    }
  };
  const apply = async (comment: string): Promise<number | undefined> => {
    if (state.at !== 'planned') return undefined;
    const { answer } = state;
    setState({ at: 'applying', answer });
    try {
      const body = { planId: answer.planId, ...(comment.trim() === '' ? {} : { comment: comment.trim() }) };
      const { revision: made } = await api<{ revision: number }>('/config/apply', { body });
      await client.invalidateQueries({ queryKey: ['config'] });
      for (const queryKey of changedLists) void client.invalidateQueries({ queryKey: [queryKey] });
      setState({ at: 'applied', revision: made });
      return made;
    } catch (error) {
      refuse(error);
      return undefined;
    }
  };
  return { state, plan, planAgain, apply };
}

const changedLists = ['devices', 'apps', 'rules', 'dashboards', 'simulators', 'revisions', 'drift'];
