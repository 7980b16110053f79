import { defineErrors } from '@omh/core';

/** Everything rule SQL and templates refuse, while parsing and while a message is evaluated. */
export const errors = defineErrors({
  EXPR_ARITHMETIC: {
    blame: 'config',
    text: '{operator} works on {wanted}, not on {left} and {right}.',
    causes: ['A field is missing in the payload.', 'A field is text where a number is expected.'],
    next: 'Convert the operands, for example with float(), int() or str(), or filter such messages with WHERE.',
  },
  EXPR_DIVISION_BY_ZERO: {
    blame: 'config',
    text: '{operator} divides {left} by zero.',
    next: 'Filter the zero with WHERE or give another value with CASE WHEN.',
  },
  EXPR_NOT_A_NUMBER: {
    blame: 'config',
    text: 'The text {value} is compared with a number and is none.',
    causes: ['A device or client sends text where the rule expects a number.'],
    next: 'Filter such messages with WHERE, for example with regex_match(), or compare with a text in single quotes.',
  },
  EXPR_INDEX: {
    blame: 'config',
    text: '{index} is no array index: indexes are whole numbers that begin at 1, negative ones count from the end.',
    next: 'Use [1] for the first and [-1] for the last element.',
  },
  EXPR_ASSIGN: {
    blame: 'config',
    text: 'Element {index} cannot be set in an array of {length}.',
    next: 'Set an element that exists, or the one right after the last.',
  },
  EXPR_ARGUMENT: {
    blame: 'config',
    text: '{function}() {problem}.',
    causes: ['A field is missing in the payload or has another type.'],
    next: 'Convert the argument, or filter such messages with WHERE.',
  },
  EXPR_LIMIT: {
    blame: 'config',
    text: '{what} is limited to {limit}.',
    next: 'Make the input smaller before this step.',
  },
  EXPR_TEMPLATE: {
    blame: 'config',
    text: 'The template is wrong at line {line}, column {column}: {problem}.',
    next: 'Change the template there.',
  },
});
