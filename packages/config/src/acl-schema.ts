import Type from 'typebox';
import type { Static } from 'typebox';
import { addressBlock, oneOf, restart, strict } from './schema-parts.ts';

const aclAction = (title: string, does: string) =>
  Type.Optional(oneOf(['publish', 'subscribe', 'all'], { title, description: `What the rule ${does}.`, ...restart }));
/** One line of `broker.acl`. */
export const AclRule = Type.Object(
  {
    allow: aclAction('Allow', 'allows'),
    deny: aclAction('Deny', 'refuses'),
    who: Type.Optional(
      Type.Object(
        {
          user: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 200,
              title: 'User',
              description: 'User name; * stands for any characters.',
              ...restart,
            }),
          ),
          client: Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 200,
              title: 'Client',
              description: 'Client id; * stands for any characters.',
              ...restart,
            }),
          ),
          address: Type.Optional(
            addressBlock({ title: 'Address', description: 'IP address or block of addresses, 192.168.10.0/24.', ...restart }),
          ),
        },
        { ...strict, title: 'Who', description: 'Everybody when absent; every key that is there must fit.', ...restart },
      ),
    ),
    topics: Type.Optional(
      Type.Array(Type.String({ title: 'Topic filter', minLength: 1, maxLength: 1000 }), {
        title: 'Topics',
        description:
          'Topic filters; ${clientid} and ${username} stand for the client that asks, "eq " before a filter takes it literally. Every topic when absent.',
        minItems: 1,
        maxItems: 1000,
        ...restart,
      }),
    ),
    qos: Type.Optional(
      Type.Array(Type.Unsafe<0 | 1 | 2>({ type: 'integer', title: 'QoS', enum: [0, 1, 2] }), {
        title: 'QoS',
        description: 'Only messages or subscriptions of these levels.',
        minItems: 1,
        maxItems: 3,
        ...restart,
      }),
    ),
    retain: Type.Optional(Type.Boolean({ title: 'Retain', description: 'Only messages with, or without, the retain flag.', ...restart })),
  },
  {
    ...strict,
    title: 'Access rule',
    description: 'One line of the access list: allow or deny, never both.',
    oneOf: [{ required: ['allow'] }, { required: ['deny'] }],
  },
);

export type AclRuleConfig = Static<typeof AclRule>;
