import { Arguments, contextFn, fn, type RuleFunction } from './signature.ts';
import { same } from '../sql/operators.ts';
import { arithmetic } from '../sql/operators.ts';

const a1 = (name: string, doc: string, f: (x: number) => number, ...examples: readonly (readonly [string, unknown])[]): RuleFunction => {
  const a = new Arguments(name);
  return fn(
    name,
    'math',
    [1],
    doc,
    (v) => {
      const x = a.number(v);
      const y = f(x);
      if (!Number.isFinite(y)) a.fail(`has no result for ${x}`);
      return y + 0;
    },
    ...examples,
  );
};
const a2 = (
  name: string,
  doc: string,
  f: (x: number, y: number) => number,
  ...examples: readonly (readonly [string, unknown])[]
): RuleFunction => {
  const a = new Arguments(name);
  return fn(
    name,
    'math',
    [2],
    doc,
    (v, w) => {
      const x = a.number(v);
      const y = a.number(w);
      const z = f(x, y);
      if (!Number.isFinite(z)) a.fail(`has no result for ${x} and ${y}`);
      return z + 0;
    },
    ...examples,
  );
};

export const mathFunctions = [
  a1('abs', 'The number without its sign.', Math.abs, ['abs(-2.5)', 2.5]),
  a1('acos', 'Arc cosine in radians.', Math.acos, ['acos(1)', 0]),
  a1('acosh', 'Inverse hyperbolic cosine.', Math.acosh, ['acosh(1)', 0]),
  a1('asin', 'Arc sine in radians.', Math.asin, ['asin(0)', 0]),
  a1('asinh', 'Inverse hyperbolic sine.', Math.asinh, ['asinh(0)', 0]),
  a1('atan', 'Arc tangent in radians.', Math.atan, ['atan(0)', 0]),
  a1('atanh', 'Inverse hyperbolic tangent.', Math.atanh, ['atanh(0)', 0]),
  a1('ceil', 'The smallest whole number not below.', Math.ceil, ['ceil(1.2)', 2], ['ceil(-1.2)', -1]),
  a1('cos', 'Cosine of radians.', Math.cos, ['cos(0)', 1]),
  a1('cosh', 'Hyperbolic cosine.', Math.cosh, ['cosh(0)', 1]),
  a1('exp', 'e to the power of the number.', Math.exp, ['exp(0)', 1]),
  a1('floor', 'The largest whole number not above.', Math.floor, ['floor(1.8)', 1], ['floor(-1.2)', -2]),
  a2('fmod', 'The rest of a division of fractions, with the sign of the first.', (x, y) => x % y, ['fmod(6.5, 2.5)', 1.5]),
  a1('log', 'Natural logarithm.', Math.log, ['log(1)', 0]),
  a1('log10', 'Logarithm to base 10.', Math.log10, ['log10(1000)', 3]),
  a1('log2', 'Logarithm to base 2.', Math.log2, ['log2(1024)', 10]),
  a2('power', 'The first number to the power of the second.', (x, y) => x ** y, ['power(2, 8)', 256]),
  a1(
    'round',
    'The nearest whole number; halves go away from zero.',
    (x) => Math.sign(x) * Math.round(Math.abs(x)),
    ['round(2.5)', 3],
    ['round(-2.5)', -3],
  ),
  a1('sin', 'Sine of radians.', Math.sin, ['sin(0)', 0]),
  a1('sinh', 'Hyperbolic sine.', Math.sinh, ['sinh(0)', 0]),
  a1('sqrt', 'Square root.', Math.sqrt, ['sqrt(9)', 3]),
  a1('tan', 'Tangent of radians.', Math.tan, ['tan(0)', 0]),
  a1('tanh', 'Hyperbolic tangent.', Math.tanh, ['tanh(0)', 0]),
  contextFn('random', 'math', [0], 'A random number from 0 up to, not including, 1.', () => Math.random(), ['random() < 1', true]),
  fn(
    'div',
    'math',
    [2],
    'Whole-number division, as the operator div.',
    (x, y) => arithmetic('div', x, y),
    ['div(7, 2)', 3],
    ['7 div 2', 3],
  ),
  fn(
    'mod',
    'math',
    [2],
    'The rest of a whole-number division, as the operator mod.',
    (x, y) => arithmetic('mod', x, y),
    ['mod(7, 2)', 1],
    ['-7 mod 2', -1],
  ),
  fn(
    'eq',
    'math',
    [2],
    'Whether two values are the same in kind and content.',
    (x, y) => same(x, y),
    ["eq(1, '1')", false],
    ['eq([1,2], [1,2])', true],
  ),
] as const;
