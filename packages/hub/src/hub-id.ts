import { randomUUID } from 'node:crypto';
import type { Documents } from '@omh/storage';

/** Who this hub is among others: a UUID made at the first start, in the document `hub` of `state/`. It moves with the data. */
export function hubIdOf(documents: Documents): string {
  const known = documents.get<{ readonly id: string }>('hub')?.id;
  if (known !== undefined) return known;
  const id = randomUUID();
  documents.put('hub', { id });
  return id;
}
