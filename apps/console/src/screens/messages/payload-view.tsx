import { useMemo, type ReactNode } from 'react';
import { payloadBytes, payloadJson, type LoggedMessage } from '../../live/message-log.ts';

const mostLines = 2_000;
const mostBytes = 4_096;
const hex = (n: number, width: number): string => n.toString(16).padStart(width, '0');

/** Control characters other than tab and line ends: such a text is shown as bytes. */
function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x20 && c !== 0x09 && c !== 0x0a && c !== 0x0d) return true;
  }
  return false;
}

/** A payload as indented JSON whose numbers can be charted, as plain text, or as hexadecimal bytes. */
export function PayloadView({ message, path, pick }: { message: LoggedMessage; path: string | undefined; pick: (path: string) => void }) {
  const json = payloadJson(message);
  const lines = useMemo(() => (json === undefined ? [] : jsonLines(json.value)), [json]);
  if (json !== undefined) {
    return (
      <pre className="code payload" data-testid="payload-json">
        {lines.slice(0, mostLines).map((line, i) => (
          <div key={i}>
            {'  '.repeat(line.depth)}
            {line.key === undefined ? null : (
              <>
                <span className="jk">{JSON.stringify(line.key)}</span>:{' '}
              </>
            )}
            {line.path === undefined ? (
              line.body
            ) : (
              <button
                type="button"
                className={`pickn${path === line.path.join('.') ? ' on' : ''}`}
                title={`Chart ${line.path.join('.')}`}
                data-testid={`chart-${line.path.join('.')}`}
                onClick={() => pick(line.path!.join('.'))}
              >
                {line.body}
              </button>
            )}
            {line.after}
          </div>
        ))}
        {lines.length > mostLines ? <div className="t3">{lines.length - mostLines} more lines are not shown.</div> : null}
      </pre>
    );
  }
  if (message.encoding === 'utf8' && !hasControls(message.payload))
    return <pre className="code payload wrap">{message.payload === '' ? <span className="t3">empty payload</span> : message.payload}</pre>;
  return <Hex bytes={payloadBytes(message)} />;
}

function Hex({ bytes }: { bytes: Uint8Array }) {
  const rows: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, mostBytes); at += 16) {
    const part = bytes.subarray(at, at + 16);
    const cells = [...part].map((b) => hex(b, 2));
    const text = [...part].map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '·')).join('');
    rows.push(`${hex(at, 4)}  ${cells.slice(0, 8).join(' ').padEnd(23)}  ${cells.slice(8).join(' ').padEnd(23)}  ${text}`);
  }
  if (bytes.length > mostBytes) rows.push(`${bytes.length - mostBytes} more bytes are not shown.`);
  return (
    <pre className="code payload hex" data-testid="payload-hex">
      {rows.join('\n')}
    </pre>
  );
}

interface Line {
  depth: number;
  key: string | undefined;
  body: ReactNode;
  after: string;
  path: string[] | undefined;
}
function jsonLines(value: unknown): Line[] {
  const out: Line[] = [];
  const walk = (v: unknown, key: string | undefined, depth: number, path: string[], after: string): void => {
    if (out.length > mostLines * 2) return;
    if (Array.isArray(v) || (typeof v === 'object' && v !== null)) {
      const list = Array.isArray(v);
      const entries = Object.entries(v as Record<string, unknown>);
      const [open, shut] = list ? ['[', ']'] : ['{', '}'];
      if (entries.length === 0) {
        out.push({ depth, key, body: `${open}${shut}`, after, path: undefined });
        return;
      }
      out.push({ depth, key, body: open, after: '', path: undefined });
      entries.forEach(([k, child], i) => walk(child, list ? undefined : k, depth + 1, [...path, k], i < entries.length - 1 ? ',' : ''));
      out.push({ depth, key: undefined, body: shut, after, path: undefined });
      return;
    }
    const tone = typeof v === 'string' ? 's' : 'n';
    out.push({
      depth,
      key,
      body: <span className={tone}>{JSON.stringify(v)}</span>,
      after,
      path: typeof v === 'number' ? path : undefined,
    });
  };
  walk(value, undefined, 0, [], '');
  return out;
}
