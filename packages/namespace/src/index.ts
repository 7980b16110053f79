export type { CurrentValue, CurrentValues } from './current-values.ts';
export { errors as namespaceErrors } from './errors.ts';
export { metrics as namespaceMetrics } from './metrics.ts';
export { Namespace, type NamespaceDevice, type NamespaceOptions } from './namespace.ts';
export { TopicIndex, type Children, type ChildRow, type Found, type Sight } from './topic-index.ts';
export type { WriteDoor } from './write-commands.ts';
