import type { Tag } from '@omh/core';

const plainFields = [
  'id',
  'name',
  'path',
  'address',
  'type',
  'access',
  'count',
  'decimal',
  'bias',
  'unit',
  'precision',
  'description',
  'expireMs',
] as const;
const objectFields = ['source', 'clamp', 'labels', 'report', 'guard'] as const;
/** Whether two lists say the same of their tags, so that a group with them may go on as it is. */
export const sameTags = (a: readonly Tag[], b: readonly Tag[]): boolean =>
  a.length === b.length &&
  a.every((tag, i) => {
    const other = b[i]!;
    return (
      plainFields.every((field) => tag[field] === other[field]) &&
      objectFields.every((field) => tag[field] === other[field] || JSON.stringify(tag[field]) === JSON.stringify(other[field]))
    );
  });
