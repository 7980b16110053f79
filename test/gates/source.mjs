const regexMayFollow = (before) =>
  before === '' ||
  /[(,=:[!&|?{};~^+\-*%<>]$/.test(before) ||
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|void|delete|throw|new|do|else|yield|await)$/.test(before);
const blank = (text) => text.replace(/[^\n]/g, ' ');

/**
 * Reads a JavaScript or TypeScript text far enough to tell code from comments and strings. Both results have the length of the text:
 * `code` has comments, strings, templates' text and regular expressions blanked, `readable` only comments and regular expressions.
 */
export function scan(text) {
  let code = '';
  let readable = '';
  const templates = [];
  let i = 0;
  let depth = 0;
  const take = (end, asCode, asReadable) => {
    const piece = text.slice(i, end);
    code += asCode(piece);
    readable += asReadable(piece);
    i = end;
  };
  const same = (piece) => piece;
  const templateText = () => {
    let end = i;
    while (end < text.length && text[end] !== '`' && !(text[end] === '$' && text[end + 1] === '{')) end += text[end] === '\\' ? 2 : 1;
    take(Math.min(end, text.length), blank, same);
    if (text[i] === '`') take(i + 1, same, same);
    else if (i < text.length) {
      templates.push(depth);
      depth = 0;
      take(i + 2, same, same);
    }
  };
  while (i < text.length) {
    const c = text[i];
    if (c === '/' && text[i + 1] === '/') {
      const end = text.indexOf('\n', i);
      take(end < 0 ? text.length : end, blank, blank);
    } else if (c === '/' && text[i + 1] === '*') {
      const end = text.indexOf('*/', i + 2);
      take(end < 0 ? text.length : end + 2, blank, blank);
    } else if (c === "'" || c === '"') {
      let end = i + 1;
      while (end < text.length && text[end] !== c && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1;
      end = Math.min(end + 1, text.length);
      take(end, (piece) => piece[0] + blank(piece.slice(1, -1)) + piece.at(-1), same);
    } else if (c === '`') {
      take(i + 1, same, same);
      templateText();
    } else if (c === '}' && depth === 0 && templates.length > 0) {
      depth = templates.pop();
      take(i + 1, same, same);
      templateText();
    } else if (c === '/' && regexMayFollow(code.slice(-80).trimEnd())) {
      let end = i + 1;
      for (let inClass = false; end < text.length && text[end] !== '\n' && (inClass || text[end] !== '/'); end++) {
        if (text[end] === '\\') end++;
        else if (text[end] === '[') inClass = true;
        else if (text[end] === ']') inClass = false;
      }
      take(
        Math.min(end + 1, text.length),
        (piece) => `/${blank(piece.slice(1, -1))}/`,
        (piece) => `/${blank(piece.slice(1, -1))}/`,
      );
    } else {
      if (c === '{') depth++;
      else if (c === '}') depth--;
      take(i + 1, same, same);
    }
  }
  return { code, readable };
}

const forms = [
  { at: /import\s*\(\s*(['"])(?<from>.*?)\1/y, dynamic: true },
  { at: /import\s*(['"])(?<from>.*?)\1/y },
  { at: /import\s+(?<type>type\s+(?!from\b))?[^'"();=]*?\bfrom\s*(['"])(?<from>.*?)\2/y },
  { at: /export\s+(?<type>type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from\s*(['"])(?<from>.*?)\2/y },
];

/** Every import and re-export of a text: `{ from, typeOnly, line }`. `typeof import('x')` counts as a type. */
export function importsOf(text) {
  const { code, readable } = scan(text);
  const found = [];
  for (const { index } of code.matchAll(/(?<![\w$.])(?:import|export)\b/g)) {
    for (const { at, dynamic } of forms) {
      at.lastIndex = index;
      const match = at.exec(readable);
      if (match === null) continue;
      const typeOnly =
        match.groups.type !== undefined || (dynamic === true && /typeof\s*$/.test(code.slice(Math.max(0, index - 20), index)));
      found.push({ from: match.groups.from, typeOnly, line: lineAt(text, index) });
      break;
    }
  }
  return found;
}

export const lineAt = (text, index) => text.slice(0, index).split('\n').length;
