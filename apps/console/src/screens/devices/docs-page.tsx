import { Fragment, type ReactNode } from 'react';

/** A page of the docs: headings, paragraphs, lists, tables and code; a link shows as its text. */
export function DocsPage({ text }: { text: string }) {
  return (
    <div className="docs prose" data-testid="docs-text">
      {blocksOf(text).map((lines, i) => (
        <Fragment key={i}>{blockOf(lines)}</Fragment>
      ))}
    </div>
  );
}

/** Lines that belong together; a fence keeps its empty lines. */
function blocksOf(text: string): string[][] {
  const out: string[][] = [];
  let block: string[] = [];
  let fenced = false;
  const end = (): void => {
    if (block.length > 0) out.push(block);
    block = [];
  };
  for (const line of text.split(/\r?\n/)) {
    const fence = line.startsWith('```');
    if (!fenced && (line.trim() === '' || fence || line.startsWith('#'))) end();
    if (fenced || line.trim() !== '') block.push(line);
    if (!fenced && line.startsWith('#')) end();
    if (fence) {
      if (fenced) end();
      fenced = !fenced;
    }
  }
  end();
  return out;
}

function blockOf(lines: readonly string[]): ReactNode {
  const first = lines[0]!;
  if (first.startsWith('```')) return <pre className="code small">{lines.filter((l) => !l.startsWith('```')).join('\n')}</pre>;
  if (first.startsWith('# ')) return null;
  if (first.startsWith('#')) return <h3>{inline(first.replace(/^#+\s*/, ''))}</h3>;
  if (first.startsWith('|')) {
    const rows = lines.filter((l) => !/^\|[\s|:-]+\|$/.test(l)).map((l) => l.replace(/^\||\|$/g, '').split('|'));
    return (
      <table>
        <tbody>
          {rows.map((cells, i) => (
            <tr key={i}>
              {cells.map((cell, j) => (
                <td key={j} className={i === 0 ? 'med' : undefined}>
                  {inline(cell.trim())}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    );
  }
  if (/^[-*] /.test(first))
    return (
      <ul>
        {lines.map((l, i) => (
          <li key={i}>{inline(l.replace(/^\s*[-*] /, ''))}</li>
        ))}
      </ul>
    );
  return <p>{inline(lines.join(' '))}</p>;
}

const inline = (text: string): ReactNode[] =>
  text
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .split(/(`[^`]+`)/)
    .map((part, i) => (part.startsWith('`') ? <code key={i}>{part.slice(1, -1)}</code> : part.replace(/\*\*/g, '')));
