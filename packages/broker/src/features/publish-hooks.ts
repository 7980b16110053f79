import { reasonOf } from '@omh/core';
import type { Logger, PublishStage, Refusal, Replacement } from '@omh/core';
import { Code } from '../codec/protocol.ts';
import { LocalMessage, Payload, propertyBlock } from '../local-message.ts';
import type { Publisher } from '../local-message.ts';
import type { Publish } from '../publish.ts';
import { emptySet } from '../route.ts';
import type { Route, RouteSet } from '../route.ts';
import type { Router } from '../router.ts';
import type { Delay } from './delayed.ts';
import { rewrittenTopic } from './topic-rewrite.ts';
import type { Rewriting } from './topic-rewrite.ts';
import type { TopicCounter } from './topic-metrics.ts';

/** Sees publications as they are routed, after stages. */
export interface PublishObserver {
  /** Absent = all topics. */
  watches?(topic: string): boolean;
  published?(p: Publish, from: Publisher): void;
  /** `no_subscribers` or `refused`. */
  dropped?(p: Publish, from: Publisher, reason: string): void;
}

/** What a topic has besides its takers: made once per topic, and null for most. */
export interface RouteHooks {
  readonly rewrite: readonly Rewriting[] | null;
  /** Where all go that are rewritten, when it is the same for every client and known. */
  moved: Route | null;
  /** A sentence when the topic asks for a delay wrongly. */
  readonly delay: Delay | string | null;
  readonly stages: readonly PublishStage[];
  readonly counters: readonly TopicCounter[];
  readonly observers: readonly PublishObserver[];
}

/** What became of one publication before it is retained and dispatched. */
export interface Outcome {
  /** Reason code, 0x80 and above when it is refused. */
  code: number;
  /** One sentence when it is refused. */
  reason: string;
  /** The publisher's connection ends. */
  disconnect: boolean;
  route: Route;
  set: RouteSet;
  from: Publisher;
  /** It waits instead of being routed. */
  delay: Delay | null;
}

const largestPayload = 268_435_455 - 131_072;

/** Everything between a permission and the takers. `route.hooks` is not null. */
export function runHooks(router: Router, log: Logger, p: Publish, route: Route, from: Publisher): Outcome {
  const outcome: Outcome = { code: Code.success, reason: '', disconnect: false, route, set: emptySet, from, delay: null };
  if (route.hooks!.rewrite !== null) rewrite(router, p, outcome);
  let { hooks } = outcome.route;
  if (hooks !== null) {
    for (const stage of hooks.stages) {
      const verdict = judge(stage, router, log, p, outcome.from);
      if (verdict === undefined) continue;
      if ('refuse' in verdict) {
        refuse(p, outcome, verdict.refuse, verdict.reason, verdict.disconnect === true);
        return outcome;
      }
      if (!replace(router, log, p, outcome, verdict, stage.name)) {
        refuse(p, outcome, Code.unspecified, `the stage ${stage.name} made an invalid message`, false);
        return outcome;
      }
    }
    ({ hooks } = outcome.route);
  }
  if (hooks === null) {
    outcome.set = router.resolve(outcome.route);
    return outcome;
  }
  if (typeof hooks.delay === 'string') {
    refuse(p, outcome, Code.topicInvalid, hooks.delay, false);
    return outcome;
  }
  for (const o of hooks.observers) o.published?.(p, outcome.from);
  for (const c of hooks.counters) c.in[p.qos]++;
  outcome.delay = hooks.delay;
  if (outcome.delay !== null) return outcome;
  outcome.set = router.resolve(outcome.route);
  if (outcome.set === emptySet && !p.retain) {
    for (const c of hooks.counters) c.dropped++;
    for (const o of hooks.observers) o.dropped?.(p, outcome.from, 'no_subscribers');
  }
  return outcome;
}

function refuse(p: Publish, outcome: Outcome, code: number, reason: string, disconnect: boolean): void {
  outcome.code = code >= 0x80 && code <= 0xff ? code : Code.unspecified;
  outcome.reason = reason;
  outcome.disconnect = disconnect;
  const { hooks } = outcome.route;
  if (hooks === null) return;
  for (const c of hooks.counters) c.dropped++;
  for (const o of hooks.observers) o.dropped?.(p, outcome.from, 'refused');
}

/** Another topic: the packet as it came cannot go out any more. */
function move(router: Router, p: Publish, outcome: Outcome, topic: string): boolean {
  const bytes = Buffer.from(topic);
  const route = router.routes.find(bytes, 0, bytes.length);
  if (route === undefined || route.system || router.isVirtual(route)) return false;
  moveTo(router, p, outcome, route);
  return true;
}
function moveTo(router: Router, p: Publish, outcome: Outcome, route: Route): void {
  router.resolve(route);
  outcome.route = route;
  p.topic = route.topic;
  p.topicBytes = route.bytes;
  p.changed();
}

function rewrite(router: Router, p: Publish, outcome: Outcome): void {
  const hooks = outcome.route.hooks!;
  if (hooks.moved !== null) {
    moveTo(router, p, outcome, hooks.moved);
    return;
  }
  const values = { clientid: outcome.from.clientId, username: p.origin?.username };
  const topic = rewrittenTopic(hooks.rewrite!, values);
  if (topic !== undefined && move(router, p, outcome, topic) && !hooks.rewrite![0]!.personal) hooks.moved = outcome.route;
}

function judge(stage: PublishStage, router: Router, log: Logger, p: Publish, from: Publisher): Replacement | Refusal | undefined {
  try {
    return stage.run(new LocalMessage(p, from, router.clock, p.retain));
  } catch (thrown) {
    router.stats.readerErrors++;
    log.warn('a publish stage failed and its message is refused', { stage: stage.name, topic: p.topic, reason: reasonOf(thrown) });
    return { refuse: Code.unspecified, reason: reasonOf(thrown).text };
  }
}

function replace(router: Router, log: Logger, p: Publish, outcome: Outcome, by: Replacement, stage: string): boolean {
  try {
    if (by.payload !== undefined) {
      const payload = new Payload(by.payload);
      const bytes = payload.bytes();
      if (bytes.length > largestPayload) return false;
      p.lazy = null;
      p.payload = bytes;
      p.payloadStart = 0;
      p.payloadEnd = bytes.length;
      outcome.from = { ...faceOf(outcome.from), payload };
    }
    if (by.properties !== undefined) {
      p.props = propertyBlock(by.properties);
      p.propsStart = 0;
      p.propsEnd = p.props.length;
      p.expiry = by.properties.messageExpiryInterval ?? p.expiry;
    }
  } catch (thrown) {
    log.warn('what a publish stage made cannot be encoded', { stage, topic: p.topic, reason: reasonOf(thrown) });
    return false;
  }
  p.qos = by.qos ?? p.qos;
  p.retain = by.retain ?? p.retain;
  p.changed();
  return by.topic === undefined || by.topic === p.topic || move(router, p, outcome, by.topic);
}

const faceOf = ({ principal, clientId, peer }: Publisher): Publisher => ({
  principal,
  clientId,
  peer,
  payload: undefined,
  batch: undefined,
});
