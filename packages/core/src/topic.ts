/** MQTT topic names and filters (MQTT 5.0, section 4.7). */

const maxBytes = 65535;
const utf8 = new TextEncoder();

/** Why this is no valid topic name to publish to, or undefined. */
export function topicNameFault(topic: string): string | undefined {
  if (topic.length === 0) return 'a topic has at least one character';
  if (/[+#]/.test(topic)) return 'a topic to publish to holds no + and no #';
  return textFault(topic);
}

/** Why this is no valid topic filter, or undefined. `$share/group/filter` is checked as a whole. */
export function topicFilterFault(filter: string): string | undefined {
  if (filter.length === 0) return 'a topic filter has at least one character';
  let rest = filter;
  if (filter.startsWith('$share/')) {
    const parts = filter.split('/');
    if (parts.length < 3 || parts[1] === '' || /[+#]/.test(parts[1]!)) return 'a shared subscription reads $share/{name}/{filter}';
    rest = parts.slice(2).join('/');
    if (rest.length === 0) return 'a shared subscription reads $share/{name}/{filter}';
  }
  const levels = rest.split('/');
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i]!;
    if (level.includes('#') && (level !== '#' || i !== levels.length - 1)) return '# stands alone as the last level';
    if (level.includes('+') && level !== '+') return '+ stands alone in its level';
  }
  return textFault(filter);
}

function textFault(text: string): string | undefined {
  if (text.includes('\0')) return 'U+0000 is not allowed';
  if (text.length > maxBytes / 3 && utf8.encode(text).length > maxBytes) return 'it is longer than 65,535 bytes';
  return undefined;
}

/** Whether a topic name matches a filter. Wildcards in the first level do not match topics that begin with `$` (4.7.2). */
export function topicMatches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  const f = filter.split('/');
  const t = topic.split('/');
  if (t[0]!.startsWith('$') && (f[0] === '#' || f[0] === '+')) return false;
  for (let i = 0; i < f.length; i++) {
    if (f[i] === '#') return true;
    if (i >= t.length) return false;
    if (f[i] !== '+' && f[i] !== t[i]) return false;
  }
  return f.length === t.length;
}
