import type { IClientPublishOptions, IPublishPacket } from 'mqtt';
import type { MessageProperties } from '@omh/core';

type ClientProperties = NonNullable<IClientPublishOptions['properties']>;

/** Properties of a PUBLISH as MQTT.js takes them. */
export function clientProperties(from: MessageProperties): ClientProperties {
  const out: ClientProperties = {};
  const { payloadFormatIndicator, messageExpiryInterval, contentType, responseTopic, correlationData, userProperties } = from;
  if (payloadFormatIndicator !== undefined) out.payloadFormatIndicator = payloadFormatIndicator === 1;
  if (messageExpiryInterval !== undefined) out.messageExpiryInterval = messageExpiryInterval;
  if (contentType !== undefined) out.contentType = contentType;
  if (responseTopic !== undefined) out.responseTopic = responseTopic;
  if (correlationData !== undefined) out.correlationData = Buffer.from(correlationData);
  if (userProperties !== undefined) {
    const byName: Record<string, string | string[]> = {};
    for (const [name, value] of userProperties) {
      const former = Object.hasOwn(byName, name) ? byName[name]! : undefined;
      byName[name] = former === undefined ? value : [...(Array.isArray(former) ? former : [former]), value];
    }
    out.userProperties = byName;
  }
  return out;
}

/** What a request may carry. */
export function messageProperties({ responseTopic, correlationData }: NonNullable<IPublishPacket['properties']>): MessageProperties {
  return {
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData: Uint8Array.from(correlationData) }),
  };
}
