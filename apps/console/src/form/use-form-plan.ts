import { useRef, useState, type RefObject } from 'react';
import type { ApiProblem } from '../api/client.ts';
import { faultsOf, type EditOp, type PlanFault, type PlanRequest } from '../plan/plan.ts';
import { focusFirstFault } from './faults.ts';

/** The way from a form to the hub: own faults first, then the plan, whose refusals come back to the fields. */
export interface FormPlan {
  readonly form: RefObject<HTMLFormElement | null>;
  /** What `PlanSheet` shows; undefined while there is nothing to decide. */
  readonly request: PlanRequest | undefined;
  readonly tellAll: boolean;
  /** What the hub refused last; empty once something was changed. */
  readonly faults: readonly PlanFault[];
  /** Opens the plan, or, with faults of the form itself, moves to the first. */
  ask(ops: readonly EditOp[], base: number, own: number): void;
  onRefused(problem: ApiProblem): void;
  /** The person goes on typing. */
  changed(): void;
  close(): void;
}

export function useFormPlan(): FormPlan {
  const form = useRef<HTMLFormElement>(null);
  const [request, setRequest] = useState<PlanRequest>();
  const [tellAll, setTellAll] = useState(false);
  const [faults, setFaults] = useState<readonly PlanFault[]>([]);
  return {
    form,
    request,
    tellAll,
    faults,
    ask(ops, base, own) {
      setTellAll(true);
      setFaults([]);
      if (own > 0) focusFirstFault(form.current);
      else setRequest({ base, ops });
    },
    onRefused(problem) {
      const told = faultsOf(problem);
      setFaults(told.length > 0 ? told : [{ path: [], message: problem.message }]);
      setRequest(undefined);
      focusFirstFault(form.current);
    },
    changed() {
      setFaults([]);
    },
    close() {
      setRequest(undefined);
    },
  };
}
