import { OmhError, reasonOf, systemClock, topicMatches, type Message } from '@omh/core';
import { compileRule, parseJson, parseRule, type EvaluationContext, type SqlFault } from '@omh/expr';
import { MemoryStore } from './memory-store.ts';
import { MessageSource } from './message-source.ts';
import { ruleFunctions } from './rule-functions.ts';

export type RuleTest = { outputs: unknown[]; because?: string } | { error: SqlFault };

/** Runs a statement on one made-up message; changes nothing and runs no action. `because` says why nothing came out. */
export function testRule(i: { sql: string; topic: string; payload: string | Uint8Array }): RuleTest {
  const parsed = parseRule(i.sql);
  const compiled = parsed.ok ? compileRule(parsed.value, ruleFunctions) : parsed;
  if (!compiled.ok) return { error: compiled.error };
  const rule = compiled.value;
  if (!rule.from.some((filter) => topicMatches(filter, i.topic))) {
    return { outputs: [], because: `the topic ${i.topic} does not match FROM ${rule.from.map((f) => `"${f}"`).join(', ')}` };
  }
  const message = testMessage(i.topic, i.payload);
  const source = new MessageSource(message);
  const context: EvaluationContext = { source, now: () => systemClock.now(), store: new MemoryStore() };
  try {
    const outputs = rule.evaluate(context);
    if (outputs.length > 0)
      return source.payloadUnreadable
        ? { outputs: [], because: 'the statement reads fields of the payload, which is not JSON' }
        : { outputs };
    const because = rule.explain(context);
    return {
      outputs,
      because: source.payloadUnreadable && because.includes('undefined') ? `${because} (the payload is not JSON)` : because,
    };
  } catch (thrown) {
    const { line, column } = thrown instanceof OmhError ? thrown.params : {};
    return { error: { line: Number(line ?? 1), column: Number(column ?? 1), message: reasonOf(thrown).text } };
  }
}

/** What is wrong with a statement, or undefined; the hub file's check. */
export function checkRuleSql(sql: string): SqlFault | undefined {
  const parsed = parseRule(sql);
  const compiled = parsed.ok ? compileRule(parsed.value, ruleFunctions) : parsed;
  return compiled.ok ? undefined : compiled.error;
}

function testMessage(topic: string, payload: string | Uint8Array): Message {
  const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
  let json: { value: unknown } | undefined;
  const message: Message = {
    topic,
    qos: 0,
    retain: false,
    time: systemClock.now(),
    properties: undefined,
    clientId: 'test',
    peer: '127.0.0.1:0',
    batch: undefined,
    principal: { kind: 'anonymous', name: 'test', permissions: [] },
    bytes: () => bytes,
    json: () => (json ??= { value: parseJson(new TextDecoder().decode(bytes)) }).value,
    keep: () => message,
  };
  return message;
}
