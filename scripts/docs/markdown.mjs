/** Text inside a table's cell. */
export const cell = (text) =>
  String(text ?? '')
    .replace(/\s+/g, ' ')
    .trim()
    .replaceAll('|', '\\|');

export const code = (text) => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);

export function table(heads, rows) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(heads), `|${heads.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

export const page = (title, intro, ...parts) =>
  `# ${title}\n\n<!-- Written by \`node scripts/docs.mjs\` from the code: change it there. -->\n\n${[intro, ...parts].join('\n\n')}\n`;

/** Rows in groups by a key, groups in order of the key. */
export function grouped(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}
