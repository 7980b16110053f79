import { useCallback, useEffect, useRef, useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import type { RuleTest } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { Editor } from '../../editor/editor.tsx';
import type { Fault } from '../../editor/code-editor.tsx';
import { payloadJson, useMessageLog } from '../../live/message-log.ts';
import { clock } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { ErrorSay, Panel } from '../../ui/panel.tsx';

const settleMs = 400;

/** Topics behind FROM, as they stand in the statement. */
export function topicsOf(sql: string): string[] {
  const from = /\bFROM\b\s+((?:"[^"]*"(?:\s+AS\s+\w+)?\s*,?\s*)+)/i.exec(sql)?.[1] ?? '';
  return [...from.matchAll(/"([^"]+)"/g)].map((m) => m[1]!).filter((t) => !t.startsWith('$'));
}
/** A topic that the filter takes, for a sample of one's own. */
const sampleTopic = (filter: string): string => filter.replace(/\+/g, 'x').replace(/\/?#$/, '/x');

export interface RuleTestState {
  topic: string;
  payload: string;
  setTopic: (t: string) => void;
  setPayload: (p: string) => void;
  run: () => void;
  busy: boolean;
  result: RuleTest | undefined;
  problem: ApiProblem | undefined;
  fault: Fault | undefined;
  /** Time of the last real message of the rule's topic, when one came. */
  lastAt: number | undefined;
  useLast: () => void;
  real: boolean;
}

/** Tests the statement on a message whenever either changed; begins with the last real message of its topic. */
export function useRuleTest(sql: string): RuleTestState {
  const filter = topicsOf(sql)[0] ?? '';
  const { state: messages } = useMessageLog(may('mqtt.subscribe') ? filter : '');
  const last = messages.messages[0];
  const [topic, setTopic] = useState('');
  const [payload, setPayload] = useState('');
  const [own, setOwn] = useState(false);
  const [state, setState] = useState<{ result?: RuleTest; problem?: ApiProblem; busy: boolean }>({ busy: false });
  const asked = useRef(0);
  const take = useCallback((): void => {
    if (last === undefined) return;
    const json = payloadJson(last);
    setTopic(last.topic);
    setPayload(json === undefined ? last.payload : JSON.stringify(json.value, undefined, 2));
    setOwn(false);
  }, [last]);
  useEffect(() => {
    if (!own && payload === '' && last !== undefined) take();
  }, [last, own, payload, take]);
  const run = useCallback((): void => {
    if (sql.trim() === '' || !may('rules.test')) return;
    const n = ++asked.current;
    setState((s) => ({ ...s, busy: true }));
    api<RuleTest>('/rules/test', {
      body: { sql, topic: topic === '' ? sampleTopic(filter) : topic, payload: payload === '' ? '{}' : payload },
    })
      .then((result) => {
        if (n === asked.current) setState({ result, busy: false });
      })
      .catch((error: unknown) => {
        if (n === asked.current) setState({ problem: asProblem(error), busy: false });
      });
  }, [sql, topic, payload, filter]);
  useEffect(() => {
    const timer = setTimeout(run, settleMs);
    return () => clearTimeout(timer);
  }, [run]);
  return {
    topic: topic === '' ? sampleTopic(filter) : topic,
    payload,
    setTopic: (t) => {
      setTopic(t);
      setOwn(true);
    },
    setPayload: (p) => {
      setPayload((old) => {
        if (old !== p) setOwn(true);
        return p;
      });
    },
    run,
    busy: state.busy,
    result: state.result,
    problem: state.problem,
    fault: state.result?.error,
    lastAt: last?.time,
    useLast: take,
    real: !own && payload !== '',
  };
}

export function RuleTester({ test }: { test: RuleTestState }) {
  const { result } = test;
  const none = test.payload === '';
  return (
    <Panel
      title="Test"
      meta={test.real ? 'on the last real message; nothing is sent' : 'nothing is sent'}
      flush
      className="clip testpanel"
      right={
        <>
          <button
            type="button"
            className="btn sm"
            data-testid="rule-use-last"
            disabled={test.lastAt === undefined}
            title={test.lastAt === undefined ? "No message has come under this rule's topic yet" : `From ${clock(test.lastAt)}`}
            onClick={test.useLast}
          >
            Use the last real message
          </button>
          <button type="button" className="btn sm" data-testid="rule-test" onClick={test.run}>
            Test
          </button>
        </>
      }
    >
      <div className="verdict" data-testid="rule-verdict">
        {test.problem !== undefined ? (
          <div className="grow">
            <ErrorSay error={test.problem} />
          </div>
        ) : result === undefined ? (
          <p className="t3">{none ? 'Waits for a message of this topic, or write one below.' : 'Testing.'}</p>
        ) : result.error !== undefined ? (
          <>
            <Glyph name="bad" />
            <p>
              <b className="med">The SQL has a fault.</b> {result.error.message}
            </p>
          </>
        ) : (result.outputs ?? []).length > 0 ? (
          <>
            <Glyph name="check" />
            <p className="med">
              This message matches{(result.outputs ?? []).length > 1 ? `, ${(result.outputs ?? []).length} outputs` : ''}.
            </p>
          </>
        ) : none ? (
          <p className="t3">No message of this topic has come yet; write one below to test.</p>
        ) : (
          <>
            <Glyph name="stopped" />
            <p>
              <b className="med">No match.</b> {result.because === undefined ? '' : `${result.because}.`.replace('..', '.')}
            </p>
          </>
        )}
      </div>
      <div className="inout">
        <div className="col">
          <div className="iohead">
            <span className="meta">Message on</span>
            <input
              className="plain mono"
              aria-label="Topic"
              data-testid="rule-test-topic"
              spellCheck={false}
              value={test.topic}
              onChange={(e) => test.setTopic(e.target.value)}
            />
          </div>
          <div className="editbox grow">
            <Editor
              language="json"
              label="Payload"
              testid="rule-test-payload"
              value={test.payload}
              onChange={test.setPayload}
              onRun={test.run}
              hint={'{ "values": { "temperature": 301 } }'}
            />
          </div>
        </div>
        <div className="col">
          <div className="iohead">
            <span className="meta">Output</span>
          </div>
          <pre className="code outputs" data-testid="rule-output">
            {(result?.outputs ?? []).map((o) => JSON.stringify(o, undefined, 2)).join('\n')}
          </pre>
        </div>
      </div>
    </Panel>
  );
}
