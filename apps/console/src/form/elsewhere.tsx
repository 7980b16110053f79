import type { PlanFault } from '../plan/plan.ts';
import { Glyph } from '../ui/glyph.tsx';

/** Faults that the hub found outside the fields of this form. */
export const Elsewhere = ({ faults }: { faults: readonly PlanFault[] }) =>
  faults.length === 0 ? null : (
    <div className="say badb" role="alert" data-testid="form-refused">
      <Glyph name="bad" />
      <div>
        {faults.slice(0, 8).map((f) => (
          <p key={f.path.join('/') + f.message}>
            {f.path.length === 0 ? null : <code>{f.path.join('/')}</code>} {f.message}
          </p>
        ))}
      </div>
    </div>
  );
