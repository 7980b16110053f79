import { carriesValue, OmhError, reasonOf, topicNameFault, type MessageProperties, type Principal, type QoS } from '@omh/core';
import { neuron } from '@omh/wire';
import { errors } from '../errors.ts';
import { errorCode, neuronError } from './formats/error-code.ts';
import { jsonValue } from './formats/json-value.ts';
import { itemValue } from './formats/protobuf.ts';
import {
  maxRequestBytes,
  parsedBody,
  readBody,
  readBodyOfProtobuf,
  uuidIn,
  writeBody,
  writeBodyOfProtobuf,
  type ReadBody,
  type Uuid,
  type WriteBody,
} from './request-body.ts';
import type { TagGate, TagReading } from './tag-gate.ts';
import type { Incoming, Outgoing } from './uplink.ts';

export interface RequestTopics {
  readonly readRequest: string;
  readonly readResponse: string;
  readonly writeRequest: string;
  readonly writeResponse: string;
}

export interface RequestsOptions {
  readonly gate: TagGate;
  readonly topics: RequestTopics;
  /** `device/group` of what the app publishes: whoever may use its topics may read these. */
  readonly published: ReadonlySet<string>;
  /** Whoever publishes to a request topic where the broker does not say who it is. */
  readonly stranger: Principal;
  /** For people and the audit log: where strangers come from. */
  readonly target: string;
  readonly protobuf: boolean;
  readonly qos: QoS;
  readonly publish: (message: Outgoing) => void;
}

/** Writes that wait for a device. */
const maxPending = 100;

type Item = { readonly name: string; readonly value: unknown } | { readonly name: string; readonly error: number };
interface Refusal {
  readonly tag: string;
  readonly error: number;
  readonly reason: string;
}

/**
 * Read and write requests over MQTT, as Neuron has them: `{"uuid","node","group"}` is answered with the newest values,
 * `{"uuid","node","group","tag","value"}` after the device confirmed. The answer goes to the response topic of the settings, or to the one
 * that an MQTT 5.0 request names if its publisher may publish there, with the correlation data of the request.
 */
export class Requests {
  readonly #options: RequestsOptions;
  #pending = 0;
  answered = 0;
  refused = 0;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }
  get topics(): readonly string[] {
    const { readRequest, writeRequest } = this.#options.topics;
    return [readRequest, writeRequest];
  }

  receive(message: Incoming): void {
    const { topics } = this.#options;
    if (message.topic === topics.readRequest) this.#read(message);
    else void this.#write(message);
  }

  #read(message: Incoming): void {
    const answer = this.#answerTo(message, this.#options.topics.readResponse);
    let uuid: Uuid = '';
    try {
      const request = this.#bodyOf(message, readBody, readBodyOfProtobuf, (found) => (uuid = found));
      const tags = this.#itemsOf(request, message);
      this.answered++;
      answer(uuid, { tags }, () => neuron.encodeReadResponse(String(uuid), tags.map(dataItem)));
    } catch (thrown) {
      const { code, reason } = this.#refusal(thrown);
      answer(uuid, { error: code, reason }, () => neuron.encodeReadResponse(String(uuid), [{ name: '', error: code }]));
    }
  }

  async #write(message: Incoming): Promise<void> {
    const answer = this.#answerTo(message, this.#options.topics.writeResponse);
    const { from } = message;
    let uuid: Uuid = '';
    try {
      const request = this.#bodyOf(message, writeBody, writeBodyOfProtobuf, (found) => (uuid = found));
      if (this.#pending >= maxPending) throw errors.APP_REQUEST_BUSY({ count: this.#pending });
      this.#pending++;
      const by = {
        principal: from?.principal ?? this.#options.stranger,
        from: from === undefined ? this.#options.target : (from.peer ?? 'hub'),
      };
      const results = await this.#writeAll(request, by).finally(() => this.#pending--);
      const faults = results.flatMap((error, i): Refusal[] =>
        error === undefined ? [] : [{ tag: request.tags[i]!.tag, error: codeOf(error), reason: error.text }],
      );
      // What is only held back has nothing to say of its own.
      const first = results.find((error) => error !== undefined && error.code !== 'ACQUISITION_HELD_BACK');
      if (first === undefined) this.answered++;
      else this.refused++;
      const body = first === undefined ? { error: 0 } : { error: codeOf(first), reason: first.text };
      const codes = request.tags.map(({ tag }, i) => ({ name: tag, error: results[i] === undefined ? 0 : codeOf(results[i]) }));
      answer(uuid, request.tags.length > 1 && first !== undefined ? { ...body, errors: faults } : body, () =>
        neuron.encodeWriteResponse(String(uuid), codes),
      );
    } catch (thrown) {
      const { code, reason } = this.#refusal(thrown);
      answer(uuid, { error: code, reason }, () => neuron.encodeWriteResponse(String(uuid), [{ name: '', error: code }]));
    }
  }

  async #writeAll({ node, group, tags, reason }: WriteBody, by: { principal: Principal; from: string }): ReturnType<TagGate['write']> {
    return this.#options.gate.write({ device: node, group, items: tags, ...by, ...(reason === undefined ? {} : { reason }) });
  }

  /** Throws APP_NO_SUCH_NODE, APP_NO_SUCH_GROUP, APP_NO_SUCH_TAG and APP_NOT_ALLOWED. */
  #itemsOf({ node, group, tags: names }: ReadBody, { from }: Incoming): Item[] {
    const { gate, published, stranger } = this.#options;
    const readings = gate.readings(node, group);
    if (readings === 'no device') throw errors.APP_NO_SUCH_NODE({ node });
    if (readings === 'no group') throw errors.APP_NO_SUCH_GROUP({ node, group });
    const principal = from?.principal ?? stranger;
    const open = published.has(`${node}/${group}`);
    const readable = open ? readings : readings.filter(({ tag }) => gate.mayRead(principal, tag.path));
    if (readable.length === 0 && readings.length > 0) throw errors.APP_NOT_ALLOWED({ who: principal.name, what: `read ${node}/${group}` });
    if (names === undefined) return readable.map(itemOf);
    const byName = new Map(readable.map((reading) => [reading.tag.name, reading]));
    return names.map((name) => {
      const reading = byName.get(name);
      return reading === undefined ? { name, error: neuronError.noTag } : itemOf(reading);
    });
  }

  #bodyOf<T extends { readonly uuid: Uuid }>(
    { payload }: Incoming,
    ofJson: (body: unknown) => T,
    ofProtobuf: (payload: Uint8Array) => T,
    know: (uuid: Uuid) => void,
  ): T {
    if (this.#options.protobuf) {
      const request = ofProtobuf(payload);
      know(request.uuid);
      return request;
    }
    const body = parsedBody(payload);
    know(uuidIn(body));
    return ofJson(body);
  }

  #refusal(thrown: unknown): { code: number; reason: string } {
    this.refused++;
    return { code: codeOf(thrown), reason: reasonOf(thrown).text };
  }

  /** The properties are copied: a message is valid during the call that brings it. */
  #answerTo({ from, properties }: Incoming, usual: string): (uuid: Uuid, body: object, protobuf: () => Uint8Array) => void {
    const { gate, protobuf, publish, qos } = this.#options;
    const asked = properties?.responseTopic;
    const mayAnswer =
      asked !== undefined &&
      topicNameFault(asked) === undefined &&
      !asked.startsWith('$') &&
      (from === undefined || gate.mayAnswer(from, asked));
    const topic = mayAnswer ? asked : usual;
    const data = properties?.correlationData;
    const answered: MessageProperties | undefined =
      data === undefined ? undefined : { correlationData: Uint8Array.from(data.subarray(0, maxRequestBytes)) };
    return (uuid, body, encode) => {
      // An answer on a request topic would be a request.
      if (this.topics.includes(topic)) return;
      const payload = protobuf ? encode() : JSON.stringify({ uuid, ...body });
      publish({ topic, payload, qos, ...(answered === undefined ? {} : { properties: answered }) });
    };
  }
}

const itemOf = ({ tag, value, qualityCode }: TagReading): Item =>
  value === undefined || !carriesValue(qualityCode)
    ? { name: tag.name, error: errorCode(qualityCode) }
    : { name: tag.name, value: jsonValue(value, tag) };

const dataItem = (item: Item): neuron.DataItem => ('error' in item ? item : { name: item.name, value: itemValue(item.value) });

const codes: Readonly<Record<string, number>> = {
  APP_REQUEST_BODY: neuronError.body,
  APP_REQUEST_BUSY: neuronError.busy,
  APP_NO_SUCH_NODE: neuronError.noNode,
  APP_NO_SUCH_GROUP: neuronError.noGroup,
  APP_NO_SUCH_TAG: neuronError.noTag,
  APP_NOT_ALLOWED: neuronError.notAllowed,
  ACQUISITION_NOT_WRITABLE: neuronError.notWritable,
  ACQUISITION_ADDRESS_NOT_WRITABLE: neuronError.notWritable,
  ACQUISITION_WRONG_TYPE: neuronError.typeMismatch,
  ACQUISITION_OUT_OF_RANGE: neuronError.outOfRange,
  ACQUISITION_LINK_DOWN: neuronError.disconnected,
  ACQUISITION_WRITE_BUSY: neuronError.busy,
  ACQUISITION_WRITE_REFUSED: neuronError.writeFailure,
  ACQUISITION_HELD_BACK: neuronError.writeFailure,
  ACQUISITION_ROLE: neuronError.notAllowed,
  ACQUISITION_REASON_MISSING: neuronError.body,
  ACQUISITION_STEP_UNKNOWN: neuronError.notReady,
  ACQUISITION_OUT_OF_SERVICE: neuronError.notRunning,
  ACQUISITION_NO_SUCH_GROUP: neuronError.noGroup,
};

/** Of Neuron; what the caller did wrong and has no code of its own is out of range, what went wrong here is internal. */
export function codeOf(thrown: unknown): number {
  if (!(thrown instanceof OmhError)) return neuronError.internal;
  if (Object.hasOwn(codes, thrown.code)) return codes[thrown.code]!;
  return thrown.row.blame === 'caller'
    ? neuronError.outOfRange
    : thrown.row.blame === 'us'
      ? neuronError.internal
      : neuronError.writeFailure;
}
