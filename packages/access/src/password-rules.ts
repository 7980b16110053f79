import { prepared } from './passwords.ts';

export const minPasswordLength = 10;
/** Longer ones cost work and gain nothing. */
export const maxPasswordLength = 256;

/** The words that guessing begins with; longer passwords made of one of them and digits are no better. */
const worst = new Set(
  (
    'password passw0rd p@ssword p@ssw0rd qwerty qwertyuiop qwertz qwertzuiop azerty asdfghjkl letmein welcome admin administrator root ' +
    'changeme default iloveyou secret public guest operator engineer manufacturing openmanufacturinghub emqx neuron grafana postgres timescale ' +
    'scada factory test testtest abcdefghij dragon monkey football'
  ).split(' '),
);

/** Why this is no password for the person, or undefined. Length counts, kinds of characters do not (NIST SP 800-63B, 5.1.1.2). */
export function passwordFault(password: string, name: string): string | undefined {
  const text = prepared(password);
  const length = Array.from(text).length;
  if (length < minPasswordLength) return `it has fewer than ${minPasswordLength} characters`;
  if (password.length > maxPasswordLength) return `it has more than ${maxPasswordLength} characters`;
  if (/\p{Cc}/u.test(text)) return 'it holds control characters';
  const lower = text.toLowerCase();
  const bare = lower.replace(/^[\d\W_]+|[\d\W_]+$/g, '');
  if (bare === '' && new Set(lower).size < 6) return 'it is a row of few digits';
  if (new Set(lower).size < 4) return 'it repeats a few characters';
  if (isRun(lower)) return 'it is a row of neighbours';
  if (worst.has(bare) || worst.has(lower)) return 'it is among the first that are guessed';
  if (name !== '' && (lower === name || bare === name || lower === `${name}${name}`)) return 'it is the name';
  return undefined;
}

const isRun = (text: string): boolean => {
  const steps = new Set<number>();
  for (let i = 1; i < text.length; i++) steps.add((((text.charCodeAt(i) - text.charCodeAt(i - 1)) % 10) + 10) % 10);
  return steps.size === 1;
};
