import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useConfig, useRules } from '../../api/queries.ts';
import { PlanSheet } from '../../plan/plan-sheet.tsx';
import { pathOf, type PlanRequest } from '../../plan/plan.ts';

/** Asks for the rule's name before it removes the rule from the hub file. */
export function DeleteRule({ name }: { name: string }) {
  const [request, setRequest] = useState<PlanRequest>();
  const rules = useRules();
  const revision = useConfig().data?.revision;
  const navigate = useNavigate();
  return (
    <>
      <button
        type="button"
        className="btn"
        data-testid="rule-delete"
        onClick={() =>
          setRequest({ ...(revision === undefined ? {} : { base: revision }), ops: [{ op: 'remove', path: pathOf('rules', name) }] })
        }
      >
        Delete
      </button>
      {request === undefined ? null : (
        <PlanSheet
          request={request}
          title={`Delete ${name}`}
          action={`Delete ${name}`}
          confirm={name}
          onClose={() => setRequest(undefined)}
          onApplied={() => {
            setRequest(undefined);
            void rules.refetch();
            void navigate({ to: '/rules' });
          }}
        >
          <p>Takes the rule out of the hub file. What it kept in history stays.</p>
        </PlanSheet>
      )}
    </>
  );
}
