import type { DataType, Tag, TagAccess, TagId } from '@omh/core';

/** A tag of the device `demo` for tests, named after its id. */
export const tag = (id: number, address: string, type: DataType = 'int16', access: TagAccess = 'read'): Tag => ({
  id: id as TagId,
  name: `t${id}`,
  address,
  type,
  access,
  device: 'demo',
  group: 'g',
  path: `demo/t${id}`,
});
