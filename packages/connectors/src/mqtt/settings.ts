import { Type, type Static } from 'typebox';

/** Asked for only where the app has an external broker. */
const external = { group: 'External broker', showIf: { url: true } } as const;

/** `settings` of an app of type `mqtt`. */
export const MqttAppSettings = Type.Object(
  {
    url: Type.Optional(
      Type.String({
        title: 'Broker',
        description: "Address of an external broker, e.g. mqtt://10.0.0.5:1883 or mqtts://…; absent: this hub's own broker.",
        pattern: '^(mqtt|mqtts|tcp|ws|wss)://.+',
        expects: 'an address like mqtt://10.0.0.5:1883',
        'x-ui': { group: 'External broker' },
        effect: 'reconnect',
      }),
    ),
    clientId: Type.Optional(
      Type.String({
        title: 'Client id',
        description: 'MQTT client id at an external broker; absent: omh-{app}.',
        maxLength: 128,
        'x-ui': external,
        effect: 'reconnect',
      }),
    ),
    username: Type.Optional(
      Type.String({ title: 'User name', description: 'User name at an external broker.', 'x-ui': external, effect: 'reconnect' }),
    ),
    password: Type.Optional(
      Type.String({
        title: 'Password',
        description: 'Password at an external broker; write it as !env NAME or !file PATH.',
        format: 'secret',
        'x-ui': { ...external, widget: 'password' },
        effect: 'reconnect',
      }),
    ),
    protocol: Type.Optional(
      Type.Union([Type.Literal('3.1.1'), Type.Literal('5.0')], {
        title: 'MQTT version',
        description: 'Spoken to an external broker.',
        default: '5.0',
        'x-ui': external,
        effect: 'reconnect',
      }),
    ),
    qos: Type.Optional(
      Type.Integer({
        title: 'QoS',
        description: 'Quality of service of each message.',
        minimum: 0,
        maximum: 2,
        enum: [0, 1, 2],
        enumDescriptions: ['0, at most once', '1, at least once', '2, exactly once'],
        default: 0,
        unit: '1',
        effect: 'live',
      }),
    ),
    format: Type.Optional(
      Type.Literal('values', {
        title: 'Payload',
        description: "values: Neuron's group object {timestamp,node,group,values,errors,metas}.",
        default: 'values',
        effect: 'live',
      }),
    ),
    reportErrors: Type.Optional(
      Type.Boolean({
        title: 'Report errors',
        description: 'Tags without a value stand under errors with their code; false leaves them out.',
        default: true,
        effect: 'live',
      }),
    ),
  },
  { title: 'MQTT app', description: 'Publishes device groups to MQTT topics.', additionalProperties: false },
);

export type MqttAppSettings = Static<typeof MqttAppSettings>;
