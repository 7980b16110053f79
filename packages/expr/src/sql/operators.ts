import { topicMatches } from '@omh/core';
import type { ArithmeticOperator, ComparisonOperator } from './ast.ts';
import { errors } from '../errors.ts';
import { checkLength, describe, isMap, isNumber, textOf } from '../value.ts';

/** + adds numbers and joins texts; / always gives a fraction; div and mod are whole-number, with the sign of the left. */
export function arithmetic(operator: ArithmeticOperator, left: unknown, right: unknown): unknown {
  if (isNumber(left) && isNumber(right)) return onNumbers(operator, Number(left), Number(right));
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') {
    checkLength(left.length + right.length);
    return left + right;
  }
  throw errors.EXPR_ARITHMETIC({
    operator,
    wanted: operator === '+' ? 'two numbers or two texts' : 'two numbers',
    left: describe(left),
    right: describe(right),
  });
}

function onNumbers(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    default:
      break;
  }
  if (right === 0) throw errors.EXPR_DIVISION_BY_ZERO({ operator, left });
  if (operator === '/') return left / right;
  if (!Number.isInteger(left) || !Number.isInteger(right)) {
    throw errors.EXPR_ARITHMETIC({ operator, wanted: 'two whole numbers', left: describe(left), right: describe(right) });
  }
  return (operator === 'div' ? Math.trunc(left / right) : left % right) + 0;
}

export function negated(v: unknown): number {
  if (!isNumber(v)) throw errors.EXPR_ARITHMETIC({ operator: '-', wanted: 'a number', left: 'nothing', right: describe(v) });
  return -Number(v);
}

/**
 * EMQX's rules: undefined against a defined value is false for every operator; a number against a text turns the text into a number;
 * two texts compare as texts. A boolean or null against a text compares by its name. Other kinds are never equal and never ordered.
 */
export function compare(operator: ComparisonOperator, left: unknown, right: unknown): boolean {
  if (typeof left === 'number' && typeof right === 'number') return ordered(operator, left, right);
  if (operator === '=~') return typeof left === 'string' && typeof right === 'string' && topicMatches(right, left);
  if (left === undefined || right === undefined) {
    return left === right && (operator === '=' || operator === '>=' || operator === '<=');
  }
  const l = left instanceof Uint8Array ? textOf(left) : left;
  const r = right instanceof Uint8Array ? textOf(right) : right;
  if (isNumber(l)) {
    if (isNumber(r)) return ordered(operator, l, r);
    if (typeof r === 'string') return ordered(operator, l, asNumber(r));
  } else if (typeof l === 'string') {
    if (typeof r === 'string') return ordered(operator, l, r);
    if (isNumber(r)) return ordered(operator, asNumber(l), r);
    if (typeof r === 'boolean' || r === null) return ordered(operator, l, String(r));
  } else if (typeof r === 'string' && (typeof l === 'boolean' || l === null)) {
    return ordered(operator, String(l), r);
  }
  if (operator === '=') return same(l, r);
  return operator === '<>' && !same(l, r);
}

function ordered(operator: ComparisonOperator, l: number | bigint | string, r: number | bigint | string): boolean {
  switch (operator) {
    // Loose on purpose: 1n equals 1, and a number never meets a text here.
    case '=':
      return l == r;
    case '<>':
      return l != r;
    case '>':
      return l > r;
    case '<':
      return l < r;
    case '>=':
      return l >= r;
    case '<=':
      return l <= r;
    default:
      return false;
  }
}

const numeric = /^\s*[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

/** The number a text spells in decimal, or undefined. */
export const numberFromText = (text: string): number | undefined => (text.length <= 400 && numeric.test(text) ? Number(text) : undefined);

function asNumber(text: string): number {
  const n = numberFromText(text);
  if (n === undefined) throw errors.EXPR_NOT_A_NUMBER({ value: `'${text.slice(0, 60)}'` });
  return n;
}

/** Equal by content: arrays element by element, maps key by key; numbers by value. */
export function same(a: unknown, b: unknown, depth = 0): boolean {
  if (a === b) return true;
  if (isNumber(a) && isNumber(b)) return a == b;
  if (depth > 100) return false;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => same(x, b[i], depth + 1));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return a.length === b.length && a.every((x, i) => x === b[i]);
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((k) => Object.hasOwn(b, k) && same(a[k], b[k], depth + 1));
}
