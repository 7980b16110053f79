import { topicFilterFault, topicMatches, topicNameFault } from '@omh/core';
import { TextPattern } from '@omh/expr';
import { errors } from '../errors.ts';
import { sharedParts } from '../shared-group.ts';
import type { RewriteRule } from './feature-options.ts';
import { fillPlaceholders } from './placeholders.ts';
import type { PlaceholderValues } from './placeholders.ts';

/** A rule that fits a topic: its captures are in, placeholders for the client may be left. */
export interface Rewriting {
  readonly template: string;
  readonly personal: boolean;
}
interface Compiled extends RewriteRule {
  readonly compiled: TextPattern;
}

/** Topics under other names, for publishers and for subscribers. */
export class TopicRewrite {
  readonly #publish: readonly Compiled[];
  readonly #subscribe: readonly Compiled[];

  /** Throws BROKER_REWRITE_INVALID. The last rule that matches is asked first. */
  constructor(rules: readonly RewriteRule[]) {
    const compiled = rules.map(compile).reverse();
    this.#publish = compiled.filter(({ action }) => action !== 'subscribe');
    this.#subscribe = compiled.filter(({ action }) => action !== 'publish');
  }
  get publishes(): boolean {
    return this.#publish.length > 0;
  }
  /** What may become of a topic that is published to, best first; null when no rule is about it. */
  forTopic(topic: string): readonly Rewriting[] | null {
    const found = rewritings(this.#publish, topic);
    return found.length === 0 ? null : found;
  }
  /** The filter that is subscribed to instead; `$share/{group}/` and `$queue/` stay in front. */
  filter(full: string, values: PlaceholderValues): string {
    if (this.#subscribe.length === 0) return full;
    const inner = sharedParts(full)?.filter ?? full;
    const filled = filledFirst(rewritings(this.#subscribe, inner), values);
    if (filled === undefined || topicFilterFault(filled) !== undefined) return full;
    return full.slice(0, full.length - inner.length) + filled;
  }
}

/** Why a pattern cannot be used, as part of a sentence. */
export function rewritePatternFault(pattern: string): string | undefined {
  const compiled = TextPattern.compile(pattern);
  return typeof compiled === 'string' ? compiled : undefined;
}

function compile(rule: RewriteRule): Compiled {
  const compiled = TextPattern.compile(rule.pattern);
  if (typeof compiled === 'string') throw errors.BROKER_REWRITE_INVALID({ pattern: rule.pattern, fault: compiled });
  return { ...rule, compiled };
}

function rewritings(rules: readonly Compiled[], topic: string): Rewriting[] {
  const out: Rewriting[] = [];
  for (const rule of rules) {
    if (!topicMatches(rule.source, topic)) continue;
    const groups = rule.compiled.match(topic);
    if (groups === undefined) continue;
    const template = rule.target.replace(/\$([1-9])/g, (_whole, n: string) => groups[Number(n)]?.replaceAll('${', '') ?? '');
    out.push({ template, personal: template.includes('${') });
    // Those without a placeholder fit everybody: none behind them is ever asked.
    if (!template.includes('${')) break;
  }
  return out;
}

/** The first whose placeholders can be filled. */
function filledFirst(candidates: readonly Rewriting[], values: PlaceholderValues): string | undefined {
  for (const { template } of candidates) {
    const filled = fillPlaceholders(template, values);
    if (filled !== undefined) return filled;
  }
  return undefined;
}

/** The topic that is published to instead; undefined when none is a valid name, or it is one of the broker's own. */
export function rewrittenTopic(candidates: readonly Rewriting[], values: PlaceholderValues): string | undefined {
  const filled = filledFirst(candidates, values);
  if (filled === undefined || topicNameFault(filled) !== undefined || /^\$SYS(\/|$)/.test(filled)) return undefined;
  return filled;
}
